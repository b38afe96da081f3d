//! `SpikeMonitor`: which neuron spiked when.
//! Spikes are listed by time, those of one step by neuron.

use std::fmt;

use super::state_monitor::IntoVariables;
use super::{detached, elsewhere};
use crate::description::{SpikeMonitorDescription, Timing};
use crate::error::{Error, ErrorKind, Result};
use crate::evidence::{Evidence, Origin, ToEvidence};
use crate::groups::{Context, Live, NeuronSource, SPIKE, Shared, View, lock, no_event};
use crate::units::{Dimension, QuantityArray};

/// Records the spikes of a group, as in
/// [Brian2](https://brian2.readthedocs.io/en/2.9.0/user/recording.html#recording-spikes).
///
/// ```
/// use spikelab::prelude::*;
/// let mut net = Network::new();
/// let group = net.add(NeuronGroup::new(2, "rate : Hz\ndv/dt = rate : 1").threshold("v > 1").reset("v = 0"))?;
/// group.set("rate", [100.0, 300.0] * Hz)?;
/// let spikemon = net.add(SpikeMonitor::new(&group))?;
/// net.run(35.0 * ms)?;
/// assert_eq!(spikemon.count(), [3, 10]);
/// # Ok::<(), spikelab::Error>(())
/// ```
#[derive(Clone)]
pub struct SpikeMonitor {
    pub(crate) description: SpikeMonitorDescription,
    source: Result<View>,
    problem: Option<Error>,
    live: Option<Live<SpikeRecord>>,
}

/// The events so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct SpikeRecord {
    pub(crate) i: Vec<u32>,
    pub(crate) t: Vec<f64>,
    pub(crate) count: Vec<u64>,
    /// One list for each variable noted.
    pub(crate) values: Vec<Vec<f64>>,
    pub(crate) dimensions: Vec<Dimension>,
}

impl Default for SpikeMonitorDescription {
    fn default() -> Self {
        Self {
            name: String::new(),
            source: String::new(),
            event: None,
            variables: Vec::new(),
            record: true,
            timing: Timing::default(),
        }
    }
}

impl SpikeMonitor {
    /// Describes a monitor of the spikes of a group or a part of one.
    #[must_use]
    pub fn new(source: &impl NeuronSource) -> Self {
        let description = SpikeMonitorDescription::default();
        Self { description, source: source.view(), problem: None, live: None }
    }

    /// Describes a monitor of another event than spikes, Brian2's `EventMonitor`.
    #[must_use]
    pub fn of_event(source: &impl NeuronSource, event: impl Into<String>) -> Self {
        let mut monitor = Self::new(source);
        monitor.description.event = Some(event.into());
        monitor
    }

    pub(crate) fn from_description(description: SpikeMonitorDescription, source: View) -> Self {
        Self { description, source: Ok(source), problem: None, live: None }
    }

    /// Notes variables of the neuron at each event: `"v"` or `["v", "w"]`.
    #[must_use]
    pub fn variables(mut self, variables: impl IntoVariables) -> Self {
        self.description.variables = variables.into_variables();
        self
    }

    /// Keeps the numbers of events alone, Brian2's `record=False`.
    #[must_use]
    pub fn count_only(mut self) -> Self {
        self.description.record = false;
        self
    }

    /// Records in another slot of the step, such as `"after_resets"`, and at another place in it.
    #[must_use]
    pub fn when(mut self, slot: impl Into<String>, order: i32) -> Self {
        self.description.timing = Timing { when: Some(slot.into()), order: Some(order), dt: None };
        self
    }

    /// Gives the monitor a name of its own.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.description.name = name.into();
        self
    }

    /// The monitor's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.description.name
    }

    /// The times of all spikes.
    #[must_use]
    pub fn t(&self) -> QuantityArray {
        QuantityArray::new(self.read(|r| r.t.clone()), Dimension::TIME)
    }

    /// The neuron of each spike.
    #[must_use]
    pub fn i(&self) -> Vec<usize> {
        self.read(|r| r.i.iter().map(|&i| i as usize).collect())
    }

    /// The number of spikes of each neuron.
    #[must_use]
    pub fn count(&self) -> Vec<usize> {
        self.read(|r| r.count.iter().map(|&c| usize::try_from(c).unwrap_or(usize::MAX)).collect())
    }

    /// The number of all spikes.
    #[must_use]
    pub fn num_spikes(&self) -> usize {
        self.count().iter().sum()
    }

    /// The spike times of each neuron.
    #[must_use]
    pub fn spike_trains(&self) -> Vec<QuantityArray> {
        let mut trains = vec![Vec::new(); self.size()];
        self.read(|r| r.i.iter().zip(&r.t).for_each(|(&i, &t)| trains[i as usize].push(t)));
        trains.into_iter().map(|t| QuantityArray::new(t, Dimension::TIME)).collect()
    }

    /// A variable's value at each event.
    ///
    /// # Errors
    /// A variable that is not noted.
    pub fn values(&self, variable: &str) -> Result<QuantityArray> {
        let (_context, record) = self.live()?.enter();
        let names = &self.description.variables;
        match names.iter().position(|name| name == variable) {
            Some(k) => Ok(QuantityArray::new(record.values[k].clone(), record.dimensions[k])),
            None => {
                Err(Error::new(ErrorKind::UnknownName, format!("`{variable}` is not noted at each event"))
                    .help("name it when the monitor is made: `SpikeMonitor::new(&group).variables(\"v\")`"))
            }
        }
    }

    /// The number of neurons watched.
    #[must_use]
    pub fn size(&self) -> usize {
        self.source.as_ref().map_or(0, View::len)
    }

    pub(crate) fn source(&self) -> Result<View> {
        self.source.clone()
    }

    fn read<R: Default>(&self, f: impl FnOnce(&SpikeRecord) -> R) -> R {
        self.live.as_ref().map(|live| f(&live.enter().1)).unwrap_or_default()
    }

    pub(crate) fn live(&self) -> Result<&Live<SpikeRecord>> {
        self.live.as_ref().ok_or_else(detached)
    }

    pub(crate) fn is_attached(&self) -> bool {
        self.live.is_some()
    }

    pub(crate) fn attach(mut self, shared: &Shared<Context>) -> Result<Self> {
        if let Some(problem) = self.problem.take() {
            return Err(problem);
        }
        let source = self.source.clone()?;
        if !source.live.lives_in(shared) {
            return Err(elsewhere());
        }
        self.description.source = source.name.clone();
        let record = {
            let context = lock(shared);
            crate::groups::check_when(self.description.timing.when.as_deref(), &context)?;
            let state = source.live.state();
            let event = self.description.event.as_deref().unwrap_or(SPIKE);
            if !state.events.contains_key(event) {
                return Err(no_event(&state, event));
            }
            let scope = state.scope_of_part(&context, &source.range)?;
            let dimension = |name: &String| {
                scope
                    .symbol(name)
                    .filter(|_| scope.is_variable(name))
                    .map(|s| s.dimension)
                    .ok_or_else(|| crate::groups::no_variable(name, state.name(), scope.names()))
            };
            let dimensions = self.description.variables.iter().map(dimension).collect::<Result<Vec<_>>>()?;
            let values = vec![Vec::new(); dimensions.len()];
            SpikeRecord { count: vec![0; source.len()], values, dimensions, ..Default::default() }
        };
        self.live = Some(Live::new(shared, record));
        Ok(self)
    }
}

impl fmt::Debug for SpikeMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let d = &self.description;
        write!(f, "SpikeMonitor {} of {}: {} spikes", d.name, d.source, self.num_spikes())
    }
}

impl crate::evidence::sealed::Sealed for SpikeMonitor {}

impl ToEvidence for SpikeMonitor {
    fn origin(&self) -> Option<Origin<'_>> {
        self.live.as_ref().map(|live| live.origin(self.name()))
    }

    fn to_evidence(&self) -> Evidence {
        Evidence::Spikes { n: self.size(), i: self.i(), t: self.t().to_vec() }
    }
}
