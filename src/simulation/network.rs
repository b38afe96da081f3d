//! `Network`: owns its objects, its clock and the record of everything done with them.
//! A new network is a new beginning; nothing outside of it is shared.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, Mutex};

use super::clock::steps;
use super::engine::Engine;
use super::objects::{NetworkObject, Objects, sealed::Inside};
use crate::description::{FORMAT, NetworkDescription, Operation};
use crate::error::{Error, ErrorKind, Result};
use crate::evidence::{Evidence, ToEvidence};
use crate::groups::{Context, NeuronGroup, Shared, lock};
use crate::monitors::{SpikeMonitor, StateMonitor};
use crate::synapses::Synapses;
use crate::units::{Dimension, Quantity};

/// A network of neurons, synapses and monitors, and the only thing that can run.
///
/// ```
/// use spikelab::prelude::*;
/// let mut net = Network::new();
/// let neuron = net.add(
///     NeuronGroup::new(1, "dv/dt = (1 - v)/tau : 1")
///         .threshold("v > 0.8").reset("v = 0").method("exact").with("tau", 10.0 * ms))?;
/// let spikemon = net.add(SpikeMonitor::new(&neuron))?;
/// net.run(50.0 * ms)?;
/// assert_eq!(spikemon.num_spikes(), 3);
/// # Ok::<(), spikelab::Error>(())
/// ```
#[derive(Clone)]
pub struct Network {
    context: Shared<Context>,
    objects: Shared<Objects>,
}

impl Default for Network {
    fn default() -> Self {
        Self::new()
    }
}

impl Network {
    /// An empty network with steps of 0.1 ms, as in Brian2, and a seed that differs from time to time.
    #[must_use]
    pub fn new() -> Self {
        // The only entropy in the standard library; plenty for a seed.
        let seed = RandomState::new().build_hasher().finish();
        Self::with_clock(1e-4, seed)
    }

    pub(super) fn with_clock(dt: f64, seed: u64) -> Self {
        let context = Context { dt, seed, first_seed: seed, time: 0.0, script: Vec::new(), problem: None };
        Self { context: Arc::new(Mutex::new(context)), objects: Arc::default() }
    }

    /// All random numbers from here on come from this seed: the same seed, the same network.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        self.set_seed(seed);
        self
    }

    /// As [`Network::seed`], for a network that is in use already.
    pub fn set_seed(&self, seed: u64) {
        let mut context = lock(&self.context);
        context.seed = seed;
        if context.script.is_empty() {
            context.first_seed = seed;
        } else {
            context.script.push(Operation::Seed { seed });
        }
    }

    /// Sets the time step of a network that is still empty: `Network::new().dt(0.05*ms)`.
    #[must_use]
    pub fn dt(self, dt: impl Into<Quantity>) -> Self {
        {
            let mut context = lock(&self.context);
            let checked = dt.into().checked().and_then(|dt| {
                if dt.dimension() != Dimension::TIME {
                    let error = Error::new(
                        ErrorKind::Dimension,
                        format!("dt must be a time, this is {}", dt.dimension().describe()),
                    );
                    return Err(error.help("give it a unit, for example `.dt(0.1*ms)`"));
                }
                if !(dt.value() > 0.0 && dt.value().is_finite()) {
                    return Err(Error::new(ErrorKind::Value, format!("dt is {dt}"))
                        .help("a time step is longer than nothing, for example 0.1*ms"));
                }
                if !context.script.is_empty() {
                    return Err(Error::new(
                        ErrorKind::Value,
                        "dt is set in a network that has objects already",
                    )
                    .help("set it at the beginning: `Network::new().dt(…)`"));
                }
                Ok(dt.value())
            });
            match checked {
                Ok(dt) => context.dt = dt,
                Err(problem) => context.problem = Some(problem),
            }
        }
        self
    }

    /// Adds an object; what comes back is the same object, now alive. Use that one from here on.
    ///
    /// # Errors
    /// Every mistake in the object's equations and code, shown with a caret under it.
    pub fn add<O: NetworkObject>(&mut self, object: O) -> Result<O> {
        self.healthy()?;
        object.join(Inside { objects: &mut lock(&self.objects), context: &self.context })
    }

    /// Simulates for so long; a second run goes on where the first one stopped.
    ///
    /// # Errors
    /// A duration that is not a time, or a delay that is negative.
    pub fn run(&mut self, duration: impl Into<Quantity>) -> Result<()> {
        self.healthy()?;
        let duration = duration.into().checked()?;
        if duration.dimension() != Dimension::TIME {
            return Err(Error::new(
                ErrorKind::Dimension,
                format!("the duration must be a time, this is {}", duration.dimension().describe()),
            )
            .help("give it a unit, for example `net.run(50.0*ms)`"));
        }
        self.run_seconds(duration.value())
    }

    pub(super) fn run_seconds(&self, duration: f64) -> Result<()> {
        if !(duration >= 0.0 && duration.is_finite()) {
            return Err(Error::new(ErrorKind::Value, format!("a run of {duration} s is not possible"))
                .help("give a time from 0 on"));
        }
        let objects = lock(&self.objects);
        let mut context = lock(&self.context);
        let end = context.time + duration;
        let range = steps(context.time, end, context.dt)?;
        let mut engine = Engine::new(&objects, &context)?;
        for k in range {
            engine.step(k);
        }
        drop(engine);
        context.time = end;
        context.script.push(Operation::Run { duration });
        Ok(())
    }

    /// The time reached.
    #[must_use]
    pub fn t(&self) -> Quantity {
        Quantity::new(lock(&self.context).time, Dimension::TIME)
    }

    /// Everything needed to build this network again and to repeat what was done with it.
    #[must_use]
    pub fn description(&self) -> NetworkDescription {
        let context = lock(&self.context);
        NetworkDescription {
            format: FORMAT.to_owned(),
            dt: context.dt,
            seed: context.first_seed,
            script: context.script.clone(),
        }
    }

    /// The neuron group of this name.
    #[must_use]
    pub fn neuron_group(&self, name: &str) -> Option<NeuronGroup> {
        lock(&self.objects).groups.iter().find(|o| o.name() == name).cloned()
    }

    /// The synapses of this name.
    #[must_use]
    pub fn synapses(&self, name: &str) -> Option<Synapses> {
        lock(&self.objects).synapses.iter().find(|o| o.name() == name).cloned()
    }

    /// The state monitor of this name.
    #[must_use]
    pub fn state_monitor(&self, name: &str) -> Option<StateMonitor> {
        lock(&self.objects).state_monitors.iter().find(|o| o.name() == name).cloned()
    }

    /// The spike monitor of this name.
    #[must_use]
    pub fn spike_monitor(&self, name: &str) -> Option<SpikeMonitor> {
        lock(&self.objects).spike_monitors.iter().find(|o| o.name() == name).cloned()
    }

    fn healthy(&self) -> Result<()> {
        match &lock(&self.context).problem {
            Some(problem) => Err(problem.clone()),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Network at t = {}", self.t())?;
        let objects = lock(&self.objects);
        objects.groups.iter().try_for_each(|o| write!(f, "\n{o:?}"))?;
        objects.synapses.iter().try_for_each(|o| write!(f, "\n{o:?}"))?;
        objects.state_monitors.iter().try_for_each(|o| write!(f, "\n{o:?}"))?;
        objects.spike_monitors.iter().try_for_each(|o| write!(f, "\n{o:?}"))
    }
}

impl ToEvidence for Network {
    fn to_evidence(&self) -> Evidence {
        let description = serde_json::to_value(self.description()).unwrap_or_default();
        Evidence::Network { description }
    }
}
