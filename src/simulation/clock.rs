//! Clocks: which steps a run consists of, and which clock is next.
//! Time is always `k*dt`, never a sum of steps, so that it does not drift.

use crate::error::{Error, ErrorKind, Result};

/// The first step of a run, and the first that is not part of it.
pub(super) fn steps(start: f64, end: f64, dt: f64) -> Result<std::ops::Range<u64>> {
    Ok(step_at(start, dt)?..step_at(end, dt)?)
}

/// The first step that starts at `time` or later; a step within a ten-thousandth of dt counts as at it.
pub(super) fn step_at(time: f64, dt: f64) -> Result<u64> {
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

/// One of the clocks of a run.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    pub(super) dt: f64,
    pub(super) step: u64,
    pub(super) end: u64,
}

impl Clock {
    pub(super) fn new(dt: f64, start: f64, end: f64) -> Result<Self> {
        let steps = steps(start, end, dt)?;
        Ok(Self { dt, step: steps.start, end: steps.end })
    }

    pub(super) fn time(&self) -> f64 {
        time_of(self.step, self.dt)
    }
}

/// The clocks that are due, all those closer than a ten-thousandth of a step to the earliest; `None` at the end.
pub(super) fn due(clocks: &[Clock], out: &mut Vec<bool>) -> Option<f64> {
    // Most networks have one, and a small one's step is so short that looking for it would show.
    if let [only] = clocks {
        out.resize(1, true);
        return (only.step < only.end).then(|| only.time());
    }
    let first = clocks.iter().min_by(|a, b| a.time().total_cmp(&b.time()))?;
    if first.step >= first.end {
        return None;
    }
    let (earliest, dt) = (first.time(), first.dt);
    out.clear();
    out.extend(clocks.iter().map(|c| (c.time() - earliest).abs() / c.dt.min(dt) < 1e-4));
    Some(earliest)
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
