//! A number with a dimension: arithmetic, comparison, printing in a readable unit.
//! Operators cannot return errors, so a sum of volts and seconds becomes a marked value that every later use refuses.

use std::fmt;
use std::ops::{Add, Div, Mul, Neg, Sub};

use super::{Dimension, QuantityArray, unit};
use crate::error::{Error, ErrorKind, Result};

/// Why a quantity or an array of them is no value at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// `+`, `-` or another operation on two different dimensions.
    Dimensions(&'static str, Dimension, Dimension),
    /// Two arrays of different lengths.
    Lengths(&'static str, usize, usize),
}

impl Fault {
    pub(crate) fn error(self) -> Error {
        match self {
            Self::Dimensions(op, a, b) => Error::new(
                ErrorKind::Dimension,
                format!("cannot {op} {} and {}", a.describe(), b.describe()),
            )
            .help("both sides of + and - must have the same dimension; check the units, e.g. `10.0*ms + 2.0*ms`"),
            Self::Lengths(op, a, b) => Error::new(
                ErrorKind::Shape,
                format!("cannot {op} arrays of {a} and {b} values"),
            )
            .help("both arrays must have the same number of values"),
        }
    }
}

/// A number with a dimension, kept in SI base units.
///
/// ```
/// use spikelab::prelude::*;
/// let tau = 10.0 * ms;
/// assert_eq!((tau / ms).value(), 10.0);
/// assert_eq!(tau.to_string(), "10 ms");
/// assert!((tau + 3.0 * mV).checked().is_err());
/// ```
#[derive(Clone, Copy, PartialEq)]
pub struct Quantity {
    value: f64,
    dimension: Dimension,
    fault: Option<Fault>,
}

impl Quantity {
    /// A quantity from its value in SI base units.
    #[must_use]
    pub const fn new(value: f64, dimension: Dimension) -> Self {
        Self { value, dimension, fault: None }
    }

    /// The value in SI base units: seconds, volts, amperes.
    #[must_use]
    pub const fn value(self) -> f64 {
        self.value
    }

    /// The dimension.
    #[must_use]
    pub const fn dimension(self) -> Dimension {
        self.dimension
    }

    /// The quantity itself, unless it came from adding different dimensions.
    ///
    /// # Errors
    /// Names both dimensions of the operation that went wrong.
    pub fn checked(self) -> Result<Self> {
        match self.fault {
            None => Ok(self),
            Some(fault) => Err(fault.error()),
        }
    }

    /// The number of `unit`s in this quantity: `(10.0*ms).in_unit(ms)` is 10.
    ///
    /// # Errors
    /// When the dimensions differ.
    pub fn in_unit(self, unit: Self) -> Result<f64> {
        let ratio = (self / unit).checked()?;
        if ratio.dimension.is_none() {
            Ok(ratio.value)
        } else {
            Err(Fault::Dimensions("convert between", self.dimension, unit.dimension).error())
        }
    }

    /// The same quantity to a power.
    #[must_use]
    pub fn powf(self, exponent: f64) -> Self {
        match self.dimension.powf(exponent) {
            Some(dimension) => Self { value: self.value.powf(exponent), dimension, fault: self.fault },
            None => Self {
                value: f64::NAN,
                dimension: self.dimension,
                fault: Some(Fault::Dimensions("take this power of", self.dimension, Dimension::NONE)),
            },
        }
    }

    fn combine(self, other: Self, op: &'static str, value: f64) -> Self {
        let fault = self.fault.or(other.fault).or_else(|| {
            (self.dimension != other.dimension).then_some(Fault::Dimensions(
                op,
                self.dimension,
                other.dimension,
            ))
        });
        let value = if fault.is_some() { f64::NAN } else { value };
        Self { value, dimension: self.dimension, fault }
    }
}

impl From<f64> for Quantity {
    fn from(value: f64) -> Self {
        Self::new(value, Dimension::NONE)
    }
}

impl From<i32> for Quantity {
    fn from(value: i32) -> Self {
        Self::new(f64::from(value), Dimension::NONE)
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
impl From<usize> for Quantity {
    fn from(value: usize) -> Self {
        Self::new(value as f64, Dimension::NONE)
    }
}

impl Add for Quantity {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.combine(other, "add", self.value + other.value)
    }
}

impl Sub for Quantity {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.combine(other, "subtract", self.value - other.value)
    }
}

impl Neg for Quantity {
    type Output = Self;
    fn neg(self) -> Self {
        Self { value: -self.value, ..self }
    }
}

impl Mul for Quantity {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self {
            value: self.value * other.value,
            dimension: self.dimension * other.dimension,
            fault: self.fault.or(other.fault),
        }
    }
}

impl Div for Quantity {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        Self {
            value: self.value / other.value,
            dimension: self.dimension / other.dimension,
            fault: self.fault.or(other.fault),
        }
    }
}

/// Operators between a quantity and plain numbers, on either side.
macro_rules! with_numbers {
    ($($t:ty),*) => {$(
        impl Mul<Quantity> for $t {
            type Output = Quantity;
            fn mul(self, q: Quantity) -> Quantity { Quantity::from(self) * q }
        }
        impl Mul<$t> for Quantity {
            type Output = Self;
            fn mul(self, x: $t) -> Self { self * Self::from(x) }
        }
        impl Div<Quantity> for $t {
            type Output = Quantity;
            fn div(self, q: Quantity) -> Quantity { Quantity::from(self) / q }
        }
        impl Div<$t> for Quantity {
            type Output = Self;
            fn div(self, x: $t) -> Self { self / Self::from(x) }
        }
        impl Add<$t> for Quantity {
            type Output = Self;
            fn add(self, x: $t) -> Self { self + Self::from(x) }
        }
        impl Sub<$t> for Quantity {
            type Output = Self;
            fn sub(self, x: $t) -> Self { self - Self::from(x) }
        }
        impl Add<Quantity> for $t {
            type Output = Quantity;
            fn add(self, q: Quantity) -> Quantity { Quantity::from(self) + q }
        }
        impl Sub<Quantity> for $t {
            type Output = Quantity;
            fn sub(self, q: Quantity) -> Quantity { Quantity::from(self) - q }
        }
    )*};
}
// Exactly one integer type: with two, `10 * ms` could not be inferred.
with_numbers!(f64, i32);

impl PartialOrd for Quantity {
    /// Quantities of different dimensions have no order.
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        if self.dimension == other.dimension { self.value.partial_cmp(&other.value) } else { None }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(fault) = self.fault {
            return write!(f, "{}", fault.error());
        }
        let (scale, name) = unit::readable(self.value.abs(), self.dimension);
        let shown = format!("{:.12e}", self.value / scale).parse::<f64>().unwrap_or(f64::NAN);
        if name.is_empty() { write!(f, "{shown}") } else { write!(f, "{shown} {name}") }
    }
}

impl fmt::Debug for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Quantity> for QuantityArray {
    fn from(q: Quantity) -> Self {
        Self::with_fault(vec![q.value].into(), q.dimension, q.fault)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Hz, mV, ms, nA, second};
    use super::*;

    #[test]
    fn prints_in_a_readable_unit() {
        assert_eq!((10.0 * ms).to_string(), "10 ms");
        assert_eq!((0.25 * nA).to_string(), "250 pA");
        assert_eq!((-70 * mV).to_string(), "-70 mV");
        assert_eq!((3.0 * Hz).to_string(), "3 Hz");
        assert_eq!((2.0 * second).to_string(), "2 s");
        assert_eq!(Quantity::from(1.5).to_string(), "1.5");
        assert_eq!((0.0 * ms).to_string(), "0 s");
    }

    #[test]
    fn adding_seconds_to_volts_is_refused_at_use() {
        let sum = 3.0 * mV + 2.0 * ms;
        let text = sum.checked().unwrap_err().to_string();
        assert!(text.contains("voltage (volt)") && text.contains("time (second)"), "{text}");
        assert!((sum * 2.0).checked().is_err(), "the mark is kept");
    }

    #[test]
    fn ten_milliseconds_is_the_product_brian2_uses() {
        assert_eq!((10.0 * ms).value(), 10.0 * 0.001);
        assert_eq!((10.0 * ms).in_unit(ms).unwrap(), 10.0);
        assert!((10.0 * ms).in_unit(mV).is_err());
    }
}
