//! The loop: every object compiled and locked once, then step after step through the schedule.
//! All columns stay in the network's store; programs read them and write back what they computed.

use std::ops::Range;
use std::sync::MutexGuard;

use super::crew::{Crew, Cutting, Job, blocks};
use super::events::Events;
use super::group_program::GroupProgram;
use super::later::Later;
use super::pathway::Pathway;
use super::program::{Chosen, CodeProgram, Now, with_ends};
use super::schedule::{Entry, Task};
use super::state_update::{Cache, StateUpdate};
use crate::codegen::{BLOCK, Columns, Elements, Inputs, Machine, Tape};
use crate::equations::{Owner, Slot};
use crate::groups::{Context, Ends, GroupState, Planned, SPIKE};
use crate::monitors::{RateRecord, SpikeRecord, StateRecord};
use crate::random::Stream;
use crate::synapses::SynapsesState;

/// A network ready to run; holds the locks of all objects.
#[derive(Default)]
pub(super) struct Engine<'a> {
    pub(super) now: Now,
    pub(super) machine: Machine,
    pub(super) crew: Crew,
    pub(super) later: Later,
    pub(super) tasks: Vec<(Task, usize)>,
    pub(super) entries: Vec<Entry>,
    /// Step of each clock.
    pub(super) steps: Vec<f64>,
    pub(super) groups: Vec<(MutexGuard<'a, GroupState>, GroupProgram)>,
    pub(super) synapses: Vec<Synaptic<'a>>,
    pub(super) codes: Vec<Code>,
    pub(super) sums: Vec<Sum>,
    pub(super) samplers: Vec<Sampler<'a>>,
    pub(super) counters: Vec<Counter<'a>>,
    pub(super) rates: Vec<RateCounter<'a>>,
    /// The plans of spike generators, by group.
    pub(super) plans: Vec<Option<Planned>>,
}

pub(super) struct Synaptic<'a> {
    pub(super) state: MutexGuard<'a, SynapsesState>,
    pub(super) source: usize,
    pub(super) target: usize,
    pub(super) update: StateUpdate,
    /// One for each thread.
    pub(super) caches: Vec<Cache>,
    pub(super) stream: Stream,
    pub(super) pathways: Vec<Pathway>,
    /// What drives each of them.
    pub(super) drivers: Vec<Events>,
}

/// Statements and whom they are for.
pub(super) struct Code {
    pub(super) program: CodeProgram,
    pub(super) target: Target,
}

pub(super) enum Target {
    /// Some neurons of a group.
    Part(usize, Range<usize>),
    Event(Events),
    Synapses(usize),
}

/// A summed variable.
pub(super) struct Sum {
    pub(super) synapses: usize,
    pub(super) owner: Owner,
    pub(super) slot: Slot,
    pub(super) range: Range<usize>,
    pub(super) tape: Tape,
    pub(super) stream: Stream,
}

pub(super) struct Sampler<'a> {
    pub(super) record: MutexGuard<'a, StateRecord>,
    pub(super) watch: Watch,
    pub(super) tapes: Vec<Tape>,
    pub(super) stream: Stream,
}

#[derive(Clone, Copy)]
pub(super) enum Watch {
    Group,
    Synapses(usize),
}

pub(super) struct Counter<'a> {
    pub(super) record: MutexGuard<'a, SpikeRecord>,
    pub(super) events: Events,
    pub(super) keep: bool,
    pub(super) tapes: Vec<Tape>,
    pub(super) stream: Stream,
}

pub(super) struct RateCounter<'a> {
    pub(super) record: MutexGuard<'a, RateRecord>,
    pub(super) events: Events,
}

impl Engine<'_> {
    /// Does one task of the present step; operations of the user's are the caller's.
    pub(super) fn perform(&mut self, task: Task, context: &mut Context) {
        let store = &mut context.store[..];
        if self.put_off(task, store) {
            return;
        }
        match task {
            Task::Sample(m) => self.sample(m, store),
            Task::UpdateGroup(g) => self.update_group(g, store),
            Task::UpdateSynapses(s) => self.update_synapses(s, store),
            Task::Event(g, k) => {
                let (state, program) = &mut self.groups[g];
                let n = state.len();
                if let Some((_, found)) = state.events.iter_mut().nth(k) {
                    program.event(k, found, store, n, &self.now, &mut self.crew);
                    let time = self.now.time;
                    if let Some(held) = program.held_after(k).filter(|_| !found.is_empty())
                        && !self.later.hold(g, held, found, time)
                    {
                        held.hold(found, time, &mut Columns::Write(store), &(0..n));
                    }
                }
            }
            Task::Generate(g) => {
                let state = &mut self.groups[g].0;
                if let (Some(Some(plan)), Some(found)) = (self.plans.get(g), state.events.get_mut(SPIKE)) {
                    found.clear();
                    found.extend_from_slice(plan.at(self.now.step));
                }
            }
            Task::RecordEvents(m) => self.record_events(m, store),
            Task::Rate(m) => self.rate(m),
            Task::Propagate(s, p) => {
                let Synaptic { state, pathways, drivers, .. } = &mut self.synapses[s];
                let arrived = pathways[p].send(drivers[p].found(&self.groups), state);
                self.arrive((s, p), arrived, store);
            }
            Task::Code(c) => {
                let Code { program, target } = &self.codes[c];
                let by = (&mut self.machine, &mut self.crew);
                match target {
                    Target::Part(_, range) => {
                        let chosen = Chosen::Range(range.start, range.end);
                        program.run(store, chosen, None, &self.now, by);
                    }
                    Target::Event(events) => {
                        let found = events.found(&self.groups);
                        if !found.is_empty() {
                            program.run(store, Chosen::List(found), None, &self.now, by);
                        }
                    }
                    Target::Synapses(s) => {
                        let state = &self.synapses[*s].state;
                        let ends = Some((state.i.list(), state.j.list()));
                        let chosen = Chosen::Range(0, state.len());
                        program.run(store, chosen, ends, &self.now, by);
                    }
                }
            }
            Task::Sum(k) => self.sum(k, store),
            Task::Operation(_) => {}
        }
    }

    /// Has groups find their spikes while they update their state, where nothing happens in between that could matter,
    /// and tasks wait for each other.
    pub(super) fn look_ahead(&mut self) {
        for g in 0..self.groups.len() {
            let state = &self.groups[g].0;
            let Some(spike) = state.events.keys().position(|name| name == SPIKE) else { continue };
            let place = |task| self.tasks.iter().position(|(t, _)| *t == task);
            let (Some(update), Some(event)) = (place(Task::UpdateGroup(g)), place(Task::Event(g, spike)))
            else {
                continue;
            };
            if update > event || self.tasks[update].1 != self.tasks[event].1 {
                continue;
            }
            let mut set = Vec::new();
            let is_harmless = self.tasks[update + 1..event].iter().all(|(task, _)| match *task {
                Task::UpdateGroup(h) | Task::Event(h, _) => {
                    set.extend(self.groups[h].1.slots());
                    h != g
                }
                Task::UpdateSynapses(s) => {
                    set.extend_from_slice(self.synapses[s].update.slots());
                    true
                }
                Task::Generate(_) | Task::RecordEvents(_) | Task::Sample(_) | Task::Rate(_) => true,
                Task::Propagate(..) | Task::Code(_) | Task::Sum(_) | Task::Operation(_) => false,
            });
            if is_harmless {
                self.groups[g].1.look_ahead(&set);
            }
        }
        self.plan_later();
    }

    /// Leaves spikes on their way where the next run finds them.
    pub(super) fn finish(&mut self, store: &mut [Vec<f64>]) {
        self.catch_up(store);
        for Synaptic { state, pathways, .. } in &mut self.synapses {
            pathways.iter_mut().for_each(|pathway| pathway.put_down(state));
        }
    }

    fn sample(&mut self, m: usize, store: &[Vec<f64>]) {
        let Sampler { record, watch, tapes, stream } = &mut self.samplers[m];
        let record = &mut **record;
        record.t.push(self.now.time);
        for (tape, samples) in tapes.iter().zip(&mut record.samples) {
            for block in record.elements.chunks(BLOCK) {
                let [pre, post] = match watch {
                    Watch::Group => Default::default(),
                    Watch::Synapses(s) => self.synapses[*s].state.ends(block),
                };
                let inputs = Inputs {
                    store,
                    elements: [Elements::List(block), Elements::List(&pre), Elements::List(&post)],
                    time: self.now.time,
                    stream: *stream,
                    step: self.now.step,
                };
                self.machine.run(tape, &inputs, block.len());
                samples.extend_from_slice(self.machine.result(0));
            }
        }
    }

    fn record_events(&mut self, m: usize, store: &[Vec<f64>]) {
        let Counter { record, events, keep, tapes, stream } = &mut self.counters[m];
        let found = events.found(&self.groups);
        let first = u32::try_from(events.range.start).unwrap_or(u32::MAX);
        for k in found {
            record.count[(k - first) as usize] += 1;
        }
        if !*keep {
            return;
        }
        record.i.extend(found.iter().map(|k| k - first));
        record.t.extend(found.iter().map(|_| self.now.time));
        for (tape, values) in tapes.iter().zip(&mut record.values) {
            for block in found.chunks(BLOCK) {
                let inputs = Inputs {
                    store,
                    elements: [Elements::List(block), Elements::One(0), Elements::One(0)],
                    time: self.now.time,
                    stream: *stream,
                    step: self.now.step,
                };
                self.machine.run(tape, &inputs, block.len());
                values.extend_from_slice(self.machine.result(0));
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "numbers of neurons")]
    fn rate(&mut self, m: usize) {
        let RateCounter { record, events } = &mut self.rates[m];
        let count = events.found(&self.groups).len();
        record.t.push(self.now.time);
        record.rate.push(count as f64 / events.range.len() as f64 / self.now.dt);
        record.dt = self.now.dt;
    }

    fn update_synapses(&mut self, s: usize, store: &mut [Vec<f64>]) {
        let Synaptic { state, update, caches, stream, .. } = &mut self.synapses[s];
        let (state, update, stream, now) = (&**state, &*update, *stream, self.now);
        caches.resize_with(self.crew.threads(), Cache::default);
        let own = update.slots();
        let cost = update.is_separable(own).then(|| update.cost());
        let cutting = Cutting { whole_blocks: false, stays: update.keeps_propagators() };
        let job = Job { elements: (0, state.len()), own, cost, cutting };
        let (i, j) = (state.i.list(), state.j.list());
        self.crew.share(&job, store, caches, |columns, range, hand, cache| {
            let base = range.start;
            for (start, count) in blocks(range) {
                let elements = with_ends((i, j), start, count);
                let inputs = Inputs { store: &[], elements, time: now.time, stream, step: now.step };
                let cache = (base, &mut *cache);
                update.advance(columns, &inputs, (start, count), now.dt, &mut hand.machine, cache);
            }
        });
    }

    fn sum(&mut self, k: usize, store: &mut [Vec<f64>]) {
        let Sum { synapses, owner, slot, range, tape, stream } = &self.sums[k];
        let state = &self.synapses[*synapses].state;
        // Put together first: the expression may read the variable that is being summed.
        let mut total = vec![0.0; range.len()];
        let targets = if *owner == Owner::Pre { &state.i } else { &state.j }.list();
        for start in (0..state.len()).step_by(BLOCK) {
            let count = BLOCK.min(state.len() - start);
            let elements = with_ends((state.i.list(), state.j.list()), start, count);
            let inputs =
                Inputs { store, elements, time: self.now.time, stream: *stream, step: self.now.step };
            self.machine.run(tape, &inputs, count);
            for (target, v) in targets[start..].iter().zip(self.machine.result(0)) {
                total[*target as usize - range.start] += v;
            }
        }
        store[slot.place()][range.clone()].copy_from_slice(&total);
    }
}
