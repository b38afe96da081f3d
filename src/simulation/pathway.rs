//! A synaptic pathway compiled: spikes into the queue, and the statements for the synapses they reach.
//! Statements act synapse by synapse, in order; whole blocks are computed at once only where that is the same.

use std::collections::BTreeMap;

use super::program::Now;
use crate::codegen::{BLOCK, Elements, Fun1, Fun2, Graph, Inputs, Lowering, Machine, Node, Tape, Value};
use crate::description::{PathwayDescription, Side};
use crate::equations::{At, Owner, Slot, parse_statements};
use crate::error::{Error, ErrorKind, Result};
use crate::groups::{Context, GroupState};
use crate::random::Stream;
use crate::stateupdaters::{LinearSystem, Propagator, advance};
use crate::synapses::{SynapsesState, delay_name};

/// A variable that the statements set.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Write {
    slot: Slot,
    at: At,
    /// The result is added to what is there, instead of replacing it.
    adds: bool,
}

/// One pathway of one `Synapses` object.
pub(super) struct Pathway {
    /// Which queue of the synapses it uses.
    queue: usize,
    /// Event-driven equations that drive each other, with the column of `lastupdate`.
    coupled: Option<(LinearSystem, Slot)>,
    tape: Tape,
    writes: Vec<Write>,
    /// All writes are sums of things that no statement changes, so that only their order matters.
    sums_only: bool,
    /// A variable is read in one way and set in another, so that each synapse may see what the one before it set.
    aliased: bool,
    /// Where the synapses of each neuron start in `order`.
    starts: Vec<usize>,
    /// Synapses by the neuron that drives them.
    order: Vec<u32>,
    /// Steps of each synapse's delay.
    delays: Vec<u64>,
    stream: Stream,
    /// For each synapse, source and target neuron the block that touched it last.
    touched: [Vec<u64>; 3],
    block: u64,
}

impl Pathway {
    pub(super) fn new(
        synapses: &SynapsesState,
        (source, target): (&GroupState, &GroupState),
        context: &Context,
        (queue, d): (usize, &PathwayDescription),
        dt: f64,
    ) -> Result<Self> {
        let scope = synapses.scope(context, source, target)?;
        let mut l = Lowering::new(&scope);
        let coupled = advance(&synapses.equations, &scope, &mut l)?;
        l.statements(&parse_statements(&d.name, &d.code)?).map_err(|e| e.in_text(&d.name, &d.code))?;
        let written = std::mem::take(&mut l.written);
        let mut graph = l.graph;
        let (writes, roots) = as_sums(&mut graph, &written);
        let is_written = |slot: Slot| written.keys().any(|(s, _)| *s == slot);
        let sums_only = writes.iter().all(|w| w.adds)
            && !graph.any(&roots, &|n| matches!(n, Node::Load(slot, _) if is_written(slot)));
        let elsewhere = |slot: Slot, at: At| written.keys().any(|(s, a)| *s == slot && *a != at);
        let entries = coupled.as_ref().map_or(&[][..], |c| &c.entries);
        let read = [&roots[..], entries].concat();
        let aliased = graph.any(&read, &|n| matches!(n, Node::Load(slot, at) if elsewhere(slot, at)))
            || written.keys().any(|(slot, at)| elsewhere(*slot, *at))
            || written.keys().any(|(_, at)| at.owner == Owner::Shared || at.via.is_some());
        let (drivers, drivers_n) = match d.side {
            Side::Pre => (&synapses.i, source.len()),
            Side::Post => (&synapses.j, target.len()),
        };
        let (starts, order) = by_driver(drivers, drivers_n);
        Ok(Self {
            queue,
            coupled: coupled.map(|c| (LinearSystem::free(c.columns, Tape::new(&graph, &c.entries)), c.last)),
            tape: Tape::new(&graph, &roots),
            writes,
            sums_only,
            aliased,
            starts,
            order,
            delays: delay_steps(synapses, context, &d.name, dt)?,
            stream: context.stream(&format!("{} {}", synapses.name(), d.name)),
            touched: [vec![0; synapses.len()], vec![0; source.len()], vec![0; target.len()]],
            block: 0,
        })
    }

    /// Sends the spikes of the driving group on their way; the synapses reached in this step come back.
    pub(super) fn send(&self, spikes: &[u32], synapses: &mut SynapsesState) -> Vec<u32> {
        let queue = &mut synapses.queues[self.queue];
        for &spike in spikes {
            let range = self.starts[spike as usize]..self.starts[spike as usize + 1];
            for &s in &self.order[range] {
                queue.push(self.delays[s as usize], s);
            }
        }
        queue.take()
    }

    /// Runs the statements for the synapses reached, in their order.
    pub(super) fn deliver(
        &mut self,
        due: &[u32],
        synapses: &SynapsesState,
        store: &mut [Vec<f64>],
        now: &Now,
        machine: &mut Machine,
    ) {
        let mut rest = due;
        while !rest.is_empty() {
            let count = self.independent(rest, synapses);
            let (block, later) = rest.split_at(count);
            self.run(block, synapses, store, now, machine);
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
        let sets = |owner| self.writes.iter().any(|w| w.at.owner == owner);
        let sets = [sets(Owner::Own), sets(Owner::Pre), sets(Owner::Post)];
        for (k, &s) in due.iter().take(BLOCK).enumerate() {
            let elements = [s as usize, synapses.i[s as usize] as usize, synapses.j[s as usize] as usize];
            let seen = (0..3).any(|o| sets[o] && self.touched[o][elements[o]] == self.block);
            if seen {
                return k.max(1);
            }
            for (touched, element) in self.touched.iter_mut().zip(elements) {
                touched[element] = self.block;
            }
        }
        due.len().min(BLOCK)
    }

    fn run(
        &self,
        block: &[u32],
        synapses: &SynapsesState,
        store: &mut [Vec<f64>],
        now: &Now,
        machine: &mut Machine,
    ) {
        let ends = |list: &[u32]| block.iter().map(|&s| list[s as usize]).collect::<Vec<u32>>();
        let (pre, post) = (ends(&synapses.i), ends(&synapses.j));
        if let Some((system, last)) = &self.coupled {
            self.catch_up(system, *last, [block, &pre, &post], store, now, machine);
        }
        let inputs = Inputs {
            store,
            elements: [Elements::List(block), Elements::List(&pre), Elements::List(&post)],
            time: now.time,
            stream: self.stream,
            step: now.step,
        };
        machine.run(&self.tape, &inputs, block.len());
        for (k, write) in self.writes.iter().enumerate() {
            let direct = match write.at.owner {
                Owner::Own => block,
                Owner::Pre => &pre[..],
                Owner::Post => &post[..],
                Owner::Shared => &[0],
            };
            let linked: Vec<u32>;
            let elements = match write.at.via {
                None => direct,
                Some(via) => {
                    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "indices")]
                    let index = |e: &u32| store[via.place()][*e as usize] as u32;
                    linked = direct.iter().map(index).collect();
                    &linked
                }
            };
            let column = &mut store[write.slot.place()];
            for (&element, v) in elements.iter().zip(machine.result(k)) {
                let place = &mut column[element as usize];
                *place = if write.adds { *place + v } else { *v };
            }
        }
    }
}

impl Pathway {
    /// Brings coupled event-driven variables from the last event of each synapse to the present time.
    fn catch_up(
        &self,
        system: &LinearSystem,
        last: Slot,
        [block, pre, post]: [&[u32]; 3],
        store: &mut [Vec<f64>],
        now: &Now,
        machine: &mut Machine,
    ) {
        let inputs = Inputs {
            store,
            elements: [Elements::List(block), Elements::List(pre), Elements::List(post)],
            time: now.time,
            stream: self.stream,
            step: now.step,
        };
        machine.run(&system.entries, &inputs, block.len());
        let results = 0..system.entries.results.len();
        for (k, s) in block.iter().map(|s| *s as usize).enumerate() {
            let entries: Vec<f64> = results.clone().map(|r| machine.result(r)[k]).collect();
            let mut state: Vec<f64> = system.columns.iter().map(|c| store[c.place()][s]).collect();
            let span = now.time - store[last.place()][s];
            system.advance(&mut state, &entries, true, span, &mut Propagator::default());
            for (c, v) in system.columns.iter().zip(state) {
                store[c.place()][s] = v;
            }
        }
    }
}

/// Writes of the form `x = x + something` as sums, so that several synapses can add to one neuron at once.
fn as_sums(graph: &mut Graph, written: &BTreeMap<(Slot, At), Value>) -> (Vec<Write>, Vec<Value>) {
    let loads = |n: Node| matches!(n, Node::Load(s, _) if written.keys().any(|(slot, _)| *slot == s));
    let mut out = (Vec::new(), Vec::new());
    for (&(slot, at), &value) in written {
        let own = |g: &Graph, v: Value| g.node(v) == Node::Load(slot, at);
        let summand = match graph.node(value) {
            Node::Apply2(Fun2::Add, a, b) if own(graph, a) && !graph.any(&[b], &loads) => Some(b),
            Node::Apply2(Fun2::Add, a, b) if own(graph, b) && !graph.any(&[a], &loads) => Some(a),
            Node::Apply2(Fun2::Sub, a, b) if own(graph, a) && !graph.any(&[b], &loads) => {
                Some(graph.apply1(Fun1::Neg, b))
            }
            _ => None,
        };
        out.0.push(Write { slot, at, adds: summand.is_some() });
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
fn delay_steps(synapses: &SynapsesState, context: &Context, pathway: &str, dt: f64) -> Result<Vec<u64>> {
    let Some(slot) = synapses.columns.slot(&delay_name(pathway)) else {
        return Ok(vec![0; synapses.len()]);
    };
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
    context.store[slot.place()].iter().enumerate().map(steps).collect()
}
