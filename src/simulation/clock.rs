//! The clock: which steps a run consists of.
//! Time is always `k*dt`, never a sum of steps, so that it does not drift.

use crate::error::{Error, ErrorKind, Result};

/// The first step of a run, and the first that is not part of it.
pub(super) fn steps(start: f64, end: f64, dt: f64) -> Result<std::ops::Range<u64>> {
    Ok(step_at(start, dt)?..step_at(end, dt)?)
}

/// The first step that starts at `time` or later; a step within a ten-thousandth of dt counts as at it.
fn step_at(time: f64, dt: f64) -> Result<u64> {
    let nearest = (time / dt).round();
    let step = if (time - nearest * dt).abs() <= 1e-4 * dt { nearest } else { (time / dt).ceil() };
    if !(0.0..=9e15).contains(&step) {
        return Err(Error::new(ErrorKind::Value, "the run would have more steps than can be counted")
            .help("shorten the run or make dt larger"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked just above")]
    Ok(step as u64)
}

/// The start of step `k`.
#[expect(clippy::cast_precision_loss, reason = "steps stay below 2^53, see `step_at`")]
pub(super) fn time_of(k: u64, dt: f64) -> f64 {
    k as f64 * dt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_join_without_gap_or_overlap() {
        assert_eq!(steps(0.0, 0.05, 1e-4).unwrap(), 0..500);
        assert_eq!(steps(0.0, 0.3, 0.1).unwrap(), 0..3, "0.3/0.1 is a little less than 3");
        // Off the grid: the step that starts within the run belongs to it.
        assert_eq!(steps(0.0, 0.000_25, 1e-4).unwrap(), 0..3);
        assert_eq!(steps(0.000_25, 0.0005, 1e-4).unwrap(), 3..5);
        assert!(steps(0.0, f64::INFINITY, 1e-4).is_err());
    }
}
