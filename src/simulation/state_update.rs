//! A state update with what it keeps from step to step; it serves groups and the differential equations of synapses.
//! Each thread has a cache of its own, so that threads share nothing that changes.

use crate::codegen::{Columns, Inputs, Machine};
use crate::equations::Slot;
use crate::stateupdaters::{LinearSystem, Propagator, Update};

/// A state update compiled.
pub(super) struct StateUpdate {
    update: Update,
}

/// What one thread keeps for its elements.
#[derive(Default)]
pub(super) struct Cache {
    /// One propagator if all elements share their parameters, else one each.
    propagators: Vec<Propagator>,
    state: Vec<f64>,
    entries: Vec<f64>,
}

impl StateUpdate {
    pub(super) fn new(update: Update) -> Self {
        Self { update }
    }

    pub(super) fn is_none(&self) -> bool {
        matches!(self.update, Update::None)
    }

    /// The columns that it sets.
    pub(super) fn slots(&self) -> &[Slot] {
        match &self.update {
            Update::None => &[],
            Update::Program(tape) => &tape.columns,
            Update::Linear(system) => &system.columns,
        }
    }

    /// True if the update of some elements needs only those elements of these columns.
    pub(super) fn is_separable(&self, own: &[Slot]) -> bool {
        match &self.update {
            Update::None => true,
            Update::Program(tape) => tape.is_separable(own),
            Update::Linear(system) => system.entries.is_separable(own),
        }
    }

    /// True if it reads any of these columns, besides those that it sets.
    pub(super) fn reads(&self, slots: &[Slot]) -> bool {
        match &self.update {
            Update::None => false,
            Update::Program(tape) => tape.reads(slots),
            Update::Linear(system) => system.entries.reads(slots),
        }
    }

    /// True if each element has something kept for it from step to step.
    pub(super) fn keeps_propagators(&self) -> bool {
        matches!(&self.update, Update::Linear(system) if !system.entries.is_uniform())
    }

    /// Nanoseconds for each element, roughly.
    pub(super) fn cost(&self) -> f64 {
        match &self.update {
            Update::None => 0.0,
            Update::Program(tape) => tape.cost(),
            #[expect(clippy::cast_precision_loss, reason = "a few columns")]
            Update::Linear(system) => system.entries.cost() + 20.0 + (system.columns.len() as f64).powi(2),
        }
    }

    /// Takes a block of neighbours one step further; the inputs' own store is not looked at. The cache is that of the
    /// elements from `base` on.
    pub(super) fn advance(
        &self,
        columns: &mut Columns<'_>,
        inputs: &Inputs<'_>,
        (start, count): (usize, usize),
        dt: f64,
        machine: &mut Machine,
        (base, cache): (usize, &mut Cache),
    ) {
        match &self.update {
            Update::None => {}
            Update::Program(tape) => machine.run_storing(tape, columns, inputs, start, count),
            Update::Linear(system) => {
                machine.run_in(&system.entries, columns, inputs, count);
                let shared = system.entries.is_uniform();
                let first = start - base;
                let needed = if shared { 1 } else { first + count };
                if cache.propagators.len() < needed {
                    cache.propagators.resize_with(needed, Propagator::default);
                }
                for k in 0..count {
                    let propagator = &mut cache.propagators[if shared { 0 } else { first + k }];
                    let entries = &mut cache.entries;
                    entries.clear();
                    entries.extend((0..system.entries.results.len()).map(|r| machine.result(r)[k]));
                    one_linear_step(system, columns, start + k, entries, &mut cache.state, dt, propagator);
                }
            }
        }
    }
}

fn one_linear_step(
    system: &LinearSystem,
    columns: &mut Columns<'_>,
    element: usize,
    entries: &[f64],
    state: &mut Vec<f64>,
    dt: f64,
    cache: &mut Propagator,
) {
    state.clear();
    state.extend(system.columns.iter().map(|c| columns.at(c.place(), element)));
    let is_free = system.refractory.is_none_or(|c| columns.at(c.place(), element) != 0.0);
    system.advance(state, entries, is_free, dt, cache);
    for (c, v) in system.columns.iter().zip(state.iter()) {
        columns.block_mut(c.place(), element, 1)[0] = *v;
    }
}
