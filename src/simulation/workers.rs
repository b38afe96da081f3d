//! Threads that help with single tasks of a step: started when first needed, they wait between tasks and end with the run.
//! The one place where a borrow is lent to threads that outlive it; the waiting in `Pool::lend` is what makes that sound.

#![expect(unsafe_code, reason = "lending a closure to threads that live longer than it does")]

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// Looks at the other side before the processor is left to others, and before a worker sleeps.
const SPINS: u32 = 20_000;
const YIELDS: u32 = 200;

type Job<'j> = &'j (dyn Fn(usize) + Sync);

/// The calling thread and those that help it.
pub(super) struct Pool {
    threads: usize,
    workers: Vec<JoinHandle<()>>,
    board: Arc<Board>,
    started: bool,
}

/// What the threads tell each other.
#[derive(Default)]
struct Board {
    /// Counts the jobs, so that a worker sees that there is a new one.
    round: Apart<AtomicUsize>,
    /// The present job, as long as there is one, and how many workers are at it.
    job: Apart<Mutex<Option<Job<'static>>>>,
    busy: Apart<AtomicUsize>,
    asleep: Mutex<Vec<usize>>,
    sleepers: AtomicUsize,
    ends: AtomicBool,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

/// Something in a line of the cache of its own: who waits looks at one without a break, which would slow down those
/// who write to a neighbour.
#[derive(Default)]
#[repr(align(128))]
struct Apart<T>(T);

impl Pool {
    pub(super) fn new(threads: usize) -> Self {
        Self { threads, workers: Vec::new(), board: Arc::default(), started: false }
    }

    pub(super) fn threads(&self) -> usize {
        self.threads
    }

    /// Does `work` for each part, each in a thread of its own if all come in time, and waits until all are done.
    /// Whoever is done takes a part that nobody has begun, so that nothing waits for a thread that has no processor.
    /// A panic in one of them goes on here, when nobody is at work any more; parts not begun by then are left.
    /// The answer is the parts.
    pub(super) fn each<T: Send>(
        &mut self,
        parts: impl Iterator<Item = T>,
        work: impl Fn(&mut T) + Sync,
    ) -> impl Iterator<Item = T> {
        self.start();
        let parts: Vec<_> = parts.map(|part| (AtomicBool::new(false), Mutex::new(part))).collect();
        let from = |first: usize| {
            for k in (first..parts.len()).chain(0..first.min(parts.len())) {
                let (taken, part) = &parts[k];
                if !taken.swap(true, SeqCst) {
                    work(&mut *held(part));
                }
            }
        };
        if self.workers.is_empty() || parts.len() < 2 {
            from(0)
        } else {
            self.lend(&from)
        }
        parts.into_iter().map(|(_, part)| part.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Calls `job` here with 0, and in every worker that comes in time with its number, from 1 on.
    fn lend(&self, job: Job<'_>) {
        let board = &*self.board;
        // SAFETY: only the lifetime changes. A worker copies the reference from the board while it holds the lock, and
        // counts itself as busy before it lets go of it; it counts itself out when it has done its last with it. This
        // function takes the reference from the board, under the lock, and then returns or unwinds only when nobody is
        // busy. Nothing between here and there unwinds: `job` is caught, locks are taken however their last holder
        // ended, and the rest cannot panic. So `job` is alive whenever it is used.
        let lent: Job<'static> = unsafe { std::mem::transmute::<Job<'_>, Job<'static>>(job) };
        *held(&board.job.0) = Some(lent);
        board.round.0.fetch_add(1, SeqCst);
        self.wake();
        let result = catch_unwind(AssertUnwindSafe(|| job(0)));
        *held(&board.job.0) = None;
        wait(|| board.busy.0.load(SeqCst) == 0, || false);
        let others = held(&board.panic).take();
        if let Some(panic) = result.err().or(others) {
            resume_unwind(panic);
        }
    }

    fn start(&mut self) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        for k in 1..self.threads {
            let board = Arc::clone(&self.board);
            let worker = thread::Builder::new().name(format!("spikelab {k}"));
            // Without a thread the work is still done, by the caller.
            let Ok(worker) = worker.spawn(move || board.serve(k)) else { break };
            self.workers.push(worker);
        }
    }

    fn wake(&self) {
        if self.board.sleepers.load(SeqCst) > 0 {
            for k in held(&self.board.asleep).drain(..) {
                self.workers.get(k - 1).iter().for_each(|worker| worker.thread().unpark());
            }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.board.ends.store(true, SeqCst);
        self.board.round.0.fetch_add(1, SeqCst);
        for worker in self.workers.drain(..) {
            worker.thread().unpark();
            // Panics of a worker's were caught where they happened.
            let _ = worker.join();
        }
    }
}

impl Board {
    /// The present job, if it is not over yet; who gets it is busy with it.
    fn begin(&self) -> Option<Job<'static>> {
        let job = held(&self.job.0);
        if job.is_some() {
            self.busy.0.fetch_add(1, SeqCst);
        }
        *job
    }

    /// A worker's life.
    fn serve(&self, k: usize) {
        let mut seen = 0;
        loop {
            let is_new = || self.round.0.load(SeqCst) != seen;
            wait(is_new, || {
                // Noted before the last look, so that whoever comes after it sees the sleeper.
                held(&self.asleep).push(k);
                self.sleepers.fetch_add(1, SeqCst);
                while !is_new() {
                    thread::park();
                }
                self.sleepers.fetch_sub(1, SeqCst);
                held(&self.asleep).retain(|other| *other != k);
                true
            });
            if self.ends.load(SeqCst) {
                return;
            }
            seen = self.round.0.load(SeqCst);
            let Some(job) = self.begin() else { continue };
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| job(k))) {
                *held(&self.panic) = Some(panic);
            }
            self.busy.0.fetch_sub(1, SeqCst);
        }
    }
}

/// Looks until something is true: at first without a break, then between others, then as `sleep` does; false goes on.
fn wait(is_true: impl Fn() -> bool, sleep: impl Fn() -> bool) {
    let mut looks = 0_u32;
    while !is_true() {
        looks = looks.saturating_add(1);
        if looks < SPINS {
            std::hint::spin_loop();
        } else if looks < SPINS + YIELDS || !sleep() {
            thread::yield_now();
        }
    }
}

/// A lock whose holder panicked is as good as any: what it guards is whole at every moment.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_done_once_in_every_round() {
        for threads in [1, 2, 3, 5] {
            let mut pool = Pool::new(threads);
            let mut parts = vec![0_u64; threads];
            for round in 0..500 {
                // Some rounds come late, so that workers have gone to sleep.
                if round % 100 == 99 {
                    thread::sleep(std::time::Duration::from_millis(20));
                }
                pool.each(parts.iter_mut(), |part| **part += 1).for_each(drop);
            }
            assert_eq!(parts, vec![500; threads]);
        }
    }

    #[test]
    fn a_panic_comes_back_and_the_pool_goes_on() {
        let mut pool = Pool::new(3);
        for bad in 0..3 {
            let mut parts = [(0, 0), (1, 0), (2, 0)];
            let result = catch_unwind(AssertUnwindSafe(|| {
                let work = |(k, done): &mut &mut (usize, usize)| {
                    assert!(*k != bad, "part {k}");
                    *done = 1;
                };
                pool.each(parts.iter_mut(), work).for_each(drop);
            }));
            let text = result.unwrap_err().downcast_ref::<String>().cloned().unwrap();
            assert_eq!(text, format!("part {bad}"));
            // What nobody had begun by then is left.
            assert_eq!(parts[bad].1, 0);
        }
        let mut parts = [0; 3];
        pool.each(parts.iter_mut(), |part| **part = 7).for_each(drop);
        assert_eq!(parts, [7; 3]);
    }

    #[test]
    fn fewer_parts_than_threads_are_fine() {
        let mut pool = Pool::new(4);
        let mut parts = [1, 2];
        pool.each(parts.iter_mut(), |part| **part *= 10).for_each(drop);
        assert_eq!(pool.each(std::iter::empty::<u8>(), |_| {}).count(), 0);
        assert_eq!(parts, [10, 20]);
        assert_eq!(pool.each(0..3, |part| *part *= 2).collect::<Vec<i32>>(), [0, 2, 4]);
    }
}
