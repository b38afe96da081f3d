//! A group compiled: refractoriness, state update and events as programs over its columns.
//! Where nothing stands between a state update and its threshold, both are done block by block, while it is in the cache.

use std::ops::Range;

use super::crew::{Crew, Cutting, Hand, Job, blocks};
use super::event_program::{Condition, EventProgram};
use super::program::Now;
use super::refractory::{Held, Refractoriness};
use super::state_update::{Cache, StateUpdate};
use crate::codegen::{Columns, Elements, Fun2, Inputs, Lowering, Tape};
use crate::equations::{At, Owner, Slot, parse_expression};
use crate::error::Result;
use crate::groups::{Context, GroupState, SPIKE};
use crate::random::Stream;
use crate::stateupdaters::choose;

/// The programs of one group.
pub(super) struct GroupProgram {
    refractory: Option<Refractoriness>,
    update: StateUpdate,
    /// One for each thread.
    caches: Vec<Cache>,
    /// Every event with its condition.
    pub(super) events: Vec<EventProgram>,
    stream: Stream,
    /// Spikes are found by the state update already, and kept here until their time in the step.
    looks_ahead: bool,
    ahead: Vec<u32>,
    /// A neuron's refractoriness and update need no other neuron.
    is_separable: bool,
    /// For refractoriness, for the update, and for both together.
    plans: [Option<Plan>; 3],
}

/// How a pass over the group may be shared.
struct Plan {
    own: Vec<Slot>,
    cost: Option<f64>,
    cutting: Cutting,
}

/// What has waited for a state update, to be done before it.
pub(super) struct Before<'b> {
    /// The columns that it sets, and those that the update does.
    pub(super) own: &'b [Slot],
    /// Nanoseconds for each element.
    pub(super) cost: f64,
    pub(super) work: &'b (dyn Fn(&mut Columns<'_>, &Range<usize>, &mut Hand) + Sync),
}

/// Neurons that are not refractory any more.
type Released<'r> = (&'r Refractoriness, &'r [u32]);

/// What is done for a block, in this order.
#[derive(Clone, Copy, Default)]
struct Pass<'p> {
    refractory: Option<&'p Tape>,
    update: Option<&'p StateUpdate>,
    event: Option<&'p EventProgram>,
}

impl GroupProgram {
    pub(super) fn new(group: &GroupState, context: &Context) -> Result<Self> {
        let scope = group.scope(context)?;
        let d = &group.description;
        let own = At::new(Owner::Own);
        let free = group.columns.slot("not_refractory").filter(|_| group.is_refractory());
        let lastspike = group.columns.slot("lastspike").filter(|_| group.is_refractory());
        let refractory = match (&d.refractory, free, lastspike) {
            (Some(refractory), Some(free), Some(last)) => {
                Some(Refractoriness::new(refractory, &scope, free, last)?)
            }
            _ => None,
        };
        let (_, update) = choose(d.method.as_deref(), &group.equations, &scope, group.is_refractory())?;
        let mut events = Vec::new();
        for name in group.events.keys() {
            let text = if name == SPIKE { d.threshold.as_ref() } else { d.events.get(name) };
            let condition = match text {
                None => None,
                Some(text) => {
                    let what = if name == SPIKE { "threshold" } else { name };
                    let expr = parse_expression(what, text)?;
                    let mut l = Lowering::new(&scope);
                    let mut holds = l.expression(&expr).map_err(|e| e.in_text(what, text))?;
                    if let (Some(free), true) = (free, name == SPIKE) {
                        let free = l.graph.load(free, own);
                        holds = l.graph.apply2(Fun2::And, holds, free);
                    }
                    Some(Condition::new(&l.graph, holds))
                }
            };
            let stream = context.stream(&format!("{} {name}", group.name()));
            events.push(EventProgram { name: name.clone(), condition, stream });
        }
        let stream = context.stream(&format!("{} stateupdater", group.name()));
        let update = StateUpdate::new(update);
        let (caches, ahead) = (vec![Cache::default()], Vec::new());
        let both = [refractory.as_ref().map_or(&[][..], |r| &r.tape().columns), update.slots()].concat();
        let is_separable =
            refractory.as_ref().is_none_or(|r| r.tape().is_separable(&both)) && update.is_separable(&both);
        let (looks_ahead, plans) = (false, [None, None, None]);
        Ok(Self { refractory, update, caches, events, stream, looks_ahead, ahead, is_separable, plans })
    }

    /// Lets refractoriness follow the spikes alone, if nothing that is set elsewhere decides on it.
    pub(super) fn follow_spikes(&mut self, set_elsewhere: &[Slot]) {
        if let Some(refractoriness) = &mut self.refractory {
            refractoriness.follow_spikes(set_elsewhere);
        }
    }

    /// The columns that its state update and its events set.
    pub(super) fn slots(&self) -> Vec<Slot> {
        let mut slots = self.update.slots().to_vec();
        slots.extend(self.refractory.iter().flat_map(Refractoriness::slots));
        slots
    }

    /// Has spikes found together with the state update from here on, if they can be, given that nothing but state updates
    /// of others, which set these columns, happens between the two.
    pub(super) fn look_ahead(&mut self, set_between: &[Slot]) {
        let own = self.slots();
        let condition = self.events.iter().find(|e| e.name == SPIKE).and_then(|e| e.condition.as_ref());
        self.looks_ahead = condition.is_some_and(|c| c.is_separable(&own) && !c.reads(set_between));
    }

    /// Whether its spikes are found already when the state is updated.
    pub(super) fn looks_ahead(&self) -> bool {
        self.looks_ahead
    }

    /// Where its state update may be cut.
    pub(super) fn cutting(&self) -> Cutting {
        let event = self.events.iter().find(|event| self.looks_ahead && event.name == SPIKE);
        Pass { refractory: None, update: Some(&self.update), event }.cutting()
    }

    /// True if, where these columns are parted, all that is done at a state update needs its own part alone.
    pub(super) fn may_be_parted(&self, own: &[Slot]) -> bool {
        let event = self.events.iter().find(|event| self.looks_ahead && event.name == SPIKE);
        let refractory = self.refractory.as_ref().map(Refractoriness::tape);
        self.is_separable && Pass { refractory, update: Some(&self.update), event }.is_separable(own)
    }

    /// True if its state update reads any of these columns, which are another group's.
    pub(super) fn reads(&self, slots: &[Slot]) -> bool {
        let refractory = self.refractory.as_ref().map(Refractoriness::tape);
        let mut conditions = self.events.iter().filter_map(|event| event.condition.as_ref());
        refractory.is_some_and(|tape| tape.reads(slots))
            || self.update.reads(slots)
            || conditions.any(|condition| condition.reads(slots))
    }

    /// The columns that decide on refractoriness.
    pub(super) fn refractory_slots(&self) -> Vec<Slot> {
        self.refractory.iter().flat_map(Refractoriness::slots).collect()
    }

    /// One step of all neurons, after what has waited for it.
    pub(super) fn update(
        &mut self,
        store: &mut [Vec<f64>],
        n: usize,
        now: &Now,
        crew: &mut Crew,
        before: Option<&Before<'_>>,
    ) {
        self.caches.resize_with(crew.threads(), Cache::default);
        let freed = self.refractory.as_mut().and_then(|r| r.released(now));
        let follows = freed.is_some();
        let mut released = self.refractory.as_ref().zip(freed.as_deref());
        if before.is_none()
            && let Some((refractoriness, released)) = released.take()
        {
            refractoriness.let_go(released, &mut Columns::Write(store), &(0..n));
        }
        let refractory = self.refractory.as_ref().filter(|_| !follows).map(Refractoriness::tape);
        let update = Some(&self.update);
        let event = self.events.iter().find(|event| self.looks_ahead && event.name == SPIKE);
        let mut run = |pass: Pass<'_>, before| {
            let plan = &mut self.plans[match (pass.refractory, pass.update) {
                (_, None) => 0,
                (None, _) => 1,
                _ => 2,
            }];
            let plan = plan.get_or_insert_with(|| pass.plan());
            pass.run(store, n, (now, self.stream), (crew, plan), &mut self.caches, before);
        };
        if refractory.is_none() || self.is_separable {
            run(Pass { refractory, update, event }, before.map(|before| (before, released)));
        } else {
            // Each neuron may look at others, so that what is new of all must be there first.
            run(Pass { refractory, ..Pass::default() }, None);
            run(Pass { update, event, refractory: None }, None);
        }
        if event.is_some() {
            crew.gather(&mut self.ahead);
        }
        if let Some((refractoriness, released)) = self.refractory.as_mut().zip(freed) {
            refractoriness.give_back(released);
        }
        if !follows && let Some(refractoriness) = &mut self.refractory {
            refractoriness.begin(store, n, now);
        }
    }

    /// Finds the neurons for which the event happens.
    pub(super) fn event(
        &mut self,
        k: usize,
        found: &mut Vec<u32>,
        store: &mut [Vec<f64>],
        n: usize,
        now: &Now,
        crew: &mut Crew,
    ) {
        let event = &self.events[k];
        if event.condition.is_none() {
            found.clear();
            return;
        }
        let is_spike = event.name == SPIKE;
        if is_spike && self.looks_ahead {
            std::mem::swap(found, &mut self.ahead);
        } else {
            self.caches.resize_with(crew.threads(), Cache::default);
            let pass = Pass { event: Some(event), ..Pass::default() };
            pass.run(store, n, (now, self.stream), (crew, &pass.plan()), &mut self.caches, None);
            crew.gather(found);
        }
        if let (Some(refractoriness), true) = (&mut self.refractory, is_spike) {
            refractoriness.spikes(found, now);
        }
    }

    /// How neurons become refractory by an event, if they do.
    pub(super) fn held_after(&self, k: usize) -> Option<Held> {
        self.refractory.as_ref().filter(|_| self.events[k].name == SPIKE).map(Refractoriness::held)
    }
}

impl Pass<'_> {
    /// True if, where these columns are parted, each part needs no other.
    fn is_separable(self, own: &[Slot]) -> bool {
        let condition = self.event.and_then(|event| event.condition.as_ref());
        self.refractory.is_none_or(|r| r.is_separable(own))
            && self.update.is_none_or(|u| u.is_separable(own))
            && condition.is_none_or(|c| c.is_separable(own))
    }

    fn plan(&self) -> Plan {
        let update = self.update.map_or(&[][..], StateUpdate::slots);
        let own = [self.refractory.map_or(&[][..], |r| &r.columns), update].concat();
        let condition = self.event.and_then(|event| event.condition.as_ref());
        let is_separable = self.is_separable(&own);
        let cost = self.refractory.map_or(0.0, Tape::cost)
            + self.update.map_or(0.0, StateUpdate::cost)
            + condition.map_or(0.0, Condition::cost);
        Plan { own, cost: is_separable.then_some(cost), cutting: self.cutting() }
    }

    fn cutting(&self) -> Cutting {
        Cutting {
            whole_blocks: self.event.is_some_and(EventProgram::needs_whole_blocks),
            stays: self.update.is_some_and(StateUpdate::keeps_propagators),
        }
    }

    fn run(
        self,
        store: &mut [Vec<f64>],
        n: usize,
        (now, stream): (&Now, Stream),
        (crew, plan): (&mut Crew, &Plan),
        caches: &mut [Cache],
        before: Option<(&Before<'_>, Option<Released<'_>>)>,
    ) {
        let &Plan { ref own, cost, cutting } = plan;
        let mut job = Job { elements: (0, n), own, cost, cutting };
        if let Some((before, _)) = before {
            job.own = before.own;
            job.cost = cost.map(|cost| cost + before.cost);
        }
        crew.share(&job, store, caches, |columns, range, hand, cache| {
            let base = range.start;
            if let Some((before, released)) = before {
                (before.work)(columns, &range, hand);
                if let Some((refractoriness, released)) = released {
                    refractoriness.let_go(released, columns, &range);
                }
            }
            for (start, count) in blocks(range) {
                let inputs = inputs(&[], Elements::From(start), now, stream);
                if let Some(refractory) = self.refractory {
                    hand.machine.run_storing(refractory, columns, &inputs, start, count);
                }
                if let Some(update) = self.update {
                    let cache = (base, &mut *cache);
                    update.advance(columns, &inputs, (start, count), now.dt, &mut hand.machine, cache);
                }
                if let Some(event) = self.event {
                    event.find(columns, (start, count), now, &mut hand.machine, &mut hand.found);
                }
            }
        });
    }
}

pub(super) fn inputs<'a>(
    store: &'a [Vec<f64>],
    elements: Elements<'a>,
    now: &Now,
    stream: Stream,
) -> Inputs<'a> {
    let elements = [elements, Elements::One(0), Elements::One(0)];
    Inputs { store, elements, time: now.time, stream, step: now.step }
}
