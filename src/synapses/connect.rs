//! `Connect`: which pairs of neurons get a synapse, in the words of Brian2's `Synapses.connect`.
//! Only a description; `pairs` turns it into synapses.

use std::ops::Range;

use crate::description::{ConnectDescription, Indices};

/// The argument of [`Synapses::connect`](crate::Synapses::connect).
///
/// ```
/// use spikelab::prelude::*;
/// Connect::pairs(0, [1, 2]); // from neuron 0 to neurons 1 and 2
/// Connect::condition("i != j").p(0.2); // every pair of two neurons, with probability 0.2
/// Connect::all(); // every pair, neurons with themselves too
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "hand it to `synapses.connect(…)`"]
pub struct Connect(pub(crate) ConnectDescription);

impl Connect {
    /// Pairs given one by one; a single index goes with every index on the other side.
    pub fn pairs(i: impl IntoIndices, j: impl IntoIndices) -> Self {
        Self(ConnectDescription {
            i: Some(list(i.into_indices())),
            j: Some(list(j.into_indices())),
            ..Default::default()
        })
    }

    /// Every pair for which this holds, for example `"i != j"` or `"abs(i - j) < 3"`.
    pub fn condition(condition: impl Into<String>) -> Self {
        Self(ConnectDescription { condition: Some(condition.into()), ..Default::default() })
    }

    /// Every pair.
    pub fn all() -> Self {
        Self::default()
    }

    /// For each source neuron the targets that this text generates, in Brian2's
    /// [generator syntax](https://brian2.readthedocs.io/en/2.9.0/user/synapses.html#generator-syntax):
    /// `"k for k in range(i-3, i+4) if k != i"`, `"k for k in sample(N_post, p=0.1)"`, or one index, `"(i+1) % N_post"`.
    pub fn targets(generator: impl Into<String>) -> Self {
        Self(ConnectDescription { j: Some(Indices::Generator(generator.into())), ..Default::default() })
    }

    /// For each target neuron the sources that this text generates; as [`Connect::targets`].
    pub fn sources(generator: impl Into<String>) -> Self {
        Self(ConnectDescription { i: Some(Indices::Generator(generator.into())), ..Default::default() })
    }

    /// Leaves out generated indices that do not exist, instead of refusing them.
    pub fn skip_if_invalid(mut self) -> Self {
        self.0.skip_if_invalid = true;
        self
    }

    /// Each of the pairs only with this probability: a number or an expression such as `"exp(-abs(i - j)/5.0)"`.
    pub fn p(mut self, probability: impl IntoNumberExpression) -> Self {
        self.0.p = Some(probability.into_number_expression());
        self
    }

    /// So many synapses for each of the pairs: a number or an expression.
    pub fn n(mut self, count: impl IntoNumberExpression) -> Self {
        self.0.n = Some(count.into_number_expression());
        self
    }
}

fn list(indices: Vec<usize>) -> Indices {
    Indices::List(indices.into_iter().map(|k| i64::try_from(k).unwrap_or(i64::MAX)).collect())
}

/// Indices of neurons: `0`, `[1, 2]`, `0..5`, a vector.
pub trait IntoIndices {
    /// The indices in order.
    fn into_indices(self) -> Vec<usize>;
}

impl IntoIndices for usize {
    fn into_indices(self) -> Vec<usize> {
        vec![self]
    }
}

impl IntoIndices for Vec<usize> {
    fn into_indices(self) -> Vec<usize> {
        self
    }
}

impl IntoIndices for &[usize] {
    fn into_indices(self) -> Vec<usize> {
        self.to_vec()
    }
}

impl IntoIndices for &Vec<usize> {
    fn into_indices(self) -> Vec<usize> {
        self.clone()
    }
}

impl<const N: usize> IntoIndices for [usize; N] {
    fn into_indices(self) -> Vec<usize> {
        self.to_vec()
    }
}

impl IntoIndices for Range<usize> {
    fn into_indices(self) -> Vec<usize> {
        self.collect()
    }
}

/// A plain number, or an expression for one.
pub trait IntoNumberExpression {
    /// The expression's text.
    fn into_number_expression(self) -> String;
}

impl IntoNumberExpression for f64 {
    fn into_number_expression(self) -> String {
        // The shortest text that reads back as the same number.
        format!("{self:?}")
    }
}

impl IntoNumberExpression for i32 {
    fn into_number_expression(self) -> String {
        self.to_string()
    }
}

impl IntoNumberExpression for &str {
    fn into_number_expression(self) -> String {
        self.to_owned()
    }
}

impl IntoNumberExpression for String {
    fn into_number_expression(self) -> String {
        self
    }
}
