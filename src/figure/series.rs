//! What can be plotted: lists, ranges, single numbers, quantities, and results that may still be errors.
//! Used by every `Figure` call that takes data; the dimension is kept here and refused by [`plain`].

use std::ops::{Range, RangeInclusive};

use ndarray::Array1;

use crate::error::{Error, ErrorKind, Result};
use crate::units::{Dimension, Hz, Quantity, QuantityArray, amp, farad, ohm, siemens, volt};

/// Values that a [`Figure`](super::Figure) can draw.
///
/// Lists, slices and ranges of numbers, single numbers, quantities and results of these all qualify, and so do
/// references to them. An `Err` is kept by the figure and shown in place of the picture, so a chain needs no `?`.
pub trait IntoSeries {
    /// Turns the value into an array.
    ///
    /// # Errors
    /// When the value is itself an error, or comes from adding different dimensions.
    fn into_series(self) -> Result<QuantityArray>;
}

fn numbers(values: impl Iterator<Item = f64>) -> Result<QuantityArray> {
    Ok(QuantityArray::new(values.collect(), Dimension::NONE))
}

macro_rules! number_lists {
    ($($t:ty),*) => {$(
        impl IntoSeries for $t {
            fn into_series(self) -> Result<QuantityArray> {
                numbers(std::iter::once(self as f64))
            }
        }
        impl IntoSeries for Vec<$t> {
            fn into_series(self) -> Result<QuantityArray> {
                self.as_slice().into_series()
            }
        }
        impl IntoSeries for &[$t] {
            fn into_series(self) -> Result<QuantityArray> {
                numbers(self.iter().map(|&x| x as f64))
            }
        }
        impl<const N: usize> IntoSeries for [$t; N] {
            fn into_series(self) -> Result<QuantityArray> {
                self.as_slice().into_series()
            }
        }
    )*};
}
number_lists!(f64, f32, i32, i64, u32, u64, usize);

macro_rules! ranges {
    ($($t:ty),*) => {$(
        impl IntoSeries for Range<$t> {
            fn into_series(self) -> Result<QuantityArray> {
                numbers(self.map(|x| x as f64))
            }
        }
        impl IntoSeries for RangeInclusive<$t> {
            fn into_series(self) -> Result<QuantityArray> {
                numbers(self.map(|x| x as f64))
            }
        }
    )*};
}
ranges!(i32, usize);

impl IntoSeries for Quantity {
    fn into_series(self) -> Result<QuantityArray> {
        QuantityArray::from(self).checked()
    }
}

impl IntoSeries for &[Quantity] {
    fn into_series(self) -> Result<QuantityArray> {
        let dimension = self.first().map_or(Dimension::NONE, |q| q.dimension());
        for quantity in self {
            let other = quantity.checked()?.dimension();
            if other != dimension {
                let (a, b) = (dimension.describe(), other.describe());
                return Err(Error::new(ErrorKind::Dimension, format!("cannot plot {a} and {b} in one list"))
                    .help("divide each value by its unit before plotting, e.g. `v / mV`"));
            }
        }
        Ok(QuantityArray::new(self.iter().map(|q| q.value()).collect(), dimension))
    }
}

impl IntoSeries for Vec<Quantity> {
    fn into_series(self) -> Result<QuantityArray> {
        self.as_slice().into_series()
    }
}

impl<const N: usize> IntoSeries for [Quantity; N] {
    fn into_series(self) -> Result<QuantityArray> {
        self.as_slice().into_series()
    }
}

impl IntoSeries for QuantityArray {
    fn into_series(self) -> Result<QuantityArray> {
        self.checked()
    }
}

impl IntoSeries for Array1<f64> {
    fn into_series(self) -> Result<QuantityArray> {
        Ok(self.into())
    }
}

impl<T: IntoSeries> IntoSeries for Result<T, Error> {
    fn into_series(self) -> Result<QuantityArray> {
        self?.into_series()
    }
}

impl<T: IntoSeries + Clone> IntoSeries for &T {
    fn into_series(self) -> Result<QuantityArray> {
        self.clone().into_series()
    }
}

/// The plain numbers of a series; `which` names it in the error ("the x values of `plot`").
pub(super) fn plain(series: impl IntoSeries, which: &str) -> Result<Vec<f64>> {
    let array = series.into_series().map_err(|e| e.help(format!("it was handed on as {which}")))?;
    without_dimension(array.dimension(), which)?;
    Ok(array.to_vec())
}

/// One plain number, for limits and the like.
pub(super) fn plain_number(quantity: Quantity, which: &str) -> Result<f64> {
    let value = quantity.checked()?;
    without_dimension(value.dimension(), which)?;
    Ok(value.value())
}

fn without_dimension(dimension: Dimension, which: &str) -> Result<()> {
    if dimension.is_none() {
        return Ok(());
    }
    let (text, help) = match unit_words(dimension) {
        Some((name, unit)) => (
            format!("{which} are in {name}; divide by {unit}"),
            format!(
                "a figure shows plain numbers: write `… / {unit}`, and put `({unit})` into the axis label"
            ),
        ),
        None => (
            format!("{which} are in {dimension}; divide by a unit of that kind"),
            "a figure shows plain numbers: divide by the unit you like, and name it in the axis label".into(),
        ),
    };
    Err(Error::new(ErrorKind::Dimension, text).help(help))
}

/// How the units of common dimensions are spoken of, and the unit to divide by.
fn unit_words(dimension: Dimension) -> Option<(&'static str, &'static str)> {
    let known = [
        (Dimension::TIME, "seconds", "ms"),
        (volt.dimension(), "volts", "mV"),
        (amp.dimension(), "amperes", "nA"),
        (Hz.dimension(), "hertz", "Hz"),
        (siemens.dimension(), "siemens", "nS"),
        (farad.dimension(), "farads", "pF"),
        (ohm.dimension(), "ohms", "Mohm"),
    ];
    known.into_iter().find(|(d, ..)| *d == dimension).map(|(_, name, unit)| (name, unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{mV, ms};

    #[track_caller]
    fn check(series: impl IntoSeries, expected: &[f64]) {
        assert_eq!(plain(series, "the x values").unwrap(), expected);
    }

    #[test]
    fn lists_ranges_and_single_numbers_are_series() {
        check(vec![1.0, 2.5], &[1.0, 2.5]);
        check([1, 2], &[1.0, 2.0]);
        check(&[1_usize, 2][..], &[1.0, 2.0]);
        let kept = vec![3_usize];
        check(&kept, &[3.0]);
        check(0..3, &[0.0, 1.0, 2.0]);
        check(0..=2_usize, &[0.0, 1.0, 2.0]);
        check(2.5, &[2.5]);
        check(7, &[7.0]);
        check(Array1::from(vec![1.0]), &[1.0]);
        check(&(&([10.0, 20.0] * ms) / ms), &[10.0, 20.0]);
        check(Quantity::from(3.0), &[3.0]);
        check(vec![(3.0 * mV) / mV], &[3.0]);
        check(Ok::<_, Error>([1.0]), &[1.0]);
        let kept = Ok::<_, Error>(vec![1.0]);
        check(&kept, &[1.0]);
    }

    #[test]
    fn a_dimension_is_refused_with_the_unit_to_divide_by() {
        let text = plain([1.0, 2.0] * ms, "the x values").unwrap_err().to_string();
        assert!(text.starts_with("Error: the x values are in seconds; divide by ms"), "{text}");
        let text = plain(2.0 * mV * mV, "the y values").unwrap_err().to_string();
        assert!(text.contains("the y values are in volt**2; divide by a unit of that kind"), "{text}");
        let text = plain([3.0 * mV, 1.0 * ms], "the y values").unwrap_err().to_string();
        assert!(text.contains("cannot plot voltage (volt) and time (second) in one list"), "{text}");
    }

    #[test]
    fn errors_and_mixed_sums_come_through() {
        let failed: Result<Vec<f64>> = Err(Error::new(ErrorKind::UnknownName, "no variable `w`"));
        assert!(plain(failed, "the y values").unwrap_err().to_string().contains("no variable `w`"));
        assert!(plain(3.0 * mV + 2.0 * ms, "the y values").is_err());
    }
}
