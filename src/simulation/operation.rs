//! `NetworkOperation`: a closure of the user's, called in each step with the network in its hands.
//! What it does cannot be written into a description; only that it was there.

use std::fmt;
use std::sync::{Arc, Mutex};

use crate::description::{NetworkOperationDescription, Selection};
use crate::error::Result;
use crate::groups::{Context, IntoSelection, IntoValue, Shared, time_step};
use crate::units::{Dimension, Quantity, QuantityArray};

type Closure = dyn FnMut(&mut Step<'_>) -> Result<()> + Send;

/// A function called in each step, as Brian2's
/// [`network_operation`](https://brian2.readthedocs.io/en/2.9.0/user/input.html#arbitrary-python-code-network-operations).
///
/// ```
/// use spikelab::prelude::*;
/// let mut net = Network::new();
/// let group = net.add(NeuronGroup::new(2, "v : 1").named("G"))?;
/// net.add(NetworkOperation::new(|step| {
///     let v = step.get("G", "v")?;
///     step.set("G", "v", vec![v[0] + 1.0, v[1] + 2.0])
/// }))?;
/// net.run(0.5 * ms)?;
/// assert_eq!(group.get("v")?.to_vec(), [5.0, 10.0]);
/// # Ok::<(), spikelab::Error>(())
/// ```
#[derive(Clone)]
pub struct NetworkOperation {
    pub(crate) description: NetworkOperationDescription,
    pub(super) closure: Arc<Mutex<Closure>>,
    attached: bool,
    problem: Option<crate::Error>,
}

impl NetworkOperation {
    /// Calls `closure` at the start of each step.
    pub fn new(closure: impl FnMut(&mut Step<'_>) -> Result<()> + Send + 'static) -> Self {
        Self {
            description: NetworkOperationDescription::default(),
            closure: Arc::new(Mutex::new(closure)),
            attached: false,
            problem: None,
        }
    }

    /// Calls it at times of its own.
    #[must_use]
    pub fn dt(mut self, dt: impl Into<Quantity>) -> Self {
        match time_step(dt.into()) {
            Ok(dt) => self.description.timing.dt = Some(dt),
            Err(e) => self.problem = Some(e),
        }
        self
    }

    /// Calls it in another slot of the step, such as `"end"`, and at another place in it.
    #[must_use]
    pub fn when(mut self, slot: impl Into<String>, order: i32) -> Self {
        self.description.timing.when = Some(slot.into());
        self.description.timing.order = Some(order);
        self
    }

    /// Gives it a name of its own.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.description.name = name.into();
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.description.name
    }

    pub(super) fn is_attached(&self) -> bool {
        self.attached
    }

    pub(super) fn attach(mut self, shared: &Shared<Context>) -> Result<Self> {
        if let Some(problem) = self.problem.take() {
            return Err(problem);
        }
        crate::groups::check_when(self.description.timing.when.as_deref(), &crate::groups::lock(shared))?;
        self.attached = true;
        Ok(self)
    }
}

impl fmt::Debug for NetworkOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NetworkOperation {}", self.name())
    }
}

/// The network in the middle of a step, in the hands of a [`NetworkOperation`].
///
/// Objects are reached by name; their own handles wait until the run is over.
pub struct Step<'s> {
    pub(super) inside: &'s mut dyn Inside,
    pub(super) time: f64,
    pub(super) dt: f64,
    pub(super) stopped: bool,
}

/// What the engine lets a step do.
pub(super) trait Inside {
    fn get(&self, object: &str, variable: &str, index: &Selection) -> Result<QuantityArray>;
    fn set(
        &mut self,
        object: &str,
        variable: &str,
        index: &Selection,
        value: &crate::description::Value,
    ) -> Result<()>;
}

impl Step<'_> {
    /// The time at which this step starts.
    #[must_use]
    pub fn t(&self) -> Quantity {
        Quantity::new(self.time, Dimension::TIME)
    }

    /// The length of this operation's steps.
    #[must_use]
    pub fn dt(&self) -> Quantity {
        Quantity::new(self.dt, Dimension::TIME)
    }

    /// A variable of a group or of synapses.
    ///
    /// # Errors
    /// An object or a variable that does not exist.
    pub fn get(&self, object: &str, variable: &str) -> Result<QuantityArray> {
        self.inside.get(object, variable, &Selection::All)
    }

    /// Sets a variable of a group or of synapses.
    ///
    /// # Errors
    /// As [`NeuronGroup::set`](crate::NeuronGroup::set).
    pub fn set(&mut self, object: &str, variable: &str, value: impl IntoValue) -> Result<()> {
        self.inside.set(object, variable, &Selection::All, &value.into_value()?)
    }

    /// Sets a variable of some elements.
    ///
    /// # Errors
    /// As [`NeuronGroup::set_at`](crate::NeuronGroup::set_at).
    pub fn set_at(
        &mut self,
        object: &str,
        variable: &str,
        index: impl IntoSelection,
        value: impl IntoValue,
    ) -> Result<()> {
        self.inside.set(object, variable, &index.into_selection(), &value.into_value()?)
    }

    /// Ends the run after this step.
    pub fn stop(&mut self) {
        self.stopped = true;
    }
}

impl fmt::Debug for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Step at t = {}", self.t())
    }
}
