//! Elements of a part of a group, or of synapses: how they are chosen, and expressions evaluated over them.
//! All of them are a number, not a list of millions.

use crate::codegen::{BLOCK, Elements, Inputs, Lowering, Machine, Tape};
use crate::description::Selection;
use crate::equations::{Expr, Kind, Scope, check_expression, parse_expression};
use crate::error::{Error, ErrorKind, Result};

/// What has a neuron on either side of each element: synapses.
pub(crate) trait Ends {
    /// The source neurons and the target neurons of some elements.
    fn ends(&self, elements: &[u32]) -> [Vec<u32>; 2];
}

/// Where an expression is evaluated: the names it may use and the columns behind them.
pub(crate) struct Place<'a> {
    pub(crate) scope: &'a Scope,
    pub(crate) store: &'a [Vec<f64>],
    /// Where the elements of this part begin in the columns.
    pub(crate) first: usize,
    /// For synapses, the source and target neuron of each.
    pub(crate) ends: Option<&'a dyn Ends>,
    pub(crate) time: f64,
    pub(crate) stream: crate::random::Stream,
    pub(crate) len: usize,
}

/// Elements in the order chosen.
pub(crate) enum Chosen {
    /// That many from 0 on, which need no list of millions.
    All(u32),
    List(Vec<u32>),
}

impl Chosen {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::All(n) => *n as usize,
            Self::List(list) => list.len(),
        }
    }

    pub(crate) fn element(&self, k: usize) -> u32 {
        match self {
            Self::All(_) => u32::try_from(k).unwrap_or(u32::MAX),
            Self::List(list) => list[k],
        }
    }

    pub(super) fn into_list(self) -> Vec<u32> {
        match self {
            Self::All(n) => (0..n).collect(),
            Self::List(list) => list,
        }
    }
}

impl Place<'_> {
    /// The value of an expression for each of the chosen elements.
    pub(crate) fn evaluate(&self, expr: &Expr, chosen: &Chosen) -> Result<Vec<f64>> {
        let mut lowering = Lowering::new(self.scope);
        let value = lowering.expression(expr)?;
        let tape = Tape::new(&lowering.graph, &[value]);
        let mut machine = Machine::default();
        let mut out = Vec::with_capacity(chosen.len());
        for start in (0..chosen.len()).step_by(BLOCK) {
            let block: Vec<u32> =
                (start..chosen.len().min(start + BLOCK)).map(|k| chosen.element(k)).collect();
            let [pre, post] = self.ends.map_or_else(Default::default, |synapses| synapses.ends(&block));
            let count = block.len();
            let own = self.absolute(block);
            let inputs = Inputs {
                store: self.store,
                elements: [Elements::List(&own), Elements::List(&pre), Elements::List(&post)],
                time: self.time,
                stream: self.stream,
                step: 0,
            };
            machine.run(&tape, &inputs, count);
            out.extend_from_slice(machine.result(0));
        }
        Ok(out)
    }

    /// Elements of the columns for elements of this part.
    pub(crate) fn absolute(&self, mut chosen: Vec<u32>) -> Vec<u32> {
        let first = u32::try_from(self.first).unwrap_or(u32::MAX);
        if first > 0 {
            chosen.iter_mut().for_each(|k| *k += first);
        }
        chosen
    }

    pub(super) fn all(&self) -> Chosen {
        Chosen::All(u32::try_from(self.len).unwrap_or(u32::MAX))
    }
}

/// The elements of a selection, in its order.
pub(crate) fn selected(selection: &Selection, place: &Place<'_>) -> Result<Vec<u32>> {
    match selection {
        Selection::All => Ok(place.all().into_list()),
        Selection::Indices(list) => list
            .iter()
            .map(|&k| {
                u32::try_from(k).ok().filter(|_| k < place.len).ok_or_else(|| {
                    Error::new(ErrorKind::Index, format!("there is no element {k}")).help(if place.len == 0 {
                        "there are no elements at all yet".to_owned()
                    } else {
                        format!("indices go from 0 to {}", place.len - 1)
                    })
                })
            })
            .collect(),
        Selection::Slice { start, stop, step } => slice(*start, *stop, *step, place.len),
        Selection::Condition(text) => {
            let expr = parse_expression("condition", text)?;
            let chosen =
                match check_expression(&expr, place.scope).map_err(|e| e.in_text("condition", text))? {
                    Kind::Condition => place.evaluate(&expr, &place.all()),
                    Kind::Number(_) => Err(Error::new(ErrorKind::Type, "an index text must be a condition")
                        .label(expr.span.clone(), "this is a number")
                        .help("write a comparison, as in `i > 3`")),
                };
            let holds = chosen.map_err(|e| e.in_text("condition", text))?;
            Ok((0..).zip(holds).filter(|(_, h)| *h != 0.0).map(|(k, _)| k).collect())
        }
    }
}

/// Python's slices: negative numbers count from the end, and what lies outside is left out.
fn slice(start: Option<i64>, stop: Option<i64>, step: Option<i64>, len: usize) -> Result<Vec<u32>> {
    let step = step.unwrap_or(1);
    if step < 1 {
        return Err(Error::new(ErrorKind::Index, format!("a slice cannot go in steps of {step}"))
            .help("give a step from 1 on"));
    }
    let n = i64::try_from(len).unwrap_or(i64::MAX);
    let place = |k: i64| if k < 0 { (k + n).max(0) } else { k.min(n) };
    let (first, end) = (place(start.unwrap_or(0)), place(stop.unwrap_or(n)));
    let mut out = Vec::new();
    let mut k = first;
    while k < end {
        out.push(u32::try_from(k).unwrap_or(u32::MAX));
        k += step;
    }
    Ok(out)
}
