//! `Network`: owns its objects, its clock and the record of everything done with them.
//! A new network is a new beginning; nothing outside of it is shared.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use litemap::LiteMap;

use super::objects::{NetworkObject, Objects, sealed::Inside};
use super::run::{Progress, Wishes, run};
use super::snapshot::Snapshot;
use crate::description::{NetworkDescription, Operation};
use crate::equations::UserFunction;
use crate::error::{Error, ErrorKind, Result, did_you_mean};
use crate::evidence::{Evidence, Origin, ToEvidence, bounded_json};
use crate::groups::{Context, Guarded, IntoNamespace, NeuronGroup, SLOTS, Shared, lock, origin};
use crate::monitors::{PopulationRateMonitor, SpikeMonitor, StateMonitor};
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
    pub(super) context: Shared<Context>,
    pub(super) objects: Shared<Objects>,
    pub(super) snapshots: Shared<LiteMap<String, Snapshot>>,
    stop: Arc<AtomicBool>,
    /// Seconds spent by each task, once asked for.
    pub(super) profile: Shared<Option<LiteMap<String, f64>>>,
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
        let context = Context { dt, first_dt: dt, seed, first_seed: seed, ..Context::default() };
        Self {
            context: Shared::from(Guarded::new(context)),
            objects: Arc::default(),
            snapshots: Arc::default(),
            stop: Arc::default(),
            profile: Arc::default(),
        }
    }

    /// Hands a value over to all objects of the network, under a name that equations use; objects' own values go first.
    ///
    /// # Errors
    /// A quantity that came from mixing dimensions, or the name of a unit.
    pub fn set_constant(&self, name: &str, value: impl IntoNamespace) -> Result<()> {
        let value = value.into_namespace()?;
        crate::groups::refuse_shadowing(&std::collections::BTreeMap::from([(
            name.to_owned(),
            value.clone(),
        )]))?;
        let mut context = lock(&self.context);
        context.namespace.insert(name.to_owned(), value.clone());
        context.script.push(Operation::SetNamespace { name: name.to_owned(), value });
        Ok(())
    }

    /// Switches a monitor, an input or an operation off or on, by its name; groups and synapses have a method for it.
    ///
    /// # Errors
    /// A name that no object has.
    pub fn set_active(&self, object: &str, active: bool) -> Result<()> {
        let objects = lock(&self.objects);
        let mut context = lock(&self.context);
        if !objects.names().any(|name| name == object) {
            let error = Error::new(ErrorKind::UnknownName, format!("there is no object called `{object}`"));
            return Err(match did_you_mean(object, objects.names()) {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None => error.help("use the name given with `.named(…)`"),
            });
        }
        if active {
            context.inactive.remove(object);
        } else {
            context.inactive.insert(object.to_owned(), ());
        }
        context.record(object, Operation::SetActive { object: object.to_owned(), active });
        Ok(())
    }

    /// Makes a function of yours known to all equations of the network.
    ///
    /// # Errors
    /// A name that is taken already, or too many arguments.
    pub fn add_function(&self, function: UserFunction) -> Result<()> {
        crate::equations::check_function(&function)?;
        lock(&self.context).functions.insert(function.name.clone(), function);
        Ok(())
    }

    /// Gives the slots of a step another order, or other names.
    ///
    /// # Errors
    /// A slot of the usual six that is missing or stands there twice.
    pub fn set_schedule(&self, slots: &[&str]) -> Result<()> {
        let mut context = lock(&self.context);
        let wrong = SLOTS.iter().find(|slot| slots.iter().filter(|s| s == slot).count() != 1);
        if let Some(slot) = wrong {
            return Err(Error::new(
                ErrorKind::Value,
                format!("the slot `{slot}` must be there exactly once"),
            )
            .help(format!("the usual order is {}", SLOTS.join(", "))));
        }
        let slots: Vec<String> = slots.iter().map(|s| (*s).to_owned()).collect();
        context.schedule = Some(slots.clone());
        context.script.push(Operation::SetSchedule { slots });
        Ok(())
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
            return Err(no_duration(duration));
        }
        self.run_seconds(duration.value(), None, Duration::ZERO)
    }

    /// As [`Network::run`], and tells `report` how far it has come: at the start, every `period` and at the end.
    ///
    /// ```
    /// use spikelab::prelude::*;
    /// # let mut net = Network::new();
    /// # net.add(NeuronGroup::new(1, "v : 1"))?;
    /// let mut last = 0.0;
    /// net.run_reporting(10.0 * ms, std::time::Duration::from_secs(1), |progress| last = progress.completed)?;
    /// assert_eq!(last, 1.0);
    /// # Ok::<(), spikelab::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Network::run`].
    pub fn run_reporting(
        &mut self,
        duration: impl Into<Quantity>,
        period: Duration,
        mut report: impl FnMut(&Progress),
    ) -> Result<()> {
        self.healthy()?;
        let duration = duration.into().checked()?;
        if duration.dimension() != Dimension::TIME {
            return Err(no_duration(duration));
        }
        self.run_seconds(duration.value(), Some(&mut report), period)
    }

    /// As [`Network::run`], with a bar on standard error that shows how far it has come and how long it still takes.
    /// In a terminal the bar moves; in a notebook or a file there is a line for each further tenth.
    ///
    /// # Errors
    /// As [`Network::run`].
    pub fn run_with_progress_bar(&mut self, duration: impl Into<Quantity>) -> Result<()> {
        let moves = std::io::stderr().is_terminal();
        let (mut next, mut due) = (0.0, Duration::from_secs(2));
        let result = self.run_reporting(duration, Duration::from_millis(500), |progress| {
            if moves {
                eprint!("\r{progress}");
            } else if progress.completed >= next || progress.elapsed >= due {
                // A notebook adds line to line: one a tenth, and sooner at first, so that nobody waits for a word.
                eprintln!("{progress}");
                due = progress.elapsed.mul_f64(1.6).max(Duration::from_secs(2));
                next = (progress.completed * 10.0).floor() / 10.0 + 0.1;
            }
        });
        if moves {
            eprintln!();
        }
        result
    }

    pub(super) fn run_seconds<'r>(
        &self,
        duration: f64,
        report: Option<&'r mut (dyn FnMut(&Progress) + 'r)>,
        period: Duration,
    ) -> Result<()> {
        if !(duration >= 0.0 && duration.is_finite()) {
            return Err(Error::new(ErrorKind::Value, format!("a run of {duration} s is not possible"))
                .help("give a time from 0 on"));
        }
        let objects = lock(&self.objects);
        let mut context = lock(&self.context);
        let start = context.time;
        let end = start + duration;
        self.stop.store(false, Ordering::Relaxed);
        let mut profile = lock(&self.profile);
        // Code of the user's is called in between; it must not wait for what this very run holds.
        let _running = (self.context.run_here(), self.objects.run_here(), self.profile.run_here());
        let (reached, result) = {
            let wishes = Wishes { report, period, profile: profile.as_mut() };
            run(&objects, &mut context, end, &self.stop, wishes)
        };
        context.time = reached;
        // A run that was stopped is one that was shorter.
        let duration = if reached.to_bits() == end.to_bits() { duration } else { reached - start };
        if result.as_ref().map_or_else(|e| e.kind() == ErrorKind::Interrupted, |()| true) {
            context.script.push(Operation::Run { duration });
        }
        result
    }

    /// Ends a run that goes on in another thread, after its present step.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// The time reached.
    #[must_use]
    pub fn t(&self) -> Quantity {
        Quantity::new(lock(&self.context).time, Dimension::TIME)
    }

    /// Everything needed to build this network again and to repeat what was done with it.
    #[must_use]
    pub fn description(&self) -> NetworkDescription {
        lock(&self.context).description()
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

    /// The rate monitor of this name.
    #[must_use]
    pub fn population_rate_monitor(&self, name: &str) -> Option<PopulationRateMonitor> {
        lock(&self.objects).rate_monitors.iter().find(|o| o.name() == name).cloned()
    }

    pub(super) fn healthy(&self) -> Result<()> {
        match &lock(&self.context).problem {
            Some(problem) => Err(problem.clone()),
            None => Ok(()),
        }
    }
}

fn no_duration(duration: Quantity) -> Error {
    Error::new(
        ErrorKind::Dimension,
        format!("the duration must be a time, this is {}", duration.dimension().describe()),
    )
    .help("give it a unit, for example `net.run(50.0*ms)`")
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Network at t = {}", self.t())?;
        let objects = lock(&self.objects);
        objects.groups.iter().try_for_each(|o| write!(f, "\n{o:?}"))?;
        objects.synapses.iter().try_for_each(|o| write!(f, "\n{o:?}"))?;
        objects.state_monitors.iter().try_for_each(|o| write!(f, "\n{o:?}"))?;
        objects.spike_monitors.iter().try_for_each(|o| write!(f, "\n{o:?}"))?;
        objects.rate_monitors.iter().try_for_each(|o| write!(f, "\n{o:?}"))?;
        objects.inputs.iter().try_for_each(|o| write!(f, "\n{o:?}"))?;
        objects.operations.iter().try_for_each(|o| write!(f, "\n{o:?}"))
    }
}

impl crate::evidence::sealed::Sealed for Network {}

impl ToEvidence for Network {
    fn origin(&self) -> Option<Origin<'_>> {
        Some(origin(&self.context, ""))
    }

    fn to_evidence(&self) -> Evidence {
        let text = bounded_json(&self.description(), usize::MAX);
        let description = text.and_then(|text| serde_json::from_str(&text).ok());
        Evidence::Network { description: description.unwrap_or_default() }
    }
}
