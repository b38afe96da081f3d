//! What the objects of one network share: its clock, its seed, all its columns and the record of everything done.
//! An object belongs to the network whose context it holds; the context's lock is taken before any other.

use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard};

use litemap::LiteMap;

use super::guarded::{Guarded, Shared, lock};
use crate::description::{FORMAT, NamespaceValue, NetworkDescription, Operation};
use crate::equations::{Namespace, Slot, UserFunction};
use crate::error::{Error, ErrorKind, Result, did_you_mean};
use crate::evidence::{LONGEST_DESCRIPTION, Origin, bounded_json};
use crate::random::Stream;

/// Clock, seed, columns and record of a network.
#[derive(Clone, Debug, Default)]
pub(crate) struct Context {
    pub(crate) dt: f64,
    /// The step at the beginning of the record.
    pub(crate) first_dt: f64,
    pub(crate) seed: u64,
    /// The seed at the beginning of the record.
    pub(crate) first_seed: u64,
    /// Time reached, in seconds.
    pub(crate) time: f64,
    pub(crate) script: Vec<Operation>,
    /// Threads that a run uses at most.
    pub(crate) threads: usize,
    /// Tasks are shared among them however small they are: for tests.
    pub(crate) shares_always: bool,
    /// A mistake in the network's own settings, kept until the next call that can report it.
    pub(crate) problem: Option<Error>,
    /// Every column of every object.
    pub(crate) store: Vec<Vec<f64>>,
    /// Values for all objects.
    pub(crate) namespace: BTreeMap<String, NamespaceValue>,
    pub(crate) functions: LiteMap<String, UserFunction>,
    /// The slots of a step, if they are not the usual ones.
    pub(crate) schedule: Option<Vec<String>>,
    /// Monitors, inputs and operations that are switched off; groups and synapses know it themselves.
    pub(crate) inactive: LiteMap<String, ()>,
    /// How often a stored state was put back: trials from one state must differ in their random numbers.
    pub(crate) epoch: u64,
    /// How many operations each object has seen; tells their random numbers apart.
    pub(crate) operations: LiteMap<String, u64>,
}

impl Context {
    /// A new column.
    pub(crate) fn add_column(&mut self, values: Vec<f64>) -> Slot {
        self.store.push(values);
        Slot(u32::try_from(self.store.len() - 1).unwrap_or(u32::MAX))
    }

    /// A stream of random numbers for the next operation on an object.
    pub(crate) fn operation_stream(&self, object: &str) -> Stream {
        let count = self.operations.get(object).copied().unwrap_or(0);
        self.stream(&format!("{object} operation {count}"))
    }

    /// The stream of a place in this network.
    pub(crate) fn stream(&self, place: &str) -> Stream {
        // The epoch is part of the name, so that the first one has the plain seed.
        if self.epoch == 0 {
            Stream::new(self.seed, place)
        } else {
            Stream::new(self.seed, &format!("{place} epoch {}", self.epoch))
        }
    }

    /// Notes an operation on an object.
    pub(crate) fn record(&mut self, object: &str, operation: Operation) {
        *self.operations.entry(object.to_owned()).or_default() += 1;
        self.script.push(operation);
    }

    /// Everything needed to build the network again and to repeat what was done with it.
    pub(crate) fn description(&self) -> NetworkDescription {
        NetworkDescription {
            format: FORMAT.to_owned(),
            dt: self.first_dt,
            seed: self.first_seed,
            script: self.script.clone(),
        }
    }

    /// The network's values with those of an object over them.
    pub(crate) fn namespace_with(&self, own: &BTreeMap<String, NamespaceValue>) -> Result<Namespace> {
        let mut namespace = Namespace::default();
        namespace.add(&self.namespace, &self.functions)?;
        for (name, function) in &self.functions {
            namespace.functions.insert(name.clone(), function.clone());
        }
        namespace.add(own, &self.functions)?;
        Ok(namespace)
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
        Self { context: Arc::clone(context), state: Shared::from(Guarded::new(state)) }
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

    /// What the grader is told about the network that this object lives in.
    pub(crate) fn origin(&self, name: &str) -> Origin<'_> {
        origin(&self.context, name)
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.state, &other.state)
    }
}

/// The network of an object, for values that leave a notebook.
pub(crate) fn origin<'a>(context: &'a Shared<Context>, name: &str) -> Origin<'a> {
    let describe = || bounded_json(&lock(context).description(), LONGEST_DESCRIPTION);
    Origin { network: Arc::as_ptr(context).addr(), name: name.to_owned(), describe: Box::new(describe) }
}

/// The slots of a step unless told otherwise.
pub(crate) const SLOTS: [&str; 6] = ["start", "groups", "thresholds", "synapses", "resets", "end"];

/// The place of a slot in a step, with those before and after each.
pub(crate) fn slot_rank(when: &str, context: &Context) -> Result<usize> {
    let usual = || SLOTS.iter().map(|s| (*s).to_owned()).collect();
    let slots: Vec<String> = context.schedule.clone().unwrap_or_else(usual);
    let (name, offset) = match (when.strip_prefix("before_"), when.strip_prefix("after_")) {
        (Some(name), _) => (name, 0),
        (None, Some(name)) => (name, 2),
        (None, None) => (when, 1),
    };
    if let Some(place) = slots.iter().position(|s| s == name) {
        return Ok(3 * place + offset);
    }
    let error = Error::new(ErrorKind::UnknownName, format!("a step has no slot `{when}`"));
    Err(match did_you_mean(name, slots.iter().map(String::as_str)) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error.help(format!(
            "the slots are `{}`, each also with `before_` or `after_` in front",
            slots.join("`, `")
        )),
    })
}

/// Refuses a slot that does not exist.
pub(crate) fn check_when(when: Option<&str>, context: &Context) -> Result<()> {
    when.map_or(Ok(()), |when| slot_rank(when, context).map(drop))
}
