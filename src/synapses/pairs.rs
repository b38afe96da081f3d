//! From a `connect` description to pairs of neurons: condition, generator, probability and number of each candidate.
//! A random choice depends on the seed, the call and the pair alone, never on what was evaluated before.

use super::neurons::Neurons;
use super::ranges::Ranges;
use crate::codegen::{BLOCK, Elements, Graph, Inputs, Lowering, Machine, Tape, Value};
use crate::description::{ConnectDescription, Indices};
use crate::equations::{
    At, Expr, Kind, Meaning, Owner, Scope, Slot, Symbol, ValueType, check_expression, expect,
    parse_expression,
};
use crate::error::{Error, ErrorKind, Result};
use crate::random::Stream;
use crate::units::Dimension;

/// Source and target of each new synapse, in order, counted within the parts of the groups.
pub(super) type Pairs = (Neurons, Vec<u32>);

/// What a description is evaluated against, row by row, and what it has given so far.
pub(super) struct Candidates<'a> {
    /// Names of the neurons on both sides; `i`, `j` and the iteration variable are added here.
    pub(super) scope: Scope,
    /// All columns of the network; those from `first` on are there while candidates are looked at.
    pub(super) store: &'a mut Vec<Vec<f64>>,
    pub(super) first: usize,
    pub(super) source: std::ops::Range<usize>,
    pub(super) target: std::ops::Range<usize>,
    pub(super) time: f64,
    pub(super) stream: Stream,
    pub(super) machine: Machine,
    pub(super) found: Pairs,
}

/// What decides on each candidate; `None` lets every one pass.
pub(super) struct Rules {
    pub(super) condition: Option<Tape>,
    p: Option<Tape>,
    n: Option<Tape>,
}

/// The draw that gaps between hits come from; that of pairs one by one is 0.
const GAPS: u32 = u32::MAX - 1;
/// In shorter rows, or with a larger probability, gaps save nothing: each pair has its own draw.
const LONG: usize = 256;
const MOST: f64 = 0.5;

/// One side of each candidate is fixed in a row; the other one varies.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Outer {
    Source,
    Target,
}

impl Candidates<'_> {
    pub(super) fn pairs(mut self, connect: &ConnectDescription) -> Result<Pairs> {
        let done = self.find(connect);
        self.store.truncate(self.first);
        done.map(|()| self.found)
    }

    fn find(&mut self, connect: &ConnectDescription) -> Result<()> {
        let first = self.first;
        // Columns of `i`, `j` and the iteration variable, one value for each candidate of a row. That of the neuron
        // which stays the same has one value.
        let is_source = !matches!((&connect.i, &connect.j), (Some(Indices::Generator(_)), None));
        self.declare("i", first, if is_source { Owner::Shared } else { Owner::Own });
        self.declare("j", first + 1, if is_source { Owner::Own } else { Owner::Shared });
        self.store.resize(first + 3, Vec::new());
        if connect.condition.is_some() && (connect.i.is_some() || connect.j.is_some()) {
            return Err(Error::new(ErrorKind::Value, "a condition cannot be combined with indices")
                .help("write the condition into the generator: `k for k in range(N_post) if k != i`"));
        }
        let rules = Rules {
            condition: None,
            p: connect.p.as_deref().map(|text| self.number("probability", text)).transpose()?,
            n: connect.n.as_deref().map(|text| self.number("number of synapses", text)).transpose()?,
        };
        match (&connect.i, &connect.j) {
            (None, None) => self.every(connect, rules)?,
            (Some(Indices::List(i)), Some(Indices::List(j))) => {
                let i = within(i, self.source.len(), "source")?;
                let j = within(j, self.target.len(), "target")?;
                let longest = i.len().max(j.len());
                if [&i, &j].iter().any(|list| ![1, longest].contains(&list.len())) {
                    return Err(Error::new(
                        ErrorKind::Shape,
                        format!("{} source indices do not go with {} target indices", i.len(), j.len()),
                    )
                    .help("give as many of each, or a single one on one side"));
                }
                let at = |list: &[u32], k: usize| if list.len() == 1 { list[0] } else { list[k] };
                for k in 0..longest {
                    let target = [at(&j, k)];
                    self.row(&rules, Outer::Source, at(&i, k), &target)?;
                }
            }
            (None, Some(Indices::Generator(text))) => {
                self.generate(Outer::Source, text, connect, rules)?;
            }
            (Some(Indices::Generator(text)), None) => {
                self.generate(Outer::Target, text, connect, rules)?;
            }
            _ => {
                return Err(Error::new(ErrorKind::Value, "the two sides of the pairs do not go together")
                    .help("give lists on both sides, `Connect::pairs(0, [1, 2])`, or a generator on one"));
            }
        }
        Ok(())
    }

    pub(super) fn declare(&mut self, name: &str, column: usize, owner: Owner) {
        let meaning = Meaning::Column(Slot(index(column)), At::new(owner));
        let value_type = ValueType::Integer;
        let symbol = Symbol { dimension: Dimension::NONE, value_type, meaning, writable: false };
        self.scope.insert(name, symbol);
    }

    /// Every pair is a candidate. What is left out unseen changes nothing for the others: draws are keyed by the pair.
    fn every(&mut self, connect: &ConnectDescription, mut rules: Rules) -> Result<()> {
        let n = index(self.target.len());
        let everybody: Vec<u32> = (0..n).collect();
        // One probability for all pairs: go from hit to hit, and look at nothing else of the others.
        let chance = rules.p.as_ref().and_then(Tape::as_constant);
        let chance = chance.filter(|p| (0.0..MOST).contains(p) && everybody.len() >= LONG);
        if chance.is_some() {
            rules.p = None;
        }
        let mut ranges = None;
        if let Some(text) = &connect.condition {
            let lowered = self.lowered_condition(text)?;
            rules.condition = Some(Tape::new(&lowered.0, &[lowered.1]));
            // With chance in it nothing is known ahead; with chance beside it the number of draws must stay.
            let mut tapes = [&rules.condition, &rules.p, &rules.n].into_iter().flatten();
            if !tapes.any(Tape::depends_on_calls) {
                let (i, j) = (Slot(index(self.first)), Slot(index(self.first + 1)));
                ranges = Some(Ranges::new(lowered.0, lowered.1, i, j));
            }
        }
        let undecided = rules.condition.take();
        let mut hits = Vec::new();
        for i in 0..index(self.source.len()) {
            rules.condition.clone_from(&undecided);
            let mut targets = &everybody;
            match (&mut ranges, chance) {
                (Some(ranges), Some(_)) => match ranges.truth(i, &(0..n)) {
                    Some(false) => continue,
                    Some(true) => rules.condition = None,
                    None => {}
                },
                (Some(ranges), None) if ranges.pays() => {
                    self.stretches(ranges, i, &mut rules, &mut hits);
                    targets = &hits;
                }
                _ => {}
            }
            if let Some(p) = chance {
                let (stream, width, at) = (self.stream, self.machine.width(), (u64::from(i), GAPS));
                if let Rules { condition: None, n: None, .. } = rules {
                    let (sources, targets) = &mut self.found;
                    let before = targets.len();
                    stream.row_of_hits(width, at, (n, p), targets);
                    sources.push(i, targets.len() - before);
                    continue;
                }
                hits.clear();
                stream.row_of_hits(width, at, (n, p), &mut hits);
                targets = &hits;
            }
            self.row(&rules, Outer::Source, i, targets)?;
        }
        Ok(())
    }

    /// The targets of a row that fulfil the condition, which then has been looked at.
    fn stretches(&mut self, ranges: &mut Ranges, i: u32, rules: &mut Rules, targets: &mut Vec<u32>) {
        let stretches = ranges.row(i, index(self.target.len()));
        let open = stretches.iter().filter(|s| !s.holds).flat_map(|s| s.range.clone()).collect::<Vec<_>>();
        let Some(condition) = rules.condition.take() else { return };
        let mut holds = self.evaluate(&condition, Outer::Source, i, &open).into_iter();
        targets.clear();
        for stretch in stretches {
            if stretch.holds {
                targets.extend(stretch.range);
            } else {
                let passing = stretch.range.zip(&mut holds).filter(|(_, holds)| *holds != 0.0);
                targets.extend(passing.map(|(j, _)| j));
            }
        }
    }

    /// Evaluates for all candidates `(o, inner)` of a row.
    pub(super) fn evaluate(&mut self, tape: &Tape, outer: Outer, o: u32, inner: &[u32]) -> Vec<f64> {
        let (i, j) = (self.first, self.first + 1);
        let (same, other) = if outer == Outer::Source { (i, j) } else { (j, i) };
        self.store[same].clear();
        self.store[same].push(f64::from(o));
        self.store[other].clear();
        self.store[other].extend(inner.iter().copied().map(f64::from));
        let (here, there) = match outer {
            Outer::Source => (&self.source, &self.target),
            Outer::Target => (&self.target, &self.source),
        };
        let shifted: Vec<u32> = inner.iter().map(|k| k + index(there.start)).collect();
        let fixed = Elements::One(o as usize + here.start);
        let mut out = Vec::with_capacity(inner.len());
        for start in (0..inner.len()).step_by(BLOCK) {
            let count = BLOCK.min(inner.len() - start);
            let varying = Elements::List(&shifted[start..start + count]);
            let (pre, post) = if outer == Outer::Source { (fixed, varying) } else { (varying, fixed) };
            let inputs = Inputs {
                store: self.store,
                elements: [Elements::From(start), pre, post],
                time: self.time,
                stream: self.stream,
                step: u64::from(o),
            };
            self.machine.run(tape, &inputs, count);
            out.extend_from_slice(self.machine.result(0));
        }
        out
    }

    /// Adds those of the candidates that the rules let pass.
    pub(super) fn row(&mut self, rules: &Rules, outer: Outer, o: u32, inner: &[u32]) -> Result<()> {
        if let Rules { condition: None, p: None, n: None } = rules {
            let (sources, targets) = &mut self.found;
            if outer == Outer::Source {
                sources.push(o, inner.len());
                targets.extend_from_slice(inner);
            } else {
                sources.as_list_mut().extend_from_slice(inner);
                targets.extend(std::iter::repeat_n(o, inner.len()));
            }
            return Ok(());
        }
        let mut evaluate =
            |tape: &Option<Tape>| tape.as_ref().map(|tape| self.evaluate(tape, outer, o, inner));
        let (condition, p, n) = (evaluate(&rules.condition), evaluate(&rules.p), evaluate(&rules.n));
        for (k, &e) in inner.iter().enumerate() {
            if condition.as_ref().is_some_and(|c| c[k] == 0.0) {
                continue;
            }
            if let Some(p) = p.as_ref().map(|p| p[k]) {
                if !(0.0..=1.0).contains(&p) {
                    return Err(not_a_probability(p));
                }
                // Draw 0 of the pair; those written in expressions are counted from 1.
                if self.stream.uniform(u64::from(o), 0, e as usize) >= p {
                    continue;
                }
            }
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked just here")]
            let copies = match n.as_ref().map(|n| n[k].trunc()) {
                None => 1,
                Some(n) if (0.0..=1e6).contains(&n) => n as usize,
                Some(n) => {
                    return Err(Error::new(
                        ErrorKind::Value,
                        format!("the number of synapses of a pair is {n}"),
                    )
                    .help("give a whole number from 0 on"));
                }
            };
            let (i, j) = if outer == Outer::Source { (o, e) } else { (e, o) };
            self.found.0.push(i, copies);
            self.found.1.extend(std::iter::repeat_n(j, copies));
        }
        Ok(())
    }

    fn lowered_condition(&self, text: &str) -> Result<(Graph, Value)> {
        let expr = parse_expression("condition", text)?;
        self.checked_condition(&expr).map_err(|e| e.in_text("condition", text))
    }

    pub(super) fn checked_condition(&self, expr: &Expr) -> Result<(Graph, Value)> {
        match check_expression(expr, &self.scope)? {
            Kind::Condition => self.lowered(expr),
            Kind::Number(_) => {
                Err(Error::new(ErrorKind::Type, "a connection needs a condition on each pair of neurons")
                    .label(expr.span.clone(), "this is a number")
                    .help("write a comparison, as in `i != j`"))
            }
        }
    }

    fn number(&self, what: &str, text: &str) -> Result<Tape> {
        let expr = parse_expression(what, text)?;
        expect(&expr, &self.scope, Dimension::NONE, &format!("the {what}"))
            .and_then(|()| self.tape(&expr))
            .map_err(|e| e.in_text(what, text))
    }

    pub(super) fn tape(&self, expr: &Expr) -> Result<Tape> {
        let (graph, value) = self.lowered(expr)?;
        Ok(Tape::new(&graph, &[value]))
    }

    fn lowered(&self, expr: &Expr) -> Result<(Graph, Value)> {
        let mut lowering = Lowering::new(&self.scope);
        let value = lowering.expression(expr)?;
        Ok((lowering.graph, value))
    }
}

pub(super) fn not_a_probability(p: f64) -> Error {
    Error::new(ErrorKind::Value, format!("the probability of a synapse is {p}"))
        .help("a probability lies between 0 and 1")
}

fn within(list: &[i64], n: usize, side: &str) -> Result<Vec<u32>> {
    list.iter()
        .map(|&k| {
            u32::try_from(k).ok().filter(|k| (*k as usize) < n).ok_or_else(|| {
                Error::new(ErrorKind::Index, format!("there is no {side} neuron {k}"))
                    .help(format!("its indices go from 0 to {}", n.saturating_sub(1)))
            })
        })
        .collect()
}

pub(super) fn index(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
