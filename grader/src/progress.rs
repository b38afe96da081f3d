//! One line about all submissions while they are graded: done, running, failed, time left.
//! Shown on a terminal only, and never in the way of a script.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::text;

/// The line and what it counts.
pub(crate) struct Progress {
    bar: ProgressBar,
    jobs: usize,
    /// Submissions that need a kernel, and have not had it.
    left: AtomicUsize,
    running: AtomicUsize,
    failed: AtomicUsize,
    /// Runs that are over, and the milliseconds they took together.
    ran: AtomicUsize,
    milliseconds: AtomicU64,
}

impl Progress {
    /// The line for so many submissions, of which `jobs` are worked on at a time.
    pub(crate) fn new(submissions: usize, jobs: usize, quiet: bool) -> Self {
        let bar = ProgressBar::new(submissions as u64);
        if quiet {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        if let Ok(style) = ProgressStyle::with_template("[{bar:20}] {pos}/{len} {elapsed} {wide_msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(Duration::from_millis(250));
        let zero = AtomicUsize::default;
        let (left, running, failed, ran) = (zero(), zero(), zero(), zero());
        Self { bar, jobs: jobs.max(1), left, running, failed, ran, milliseconds: AtomicU64::default() }
    }

    /// So many of the submissions will need a kernel; the others take no time.
    pub(crate) fn expect(&self, runs: usize) {
        self.left.store(runs, Ordering::Relaxed);
        self.show("");
    }

    /// A notebook is run until the answer is dropped.
    pub(crate) fn running(&self, student: &str) -> Running<'_> {
        self.running.fetch_add(1, Ordering::Relaxed);
        self.show(student);
        Running { of: self, since: Instant::now() }
    }

    /// A submission could not be graded.
    pub(crate) fn fail(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// A submission is finished, one way or the other.
    pub(crate) fn finish(&self) {
        self.bar.inc(1);
        self.show("");
    }

    /// How many are finished.
    pub(crate) fn finished(&self) -> usize {
        usize::try_from(self.bar.position()).unwrap_or(usize::MAX)
    }

    /// Takes the line away.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }

    fn show(&self, student: &str) {
        let read = |n: &AtomicUsize| n.load(Ordering::Relaxed);
        let mut text = Vec::new();
        if read(&self.running) > 0 {
            text.push(format!("{} running", read(&self.running)));
        }
        if read(&self.failed) > 0 {
            text.push(format!("{} failed", read(&self.failed)));
        }
        let milliseconds = self.milliseconds.load(Ordering::Relaxed);
        if let Some(left) = time_left(read(&self.left), read(&self.ran), milliseconds, self.jobs) {
            text.push(format!("{} left", indicatif::HumanDuration(left)));
        }
        if !student.is_empty() {
            text.push(text::line(student, 24));
        }
        self.bar.set_message(text.join(", "));
    }
}

/// From the runs that are over; those that only look up stored values say nothing about it.
fn time_left(left: usize, ran: usize, milliseconds: u64, jobs: usize) -> Option<Duration> {
    let each = milliseconds.checked_div(u64::try_from(ran).ok()?)?;
    let turns = u64::try_from(left.div_ceil(jobs)).ok()?;
    (left > 0).then(|| Duration::from_secs((each * turns).div_ceil(1000)))
}

/// A notebook that is run.
pub(crate) struct Running<'a> {
    of: &'a Progress,
    since: Instant,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let took = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.of.running.fetch_sub(1, Ordering::Relaxed);
        self.of.ran.fetch_add(1, Ordering::Relaxed);
        self.of.milliseconds.fetch_add(took, Ordering::Relaxed);
        // Never below nothing: the kernel may be asked for more than was expected.
        let _ = self.of.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        self.of.show("");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_follows_the_runs_that_are_over() {
        assert_eq!(time_left(10, 0, 0, 2), None, "nothing is known yet");
        assert_eq!(time_left(10, 4, 20_000, 2), Some(Duration::from_secs(25)));
        assert_eq!(time_left(0, 4, 20_000, 2), None);
    }

    #[test]
    fn what_runs_and_what_failed_is_counted() {
        let progress = Progress::new(3, 2, true);
        progress.expect(2);
        let one = progress.running("anna\u{1b}[31m");
        assert!(progress.bar.message().starts_with("1 running, anna\\u{1b}"), "{}", progress.bar.message());
        progress.fail();
        drop(one);
        progress.finish();
        assert_eq!((progress.finished(), progress.left.load(Ordering::Relaxed)), (1, 1));
        assert!(progress.bar.message().starts_with("1 failed"), "{}", progress.bar.message());
    }
}
