//! From a `connect` description to pairs of neurons: condition, probability and number of each candidate.
//! A random choice depends on the seed, the call and the pair alone, never on what was evaluated before.

use crate::codegen::{BLOCK, Elements, Inputs, Lowering, Machine, Tape};
use crate::description::ConnectDescription;
use crate::equations::{
    Expr, Kind, Meaning, Owner, Scope, Symbol, ValueType, check_expression, expect, parse_expression,
};
use crate::error::{Error, ErrorKind, Result};
use crate::random::Stream;
use crate::units::Dimension;

/// Source and target of each new synapse, in order.
pub(super) type Pairs = (Vec<u32>, Vec<u32>);

/// What a description is evaluated against.
pub(super) struct Candidates<'a> {
    /// Names of the neurons on both sides; `i` and `j` are added here.
    pub(super) scope: Scope,
    pub(super) source: &'a [Vec<f64>],
    pub(super) target: &'a [Vec<f64>],
    pub(super) n_source: usize,
    pub(super) n_target: usize,
    pub(super) time: f64,
    pub(super) stream: Stream,
}

/// What decides on each candidate; `None` lets every one pass.
struct Rules {
    condition: Option<Tape>,
    p: Option<Tape>,
    n: Option<Tape>,
}

impl Candidates<'_> {
    pub(super) fn pairs(mut self, connect: &ConnectDescription) -> Result<Pairs> {
        for (column, name) in ["i", "j"].into_iter().enumerate() {
            let meaning = Meaning::Column(Owner::Own, column);
            let value_type = ValueType::Integer;
            let symbol = Symbol { dimension: Dimension::NONE, value_type, meaning, writable: false };
            self.scope.insert(name, symbol);
        }
        let rules = Rules {
            condition: connect.condition.as_deref().map(|text| self.condition(text)).transpose()?,
            p: connect.p.as_deref().map(|text| self.number("probability", text)).transpose()?,
            n: connect.n.as_deref().map(|text| self.number("number of synapses", text)).transpose()?,
        };
        let mut found = (Vec::new(), Vec::new());
        let mut machine = Machine::default();
        match (&connect.i, &connect.j) {
            (None, None) => {
                let targets: Vec<u32> = (0..index(self.n_target)).collect();
                for i in 0..index(self.n_source) {
                    self.row(&rules, i, &targets, &mut machine, &mut found)?;
                }
            }
            (Some(i), Some(j)) => {
                let (i, j) =
                    (self.within(i, self.n_source, "source")?, self.within(j, self.n_target, "target")?);
                let longest = i.len().max(j.len());
                if i.is_empty()
                    || j.is_empty()
                    || [&i, &j].iter().any(|list| ![1, longest].contains(&list.len()))
                {
                    return Err(Error::new(
                        ErrorKind::Shape,
                        format!("{} source indices do not go with {} target indices", i.len(), j.len()),
                    )
                    .help("give as many of each, or a single one on one side"));
                }
                let at = |list: &[u32], k: usize| if list.len() == 1 { list[0] } else { list[k] };
                for k in 0..longest {
                    self.row(&rules, at(&i, k), &[at(&j, k)], &mut machine, &mut found)?;
                }
            }
            _ => {
                return Err(Error::new(ErrorKind::Value, "only one side of the pairs is given")
                    .help("give both: `Connect::pairs(0, [1, 2])`"));
            }
        }
        Ok(found)
    }

    /// Adds those of the candidates `(i, targets)` that the rules let pass.
    fn row(
        &self,
        rules: &Rules,
        i: u32,
        targets: &[u32],
        machine: &mut Machine,
        found: &mut Pairs,
    ) -> Result<()> {
        for block in targets.chunks(BLOCK) {
            // `i` and `j` of each candidate as columns; the target index also keys random numbers.
            let own = [vec![f64::from(i); self.n_target], (0..index(self.n_target)).map(f64::from).collect()];
            let inputs = Inputs {
                tables: [&own, self.source, self.target],
                elements: [Elements::List(block), Elements::One(i as usize), Elements::List(block)],
                time: self.time,
                stream: self.stream,
                step: u64::from(i),
            };
            let mut evaluate = |tape: &Option<Tape>| {
                tape.as_ref().map(|tape| {
                    machine.run(tape, &inputs, block.len());
                    machine.result(0).to_vec()
                })
            };
            let (condition, p, n) = (evaluate(&rules.condition), evaluate(&rules.p), evaluate(&rules.n));
            for (k, &j) in block.iter().enumerate() {
                if condition.as_ref().is_some_and(|c| c[k] == 0.0) {
                    continue;
                }
                if let Some(p) = p.as_ref().map(|p| p[k]) {
                    if !(0.0..=1.0).contains(&p) {
                        return Err(Error::new(
                            ErrorKind::Value,
                            format!("the probability of a synapse from {i} to {j} is {p}"),
                        )
                        .help("a probability lies between 0 and 1"));
                    }
                    // Draw 0 of the pair; those written in expressions are counted from 1.
                    if self.stream.uniform(u64::from(i) << 8, j as usize) >= p {
                        continue;
                    }
                }
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "checked just here"
                )]
                let copies = match n.as_ref().map(|n| n[k].trunc()) {
                    None => 1,
                    Some(n) if (0.0..=1e6).contains(&n) => n as usize,
                    Some(n) => {
                        return Err(Error::new(
                            ErrorKind::Value,
                            format!("the number of synapses from {i} to {j} is {n}"),
                        )
                        .help("give a whole number from 0 on"));
                    }
                };
                found.0.extend(std::iter::repeat_n(i, copies));
                found.1.extend(std::iter::repeat_n(j, copies));
            }
        }
        Ok(())
    }

    fn condition(&self, text: &str) -> Result<Tape> {
        let expr = parse_expression("condition", text)?;
        match check_expression(&expr, &self.scope) {
            Ok(Kind::Condition) => self.tape(&expr),
            Ok(Kind::Number(_)) => {
                Err(Error::new(ErrorKind::Type, "a connection needs a condition on each pair of neurons")
                    .label(expr.span.clone(), "this is a number")
                    .help("write a comparison, as in `i != j`"))
            }
            Err(e) => Err(e),
        }
        .map_err(|e| e.in_text("condition", text))
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

    fn within(&self, list: &[usize], n: usize, side: &str) -> Result<Vec<u32>> {
        list.iter()
            .map(|&k| {
                u32::try_from(k).ok().filter(|_| k < n).ok_or_else(|| {
                    Error::new(ErrorKind::Index, format!("there is no {side} neuron {k}"))
                        .help(format!("its indices go from 0 to {}", n.saturating_sub(1)))
                })
            })
            .collect()
    }
}

fn index(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
