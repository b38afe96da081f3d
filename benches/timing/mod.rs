//! The processor's time of this program: what benches measure, since others use the machine too.
//! Preparations between two rounds are left out.

use std::time::Duration;

use cpu_time::ProcessTime;

/// Processor time of `work`, done so many times, with `prepare` before each.
pub(crate) fn each<T>(
    count: u64,
    subject: &mut T,
    prepare: impl Fn(&mut T),
    work: impl Fn(&mut T),
) -> Duration {
    let mut all = Duration::ZERO;
    for _ in 0..count {
        prepare(subject);
        let began = ProcessTime::now();
        work(subject);
        all += began.elapsed();
    }
    all
}
