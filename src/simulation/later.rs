//! Tasks put off until their group's next state update: sums over synapses, resets, inputs.
//! Each thread then does all of it for its own neurons, so that threads meet once in a step instead of once for each task.

use std::ops::Range;

use super::crew::{Hand, Job};
use super::engine::{Code, Engine, Synaptic, Target};
use super::group_program::Before;
use super::pathway::{Arrived, cost_of_sums};
use super::program::{Chosen, Now};
use super::refractory::Held;
use super::rows::Span;
use super::schedule::Task;
use crate::codegen::Columns;
use crate::equations::{Owner, Slot};

/// What waits, and what may.
#[derive(Default)]
pub(super) struct Later {
    /// The tasks that may wait, and the group whose neurons are all that they change.
    may_wait: Vec<(Task, usize)>,
    /// One for each group, if any task of it may wait.
    queues: Vec<Queue>,
    /// Lists of neurons to be filled again.
    spare: Vec<Vec<u32>>,
}

/// What waits for the state update of one group, in its order.
#[derive(Default)]
struct Queue {
    /// The columns that the tasks set that may wait, and those that the state update does.
    own: Vec<Slot>,
    waiting: Vec<Waiting>,
}

enum Waiting {
    Sum {
        synapses: usize,
        pathway: usize,
        spans: Vec<Span>,
    },
    /// For all of the group, or for these.
    Code {
        code: usize,
        now: Now,
        found: Option<Vec<u32>>,
    },
    /// These are refractory since a time.
    Hold {
        held: Held,
        found: Vec<u32>,
        time: f64,
    },
}

impl Later {
    fn group_of(&self, task: Task) -> Option<usize> {
        self.may_wait.iter().find(|(known, _)| *known == task).map(|(_, group)| *group)
    }

    /// Has neurons of a group, which have just spiked, held when it is next looked at; false if nothing waits for that.
    pub(super) fn hold(&mut self, g: usize, held: Held, found: &[u32], time: f64) -> bool {
        let waits = self.may_wait.iter().any(|(_, group)| *group == g);
        if waits {
            let found = self.copy(found);
            self.queues[g].waiting.push(Waiting::Hold { held, found, time });
        }
        waits
    }

    fn copy(&mut self, found: &[u32]) -> Vec<u32> {
        let mut list = self.spare.pop().unwrap_or_default();
        list.clear();
        list.extend_from_slice(found);
        list
    }
}

impl Engine<'_> {
    /// Finds out what may wait, where that can save threads a meeting. A task may if all it changes are columns of one
    /// group, neuron by neuron, if it looks at no other group's, and if no other group's state update looks at them.
    pub(super) fn plan_later(&mut self) {
        if self.crew.threads() == 1 {
            return;
        }
        let tasks: Vec<Task> = self.tasks.iter().map(|(task, _)| *task).collect();
        let mut queues: Vec<Queue> = self.groups.iter().map(|_| Queue::default()).collect();
        let mut may_wait: Vec<(Task, usize)> = Vec::new();
        for task in &tasks {
            if let Some((group, slots)) = self.sets(*task) {
                may_wait.push((*task, group));
                queues[group].own.extend(slots);
            }
        }
        for (queue, (_, program)) in queues.iter_mut().zip(&self.groups) {
            queue.own.extend(program.slots());
        }
        let is_updated = |g| tasks.contains(&Task::UpdateGroup(g));
        let others = |g: usize| (0..queues.len()).filter(move |other| *other != g);
        let may_be_parted = |g: usize| {
            let own = &queues[g].own;
            is_updated(g)
                && self.groups[g].1.may_be_parted(own)
                && others(g).all(|other| !self.groups[other].1.reads(own))
        };
        let may_be_parted: Vec<bool> = (0..queues.len()).map(may_be_parted).collect();
        may_wait.retain(|(task, g)| {
            let is_apart = |code: &Code| {
                code.program.is_separable(&queues[*g].own)
                    && others(*g).all(|other| !code.program.reads(&queues[other].own))
            };
            may_be_parted[*g] && self.code(*task).is_none_or(is_apart)
        });
        self.later = Later { may_wait, queues, spare: Vec::new() };
    }

    fn code(&self, task: Task) -> Option<&Code> {
        match task {
            Task::Code(c) => self.codes.get(c),
            _ => None,
        }
    }

    /// The group that is all that a task changes, and which of its columns, if threads may do that part by part.
    fn sets(&mut self, task: Task) -> Option<(usize, Vec<Slot>)> {
        match task {
            Task::Propagate(s, p) => {
                let Synaptic { state, pathways, source, target, .. } = &mut self.synapses[s];
                let write = pathways[p].adds_to()?;
                let group = if write.at.owner == Owner::Pre { *source } else { *target };
                let program = &self.groups[group].1;
                let decides = program.refractory_slots().contains(&write.slot);
                let may = !decides && pathways[p].can_be_parted(state, &mut self.crew);
                may.then(|| (group, vec![write.slot]))
            }
            Task::Code(c) => {
                let Code { program, target } = &self.codes[c];
                let (group, range) = match target {
                    Target::Part(group, range) => (*group, range),
                    Target::Event(events) => (events.group, &events.range),
                    Target::Synapses(_) => return None,
                };
                let (state, of_group) = &self.groups[group];
                let slots = program.may_be_parted(&of_group.refractory_slots())?;
                (*range == (0..state.len())).then(|| (group, slots.to_vec()))
            }
            _ => None,
        }
    }

    /// True if nothing is left to do for a task now: it waits, or has nothing to do. Else nothing waits any more that it
    /// could meet.
    pub(super) fn put_off(&mut self, task: Task, store: &mut [Vec<f64>]) -> bool {
        if self.later.may_wait.is_empty() {
            return false;
        }
        let Some(group) = self.later.group_of(task) else {
            if !self.is_indifferent(task) {
                self.catch_up(store);
            }
            return false;
        };
        let waiting = match task {
            Task::Propagate(s, p) => {
                let Synaptic { state, pathways, drivers, .. } = &mut self.synapses[s];
                let arrived = pathways[p].send(drivers[p].found(&self.groups), state);
                if !arrived.earlier.is_empty() {
                    self.catch_up(store);
                    self.arrive((s, p), arrived, store);
                    return true;
                }
                if arrived.spans.is_empty() {
                    self.synapses[s].pathways[p].done_with(arrived.spans);
                    return true;
                }
                Waiting::Sum { synapses: s, pathway: p, spans: arrived.spans }
            }
            Task::Code(c) => {
                let found = match &self.codes[c].target {
                    Target::Event(events) => match events.found(&self.groups) {
                        [] => return true,
                        found => Some(self.later.copy(found)),
                    },
                    _ => None,
                };
                Waiting::Code { code: c, now: self.now, found }
            }
            _ => return false,
        };
        self.later.queues[group].waiting.push(waiting);
        true
    }

    /// True for tasks that look at nothing and set nothing that could wait.
    fn is_indifferent(&self, task: Task) -> bool {
        match task {
            // What waits for its own group is done with it; of others it sees nothing that could wait.
            Task::UpdateGroup(_) | Task::Generate(_) | Task::Rate(_) => true,
            Task::Event(g, _) => self.groups[g].1.looks_ahead() && self.groups[g].1.events.len() == 1,
            Task::RecordEvents(m) => self.counters[m].tapes.is_empty(),
            _ => false,
        }
    }

    /// A group's state update, with what waited for it.
    pub(super) fn update_group(&mut self, g: usize, store: &mut [Vec<f64>]) {
        let (state, program) = &mut self.groups[g];
        let n = state.len();
        let queue = self.later.queues.get_mut(g).filter(|queue| !queue.waiting.is_empty());
        let Some(queue) = queue else { return program.update(store, n, &self.now, &mut self.crew, None) };
        let waiting = std::mem::take(&mut queue.waiting);
        let (codes, synapses) = (&self.codes, &self.synapses);
        let work = |columns: &mut Columns<'_>, range: &Range<usize>, hand: &mut Hand| {
            waiting.iter().for_each(|w| w.catch_up((codes, synapses), columns, range, hand));
        };
        let cost = waiting.iter().map(|w| w.cost(codes, n)).sum();
        let before = Before { own: &queue.own, cost, work: &work };
        program.update(store, n, &self.now, &mut self.crew, Some(&before));
        self.done_with(waiting, g);
    }

    /// Does all that waits.
    pub(super) fn catch_up(&mut self, store: &mut [Vec<f64>]) {
        for g in 0..self.later.queues.len() {
            let queue = &mut self.later.queues[g];
            if queue.waiting.is_empty() {
                continue;
            }
            let waiting = std::mem::take(&mut queue.waiting);
            let (state, program) = &self.groups[g];
            let (n, cutting) = (state.len(), program.cutting());
            let (codes, synapses) = (&self.codes, &self.synapses);
            let cost = Some(waiting.iter().map(|w| w.cost(codes, n)).sum());
            let job = Job { elements: (0, n), own: &queue.own, cost, cutting };
            self.crew.divide(&job, store, |columns, range, hand| {
                waiting.iter().for_each(|w| w.catch_up((codes, synapses), columns, &range, hand));
            });
            self.done_with(waiting, g);
        }
    }

    /// Gives lists back, to be filled again.
    fn done_with(&mut self, mut waiting: Vec<Waiting>, g: usize) {
        for w in waiting.drain(..) {
            match w {
                Waiting::Sum { synapses, pathway, spans } => {
                    self.synapses[synapses].pathways[pathway].done_with(spans);
                }
                Waiting::Code { found, .. } => self.later.spare.extend(found),
                Waiting::Hold { found, .. } => self.later.spare.push(found),
            }
        }
        self.later.queues[g].waiting = waiting;
    }

    /// Runs the statements of a pathway.
    pub(super) fn arrive(&mut self, (s, p): (usize, usize), arrived: Arrived, store: &mut [Vec<f64>]) {
        let Synaptic { state, pathways, .. } = &mut self.synapses[s];
        let by = (&mut self.machine, &mut self.crew);
        pathways[p].arrive(arrived, state, store, &self.now, by);
    }
}

impl Waiting {
    /// Nanoseconds for each neuron.
    #[expect(clippy::cast_precision_loss, reason = "numbers of neurons")]
    fn cost(&self, codes: &[Code], n: usize) -> f64 {
        match self {
            Self::Sum { spans, .. } => cost_of_sums(spans.iter().map(Span::len).sum(), n),
            Self::Hold { .. } => 0.0,
            Self::Code { code, found: None, .. } => codes[*code].program.cost(),
            Self::Code { code, found: Some(found), .. } => {
                codes[*code].program.cost() * found.len() as f64 / n.max(1) as f64
            }
        }
    }

    /// Does it for a range of the group's neurons.
    fn catch_up(
        &self,
        (codes, synapses): (&[Code], &[Synaptic<'_>]),
        columns: &mut Columns<'_>,
        range: &Range<usize>,
        hand: &mut Hand,
    ) {
        match self {
            Self::Sum { synapses: s, pathway, spans } => {
                let Synaptic { state, pathways, .. } = &synapses[*s];
                pathways[*pathway].add_to(columns, range, spans, state);
            }
            Self::Hold { held, found, time } => held.hold(found, *time, columns, range),
            Self::Code { code, now, found } => {
                let chosen = match found {
                    None => Chosen::Range(range.start, range.end),
                    Some(found) => {
                        let place = |limit: usize| found.partition_point(|k| (*k as usize) < limit);
                        Chosen::List(&found[place(range.start)..place(range.end)])
                    }
                };
                codes[*code].program.run_part(columns, chosen, now, &mut hand.machine);
            }
        }
    }
}
