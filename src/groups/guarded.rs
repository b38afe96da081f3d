//! Locks that know which thread runs the network: using a handle from within its own run is an error, not a wait for ever.
//! The knowledge lies in the lock itself, because each cell of a notebook has its own copy of every static.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

/// Shared and locked for a moment at a time.
pub(crate) type Shared<T> = Arc<Guarded<T>>;

/// Data behind a lock, and the thread that keeps it locked while the network runs.
#[derive(Debug, Default)]
pub(crate) struct Guarded<T> {
    data: Mutex<T>,
    runner: Mutex<Option<String>>,
}

impl<T> Guarded<T> {
    pub(crate) fn new(data: T) -> Self {
        Self { data: Mutex::new(data), runner: Mutex::new(None) }
    }

    /// Until the answer is dropped, this thread runs the network and keeps the data locked.
    pub(crate) fn run_here(&self) -> Running<'_> {
        *self.runner.lock().unwrap_or_else(PoisonError::into_inner) = Some(this_thread());
        Running(&self.runner)
    }

    fn is_run_here(&self) -> bool {
        let runner = self.runner.lock().unwrap_or_else(PoisonError::into_inner);
        runner.as_ref().is_some_and(|runner| *runner == this_thread())
    }
}

/// Locks; data left by a panic elsewhere is still good to read.
pub(crate) fn lock<T>(shared: &Guarded<T>) -> MutexGuard<'_, T> {
    match shared.data.try_lock() {
        Ok(guard) => guard,
        Err(TryLockError::Poisoned(e)) => e.into_inner(),
        Err(TryLockError::WouldBlock) => {
            // The caller of a user's operation turns this into an error.
            assert!(!shared.is_run_here(), "an object was used directly within an operation");
            shared.data.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }
}

/// See [`Guarded::run_here`].
#[must_use]
pub(crate) struct Running<'a>(&'a Mutex<Option<String>>);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// The operating system's name of this thread where it has one: `ThreadId`s differ between copies of the standard
/// library, of which a notebook's cells have one each.
fn this_thread() -> String {
    match std::fs::read_link("/proc/thread-self") {
        Ok(name) => name.to_string_lossy().into_owned(),
        Err(_) => format!("{:?}", std::thread::current().id()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runner_is_refused_and_others_wait() {
        let shared = Shared::new(Guarded::new(1));
        let running = shared.run_here();
        let held = lock(&shared);
        let again = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| *lock(&shared)));
        assert!(again.is_err(), "the same thread would wait for itself");
        let other = Arc::clone(&shared);
        let waiting = std::thread::spawn(move || *lock(&other));
        drop(held);
        drop(running);
        assert_eq!(waiting.join().unwrap(), 1);
        assert_eq!(*lock(&shared), 1);
    }
}
