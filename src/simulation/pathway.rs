//! A synaptic pathway compiled: spikes into the queue, and the statements for the synapses they reach.
//! Statements act synapse by synapse, in order; whole blocks are computed at once only where that is the same.

use std::collections::BTreeMap;

use crate::codegen::{BLOCK, Elements, Fun1, Fun2, Graph, Inputs, Lowering, Machine, Node, Tape, Value};
use crate::equations::{Owner, parse_statements};
use crate::error::{Error, ErrorKind, Result};
use crate::groups::{Context, GroupState};
use crate::synapses::SynapsesState;

use super::group_program::Now;

/// A variable that the statements set.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Write {
    owner: Owner,
    column: usize,
    /// The result is added to what is there, instead of replacing it.
    adds: bool,
}

/// One pathway of one `Synapses` object.
pub(super) struct Pathway {
    /// Which queue of the synapses it uses: 0 before, 1 behind.
    side: usize,
    tape: Tape,
    writes: Vec<Write>,
    /// All writes are sums of things that no statement changes, so that only their order matters.
    sums_only: bool,
    /// A variable is read through one side and set through the other, and both are the same group.
    aliased: bool,
    /// Where the synapses of each neuron start in `order`.
    starts: Vec<usize>,
    /// Synapses by the neuron that drives them.
    order: Vec<u32>,
    /// Steps of each synapse's delay.
    delays: Vec<u64>,
    number: u32,
    /// For each element of the pre and post groups the block that touched it last.
    touched: [Vec<u64>; 2],
    block: u64,
}

impl Pathway {
    pub(super) fn new(
        synapses: &SynapsesState,
        source: &GroupState,
        target: &GroupState,
        context: &Context,
        side: usize,
        number: u32,
    ) -> Result<Option<Self>> {
        let d = &synapses.description;
        let (name, text) = if side == 0 { ("on_pre", &d.on_pre) } else { ("on_post", &d.on_post) };
        let Some(text) = text else { return Ok(None) };
        let scope = synapses.scope(context, source, target);
        let mut l = Lowering::new(&scope);
        l.statements(&parse_statements(name, text)?).map_err(|e| e.in_text(name, text))?;
        let written = std::mem::take(&mut l.written);
        let mut graph = l.graph;
        let (writes, roots) = as_sums(&mut graph, &written);
        let reads_written = |n: Node| matches!(n, Node::Load(owner, c) if written.contains_key(&(owner, c)));
        let sums_only = writes.iter().all(|w| w.adds) && !graph.any(&roots, &reads_written);
        let same_group = synapses.source.live()?.is_same(synapses.target.live()?);
        let crosses = |n: Node| match n {
            Node::Load(Owner::Pre, c) => written.contains_key(&(Owner::Post, c)),
            Node::Load(Owner::Post, c) => written.contains_key(&(Owner::Pre, c)),
            _ => false,
        };
        let both =
            |c: usize| written.contains_key(&(Owner::Pre, c)) && written.contains_key(&(Owner::Post, c));
        let aliased = same_group
            && (graph.any(&roots, &crosses) || written.keys().any(|(o, c)| *o == Owner::Pre && both(*c)));
        let (drivers, drivers_n) =
            if side == 0 { (&synapses.i, source.len()) } else { (&synapses.j, target.len()) };
        let (starts, order) = by_driver(drivers, drivers_n);
        Ok(Some(Self {
            side,
            tape: Tape::new(&graph, &roots),
            writes,
            sums_only,
            aliased,
            starts,
            order,
            delays: delay_steps(synapses, side, context.dt)?,
            number,
            touched: [vec![0; source.len()], vec![0; target.len()]],
            block: 0,
        }))
    }

    /// Sends the spikes of the driving group on their way.
    pub(super) fn send(&self, spikes: &[u32], synapses: &mut SynapsesState) {
        let queue = &mut synapses.queues[self.side];
        for &spike in spikes {
            let range = self.starts[spike as usize]..self.starts[spike as usize + 1];
            for &s in &self.order[range] {
                queue.push(self.delays[s as usize], s);
            }
        }
    }

    /// Runs the statements for the synapses reached, in their order.
    pub(super) fn deliver(
        &mut self,
        due: &[u32],
        synapses: &mut SynapsesState,
        groups: &mut Ends<'_>,
        now: &Now,
        machine: &mut Machine,
    ) {
        let mut rest = due;
        while !rest.is_empty() {
            let count = self.independent(rest, synapses);
            let (block, later) = rest.split_at(count);
            self.run(block, synapses, groups, now, machine);
            rest = later;
        }
    }

    /// How many of the next synapses can be computed at once without one seeing what another sets.
    fn independent(&mut self, due: &[u32], synapses: &SynapsesState) -> usize {
        if self.sums_only {
            return due.len().min(BLOCK);
        }
        if self.aliased {
            return 1;
        }
        self.block += 1;
        let sets = |owner| self.writes.iter().any(|w| w.owner == owner);
        let (pre, post) = (sets(Owner::Pre), sets(Owner::Post));
        let mut last = None;
        for (k, &s) in due.iter().take(BLOCK).enumerate() {
            // Queues hand over the synapses of one step; the same one twice can only be neighbours of one neuron.
            let repeated = last == Some(s);
            last = Some(s);
            let (i, j) = (synapses.i[s as usize] as usize, synapses.j[s as usize] as usize);
            let seen =
                (pre && self.touched[0][i] == self.block) || (post && self.touched[1][j] == self.block);
            if seen || repeated {
                return k.max(1);
            }
            self.touched[0][i] = self.block;
            self.touched[1][j] = self.block;
        }
        due.len().min(BLOCK)
    }

    fn run(
        &self,
        block: &[u32],
        synapses: &mut SynapsesState,
        groups: &mut Ends<'_>,
        now: &Now,
        machine: &mut Machine,
    ) {
        let ends = |list: &[u32]| block.iter().map(|&s| list[s as usize]).collect::<Vec<u32>>();
        let (pre, post) = (ends(&synapses.i), ends(&synapses.j));
        let inputs = Inputs {
            tables: [&synapses.columns.values, groups.table(Owner::Pre), groups.table(Owner::Post)],
            elements: [Elements::List(block), Elements::List(&pre), Elements::List(&post)],
            time: now.time,
            stream: now.stream(self.number),
            step: now.step,
        };
        machine.run(&self.tape, &inputs, block.len());
        for (k, write) in self.writes.iter().enumerate() {
            let (table, elements) = match write.owner {
                Owner::Own => (&mut synapses.columns.values, block),
                Owner::Pre => (groups.table_mut(Owner::Pre), &pre[..]),
                Owner::Post => (groups.table_mut(Owner::Post), &post[..]),
            };
            let column = &mut table[write.column];
            for (&element, v) in elements.iter().zip(machine.result(k)) {
                let place = &mut column[element as usize];
                *place = if write.adds { *place + v } else { *v };
            }
        }
    }
}

/// How many numbers one `Synapses` object takes for its programs.
pub(super) const PROGRAMS: u32 = 3;

/// The tables of both groups while a pathway runs; `target` is `None` if both are one group.
pub(super) struct Ends<'a> {
    pub(super) source: &'a mut Vec<Vec<f64>>,
    pub(super) target: Option<&'a mut Vec<Vec<f64>>>,
}

impl Ends<'_> {
    pub(super) fn table(&self, owner: Owner) -> &[Vec<f64>] {
        match (&self.target, owner) {
            (Some(target), Owner::Post) => target,
            _ => self.source,
        }
    }

    fn table_mut(&mut self, owner: Owner) -> &mut Vec<Vec<f64>> {
        match (&mut self.target, owner) {
            (Some(target), Owner::Post) => target,
            _ => self.source,
        }
    }
}

/// Writes of the form `x = x + something` as sums, so that several synapses can add to one neuron at once.
fn as_sums(graph: &mut Graph, written: &BTreeMap<(Owner, usize), Value>) -> (Vec<Write>, Vec<Value>) {
    let loads = |n: Node| matches!(n, Node::Load(o, c) if written.contains_key(&(o, c)));
    let mut out = (Vec::new(), Vec::new());
    for (&(owner, column), &value) in written {
        let own = |g: &Graph, v: Value| g.node(v) == Node::Load(owner, column);
        let summand = match graph.node(value) {
            Node::Apply2(Fun2::Add, a, b) if own(graph, a) && !graph.any(&[b], &loads) => Some(b),
            Node::Apply2(Fun2::Add, a, b) if own(graph, b) && !graph.any(&[a], &loads) => Some(a),
            Node::Apply2(Fun2::Sub, a, b) if own(graph, a) && !graph.any(&[b], &loads) => {
                Some(graph.apply1(Fun1::Neg, b))
            }
            _ => None,
        };
        out.0.push(Write { owner, column, adds: summand.is_some() });
        out.1.push(summand.unwrap_or(value));
    }
    out
}

/// Synapses sorted by the neuron that drives them, each neuron's in the order of their numbers.
fn by_driver(drivers: &[u32], n: usize) -> (Vec<usize>, Vec<u32>) {
    let mut starts = vec![0; n + 1];
    for &d in drivers {
        starts[d as usize + 1] += 1;
    }
    for k in 0..n {
        starts[k + 1] += starts[k];
    }
    let mut next = starts.clone();
    let mut order = vec![0; drivers.len()];
    for (s, &d) in (0_u32..).zip(drivers) {
        order[next[d as usize]] = s;
        next[d as usize] += 1;
    }
    (starts, order)
}

/// Brian2's rounding: `int(delay/dt + 0.5)`.
fn delay_steps(synapses: &SynapsesState, side: usize, dt: f64) -> Result<Vec<u64>> {
    let name = if side == 0 { "delay" } else { "post.delay" };
    let Some(column) = synapses.columns.find(name) else { return Ok(vec![0; synapses.len()]) };
    let steps = |(s, &delay): (usize, &f64)| {
        if !(0.0..=1e15).contains(&(delay / dt)) {
            return Err(Error::new(
                ErrorKind::Value,
                format!("the delay of synapse {s} of `{}` is {delay} s", synapses.name()),
            )
            .help("a delay is a time from 0 on"));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked just here")]
        Ok((delay / dt + 0.5) as u64)
    };
    synapses.columns.values[column].iter().enumerate().map(steps).collect()
}
