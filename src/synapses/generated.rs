//! Pairs that a generator gives, row by row: its iteration variable, the index that it computes, its condition.
//! The text was taken apart by `generator`; what passes here goes through the same rules as all other candidates.

use super::generator::{self, Generator, Iteration};
use super::pairs::{Candidates, Outer, Rules, index, not_a_probability};
use crate::codegen::Tape;
use crate::description::ConnectDescription;
use crate::equations::{Expr, ExprKind, Owner, expect};
use crate::error::{Error, ErrorKind, Result};
use crate::units::Dimension;

impl Candidates<'_> {
    /// Candidates of a generator, row by row.
    pub(super) fn generate(
        &mut self,
        outer: Outer,
        text: &str,
        connect: &ConnectDescription,
        mut rules: Rules,
    ) -> Result<()> {
        let generator = generator::parse(text)?;
        if let Some(variable) = &generator.variable {
            self.declare(variable, self.first + 2, Owner::Own);
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
            let (graph, value) = self.checked_condition(condition).map_err(in_text)?;
            let tape = Tape::new(&graph, &[value]);
            // A condition on the other neuron waits until its index is known to exist.
            if mentions_inner(condition, outer) { rules.condition = Some(tape) } else { early = Some(tape) }
        }
        let (rows, columns) = match outer {
            Outer::Source => (self.source.len(), self.target.len()),
            Outer::Target => (self.target.len(), self.source.len()),
        };
        for o in 0..index(rows) {
            let values = self.iteration(&generator, &bounds, chance.as_ref(), outer, o)?;
            self.store[self.first + 2] = values;
            let count = self.store[self.first + 2].len();
            // The other side is not known yet: names of it are refused by `mentions_inner` or read neuron 0.
            let elements = self.evaluate(&element, outer, o, &vec![0; count]);
            let keep = early.as_ref().map(|tape| self.evaluate(tape, outer, o, &vec![0; count]));
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
                        kept_values.push(self.store[self.first + 2][k]);
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
            self.store[self.first + 2] = kept_values;
            self.row(&rules, outer, o, &inner)?;
        }
        Ok(())
    }

    /// The values of the iteration variable in one row.
    fn iteration(
        &mut self,
        generator: &Generator,
        bounds: &[Tape],
        chance: Option<&Tape>,
        outer: Outer,
        o: u32,
    ) -> Result<Vec<f64>> {
        if matches!(generator.iteration, Iteration::Once) {
            return Ok(vec![0.0]);
        }
        self.store[self.first + 2] = vec![0.0];
        let one = |me: &mut Self, tape: &Tape| me.evaluate(tape, outer, o, &[0])[0];
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
