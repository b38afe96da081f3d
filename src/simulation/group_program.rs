//! A group compiled: refractoriness, state update and events as programs over its columns.
//! The same state update serves the differential equations of synapses.

use super::program::Now;
use super::refractory::Refractoriness;
use crate::codegen::{BLOCK, Elements, Fun2, Graph, Inputs, Lowering, Machine, Node, Tape, Value};
use crate::equations::{At, Owner, Slot, parse_expression};
use crate::error::Result;
use crate::groups::{Context, GroupState, SPIKE};
use crate::random::Stream;
use crate::stateupdaters::{LinearSystem, Propagator, Update, choose};
use crate::vector::{largest, positions};

/// The programs of one group.
pub(super) struct GroupProgram {
    refractory: Option<Refractoriness>,
    pub(super) update: StateUpdate,
    /// Every event with its condition.
    pub(super) events: Vec<EventProgram>,
    stream: Stream,
}

/// An event of a group.
pub(super) struct EventProgram {
    pub(super) name: String,
    condition: Option<Condition>,
    stream: Stream,
}

/// How the elements are found for which an event happens.
enum Condition {
    Tape(Tape),
    /// A column above a limit, where another one is true: a search without any computing.
    Above(Slot, f64, Option<Slot>),
    /// `rand() < p`, as the condition and as p: where p is small, chance goes from hit to hit.
    Chance(Tape, Tape),
}

/// The draws that hits come from, and those that thin them out; others are counted from 1.
const HITS: u32 = (1 << 31) - 1;
const THINNING: u32 = (1 << 31) - 2;

/// The probability, if this is a draw below it and it does not depend on chance itself.
fn chance(graph: &Graph, root: Value) -> Option<Value> {
    let (u, p) = match graph.node(root) {
        Node::Apply2(Fun2::Lt, u, p) | Node::Apply2(Fun2::Gt, p, u) => (u, p),
        _ => return None,
    };
    let is_chance = |n| {
        matches!(
            n,
            Node::Uniform(_) | Node::Normal(_) | Node::Poisson(..) | Node::Binomial(..) | Node::Call(..)
        )
    };
    (matches!(graph.node(u), Node::Uniform(_)) && !graph.any(&[p], &is_chance)).then_some(p)
}

impl Condition {
    fn new(graph: &Graph, root: Value) -> Self {
        let own = |v: Value| match graph.node(v) {
            Node::Load(slot, at) if at == At::new(Owner::Own) => Some(slot),
            _ => None,
        };
        let above = |v: Value| match graph.node(v) {
            Node::Apply2(Fun2::Gt, x, limit) => own(x).zip(graph.as_constant(limit)),
            Node::Apply2(Fun2::Lt, limit, x) => own(x).zip(graph.as_constant(limit)),
            _ => None,
        };
        let masked = match graph.node(root) {
            Node::Apply2(Fun2::And, a, b) => above(a).zip(own(b)),
            _ => None,
        };
        match (above(root), masked) {
            (Some((x, limit)), _) => Self::Above(x, limit, None),
            (None, Some(((x, limit), mask))) => Self::Above(x, limit, Some(mask)),
            (None, None) => {
                let whole = Tape::new(graph, &[root]);
                match chance(graph, root) {
                    Some(p) => Self::Chance(whole, Tape::new(graph, &[p])),
                    None => Self::Tape(whole),
                }
            }
        }
    }
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
        Ok(Self { refractory, update: StateUpdate::new(update), events, stream })
    }

    /// Lets refractoriness follow the spikes alone, if nothing that is set elsewhere decides on it.
    pub(super) fn follow_spikes(&mut self, set_elsewhere: &[Slot]) {
        if let Some(refractoriness) = &mut self.refractory {
            refractoriness.follow_spikes(set_elsewhere);
        }
    }

    pub(super) fn update(&mut self, store: &mut [Vec<f64>], n: usize, now: &Now, machine: &mut Machine) {
        if let Some(refractoriness) = &mut self.refractory {
            refractoriness.update(store, n, now, self.stream, machine);
        }
        for start in (0..n).step_by(BLOCK) {
            let count = BLOCK.min(n - start);
            let inputs = inputs(&[], Elements::From(start), now, self.stream);
            self.update.advance(store, &inputs, (start, count), now.dt, machine);
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
        machine: &mut Machine,
    ) {
        found.clear();
        let event = &self.events[k];
        let Some(condition) = &event.condition else { return };
        match condition {
            Condition::Above(x, limit, mask) => {
                let mask = mask.map(|m| &store[m.place()][..n]);
                positions(machine.width(), &store[x.place()][..n], *limit, mask, 0, found);
            }
            Condition::Chance(whole, p) => {
                for start in (0..n).step_by(BLOCK) {
                    let count = BLOCK.min(n - start);
                    let inputs = inputs(store, Elements::From(start), now, event.stream);
                    let width = machine.width();
                    machine.run(p, &inputs, count);
                    let p = machine.result(0);
                    let most = largest(width, p);
                    if most > 0.1 {
                        machine.run(whole, &inputs, count);
                        positions(width, machine.result(0), 0.0, None, start, found);
                        continue;
                    }
                    // Hits of the largest probability, each kept with the share that its own has in it.
                    event.stream.hits(width, (now.step, HITS, 2 * start), (count, most), |k| {
                        let share = event.stream.uniform(now.step, THINNING, start + k);
                        if p[k] >= most || share * most < p[k] {
                            found.push(u32::try_from(start + k).unwrap_or(u32::MAX));
                        }
                    });
                }
            }
            Condition::Tape(tape) => {
                for start in (0..n).step_by(BLOCK) {
                    let count = BLOCK.min(n - start);
                    machine.run(tape, &inputs(store, Elements::From(start), now, event.stream), count);
                    positions(machine.width(), machine.result(0), 0.0, None, start, found);
                }
            }
        }
        if let (Some(refractoriness), true) = (&mut self.refractory, event.name == SPIKE) {
            refractoriness.spikes(found, store, now);
        }
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

    /// Takes a block of neighbours one step further; the inputs' own store is not looked at.
    pub(super) fn advance(
        &mut self,
        store: &mut [Vec<f64>],
        inputs: &Inputs<'_>,
        (start, count): (usize, usize),
        dt: f64,
        machine: &mut Machine,
    ) {
        match &self.update {
            Update::None => {}
            Update::Program(tape) => machine.run_storing(tape, store, inputs, start, count),
            Update::Linear(system) => {
                machine.run(&system.entries, &Inputs { store, ..*inputs }, count);
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
