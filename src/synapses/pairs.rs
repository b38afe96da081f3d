//! From a `connect` description to pairs of neurons: condition, generator, probability and number of each candidate.
//! A random choice depends on the seed, the call and the pair alone, never on what was evaluated before.

use super::generator::{self, Generator, Iteration};
use crate::codegen::{BLOCK, Elements, Inputs, Lowering, Machine, Tape};
use crate::description::{ConnectDescription, Indices};
use crate::equations::{
    At, Expr, ExprKind, Kind, Meaning, Owner, Scope, Slot, Symbol, ValueType, check_expression, expect,
    parse_expression,
};
use crate::error::{Error, ErrorKind, Result};
use crate::random::Stream;
use crate::units::Dimension;
use crate::vector::Width;

/// Source and target of each new synapse, in order, counted within the parts of the groups.
pub(super) type Pairs = (Vec<u32>, Vec<u32>);

/// What a description is evaluated against.
pub(super) struct Candidates<'a> {
    /// Names of the neurons on both sides; `i`, `j` and the iteration variable are added here.
    pub(super) scope: Scope,
    /// All columns of the network; some are added while candidates are looked at.
    pub(super) store: &'a mut Vec<Vec<f64>>,
    pub(super) source: std::ops::Range<usize>,
    pub(super) target: std::ops::Range<usize>,
    pub(super) time: f64,
    pub(super) stream: Stream,
}

/// What decides on each candidate; `None` lets every one pass.
#[derive(Default)]
struct Rules {
    condition: Option<Tape>,
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
enum Outer {
    Source,
    Target,
}

impl Candidates<'_> {
    pub(super) fn pairs(mut self, connect: &ConnectDescription) -> Result<Pairs> {
        let first = self.store.len();
        let found = self.find(connect, first);
        self.store.truncate(first);
        found
    }

    fn find(&mut self, connect: &ConnectDescription, first: usize) -> Result<Pairs> {
        // Columns of `i`, `j` and the iteration variable, one value for each candidate of a row.
        for (k, name) in ["i", "j"].into_iter().enumerate() {
            self.declare(name, first + k);
        }
        self.store.resize(first + 3, Vec::new());
        if connect.condition.is_some() && (connect.i.is_some() || connect.j.is_some()) {
            return Err(Error::new(ErrorKind::Value, "a condition cannot be combined with indices")
                .help("write the condition into the generator: `k for k in range(N_post) if k != i`"));
        }
        let mut rules = Rules {
            condition: None,
            p: connect.p.as_deref().map(|text| self.number("probability", text)).transpose()?,
            n: connect.n.as_deref().map(|text| self.number("number of synapses", text)).transpose()?,
        };
        let mut found = (Vec::new(), Vec::new());
        let mut machine = Machine::default();
        match (&connect.i, &connect.j) {
            (None, None) => {
                rules.condition =
                    connect.condition.as_deref().map(|text| self.condition(text)).transpose()?;
                let mut targets: Vec<u32> = (0..index(self.target.len())).collect();
                // One probability for all pairs: go from hit to hit, and look at nothing else of the others.
                let chance = rules.p.as_ref().and_then(Tape::as_constant);
                let chance = chance.filter(|p| (0.0..MOST).contains(p) && targets.len() >= LONG);
                if chance.is_some() {
                    rules.p = None;
                }
                for i in 0..index(self.source.len()) {
                    if let Some(p) = chance {
                        self.hits(p, i, &mut targets, machine.width());
                    }
                    self.row(&rules, Outer::Source, i, &targets, &mut machine, &mut found, first)?;
                }
            }
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
                    self.row(&rules, Outer::Source, at(&i, k), &target, &mut machine, &mut found, first)?;
                }
            }
            (None, Some(Indices::Generator(text))) => {
                self.generate(Outer::Source, text, connect, rules, &mut machine, &mut found, first)?;
            }
            (Some(Indices::Generator(text)), None) => {
                self.generate(Outer::Target, text, connect, rules, &mut machine, &mut found, first)?;
            }
            _ => {
                return Err(Error::new(ErrorKind::Value, "the two sides of the pairs do not go together")
                    .help("give lists on both sides, `Connect::pairs(0, [1, 2])`, or a generator on one"));
            }
        }
        Ok(found)
    }

    fn declare(&mut self, name: &str, column: usize) {
        let meaning = Meaning::Column(Slot(index(column)), At::new(Owner::Own));
        let value_type = ValueType::Integer;
        let symbol = Symbol { dimension: Dimension::NONE, value_type, meaning, writable: false };
        self.scope.insert(name, symbol);
    }

    /// Candidates of a generator, row by row.
    #[expect(clippy::too_many_arguments, reason = "the row and all that it needs")]
    fn generate(
        &mut self,
        outer: Outer,
        text: &str,
        connect: &ConnectDescription,
        mut rules: Rules,
        machine: &mut Machine,
        found: &mut Pairs,
        first: usize,
    ) -> Result<()> {
        let generator = generator::parse(text)?;
        if let Some(variable) = &generator.variable {
            self.declare(variable, first + 2);
        }
        let in_text = |e: Error| e.in_text("generator", text);
        let plain = |me: &Self, expr: &Expr, what: &str| {
            expect(expr, &me.scope, Dimension::NONE, what).and_then(|()| me.tape(expr)).map_err(in_text)
        };
        let element = plain(self, &generator.element, "the index")?;
        let (bounds, chance) = match &generator.iteration {
            Iteration::Once => (Vec::new(), None),
            Iteration::Range(bounds) => (bounds.clone(), None),
            Iteration::SampleP(bounds, p) => (bounds.clone(), Some(plain(self, p, "the probability")?)),
            Iteration::SampleSize(bounds, n) => (bounds.clone(), Some(plain(self, n, "the size")?)),
        };
        let bounds = bounds.iter().map(|b| plain(self, b, "a bound")).collect::<Result<Vec<_>>>()?;
        let mut early = None;
        if let Some(condition) = &generator.condition {
            let tape = self.checked_condition(condition).map_err(in_text)?;
            // A condition on the other neuron waits until its index is known to exist.
            if mentions_inner(condition, outer) { rules.condition = Some(tape) } else { early = Some(tape) }
        }
        let (rows, columns) = match outer {
            Outer::Source => (self.source.len(), self.target.len()),
            Outer::Target => (self.target.len(), self.source.len()),
        };
        for o in 0..index(rows) {
            let values = self.iteration(&generator, &bounds, chance.as_ref(), outer, o, machine, first)?;
            self.store[first + 2] = values;
            let count = self.store[first + 2].len();
            // The other side is not known yet: names of it are refused by `mentions_inner` or read neuron 0.
            let elements = self.evaluate(&element, outer, o, &vec![0; count], machine, first);
            let keep =
                early.as_ref().map(|tape| self.evaluate(tape, outer, o, &vec![0; count], machine, first));
            let mut inner = Vec::new();
            let mut kept_values = Vec::new();
            for (k, e) in elements.iter().enumerate() {
                if keep.as_ref().is_some_and(|keep| keep[k] == 0.0) {
                    continue;
                }
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "indices; what does not fit is out of range"
                )]
                let e = *e as i64;
                match usize::try_from(e).ok().filter(|e| *e < columns) {
                    Some(e) => {
                        inner.push(index(e));
                        kept_values.push(self.store[first + 2][k]);
                    }
                    None if connect.skip_if_invalid => {}
                    None => {
                        let side = if outer == Outer::Source { "target" } else { "source" };
                        return Err(in_text(
                            Error::new(ErrorKind::Index, format!("there is no {side} neuron {e}"))
                                .label(generator.element.span.clone(), format!("gives {e} for neuron {o}"))
                                .help(format!(
                                    "its indices go from 0 to {}; `skip_if_invalid` leaves others out",
                                    columns.saturating_sub(1)
                                )),
                        ));
                    }
                }
            }
            self.store[first + 2] = kept_values;
            self.row(&rules, outer, o, &inner, machine, found, first)?;
        }
        Ok(())
    }

    /// The values of the iteration variable in one row.
    #[expect(clippy::too_many_arguments, reason = "the row and all that it needs")]
    fn iteration(
        &mut self,
        generator: &Generator,
        bounds: &[Tape],
        chance: Option<&Tape>,
        outer: Outer,
        o: u32,
        machine: &mut Machine,
        first: usize,
    ) -> Result<Vec<f64>> {
        if matches!(generator.iteration, Iteration::Once) {
            return Ok(vec![0.0]);
        }
        self.store[first + 2] = vec![0.0];
        let mut one = |me: &mut Self, tape: &Tape| me.evaluate(tape, outer, o, &[0], machine, first)[0];
        let mut numbers: Vec<f64> = bounds.iter().map(|tape| one(self, tape).trunc()).collect();
        let (low, high, step) = match numbers.len() {
            1 => (0.0, numbers[0], 1.0),
            2 => (numbers[0], numbers[1], 1.0),
            _ => (numbers[0], numbers[1], numbers.pop().unwrap_or(1.0)),
        };
        if step == 0.0
            || !(low.is_finite() && high.is_finite() && step.is_finite())
            || (high - low).abs() > 1e9
        {
            return Err(Error::new(
                ErrorKind::Value,
                format!("a range from {low} to {high} in steps of {step}"),
            )
            .help("the bounds must be whole numbers, and the step not zero"));
        }
        let mut all = Vec::new();
        let mut k = low;
        while if step > 0.0 { k < high } else { k > high } {
            all.push(k);
            k += step;
        }
        let Some(chance) = chance else { return Ok(all) };
        let wanted = one(self, chance);
        // Draw 0 belongs to `p` of the call; expressions count from 1 up.
        let draw = |k: usize| self.stream.uniform(u64::from(o), u32::MAX, k);
        if let Iteration::SampleP(..) = generator.iteration {
            if !(0.0..=1.0).contains(&wanted) {
                return Err(not_a_probability(wanted));
            }
            return Ok(all
                .into_iter()
                .enumerate()
                .filter(|(k, _)| draw(*k) < wanted)
                .map(|(_, v)| v)
                .collect());
        }
        #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
        let total = all.len() as f64;
        if !(0.0..=total).contains(&wanted.trunc()) {
            return Err(Error::new(ErrorKind::Value, format!("{wanted} of {total} cannot be chosen"))
                .help("the size of a sample lies between 0 and the number of values"));
        }
        // Each is taken with the share of those still wanted among those still to come (Knuth, algorithm S).
        let (mut left, mut open) = (wanted.trunc(), total);
        let mut out = Vec::new();
        for (k, v) in all.into_iter().enumerate() {
            if draw(k) * open < left {
                out.push(v);
                left -= 1.0;
            }
            open -= 1.0;
        }
        Ok(out)
    }

    /// Evaluates for all candidates `(o, inner)` of a row.
    fn evaluate(
        &mut self,
        tape: &Tape,
        outer: Outer,
        o: u32,
        inner: &[u32],
        machine: &mut Machine,
        first: usize,
    ) -> Vec<f64> {
        let (i, j) = if outer == Outer::Source { (first, first + 1) } else { (first + 1, first) };
        self.store[i].clear();
        self.store[i].resize(inner.len(), f64::from(o));
        self.store[j].clear();
        self.store[j].extend(inner.iter().copied().map(f64::from));
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
            machine.run(tape, &inputs, count);
            out.extend_from_slice(machine.result(0));
        }
        out
    }

    /// The targets in a row that chance lets pass.
    fn hits(&self, p: f64, row: u32, targets: &mut Vec<u32>, width: Width) {
        targets.clear();
        let place = (u64::from(row), GAPS, 0);
        self.stream.hits(width, place, (self.target.len(), p), |k| targets.push(index(k)));
    }

    /// Adds those of the candidates that the rules let pass.
    #[expect(clippy::too_many_arguments, reason = "the row and all that it needs")]
    fn row(
        &mut self,
        rules: &Rules,
        outer: Outer,
        o: u32,
        inner: &[u32],
        machine: &mut Machine,
        found: &mut Pairs,
        first: usize,
    ) -> Result<()> {
        let mut evaluate = |tape: &Option<Tape>| {
            tape.as_ref().map(|tape| self.evaluate(tape, outer, o, inner, machine, first))
        };
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
            found.0.extend(std::iter::repeat_n(i, copies));
            found.1.extend(std::iter::repeat_n(j, copies));
        }
        Ok(())
    }

    fn condition(&self, text: &str) -> Result<Tape> {
        let expr = parse_expression("condition", text)?;
        self.checked_condition(&expr).map_err(|e| e.in_text("condition", text))
    }

    fn checked_condition(&self, expr: &Expr) -> Result<Tape> {
        match check_expression(expr, &self.scope)? {
            Kind::Condition => self.tape(expr),
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

    fn tape(&self, expr: &Expr) -> Result<Tape> {
        let mut lowering = Lowering::new(&self.scope);
        let value = lowering.expression(expr)?;
        Ok(Tape::new(&lowering.graph, &[value]))
    }
}

/// True if the text reads the neuron on the side that the generator is still looking for.
fn mentions_inner(expr: &Expr, outer: Outer) -> bool {
    let (index, suffix) = if outer == Outer::Source { ("j", "_post") } else { ("i", "_pre") };
    let mut found = false;
    expr.visit(&mut |e| {
        if let ExprKind::Name(n) = &e.kind {
            found |= n == index || (n.ends_with(suffix) && n != "N_post" && n != "N_pre");
        }
    });
    found
}

fn not_a_probability(p: f64) -> Error {
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

fn index(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
