//! A synaptic pathway compiled: spikes into the calendar, and the statements for the synapses they reach.
//! Statements act synapse by synapse, in order; whole blocks are computed at once only where that is the same.

use std::ops::Range;

use litemap::LiteMap;

use super::calendar::Calendar;
use super::crew::{Crew, Cutting, Job};
use super::delays::delay_steps;
use super::program::Now;
use super::rows::{Rows, Span, Summands};
use crate::codegen::{Columns, Fun1, Fun2, Graph, Lowering, Machine, Node, Tape, Value};
use crate::description::{PathwayDescription, Side};
use crate::equations::{At, Owner, Slot, parse_statements};
use crate::error::Result;
use crate::groups::{Context, GroupState};
use crate::random::Stream;
use crate::stateupdaters::{LinearSystem, advance};
use crate::synapses::{NEAR, SynapsesState};

/// A variable that the statements set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Write {
    pub(super) slot: Slot,
    pub(super) at: At,
    /// The result is added to what is there, instead of replacing it.
    pub(super) adds: bool,
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
    pub(super) coupled: Option<(LinearSystem, Slot)>,
    pub(super) tape: Tape,
    pub(super) writes: Vec<Write>,
    /// Whether anything of the neurons before, and of those behind, is read or set.
    pub(super) needs: [bool; 2],
    /// All writes are sums of things that no statement changes, so that only their order matters.
    pub(super) sums_only: bool,
    /// A variable is read in one way and set in another, so that each synapse may see what the one before it set.
    pub(super) aliased: bool,
    /// The only thing that statements do, if it is this simple.
    summand: Option<Summand>,
    rows: Rows,
    /// The number of neurons on the side that the first of the writes is for.
    reached: usize,
    /// Whether the neurons that are added to go up in each span; found out when first needed.
    is_sorted: Option<bool>,
    /// That is the same for all pathways and runs, as long as the synapses are.
    is_lasting: bool,
    calendar: Calendar,
    pub(super) stream: Stream,
    /// For each synapse, source and target neuron the block that touched it last.
    pub(super) touched: [Vec<u64>; 3],
    pub(super) block: u64,
    /// Synapses reached, and the neurons on both sides of a block of them; kept to be filled again.
    due: Vec<u32>,
    pub(super) ends: [Vec<u32>; 2],
}

/// What has arrived in a step.
pub(super) struct Arrived {
    /// Synapses that an earlier run, or a long delay, has sent spikes to.
    pub(super) earlier: Vec<u32>,
    pub(super) spans: Vec<Span>,
}

impl Pathway {
    pub(super) fn new(
        synapses: &SynapsesState,
        (source, target): (&GroupState, &GroupState),
        context: &Context,
        (queue, d): (usize, &PathwayDescription),
        (dt, crew): (f64, &mut Crew),
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
        let (drivers, drivers_n) = d.side.of((&synapses.i, source.len()), (&synapses.j, target.len()));
        let rows = Rows::new(drivers, drivers_n, delay_steps(synapses, context, &d.name, dt, crew)?);
        let is_to_target = writes.first().is_some_and(|w| w.at.owner == Owner::Post);
        let is_lasting = d.side == Side::Pre && is_to_target && rows.are_plain();
        let sets = |owner| writes.iter().any(|w| w.at.owner == owner && !w.is_harmless);
        let size = |owner, n: usize| vec![0; if sums_only || aliased || !sets(owner) { 0 } else { n }];
        let needs = [Owner::Pre, Owner::Post].map(|owner| {
            graph.any(&read, &|n| matches!(n, Node::Load(_, at) if at.owner == owner))
                || writes.iter().any(|w| w.at.owner == owner)
        });
        Ok(Self {
            queue,
            coupled: coupled.map(|c| (LinearSystem::free(c.columns, Tape::new(&graph, &c.entries)), c.last)),
            tape: Tape::new(&graph, &roots),
            needs,
            sums_only,
            aliased,
            summand,
            rows,
            reached: if writes.first().is_some_and(|w| w.at.owner == Owner::Pre) {
                source.len()
            } else {
                target.len()
            },
            is_sorted: (is_lasting && synapses.targets_rise).then_some(true),
            is_lasting,
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

    /// Sends the spikes of the driving group on their way; the answer is what has arrived.
    pub(super) fn send(&mut self, spikes: &[u32], synapses: &mut SynapsesState) -> Arrived {
        let queue = &mut synapses.queues[self.queue];
        for &spike in spikes {
            for (delay, span) in self.rows.of(spike) {
                if delay < NEAR {
                    self.calendar.add(delay, span);
                } else {
                    self.rows.synapses(&span).for_each(|s| queue.push(delay, s));
                }
            }
        }
        Arrived { earlier: queue.take(), spans: self.calendar.take() }
    }

    /// Runs the statements for the synapses reached.
    pub(super) fn arrive(
        &mut self,
        arrived: Arrived,
        synapses: &SynapsesState,
        store: &mut [Vec<f64>],
        now: &Now,
        (machine, crew): (&mut Machine, &mut Crew),
    ) {
        let Arrived { earlier, spans } = arrived;
        if self.summand.is_some() && earlier.is_empty() {
            self.add(&spans, synapses, store, crew);
        } else if !(earlier.is_empty() && spans.is_empty()) {
            let mut due = std::mem::take(&mut self.due);
            due.clear();
            due.extend(earlier);
            for span in &spans {
                due.extend(self.rows.synapses(span));
            }
            self.deliver(&due, synapses, store, now, machine);
            self.due = due;
        }
        self.done_with(spans);
    }

    /// Takes a list back, to be filled again.
    pub(super) fn done_with(&mut self, spans: Vec<Span>) {
        self.calendar.give_back(spans);
    }

    /// Leaves what is on its way to the synapses themselves, and what was found out about them, for the next run.
    pub(super) fn put_down(&mut self, synapses: &mut SynapsesState) {
        synapses.targets_rise |= self.is_lasting && self.is_sorted == Some(true);
        let queue = &mut synapses.queues[self.queue];
        for (delay, spans) in (0_u64..).zip(std::mem::take(&mut self.calendar.coming)) {
            for span in spans {
                self.rows.synapses(&span).for_each(|s| queue.push(delay, s));
            }
        }
    }

    /// What its statements add to, if they are a sum that needs no program.
    pub(super) fn adds_to(&self) -> Option<Write> {
        self.summand.and(self.writes.first().copied())
    }

    /// True if its sums can be parted between neurons, wherever they are cut.
    pub(super) fn can_be_parted(&mut self, synapses: &SynapsesState, crew: &mut Crew) -> bool {
        let (rows, neurons) = (&self.rows, self.neurons(synapses));
        *self.is_sorted.get_or_insert_with(|| rows.are_sorted(neurons, crew))
    }

    /// The neurons that the synapses add to.
    fn neurons<'s>(&self, synapses: &'s SynapsesState) -> &'s [u32] {
        if self.writes[0].at.owner == Owner::Pre { &synapses.i } else { &synapses.j }.list()
    }

    /// The short road for sums.
    fn add(&mut self, spans: &[Span], synapses: &SynapsesState, store: &mut [Vec<f64>], crew: &mut Crew) {
        /// Each thread looks for its part of every row.
        const SHORTEST: usize = 32;
        let numbers = spans.iter().map(Span::len).sum::<usize>();
        let (own, n) = ([self.writes[0].slot], self.reached);
        let may_share = crew.threads() > 1
            && (numbers >= spans.len() * SHORTEST || crew.always())
            && self.can_be_parted(synapses, crew);
        let (cost, cutting) = (may_share.then(|| cost_of_sums(numbers, n)), Cutting::default());
        let job = Job { elements: (0, n), own: &own, cost, cutting };
        crew.divide(&job, store, |columns, range, _| {
            self.add_to(columns, &range, spans, synapses);
        });
    }

    /// Adds what is for these neurons. Whoever adds to them, each gets its summands in the same order.
    pub(super) fn add_to(
        &self,
        columns: &mut Columns<'_>,
        range: &Range<usize>,
        spans: &[Span],
        synapses: &SynapsesState,
    ) {
        /// Spans asked for together; what they begin with must not push each other out of the cache.
        const AT_ONCE: usize = 32;
        let (column, n) = (self.writes[0].slot.place(), self.reached);
        let Some(mut taken) = columns.take(column) else { return };
        let summands = match self.summand {
            Some(Summand::Number(x)) => Summands::Same(x),
            Some(Summand::Column(slot)) => Summands::Each(columns.seen(slot.place()).0),
            None => return,
        };
        let (neurons, part) = (self.neurons(synapses), taken.block(range.start, range.len()));
        for spans in spans.chunks(AT_ONCE) {
            self.rows.approach(spans, neurons, (range, n));
            for span in spans {
                let span = self.rows.within(span, neurons, (range, n));
                self.rows.add(&span, neurons, summands, part, range.start);
            }
        }
        columns.put_back(column, taken);
    }
}

/// What so many sums cost for each of `n` neurons, in nanoseconds.
#[expect(clippy::cast_precision_loss, reason = "numbers of synapses")]
pub(super) fn cost_of_sums(numbers: usize, n: usize) -> f64 {
    // Rows come from far away, and sums are spread over the column: far more than an addition each.
    5.0 * numbers as f64 / n.max(1) as f64
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
