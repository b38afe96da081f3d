//! Statistics of single trains, and the cross-correlogram of two.
//! Trains are sorted times in seconds, as `spike_trains()` of a monitor gives them.

use crate::error::{Error, ErrorKind, Result};
use crate::units::{Dimension, Quantity};

/// The intervals between neighbouring spikes.
///
/// ```
/// assert_eq!(spikelab::analysis::isi(&[0.25, 0.5, 1.0]), [0.25, 0.5]);
/// ```
#[must_use]
pub fn isi(train: &[f64]) -> Vec<f64> {
    train.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

/// The coefficient of variation of the intervals: 0 for a clock, about 1 for a Poisson process; NaN for fewer than
/// two spikes.
///
/// ```
/// assert_eq!(spikelab::analysis::cv(&[1.0, 2.0, 3.0]), 0.0);
/// ```
#[must_use]
pub fn cv(train: &[f64]) -> f64 {
    let intervals = isi(train);
    let m = mean(intervals.iter().copied());
    mean(intervals.iter().map(|x| (x - m) * (x - m))).sqrt() / m
}

/// The mean difference of neighbouring intervals, relative to their mean (Holt et al., J. Neurophysiology 75, 1996);
/// unlike [`cv`] it hardly sees slow changes of rate. NaN for fewer than three spikes.
#[must_use]
pub fn cv2(train: &[f64]) -> f64 {
    mean(isi(train).windows(2).map(|pair| 2.0 * (pair[1] - pair[0]).abs() / (pair[1] + pair[0])))
}

/// The local variation of the intervals (Shinomoto, Shima and Tanji, Neural Computation 15, 2003). NaN for fewer than
/// three spikes.
#[must_use]
pub fn lv(train: &[f64]) -> f64 {
    3.0 * mean(isi(train).windows(2).map(|pair| ((pair[0] - pair[1]) / (pair[0] + pair[1])).powi(2)))
}

/// The number of spikes from `start` up to and with `end`, by the time between.
///
/// ```
/// use spikelab::prelude::*;
/// let rate = spikelab::analysis::mean_firing_rate(&[0.1, 0.2, 0.9], 0.0 * ms, 500.0 * ms)?;
/// assert_eq!(rate, 4.0 * Hz);
/// # Ok::<(), spikelab::Error>(())
/// ```
///
/// # Errors
/// Bounds that are no times, or an end that does not come after the start.
pub fn mean_firing_rate(
    train: &[f64],
    start: impl Into<Quantity>,
    end: impl Into<Quantity>,
) -> Result<Quantity> {
    let (start, end) = (seconds(start.into(), "start")?, seconds(end.into(), "end")?);
    if end <= start {
        return Err(Error::new(ErrorKind::Value, format!("there is no time from {start} s to {end} s"))
            .help("give an end that comes after the start"));
    }
    let count = train.iter().filter(|t| (start..=end).contains(t)).count();
    #[expect(clippy::cast_precision_loss, reason = "a number of spikes")]
    let rate = count as f64 / (end - start);
    Ok(Quantity::new(rate, Dimension::NONE / Dimension::TIME))
}

/// How often a spike of `b` follows one of `a` by so many bins: counts for lags from `-max_lag` to `max_lag`, of all
/// pairs of spikes, each put into bins of this width from zero on.
///
/// ```
/// use spikelab::prelude::*;
/// let counts = spikelab::analysis::cross_correlogram(&[0.0105, 0.0205], &[0.0125], 1.0 * ms, 3)?;
/// assert_eq!(counts, [0, 0, 0, 0, 0, 1, 0]);
/// # Ok::<(), spikelab::Error>(())
/// ```
///
/// # Errors
/// A bin that is no time or not longer than nothing, a time that is not a number.
pub fn cross_correlogram(a: &[f64], b: &[f64], bin: impl Into<Quantity>, max_lag: usize) -> Result<Vec<u64>> {
    let bin = seconds(bin.into(), "bin")?;
    if bin <= 0.0 {
        return Err(Error::new(ErrorKind::Value, format!("a bin of {bin} s holds nothing"))
            .help("give a width such as 1.0*ms"));
    }
    let (a, b) = (binned(a, bin)?, binned(b, bin)?);
    let reach = i64::try_from(max_lag).unwrap_or(i64::MAX);
    let mut counts = vec![0; 2 * max_lag + 1];
    for s in a {
        let first = b.partition_point(|t| *t < s.saturating_sub(reach));
        for t in b[first..].iter().take_while(|t| **t - s <= reach) {
            counts[usize::try_from(t - s + reach).unwrap_or(0)] += 1;
        }
    }
    Ok(counts)
}

fn binned(train: &[f64], bin: f64) -> Result<Vec<i64>> {
    let place = |(k, t): (usize, &f64)| {
        let place = (t / bin).floor();
        if !(-9e15..=9e15).contains(&place) {
            return Err(Error::new(ErrorKind::Value, format!("spike {k} is at {t} s"))
                .help("times are finite numbers of seconds"));
        }
        #[expect(clippy::cast_possible_truncation, reason = "checked just here")]
        Ok(place as i64)
    };
    let mut bins = train.iter().enumerate().map(place).collect::<Result<Vec<_>>>()?;
    bins.sort_unstable();
    Ok(bins)
}

fn seconds(q: Quantity, what: &str) -> Result<f64> {
    let q = q.checked()?;
    if q.dimension() == Dimension::TIME && q.value().is_finite() {
        return Ok(q.value());
    }
    Err(Error::new(ErrorKind::Dimension, format!("the {what} must be a time, this is {q}"))
        .help("give it a unit, for example `5.0*ms`"))
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), v| (sum + v, count + 1.0));
    sum / count
}
