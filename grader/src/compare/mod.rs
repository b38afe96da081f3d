//! Compares what a submission gave with what the solution gave, kind by kind.
//! Values come from other people's processes: nothing in them may make the grader panic.

mod close;
mod connectivity;
pub mod figure;
mod spikes;
mod trace;
mod values;

use std::collections::BTreeMap;

pub use close::close;

use spikelab::evidence::Evidence;

use crate::course::CheckSpec;
use crate::outcome::{CheckPlot, Curve};

/// The result of one comparison.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// The part of the points that is earned, 0 to 1.
    pub fraction: f64,
    /// What agrees, or what differs, where and by how much.
    pub message: String,
    /// Named measures.
    pub measures: BTreeMap<String, f64>,
    /// Expected and got in one picture.
    pub plot: Option<CheckPlot>,
}

impl Comparison {
    fn right(message: impl Into<String>) -> Self {
        Self { fraction: 1.0, message: message.into(), ..Self::default() }
    }

    fn wrong(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    fn with(mut self, name: &str, value: f64) -> Self {
        if value.is_finite() {
            self.measures.insert(name.to_owned(), value);
        }
        self
    }

    fn plotted(mut self, plot: CheckPlot) -> Self {
        self.plot = Some(plot);
        self
    }
}

/// The part of a check's points that is earned, without measures and pictures.
#[must_use]
pub fn fraction(check: &CheckSpec, expected: &Evidence, got: &Evidence) -> f64 {
    match check {
        CheckSpec::Spikes(c) => spikes::compare(c, expected, got).map_or(0.0, |out| out.fraction),
        _ => compare(check, expected, got).fraction,
    }
}

/// Compares one variable by one check.
#[must_use]
pub fn compare(check: &CheckSpec, expected: &Evidence, got: &Evidence) -> Comparison {
    let fits = match (check, expected, got) {
        (CheckSpec::Spikes(c), Evidence::Spikes { .. }, Evidence::Spikes { .. }) => {
            spikes::compare(c, expected, got).map(|out| spikes::measured(out, expected, got))
        }
        (CheckSpec::Trace(c), Evidence::Traces { .. }, Evidence::Traces { .. }) => {
            trace::compare(c, expected, got)
        }
        (CheckSpec::Number(c), _, _) => values::number(c, expected, got),
        (CheckSpec::Array(c), _, _) => values::array(c, expected, got),
        (CheckSpec::Group(c), Evidence::Group { .. }, Evidence::Group { .. }) => {
            values::group(c, expected, got)
        }
        (CheckSpec::Connectivity(c), Evidence::Connectivity { .. }, Evidence::Connectivity { .. }) => {
            connectivity::compare(c, expected, got)
        }
        (CheckSpec::Figure(c), Evidence::Figure { .. }, Evidence::Figure { .. }) => {
            figure::compare(c, expected, got)
        }
        (CheckSpec::Choice(c), _, _) => values::choice(c, got),
        _ => None,
    };
    fits.unwrap_or_else(|| {
        // A figure that cannot be drawn is its own error text.
        if let (CheckSpec::Figure(_), Evidence::Text { value }) = (check, got) {
            return Comparison::wrong(format!(
                "the figure cannot be drawn: {}",
                value.trim_start_matches("Error: ")
            ));
        }
        Comparison::wrong(format!(
            "`{}` should be {}, but it is {}",
            check.variable(),
            expected.in_words(),
            got.in_words()
        ))
    })
}

/// A number as people write it.
fn show(x: f64) -> String {
    if x == 0.0 || (1e-3..1e5).contains(&x.abs()) {
        let text = format!("{x:.4}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        format!("{x:.3e}")
    }
}

/// The first few of a list in words.
fn few(list: &[String]) -> String {
    const SHOWN: usize = 5;
    let more = if list.len() > SHOWN { format!(" and {} more", list.len() - SHOWN) } else { String::new() };
    format!("{}{more}", list[..list.len().min(SHOWN)].join(", "))
}

/// A line for the feedback page: at most so many points, the highest and the lowest of each stretch.
fn line(label: &str, x: &[f64], y: &[f64]) -> Curve {
    const POINTS: usize = 600;
    let n = x.len().min(y.len());
    let stretch = (2 * n).div_ceil(POINTS).max(1);
    let mut keep = Vec::new();
    for start in (0..n).step_by(stretch) {
        let range = start..(start + stretch).min(n);
        let low = range.clone().min_by(|a, b| y[*a].total_cmp(&y[*b]));
        let high = range.clone().max_by(|a, b| y[*a].total_cmp(&y[*b]));
        let mut both: Vec<usize> = low.into_iter().chain(high).collect();
        both.sort_unstable();
        both.dedup();
        keep.extend(both);
    }
    Curve {
        label: label.to_owned(),
        style: "line".to_owned(),
        x: keep.iter().map(|&k| x[k]).collect(),
        y: keep.iter().map(|&k| y[k]).collect(),
    }
}

/// Points for the feedback page, thinned if there are very many.
fn points(label: &str, x: &[f64], y: &[f64]) -> Curve {
    const POINTS: usize = 3000;
    let every = x.len().min(y.len()).div_ceil(POINTS).max(1);
    Curve {
        label: label.to_owned(),
        style: "points".to_owned(),
        x: x.iter().step_by(every).copied().collect(),
        y: y.iter().step_by(every).copied().collect(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
const fn float(n: usize) -> f64 {
    n as f64
}
