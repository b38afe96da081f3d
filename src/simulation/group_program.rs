//! A group compiled: refractoriness, state update, threshold and reset as programs over its columns.
//! The same state update serves the differential equations of synapses.

use crate::codegen::{BLOCK, Elements, Fun1, Fun2, Inputs, Lowering, Machine, Tape};
use crate::description::Refractory;
use crate::equations::{Kind, Owner, check_expression, parse_expression, parse_statements};
use crate::error::Result;
use crate::groups::{Columns, Context, GroupState};
use crate::random::Stream;
use crate::stateupdaters::{LinearSystem, Propagator, Update, choose};
use crate::units::Quantity;

/// The present step, as programs see it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    pub(super) time: f64,
    pub(super) step: u64,
    pub(super) dt: f64,
    pub(super) seed: u64,
}

impl Now {
    /// Random numbers of one program; programs count from the upper half, operations of the script from 0.
    pub(super) fn stream(&self, program: u32) -> Stream {
        Stream::new(self.seed, (1 << 31) | program)
    }
}

/// The programs of one group.
pub(super) struct GroupProgram {
    /// New values of `not_refractory`, and its column.
    refractory: Option<(Tape, usize)>,
    update: StateUpdate,
    threshold: Option<Tape>,
    lastspike: Option<usize>,
    reset: Option<(Tape, Vec<usize>)>,
    /// By which its random numbers are told apart from those of other programs.
    number: u32,
    /// Neurons that spiked in this step.
    pub(super) spikes: Vec<u32>,
}

impl GroupProgram {
    pub(super) fn new(group: &GroupState, context: &Context, number: u32) -> Result<Self> {
        let scope = group.scope(context);
        let d = &group.description;
        let column = group.refractory_column();
        let refractory = match (&d.refractory, column) {
            (Some(refractory), Some(column)) => {
                let mut l = Lowering::new(&scope);
                let flag = l.graph.load(Owner::Own, column);
                let text = match refractory {
                    Refractory::Time(_) => None,
                    Refractory::Expression(text) => Some(parse_expression("refractory", text)?),
                };
                let expr = text.as_ref();
                let is_condition = match expr {
                    Some(expr) => matches!(check_expression(expr, &scope)?, Kind::Condition),
                    None => false,
                };
                let root = if let (Some(expr), true) = (expr, is_condition) {
                    // Leaving is decided by the condition, entering by the spike alone.
                    let holds = l.expression(expr)?;
                    let over = l.graph.apply1(Fun1::Not, holds);
                    l.graph.apply2(Fun2::Or, flag, over)
                } else {
                    let period = match (expr, refractory) {
                        (Some(expr), _) => l.expression(expr)?,
                        (None, Refractory::Time(q)) => l.graph.constant(Quantity::value(*q)),
                        (None, Refractory::Expression(_)) => unreachable!("parsed above"),
                    };
                    let dt = l.graph.constant(context.dt);
                    let last = group.columns.find("lastspike").expect("comes with not_refractory");
                    let last = l.graph.load(Owner::Own, last);
                    let t = l.graph.time();
                    let since = l.graph.apply2(Fun2::Sub, t, last);
                    let passed = l.timestep(since, dt);
                    let needed = l.timestep(period, dt);
                    l.graph.apply2(Fun2::Ge, passed, needed)
                };
                Some((Tape::new(&l.graph, &[root]), column))
            }
            _ => None,
        };
        let (_, update) = choose(d.method.as_deref(), &group.equations, &scope, column)?;
        let threshold = match &d.threshold {
            None => None,
            Some(text) => {
                let expr = parse_expression("threshold", text)?;
                let mut l = Lowering::new(&scope);
                let mut holds = l.expression(&expr).map_err(|e| e.in_text("threshold", text))?;
                if let Some(column) = column {
                    let free = l.graph.load(Owner::Own, column);
                    holds = l.graph.apply2(Fun2::And, holds, free);
                }
                Some(Tape::new(&l.graph, &[holds]))
            }
        };
        let reset = match &d.reset {
            None => None,
            Some(text) => {
                let mut l = Lowering::new(&scope);
                l.statements(&parse_statements("reset", text)?).map_err(|e| e.in_text("reset", text))?;
                let (columns, roots): (Vec<_>, Vec<_>) = l.written.iter().map(|((_, c), v)| (*c, *v)).unzip();
                Some((Tape::new(&l.graph, &roots), columns))
            }
        };
        Ok(Self {
            refractory,
            update: StateUpdate::new(update),
            threshold,
            lastspike: group.columns.find("lastspike").filter(|_| column.is_some()),
            reset,
            number,
            spikes: Vec::new(),
        })
    }

    pub(super) fn update(&mut self, columns: &mut Columns, n: usize, now: &Now, machine: &mut Machine) {
        if let Some((tape, column)) = &self.refractory {
            for start in (0..n).step_by(BLOCK) {
                let count = BLOCK.min(n - start);
                let values = &columns.values;
                machine.run(tape, &inputs(values, Elements::From(start), now, self.number), count);
                columns.values[*column][start..start + count].copy_from_slice(machine.result(0));
            }
        }
        for start in (0..n).step_by(BLOCK) {
            let count = BLOCK.min(n - start);
            let values = &columns.values;
            self.update.evaluate(
                &inputs(values, Elements::From(start), now, self.number + 1),
                count,
                machine,
            );
            self.update.store(columns, start, count, now.dt, machine);
        }
    }

    pub(super) fn threshold(&mut self, columns: &mut Columns, n: usize, now: &Now, machine: &mut Machine) {
        self.spikes.clear();
        let Some(tape) = &self.threshold else { return };
        for start in (0..n).step_by(BLOCK) {
            let count = BLOCK.min(n - start);
            machine.run(tape, &inputs(&columns.values, Elements::From(start), now, self.number + 2), count);
            let found = machine.result(0).iter().enumerate().filter(|(_, holds)| **holds != 0.0);
            self.spikes.extend(found.map(|(k, _)| u32::try_from(start + k).unwrap_or(u32::MAX)));
        }
        if let (Some((_, free)), Some(last)) = (&self.refractory, self.lastspike) {
            for &k in &self.spikes {
                columns.values[*free][k as usize] = 0.0;
                columns.values[last][k as usize] = now.time;
            }
        }
    }

    pub(super) fn reset(&self, columns: &mut Columns, now: &Now, machine: &mut Machine) {
        let Some((tape, targets)) = &self.reset else { return };
        for block in self.spikes.chunks(BLOCK) {
            machine.run(
                tape,
                &inputs(&columns.values, Elements::List(block), now, self.number + 3),
                block.len(),
            );
            for (k, column) in targets.iter().enumerate() {
                columns.scatter(*column, block, machine.result(k));
            }
        }
    }
}

/// How many numbers one group takes for its programs.
pub(super) const PROGRAMS: u32 = 4;

fn inputs<'a>(values: &'a [Vec<f64>], elements: Elements<'a>, now: &Now, program: u32) -> Inputs<'a> {
    Inputs {
        tables: [values, &[], &[]],
        elements: [elements, Elements::One(0), Elements::One(0)],
        time: now.time,
        stream: now.stream(program),
        step: now.step,
    }
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
        columns: &mut Columns,
        start: usize,
        count: usize,
        dt: f64,
        machine: &Machine,
    ) {
        match &self.update {
            Update::None => {}
            Update::Program(_, targets) => {
                for (k, column) in targets.iter().enumerate() {
                    columns.values[*column][start..start + count].copy_from_slice(machine.result(k));
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
                    one_linear_step(system, columns, start + k, entries, &mut self.state, dt, cache);
                }
            }
        }
    }
}

fn one_linear_step(
    system: &LinearSystem,
    columns: &mut Columns,
    element: usize,
    entries: &[f64],
    state: &mut Vec<f64>,
    dt: f64,
    cache: &mut Propagator,
) {
    state.clear();
    state.extend(system.columns.iter().map(|&c| columns.values[c][element]));
    let is_free = system.refractory_column.is_none_or(|c| columns.values[c][element] != 0.0);
    system.advance(state, entries, is_free, dt, cache);
    for (c, v) in system.columns.iter().zip(state.iter()) {
        columns.values[*c][element] = *v;
    }
}
