//! A synaptic pathway compiled: spikes into the calendar, and the statements for the synapses they reach.
//! Statements act synapse by synapse, in order; whole blocks are computed at once only where that is the same.

use litemap::LiteMap;

use super::crew::Crew;
use super::program::Now;
use super::rows::{Calendar, Rows, Span, Summands, delay_steps};
use crate::codegen::{BLOCK, Elements, Fun1, Fun2, Graph, Inputs, Lowering, Machine, Node, Tape, Value};
use crate::description::{PathwayDescription, Side};
use crate::equations::{At, Owner, Slot, parse_statements};
use crate::error::Result;
use crate::groups::{Context, GroupState};
use crate::random::Stream;
use crate::stateupdaters::{LinearSystem, Propagator, advance};
use crate::synapses::{NEAR, SynapsesState};

/// A variable that the statements set.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Write {
    slot: Slot,
    at: At,
    /// The result is added to what is there, instead of replacing it.
    adds: bool,
    /// A sum that nobody reads here: synapses of one block may add to it one after the other.
    is_harmless: bool,
}

/// Statements that need no program: a fixed number, or a variable of the synapse, added to one variable of a neuron.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Summand {
    Number(f64),
    Column(Slot),
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
    /// The only thing that statements do, if it is this simple.
    summand: Option<Summand>,
    rows: Rows,
    /// Within each span the neurons that are added to go up; found out when first needed.
    sorted: Option<bool>,
    calendar: Calendar,
    stream: Stream,
    /// For each synapse, source and target neuron the block that touched it last.
    touched: [Vec<u64>; 3],
    block: u64,
    /// Synapses reached, and the neurons on both sides of a block of them; kept to be filled again.
    due: Vec<u32>,
    ends: [Vec<u32>; 2],
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
        let entries = coupled.as_ref().map_or(&[][..], |c| &c.entries);
        let (writes, roots) = as_sums(&mut graph, &written, entries);
        let is_written = |slot: Slot| written.keys().any(|(s, _)| *s == slot);
        let sums_only = writes.iter().all(|w| w.is_harmless)
            && !graph.any(&roots, &|n| matches!(n, Node::Load(slot, _) if is_written(slot)));
        let elsewhere = |slot: Slot, at: At| written.keys().any(|(s, a)| *s == slot && *a != at);
        let read = [&roots[..], entries].concat();
        let aliased = graph.any(&read, &|n| matches!(n, Node::Load(slot, at) if elsewhere(slot, at)))
            || written.keys().any(|(slot, at)| elsewhere(*slot, *at))
            || written.keys().any(|(_, at)| at.owner == Owner::Shared || at.via.is_some());
        let summand = match (&writes[..], &roots[..]) {
            ([Write { adds: true, at: At { owner: Owner::Pre | Owner::Post, via: None }, .. }], [root])
                if sums_only =>
            {
                match (graph.as_constant(*root), graph.node(*root)) {
                    (Some(x), _) => Some(Summand::Number(x)),
                    (None, Node::Load(slot, at)) if at == At::new(Owner::Own) => Some(Summand::Column(slot)),
                    _ => None,
                }
            }
            _ => None,
        };
        let (drivers, drivers_n) = match d.side {
            Side::Pre => (&synapses.i, source.len()),
            Side::Post => (&synapses.j, target.len()),
        };
        let rows = Rows::new(drivers, drivers_n, delay_steps(synapses, context, &d.name, dt)?);
        let sets = |owner| writes.iter().any(|w| w.at.owner == owner && !w.is_harmless);
        let size = |owner, n: usize| vec![0; if sums_only || aliased || !sets(owner) { 0 } else { n }];
        Ok(Self {
            queue,
            coupled: coupled.map(|c| (LinearSystem::free(c.columns, Tape::new(&graph, &c.entries)), c.last)),
            tape: Tape::new(&graph, &roots),
            sums_only,
            aliased,
            summand,
            rows,
            sorted: None,
            calendar: Calendar::default(),
            stream: context.stream(&format!("{} {}", synapses.name(), d.name)),
            touched: [
                size(Owner::Own, synapses.len()),
                size(Owner::Pre, source.len()),
                size(Owner::Post, target.len()),
            ],
            writes,
            block: 0,
            due: Vec::new(),
            ends: [Vec::new(), Vec::new()],
        })
    }

    /// The columns that the statements set.
    pub(super) fn slots(&self) -> impl Iterator<Item = Slot> {
        self.writes.iter().map(|w| w.slot)
    }

    /// Sends the spikes of the driving group on their way and runs the statements for the synapses reached now.
    pub(super) fn propagate(
        &mut self,
        spikes: &[u32],
        synapses: &mut SynapsesState,
        store: &mut [Vec<f64>],
        now: &Now,
        (machine, crew): (&mut Machine, &mut Crew),
    ) {
        let queue = &mut synapses.queues[self.queue];
        for &spike in spikes {
            for (delay, span) in self.rows.of(spike) {
                if delay < NEAR {
                    self.calendar.add(delay, span);
                } else {
                    span.for_each(|p| queue.push(delay, self.rows.synapse(p)));
                }
            }
        }
        // What an earlier run, or a long delay, has sent before.
        let earlier = queue.take();
        let spans = self.calendar.take();
        if let (Some(summand), true) = (self.summand, earlier.is_empty()) {
            self.add(summand, &spans, synapses, store, crew);
        } else if !(earlier.is_empty() && spans.is_empty()) {
            let mut due = std::mem::take(&mut self.due);
            due.clear();
            due.extend(earlier);
            for span in &spans {
                due.extend(span.clone().map(|p| self.rows.synapse(p)));
            }
            self.deliver(&due, synapses, store, now, machine);
            self.due = due;
        }
        self.calendar.give_back(spans);
    }

    /// Leaves what is on its way to the synapses themselves, for the next run.
    pub(super) fn put_down(&mut self, synapses: &mut SynapsesState) {
        let queue = &mut synapses.queues[self.queue];
        for (delay, spans) in (0_u64..).zip(std::mem::take(&mut self.calendar.coming)) {
            for span in spans {
                span.for_each(|p| queue.push(delay, self.rows.synapse(p)));
            }
        }
    }

    /// The short road for sums. Each thread goes through all rows and adds what is for its own part of the neurons,
    /// so that each neuron gets its summands in the same order whoever adds them.
    fn add(
        &mut self,
        summand: Summand,
        spans: &[Span],
        synapses: &SynapsesState,
        store: &mut [Vec<f64>],
        crew: &mut Crew,
    ) {
        let write = self.writes[0];
        let neurons = if write.at.owner == Owner::Pre { &synapses.i } else { &synapses.j };
        let mut column = std::mem::take(&mut store[write.slot.place()]);
        let summands = match summand {
            Summand::Number(x) => Summands::Same(x),
            Summand::Column(slot) => Summands::Each(&store[slot.place()]),
        };
        let count = spans.iter().map(ExactSizeIterator::len).sum();
        let cuts = crew.cuts(column.len(), (count, spans.len()));
        let cuts = cuts.filter(|_| *self.sorted.get_or_insert_with(|| self.rows.are_sorted(neurons)));
        let (rows, n) = (&self.rows, column.len());
        match cuts {
            None => spans.iter().for_each(|span| rows.add(span.clone(), neurons, summands, &mut column, 0)),
            Some(cuts) => crew.split(&mut column, &cuts, |range, part| {
                for span in spans {
                    let span = rows.within(span.clone(), neurons, (&range, n));
                    rows.add(span, neurons, summands, part, range.start);
                }
            }),
        }
        store[write.slot.place()] = column;
    }

    /// Runs the statements for the synapses reached, in their order.
    fn deliver(
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
        for (k, &s) in due.iter().take(BLOCK).enumerate() {
            let elements = [s as usize, synapses.i[s as usize] as usize, synapses.j[s as usize] as usize];
            let seen = self.touched.iter().zip(elements).any(|(t, e)| t.get(e) == Some(&self.block));
            if seen {
                return k.max(1);
            }
            for (touched, element) in self.touched.iter_mut().zip(elements) {
                if let Some(touched) = touched.get_mut(element) {
                    *touched = self.block;
                }
            }
        }
        due.len().min(BLOCK)
    }

    fn run(
        &mut self,
        block: &[u32],
        synapses: &SynapsesState,
        store: &mut [Vec<f64>],
        now: &Now,
        machine: &mut Machine,
    ) {
        let [mut pre, mut post] = std::mem::take(&mut self.ends);
        for (ends, list) in [(&mut pre, &synapses.i), (&mut post, &synapses.j)] {
            ends.clear();
            ends.extend(block.iter().map(|&s| list[s as usize]));
        }
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
        self.ends = [pre, post];
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
/// What is read besides counts as read by all of them.
fn as_sums(
    graph: &mut Graph,
    written: &LiteMap<(Slot, At), Value>,
    besides: &[Value],
) -> (Vec<Write>, Vec<Value>) {
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
        out.0.push(Write { slot, at, adds: summand.is_some(), is_harmless: false });
        out.1.push(summand.unwrap_or(value));
    }
    let (writes, roots) = &mut out;
    for write in writes {
        let read = [&roots[..], besides].concat();
        let is_read = graph.any(&read, &|n| matches!(n, Node::Load(slot, _) if slot == write.slot));
        write.is_harmless = write.adds && !is_read;
    }
    out
}
