//! `TimedArray`: a function of time given by numbers, one row for each step of its own.
//! The first and the last row go on for ever; a column that does not exist is NaN, as in Brian2.

use crate::description::TimedArrayDescription;
use crate::error::{Error, ErrorKind, Result};
use crate::evidence::Row;
use crate::units::{Dimension, Quantity, QuantityArray};

/// Values over time, called in equations as `name(t)` or, with a column for each neuron, as `name(t, i)`; see
/// [Brian2](https://brian2.readthedocs.io/en/2.9.0/user/input.html#timed-arrays).
///
/// ```
/// use spikelab::prelude::*;
/// let input = TimedArray::new([0.0, 2.0, 1.0], 5.0 * ms)?;
/// let mut net = Network::new();
/// let group = net.add(NeuronGroup::new(1, "dv/dt = (I(t) - v)/(2*ms) : 1").with("I", &input))?;
/// net.run(10.0 * ms)?;
/// assert!(group.get("v")?[0] > 1.5);
/// # Ok::<(), spikelab::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TimedArray {
    pub(crate) description: TimedArrayDescription,
    pub(crate) dimension: Dimension,
}

impl TimedArray {
    /// One value for each `dt`.
    ///
    /// # Errors
    /// No values, or a `dt` that is no time.
    pub fn new(values: impl Into<QuantityArray>, dt: impl Into<Quantity>) -> Result<Self> {
        let values = values.into().checked()?;
        let rows = values.to_vec().into_iter().map(|v| Row(vec![v])).collect();
        Self::from_rows(rows, values.dimension(), dt.into(), false)
    }

    /// One row for each `dt`, all of the same length; `unit` is what the numbers are multiples of.
    ///
    /// # Errors
    /// Rows of different lengths, no rows, or a `dt` that is no time.
    pub fn rows(rows: Vec<Vec<f64>>, unit: impl Into<Quantity>, dt: impl Into<Quantity>) -> Result<Self> {
        let unit = unit.into().checked()?;
        let rows = rows.into_iter().map(|r| Row(r.into_iter().map(|v| v * unit.value()).collect())).collect();
        Self::from_rows(rows, unit.dimension(), dt.into(), true)
    }

    fn from_rows(rows: Vec<Row>, dimension: Dimension, dt: Quantity, two_dimensional: bool) -> Result<Self> {
        let dt = dt.checked()?;
        if dt.dimension() != Dimension::TIME {
            return Err(Error::new(
                ErrorKind::Dimension,
                format!("dt of a TimedArray must be a time, this is {}", dt.dimension().describe()),
            )
            .help("give it a unit, for example `TimedArray::new([0.0, 1.0], 10.0*ms)`"));
        }
        let description =
            TimedArrayDescription { rows, two_dimensional, unit: dimension.to_string(), dt: dt.value() };
        Self::from_description(description)
    }

    pub(crate) fn from_description(description: TimedArrayDescription) -> Result<Self> {
        let unit = super::parse_unit(&description.unit)?;
        let columns = description.rows.first().map_or(0, |r| r.0.len());
        let problem = if columns == 0 {
            Some("a TimedArray needs at least one value".to_owned())
        } else if description.rows.iter().any(|r| r.0.len() != columns) {
            Some(format!("the rows of a TimedArray differ in length; the first has {columns} values"))
        } else if !(description.dt > 0.0 && description.dt.is_finite()) {
            Some(format!("dt of a TimedArray is {} s", description.dt))
        } else {
            None
        };
        match problem {
            Some(problem) => Err(Error::new(ErrorKind::Value, problem)
                .help("give one row for each time step, and a dt that is longer than nothing")),
            None => Ok(Self { description, dimension: unit.dimension() }),
        }
    }

    /// The least power of two that makes the array's grid fine enough for steps of `dt`; Brian2's way around rounding.
    pub(crate) fn fineness(&self, dt: f64) -> f64 {
        (8.0 * self.description.dt / dt).log2().ceil().exp2().max(1.0)
    }

    /// True if the value cannot change within a step of `dt`.
    pub(crate) fn is_constant_over(&self, dt: f64) -> bool {
        let ratio = self.description.dt / dt;
        ratio >= 1.0 - 1e-9 && (ratio - ratio.round()).abs() < 1e-6
    }

    pub(crate) fn at(&self, time: f64, column: Option<f64>, k: f64) -> f64 {
        let rows = &self.description.rows;
        let place = ((time / (self.description.dt / k) + 0.5) / k).trunc();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` stops at both ends"
        )]
        let (row, column) = ((place as usize).min(rows.len() - 1), column.unwrap_or(0.0));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked before")]
        if column >= 0.0 { rows[row].0.get(column as usize).copied().unwrap_or(f64::NAN) } else { f64::NAN }
    }
}
