//! What the objects of one network share: its clock, its seed and the record of everything done.
//! An object belongs to the network whose context it holds; the context's lock is taken before any other.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::description::Operation;
use crate::error::Error;
use crate::random::Stream;

/// Shared and locked for a moment at a time.
pub(crate) type Shared<T> = Arc<Mutex<T>>;

/// Locks; data left by a panic elsewhere is still good to read.
pub(crate) fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Clock, seed and record of a network.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) dt: f64,
    pub(crate) seed: u64,
    /// The seed at the beginning of the record.
    pub(crate) first_seed: u64,
    /// Time reached, in seconds.
    pub(crate) time: f64,
    pub(crate) script: Vec<Operation>,
    /// A mistake in the network's own settings, kept until the next call that can report it.
    pub(crate) problem: Option<Error>,
}

impl Context {
    /// A stream of random numbers for the operation recorded next; the place in the record keys it.
    pub(crate) fn next_stream(&self) -> Stream {
        Stream::new(self.seed, u32::try_from(self.script.len()).unwrap_or(u32::MAX))
    }
}

/// The living part of an object and the network it lives in.
#[derive(Debug)]
pub(crate) struct Live<T> {
    context: Shared<Context>,
    state: Shared<T>,
}

impl<T> Clone for Live<T> {
    fn clone(&self) -> Self {
        Self { context: Arc::clone(&self.context), state: Arc::clone(&self.state) }
    }
}

impl<T> Live<T> {
    pub(crate) fn new(context: &Shared<Context>, state: T) -> Self {
        Self { context: Arc::clone(context), state: Arc::new(Mutex::new(state)) }
    }

    /// The network's context and the object, both locked, always in this order.
    pub(crate) fn enter(&self) -> (MutexGuard<'_, Context>, MutexGuard<'_, T>) {
        let context = lock(&self.context);
        (context, lock(&self.state))
    }

    /// The object alone, for callers that hold the context's lock.
    pub(crate) fn state(&self) -> MutexGuard<'_, T> {
        lock(&self.state)
    }

    pub(crate) fn lives_in(&self, context: &Shared<Context>) -> bool {
        Arc::ptr_eq(&self.context, context)
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.state, &other.state)
    }
}
