//! A group compiled: refractoriness, state update and events as programs over its columns.
//! The same state update serves the differential equations of synapses.

use super::program::Now;
use crate::codegen::{BLOCK, Elements, Fun1, Fun2, Inputs, Lowering, Machine, Tape};
use crate::description::Refractory;
use crate::equations::{At, Kind, Owner, Scope, Slot, check_expression, parse_expression};
use crate::error::Result;
use crate::groups::{Context, GroupState, SPIKE};
use crate::random::Stream;
use crate::stateupdaters::{LinearSystem, Propagator, Update, choose};

/// The programs of one group.
pub(super) struct GroupProgram {
    /// New values of `not_refractory`, and its column.
    refractory: Option<(Tape, Slot)>,
    pub(super) update: StateUpdate,
    /// Every event with its condition.
    pub(super) events: Vec<EventProgram>,
    lastspike: Option<Slot>,
    stream: Stream,
}

/// An event of a group.
pub(super) struct EventProgram {
    pub(super) name: String,
    condition: Option<Tape>,
    stream: Stream,
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
                Some((refractory_tape(refractory, &scope, free, last)?, free))
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
                    Some(Tape::new(&l.graph, &[holds]))
                }
            };
            let stream = context.stream(&format!("{} {name}", group.name()));
            events.push(EventProgram { name: name.clone(), condition, stream });
        }
        let stream = context.stream(&format!("{} stateupdater", group.name()));
        Ok(Self { refractory, update: StateUpdate::new(update), events, lastspike, stream })
    }

    pub(super) fn update(&mut self, store: &mut [Vec<f64>], n: usize, now: &Now, machine: &mut Machine) {
        if let Some((tape, column)) = &self.refractory {
            for start in (0..n).step_by(BLOCK) {
                let count = BLOCK.min(n - start);
                machine.run(tape, &inputs(store, Elements::From(start), now, self.stream), count);
                store[column.place()][start..start + count].copy_from_slice(machine.result(0));
            }
        }
        for start in (0..n).step_by(BLOCK) {
            let count = BLOCK.min(n - start);
            self.update.evaluate(&inputs(store, Elements::From(start), now, self.stream), count, machine);
            self.update.store(store, start, count, now.dt, machine);
        }
    }

    /// Finds the neurons for which the event happens.
    pub(super) fn event(
        &self,
        k: usize,
        found: &mut Vec<u32>,
        store: &mut [Vec<f64>],
        n: usize,
        now: &Now,
        machine: &mut Machine,
    ) {
        found.clear();
        let event = &self.events[k];
        let Some(tape) = &event.condition else { return };
        for start in (0..n).step_by(BLOCK) {
            let count = BLOCK.min(n - start);
            machine.run(tape, &inputs(store, Elements::From(start), now, event.stream), count);
            let here = machine.result(0).iter().enumerate().filter(|(_, holds)| **holds != 0.0);
            found.extend(here.map(|(k, _)| u32::try_from(start + k).unwrap_or(u32::MAX)));
        }
        if let (Some((_, free)), Some(last), true) = (&self.refractory, self.lastspike, event.name == SPIKE) {
            for &k in &*found {
                store[free.place()][k as usize] = 0.0;
                store[last.place()][k as usize] = now.time;
            }
        }
    }
}

fn refractory_tape(refractory: &Refractory, scope: &Scope, free: Slot, last: Slot) -> Result<Tape> {
    let own = At::new(Owner::Own);
    let mut l = Lowering::new(scope);
    let period = match refractory {
        Refractory::Time(q) => l.graph.constant(q.value()),
        Refractory::Expression(text) => {
            let expr = parse_expression("refractory", text)?;
            let value = l.expression(&expr)?;
            if check_expression(&expr, scope)? == Kind::Condition {
                // Leaving is decided by the condition, entering by the spike alone.
                let flag = l.graph.load(free, own);
                let over = l.graph.apply1(Fun1::Not, value);
                let root = l.graph.apply2(Fun2::Or, flag, over);
                return Ok(Tape::new(&l.graph, &[root]));
            }
            value
        }
    };
    let dt = l.graph.constant(scope.dt());
    let last = l.graph.load(last, own);
    let t = l.graph.time();
    let since = l.graph.apply2(Fun2::Sub, t, last);
    let passed = l.timestep(since, dt);
    let needed = l.timestep(period, dt);
    let root = l.graph.apply2(Fun2::Ge, passed, needed);
    Ok(Tape::new(&l.graph, &[root]))
}

fn inputs<'a>(store: &'a [Vec<f64>], elements: Elements<'a>, now: &Now, stream: Stream) -> Inputs<'a> {
    let elements = [elements, Elements::One(0), Elements::One(0)];
    Inputs { store, elements, time: now.time, stream, step: now.step }
}

/// A state update with what it keeps from step to step.
pub(super) struct StateUpdate {
    update: Update,
    /// One propagator if all elements share their parameters, else one each.
    propagators: Vec<Propagator>,
    state: Vec<f64>,
    entries: Vec<f64>,
}

impl StateUpdate {
    pub(super) fn new(update: Update) -> Self {
        Self { update, propagators: Vec::new(), state: Vec::new(), entries: Vec::new() }
    }

    pub(super) fn is_none(&self) -> bool {
        matches!(self.update, Update::None)
    }

    /// Computes for a block; [`StateUpdate::store`] puts the results in place.
    pub(super) fn evaluate(&self, inputs: &Inputs<'_>, count: usize, machine: &mut Machine) {
        match &self.update {
            Update::None => {}
            Update::Program(tape, _) => machine.run(tape, inputs, count),
            Update::Linear(system) => machine.run(&system.entries, inputs, count),
        }
    }

    pub(super) fn store(
        &mut self,
        store: &mut [Vec<f64>],
        start: usize,
        count: usize,
        dt: f64,
        machine: &Machine,
    ) {
        match &self.update {
            Update::None => {}
            Update::Program(_, targets) => {
                for (k, slot) in targets.iter().enumerate() {
                    store[slot.place()][start..start + count].copy_from_slice(machine.result(k));
                }
            }
            Update::Linear(system) => {
                let shared = system.entries.is_uniform();
                let needed = if shared { 1 } else { start + count };
                if self.propagators.len() < needed {
                    self.propagators.resize_with(needed, Propagator::default);
                }
                for k in 0..count {
                    let cache = &mut self.propagators[if shared { 0 } else { start + k }];
                    let entries = &mut self.entries;
                    entries.clear();
                    entries.extend((0..system.entries.results.len()).map(|r| machine.result(r)[k]));
                    one_linear_step(system, store, start + k, entries, &mut self.state, dt, cache);
                }
            }
        }
    }
}

fn one_linear_step(
    system: &LinearSystem,
    store: &mut [Vec<f64>],
    element: usize,
    entries: &[f64],
    state: &mut Vec<f64>,
    dt: f64,
    cache: &mut Propagator,
) {
    state.clear();
    state.extend(system.columns.iter().map(|c| store[c.place()][element]));
    let is_free = system.refractory.is_none_or(|c| store[c.place()][element] != 0.0);
    system.advance(state, entries, is_free, dt, cache);
    for (c, v) in system.columns.iter().zip(state.iter()) {
        store[c.place()][element] = *v;
    }
}

/// The first value that is not a finite number.
pub(super) fn first_unbounded(values: &[f64]) -> Option<usize> {
    // A sum is finite only if all its parts are, and is quick to compute.
    if values.iter().sum::<f64>().is_finite() {
        return None;
    }
    values.iter().position(|v| !v.is_finite())
}
