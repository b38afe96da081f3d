//! Who does a task of a step: the calling thread alone, or several, each with neighbouring elements of its own.
//! Sharing costs some microseconds, so it is done only where each thread has more than that to do.

use std::ops::Range;
use std::time::Instant;

use super::balance::Balance;
use super::workers::Pool;
use crate::codegen::{BLOCK, Columns, Lists, Machine, parts};
use crate::equations::Slot;

/// The threads of a run and what each works with.
pub(super) struct Crew {
    pool: Pool,
    hands: Vec<Hand>,
    lists: Lists,
    balance: Balance,
    /// Tasks are shared however small they are, and cut anywhere: for tests.
    always: bool,
}

/// What one thread works with. Two of them share no line of the cache, nor the line beside it, which is fetched as well:
/// each of a thread's writes would take it from the other one.
#[derive(Default)]
#[repr(align(128))]
pub(super) struct Hand {
    pub(super) machine: Machine,
    /// Elements found, in order.
    pub(super) found: Vec<u32>,
    /// Seconds that its part took, if that was looked at.
    took: f64,
}

/// How the elements of a task may be cut.
#[derive(Clone, Copy)]
pub(super) struct Job<'s> {
    pub(super) elements: (usize, usize),
    /// The columns that it sets.
    pub(super) own: &'s [Slot],
    /// Nanoseconds for each element; none if elements cannot be separated.
    pub(super) cost: Option<f64>,
    pub(super) cutting: Cutting,
}

/// Where elements may be cut.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cutting {
    /// Only between blocks, because the random numbers of a block belong together.
    pub(super) whole_blocks: bool,
    /// Where they were cut before, because threads keep something for each of their elements from step to step.
    pub(super) stays: bool,
}

/// What a task must last for each thread, in nanoseconds, to be worth sharing.
const WORTH: f64 = 1500.0;

/// How many elements are worth waking threads for, to look at them once before a run.
const MANY: usize = 100_000;

impl Default for Crew {
    fn default() -> Self {
        Self::new(1, false)
    }
}

impl Crew {
    pub(super) fn new(threads: usize, always: bool) -> Self {
        // More threads than processors would wait for each other.
        let threads = threads.max(1);
        let most = if threads == 1 || always {
            threads
        } else {
            threads.min(std::thread::available_parallelism().map_or(1, usize::from))
        };
        let hands = std::iter::repeat_with(Hand::default).take(most).collect();
        Self { pool: Pool::new(most), hands, lists: Lists::default(), balance: Balance::new(most), always }
    }

    pub(super) fn threads(&self) -> usize {
        self.pool.threads()
    }

    /// True if tasks are shared however small they are.
    pub(super) fn always(&self) -> bool {
        self.always
    }

    /// One range for each thread, if that is worth it.
    pub(super) fn ranges(&self, job: &Job<'_>) -> Option<Vec<Range<usize>>> {
        let (start, end) = job.elements;
        let (threads, n) = (self.pool.threads(), end.saturating_sub(start));
        if threads == 1 {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "numbers of elements and threads")]
        let share = job.cost? * n as f64 / threads as f64;
        if !self.always && share < WORTH {
            return None;
        }
        let cut = |k| start + self.cut(k, n, job.cutting);
        Some((0..threads).map(|k| cut(k)..cut(k + 1)).collect())
    }

    /// The first of `n` elements that is not for the threads before this one.
    fn cut(&self, k: usize, n: usize, cutting: Cutting) -> usize {
        let threads = self.pool.threads();
        let step = match (cutting.whole_blocks, self.always) {
            (true, _) => BLOCK,
            (false, true) => 1,
            // A line of the cache.
            (false, false) => 8,
        };
        let begin = if cutting.stays { n * k / threads } else { self.balance.begin(k, n) };
        if k == threads { n } else { (begin.div_ceil(step) * step).min(n) }
    }

    /// Does the task for all its elements: `work` with the columns, the elements, what a thread works with, and the
    /// thread's item. What was found is in the hands afterwards, in order.
    pub(super) fn share<C: Send>(
        &mut self,
        job: &Job<'_>,
        store: &mut [Vec<f64>],
        items: &mut [C],
        work: impl Fn(&mut Columns<'_>, Range<usize>, &mut Hand, &mut C) + Sync,
    ) {
        struct Share<'p, C>(Columns<'p>, Range<usize>, &'p mut Hand, &'p mut C);
        if let Some(ranges) = self.ranges(job)
            && let Some(columns) = parts(store, job.own, &ranges, &mut self.lists)
        {
            let rest = ranges.iter().cloned().zip(&mut self.hands).zip(items);
            let shares = columns.into_iter().zip(rest).map(|(c, ((r, hand), item))| Share(c, r, hand, item));
            let is_timed = !job.cutting.stays && self.balance.is_timed();
            let done = self.pool.each(shares, |Share(columns, range, hand, item)| {
                let began = is_timed.then(Instant::now);
                hand.found.clear();
                work(columns, range.clone(), hand, item);
                hand.took = began.map_or(0.0, |began| began.elapsed().as_secs_f64());
            });
            done.for_each(|Share(columns, ..)| self.lists.give_back(columns));
            if is_timed && self.always {
                self.balance.shake();
            } else if is_timed {
                self.balance
                    .note(ranges.iter().zip(&self.hands).map(|(range, hand)| (range.len(), hand.took)));
            }
        } else {
            let (start, end) = job.elements;
            self.hands.iter_mut().for_each(|hand| hand.found.clear());
            work(&mut Columns::Write(store), start..end, &mut self.hands[0], &mut items[0]);
        }
    }

    /// The same for work that keeps nothing from one time to the next.
    pub(super) fn divide(
        &mut self,
        job: &Job<'_>,
        store: &mut [Vec<f64>],
        work: impl Fn(&mut Columns<'_>, Range<usize>, &mut Hand) + Sync,
    ) {
        let mut nothing = vec![(); self.threads()];
        self.share(job, store, &mut nothing, |columns, range, hand, ()| work(columns, range, hand));
    }

    /// What `work` finds in each of some ranges, which follow each other and are all of `n` elements; several if there are many.
    pub(super) fn survey<T: Send>(&mut self, n: usize, work: impl Fn(Range<usize>) -> T + Sync) -> Vec<T> {
        let threads = if n < MANY && !self.always { 1 } else { self.pool.threads() };
        let ranges = (0..threads).map(|k| n * k / threads..n * (k + 1) / threads);
        let parts = ranges.map(|range| (range, None));
        let parts = self.pool.each(parts, |(range, found)| *found = Some(work(range.clone())));
        parts.filter_map(|(_, found)| found).collect()
    }

    /// What was found by all, in order.
    pub(super) fn gather(&mut self, found: &mut Vec<u32>) {
        found.clear();
        for hand in &mut self.hands {
            if found.is_empty() {
                std::mem::swap(found, &mut hand.found);
            } else {
                found.extend_from_slice(&hand.found);
            }
        }
    }
}

/// The blocks of a range.
pub(super) fn blocks(range: Range<usize>) -> impl Iterator<Item = (usize, usize)> {
    let end = range.end;
    range.step_by(BLOCK).map(move |start| (start, BLOCK.min(end - start)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_follow_each_other_and_are_cut_where_they_may_be() {
        for (threads, always) in [(2, true), (3, true), (5, true)] {
            let crew = Crew::new(threads, always);
            for n in [0, 1, 3, 600, 5000] {
                for whole_blocks in [false, true] {
                    let cutting = Cutting { whole_blocks, stays: false };
                    let job = Job { elements: (7, 7 + n), own: &[], cost: Some(1.0), cutting };
                    let ranges = crew.ranges(&job).unwrap();
                    assert_eq!(ranges.len(), threads);
                    assert_eq!((ranges[0].start, ranges[threads - 1].end), (7, 7 + n));
                    for pair in ranges.windows(2) {
                        assert_eq!(pair[0].end, pair[1].start);
                        assert!(
                            !whole_blocks || (pair[0].end - 7).is_multiple_of(BLOCK) || pair[0].end == 7 + n
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn small_tasks_stay_with_one_thread() {
        let (pool, balance) = (Pool::new(2), Balance::new(2));
        let crew = Crew { pool, hands: Vec::new(), lists: Lists::default(), balance, always: false };
        let cutting = Cutting::default();
        let job = |n, cost| Job { elements: (0, n), own: &[], cost: Some(cost), cutting };
        assert!(crew.ranges(&job(100, 1.0)).is_none());
        assert!(crew.ranges(&job(100_000, 1.0)).is_some());
        assert!(Crew::new(1, true).ranges(&job(100_000, 1.0)).is_none());
    }
}
