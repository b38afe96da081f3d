//! An array of numbers that share one dimension, on top of `ndarray`.
//! What monitors and groups hand out, and what a list times a unit makes.

use std::fmt;
use std::ops::{Add, Div, Index, Mul, Neg, Sub};

use ndarray::Array1;

use super::quantity::Fault;
use super::{Dimension, Quantity};
use crate::error::Result;
use crate::evidence::{Evidence, ToEvidence};

/// Numbers in SI base units that share one dimension.
///
/// ```
/// use spikelab::prelude::*;
/// let tau = [10.0, 100.0, 100.0] * ms;
/// assert_eq!(tau.len(), 3);
/// assert_eq!((tau / ms).to_vec(), [10.0, 100.0, 100.0]);
/// ```
#[derive(Clone, PartialEq)]
pub struct QuantityArray {
    values: Array1<f64>,
    dimension: Dimension,
    fault: Option<Fault>,
}

impl QuantityArray {
    /// An array from values in SI base units.
    #[must_use]
    pub fn new(values: Vec<f64>, dimension: Dimension) -> Self {
        Self::with_fault(values.into(), dimension, None)
    }

    pub(crate) fn with_fault(values: Array1<f64>, dimension: Dimension, fault: Option<Fault>) -> Self {
        Self { values, dimension, fault }
    }

    /// The array itself, unless it came from mixing dimensions or lengths.
    ///
    /// # Errors
    /// Names the two dimensions or lengths.
    pub fn checked(self) -> Result<Self> {
        match self.fault {
            None => Ok(self),
            Some(fault) => Err(fault.error()),
        }
    }

    /// The values in SI base units as an `ndarray` array.
    #[must_use]
    pub fn values(&self) -> &Array1<f64> {
        &self.values
    }

    /// The values in SI base units as a vector.
    #[must_use]
    pub fn to_vec(&self) -> Vec<f64> {
        self.values.to_vec()
    }

    /// The dimension.
    #[must_use]
    pub const fn dimension(&self) -> Dimension {
        self.dimension
    }

    /// The number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// True if there are no values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// One value with its unit, if there are that many.
    #[must_use]
    pub fn at(&self, index: usize) -> Option<Quantity> {
        self.values.get(index).map(|&v| Quantity::new(v, self.dimension))
    }

    /// The largest value in SI base units; NaN for an empty array.
    #[must_use]
    pub fn max(&self) -> f64 {
        self.values.iter().copied().fold(f64::NAN, f64::max)
    }

    /// The smallest value in SI base units; NaN for an empty array.
    #[must_use]
    pub fn min(&self) -> f64 {
        self.values.iter().copied().fold(f64::NAN, f64::min)
    }

    /// The mean in SI base units; NaN for an empty array.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.values.mean().unwrap_or(f64::NAN)
    }

    /// Goes through the values in SI base units.
    pub fn iter(&self) -> impl Iterator<Item = f64> + '_ {
        self.values.iter().copied()
    }

    fn combine(self, other: &Self, op: &'static str, f: fn(f64, f64) -> f64, same: bool) -> Self {
        let fault = self.fault.or(other.fault).or_else(|| {
            if same && self.dimension != other.dimension {
                Some(Fault::Dimensions(op, self.dimension, other.dimension))
            } else if self.len() != other.len() && other.len() != 1 {
                Some(Fault::Lengths(op, self.len(), other.len()))
            } else {
                None
            }
        });
        let mut values = self.values;
        if fault.is_some() {
            values.fill(f64::NAN);
        } else if other.len() == 1 {
            let b = other.values[0];
            values.mapv_inplace(|a| f(a, b));
        } else {
            values.zip_mut_with(&other.values, |a, &b| *a = f(*a, b));
        }
        Self { values, dimension: self.dimension, fault }
    }
}

impl Index<usize> for QuantityArray {
    type Output = f64;
    /// The value in SI base units.
    ///
    /// # Panics
    /// If there are not that many values; [`QuantityArray::at`] does not.
    #[track_caller]
    fn index(&self, index: usize) -> &f64 {
        let n = self.len();
        assert!(index < n, "index {index} is beyond the end: there are {n} values, counted from 0");
        &self.values[index]
    }
}

impl<'a> IntoIterator for &'a QuantityArray {
    type Item = &'a f64;
    type IntoIter = ndarray::iter::Iter<'a, f64, ndarray::Ix1>;
    fn into_iter(self) -> Self::IntoIter {
        self.values.iter()
    }
}

macro_rules! operators {
    ($other:ty) => {
        impl Add<$other> for QuantityArray {
            type Output = Self;
            fn add(self, other: $other) -> Self {
                self.combine(&QuantityArray::from(other), "add", |a, b| a + b, true)
            }
        }
        impl Sub<$other> for QuantityArray {
            type Output = Self;
            fn sub(self, other: $other) -> Self {
                self.combine(&QuantityArray::from(other), "subtract", |a, b| a - b, true)
            }
        }
        impl Mul<$other> for QuantityArray {
            type Output = Self;
            fn mul(self, other: $other) -> Self {
                let other = QuantityArray::from(other);
                let dimension = self.dimension * other.dimension;
                let mut out = self.combine(&other, "multiply", |a, b| a * b, false);
                out.dimension = dimension;
                out
            }
        }
        impl Div<$other> for QuantityArray {
            type Output = Self;
            fn div(self, other: $other) -> Self {
                let other = QuantityArray::from(other);
                let dimension = self.dimension / other.dimension;
                let mut out = self.combine(&other, "divide", |a, b| a / b, false);
                out.dimension = dimension;
                out
            }
        }
        impl Add<$other> for &QuantityArray {
            type Output = QuantityArray;
            fn add(self, other: $other) -> QuantityArray {
                self.clone() + other
            }
        }
        impl Sub<$other> for &QuantityArray {
            type Output = QuantityArray;
            fn sub(self, other: $other) -> QuantityArray {
                self.clone() - other
            }
        }
        impl Mul<$other> for &QuantityArray {
            type Output = QuantityArray;
            fn mul(self, other: $other) -> QuantityArray {
                self.clone() * other
            }
        }
        impl Div<$other> for &QuantityArray {
            type Output = QuantityArray;
            fn div(self, other: $other) -> QuantityArray {
                self.clone() / other
            }
        }
    };
}
operators!(QuantityArray);
operators!(Quantity);
operators!(f64);

impl Neg for QuantityArray {
    type Output = Self;
    fn neg(self) -> Self {
        self * -1.0
    }
}

impl From<f64> for QuantityArray {
    fn from(x: f64) -> Self {
        Self::new(vec![x], Dimension::NONE)
    }
}

/// Lists of plain numbers become arrays without a dimension, and arrays with one when multiplied by a unit.
macro_rules! lists {
    ($($t:ty => $f:expr),* $(,)?) => {$(
        impl From<Vec<$t>> for QuantityArray {
            fn from(list: Vec<$t>) -> Self {
                Self::new(list.into_iter().map($f).collect(), Dimension::NONE)
            }
        }
        impl From<&[$t]> for QuantityArray {
            fn from(list: &[$t]) -> Self {
                Self::new(list.iter().copied().map($f).collect(), Dimension::NONE)
            }
        }
        impl<const N: usize> From<[$t; N]> for QuantityArray {
            fn from(list: [$t; N]) -> Self {
                Self::new(list.into_iter().map($f).collect(), Dimension::NONE)
            }
        }
    )*};
}
lists!(f64 => |x| x, i32 => f64::from, usize => count);

/// A list times a unit; one integer type only, so that `[10, 20] * ms` can be inferred.
macro_rules! lists_with_unit {
    ($($t:ty),*) => {$(
        impl Mul<Quantity> for Vec<$t> {
            type Output = QuantityArray;
            fn mul(self, unit: Quantity) -> QuantityArray { QuantityArray::from(self) * unit }
        }
        impl Mul<Quantity> for &[$t] {
            type Output = QuantityArray;
            fn mul(self, unit: Quantity) -> QuantityArray { QuantityArray::from(self) * unit }
        }
        impl<const N: usize> Mul<Quantity> for [$t; N] {
            type Output = QuantityArray;
            fn mul(self, unit: Quantity) -> QuantityArray { QuantityArray::from(self) * unit }
        }
    )*};
}
lists_with_unit!(f64, i32);

/// Counts over a duration are rates: `spikemon.count() / (1.0*second)`.
impl Div<Quantity> for Vec<usize> {
    type Output = QuantityArray;
    fn div(self, duration: Quantity) -> QuantityArray {
        QuantityArray::from(self) / duration
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
fn count(x: usize) -> f64 {
    x as f64
}

impl From<Array1<f64>> for QuantityArray {
    fn from(values: Array1<f64>) -> Self {
        Self::with_fault(values, Dimension::NONE, None)
    }
}

impl fmt::Display for QuantityArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 8;
        if let Some(fault) = self.fault {
            return write!(f, "{}", fault.error());
        }
        let largest = self.values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        let (scale, name) = super::unit::readable(largest, self.dimension);
        f.write_str("[")?;
        for (k, v) in self.values.iter().take(SHOWN).enumerate() {
            let shown = format!("{:.6e}", v / scale).parse::<f64>().unwrap_or(f64::NAN);
            write!(f, "{}{shown}", if k == 0 { "" } else { ", " })?;
        }
        if self.len() > SHOWN {
            write!(f, ", … {} values", self.len())?;
        }
        if name.is_empty() { f.write_str("]") } else { write!(f, "] {name}") }
    }
}

impl fmt::Debug for QuantityArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl crate::evidence::sealed::Sealed for QuantityArray {}

impl ToEvidence for QuantityArray {
    fn to_evidence(&self) -> Evidence {
        Evidence::Array { values: self.to_vec(), dimension: self.dimension.to_string() }
    }
}

impl crate::evidence::sealed::Sealed for Quantity {}

impl ToEvidence for Quantity {
    fn to_evidence(&self) -> Evidence {
        Evidence::Number { value: self.value(), dimension: self.dimension().to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{mV, ms, second};
    use super::*;

    #[test]
    fn lists_times_a_unit() {
        let tau = [10, 100, 100] * ms;
        assert_eq!(tau.dimension(), Dimension::TIME);
        assert_eq!(tau.to_string(), "[10, 100, 100] ms");
        assert_eq!((tau / ms).to_vec(), [10.0, 100.0, 100.0]);
    }

    #[test]
    fn counts_over_a_duration_are_rates() {
        let rate = vec![3_usize, 5] / (2.0 * second);
        assert_eq!(rate.to_string(), "[1.5, 2.5] Hz");
    }

    #[test]
    fn mixing_is_refused_at_use() {
        assert!(([1.0] * ms + [1.0] * mV).checked().is_err());
        assert!(([1.0, 2.0] * ms + [1.0, 2.0, 3.0] * ms).checked().is_err());
    }
}
