//! Public checks: what a notebook may be told about its results at once, without the answer being in it.
//! They come as data in the notebook's own metadata; bands are wide and coarse, so that no value can be read from them.

mod find;
mod notebook;
mod show;

use serde::{Deserialize, Serialize};

pub use find::Finding;
pub use notebook::Check;
pub use show::Checked;

/// The public checks of one notebook, in its metadata below `spikelab.checks`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PublicChecks {
    /// The questions in order.
    pub questions: Vec<PublicQuestion>,
}

/// What is public of one question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PublicQuestion {
    /// The question's id, the first word of `check!`.
    pub id: String,
    /// Title for people.
    pub title: String,
    /// `grade_id`s of its cells.
    pub cells: Vec<String>,
    /// The checks in order.
    pub checks: Vec<PublicCheck>,
}

/// One public check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PublicCheck {
    /// One line for people.
    pub title: String,
    /// The variable in the notebook.
    pub variable: String,
    /// Shown when the check fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// What is looked at.
    pub expect: Expect,
}

/// What a value is held against. Values are in SI units unless a field says otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Expect {
    /// A number of this dimension and about this size.
    Number {
        /// In words of base units, as in [`Evidence`](crate::evidence::Evidence).
        dimension: String,
        /// The least.
        low: f64,
        /// The most.
        high: f64,
    },
    /// So many numbers within a band over their places.
    Array {
        /// In words of base units.
        dimension: String,
        /// How many.
        length: usize,
        /// Over the place in the list, from 0.
        band: Band,
    },
    /// A recorded variable within a band over time in milliseconds.
    Trace {
        /// The variable.
        of: String,
        /// In words of base units.
        dimension: String,
        /// Neuron and band.
        bands: Vec<(usize, Band)>,
    },
    /// Spikes of some neurons, each in a window.
    Spikes {
        /// Neurons watched.
        n: usize,
        /// Neuron, earliest and latest milliseconds.
        windows: Vec<(usize, f64, f64)>,
    },
    /// How often each of many neurons fires.
    Counts {
        /// Neurons watched.
        n: usize,
        /// Spikes over the neuron's index.
        band: Band,
    },
    /// About so many synapses.
    Connectivity {
        /// Neurons in the source.
        n_source: usize,
        /// Neurons in the target.
        n_target: usize,
        /// The least.
        low: usize,
        /// The most.
        high: usize,
    },
    /// So many neurons, and a variable of theirs within a band over their indices.
    Group {
        /// Neurons.
        n: usize,
        /// The variable and its band.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<(String, Band)>,
    },
    /// A figure with so many series, and with words on its axes where that is asked for.
    Figure {
        /// Curves, sets of dots and sets of lines.
        series: usize,
        /// Both axes need a text.
        labels: bool,
    },
    /// An answer is there; whether it is right is not public.
    Answer,
}

/// A band between two broken lines. In a notebook each list of numbers is one line of text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// Places, rising.
    #[serde(with = "numbers")]
    pub x: Vec<f64>,
    /// The lower edge.
    #[serde(with = "numbers")]
    pub low: Vec<f64>,
    /// The upper edge.
    #[serde(with = "numbers")]
    pub high: Vec<f64>,
}

/// Numbers with blanks between them.
mod numbers {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(list: &[f64], s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&list.iter().map(f64::to_string).collect::<Vec<_>>().join(" "))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<f64>, D::Error> {
        let text = String::deserialize(d)?;
        text.split_whitespace().map(|word| word.parse().map_err(serde::de::Error::custom)).collect()
    }
}

impl Band {
    /// The lower and the upper edge at `x`; beyond its ends the band goes on as it is there.
    #[must_use]
    pub fn at(&self, x: f64) -> Option<(f64, f64)> {
        let next = self.x.partition_point(|p| *p < x).min(self.x.len().checked_sub(1)?);
        let before = next.saturating_sub(1);
        let (a, b) = (self.x[before], self.x[next]);
        let part = if b > a { ((x - a) / (b - a)).clamp(0.0, 1.0) } else { 0.0 };
        let edge = |edge: &[f64]| {
            let (from, to) = (edge.get(before)?, edge.get(next)?);
            Some(from + part * (to - from))
        };
        Some((edge(&self.low)?, edge(&self.high)?))
    }
}

/// Looks at variables of a notebook by its public checks, and shows what was found below the cell.
///
/// The first word is the question, then come its variables. It costs no points and gives no answer away.
///
/// ```
/// use spikelab::prelude::*;
/// let tau = 10.0 * ms;
/// let checked = check!("exercise1-charge", tau);
/// // There is no notebook beside this example.
/// assert!(checked.to_string().contains("no public checks"));
/// ```
#[macro_export]
macro_rules! check {
    ($question:expr $(, $variable:ident)* $(,)?) => {
        $crate::checks::Check::new($question)$(.add(stringify!($variable), &$variable))*.done()
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_band_is_broken_lines() {
        let band = Band { x: vec![0.0, 2.0], low: vec![0.0, 1.0], high: vec![1.0, 5.0] };
        assert_eq!(band.at(1.0), Some((0.5, 3.0)));
        assert_eq!((band.at(-1.0), band.at(9.0)), (Some((0.0, 1.0)), Some((1.0, 5.0))));
        assert_eq!(Band::default().at(1.0), None);
        let text = serde_json::to_string(&band).unwrap();
        assert_eq!(text, r#"{"x":"0 2","low":"0 1","high":"1 5"}"#);
        assert_eq!(serde_json::from_str::<Band>(&text).unwrap(), band);
        assert!(serde_json::from_str::<Band>(r#"{"x":"0 a","low":"","high":""}"#).is_err());
        let odd = Band { x: vec![0.0, 1.0], low: vec![0.0], high: vec![] };
        assert_eq!(odd.at(0.5), None);
    }
}
