//! `SpikeMonitor`: which neuron spiked when.
//! Spikes are listed by time, those of one step by neuron.

use std::fmt;

use super::{detached, elsewhere};
use crate::description::SpikeMonitorDescription;
use crate::error::Result;
use crate::evidence::{Evidence, ToEvidence};
use crate::groups::{Context, Live, NeuronGroup, Shared};
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
    group: NeuronGroup,
    live: Option<Live<SpikeRecord>>,
}

/// The spikes so far.
#[derive(Debug, Default)]
pub(crate) struct SpikeRecord {
    pub(crate) i: Vec<u32>,
    pub(crate) t: Vec<f64>,
}

impl SpikeMonitor {
    /// Describes a monitor of the spikes of `group`.
    #[must_use]
    pub fn new(group: &NeuronGroup) -> Self {
        Self { description: SpikeMonitorDescription::default(), group: group.clone(), live: None }
    }

    pub(crate) fn from_description(description: SpikeMonitorDescription, group: NeuronGroup) -> Self {
        Self { description, group, live: None }
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

    /// The group watched.
    #[must_use]
    pub fn source(&self) -> &NeuronGroup {
        &self.group
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
        let mut count = vec![0; self.group.len()];
        self.read(|r| r.i.iter().for_each(|&i| count[i as usize] += 1));
        count
    }

    /// The number of all spikes.
    #[must_use]
    pub fn num_spikes(&self) -> usize {
        self.read(|r| r.i.len())
    }

    /// The spike times of each neuron.
    #[must_use]
    pub fn spike_trains(&self) -> Vec<QuantityArray> {
        let mut trains = vec![Vec::new(); self.group.len()];
        self.read(|r| r.i.iter().zip(&r.t).for_each(|(&i, &t)| trains[i as usize].push(t)));
        trains.into_iter().map(|t| QuantityArray::new(t, Dimension::TIME)).collect()
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
        if !self.group.live()?.lives_in(shared) {
            return Err(elsewhere());
        }
        self.description.source = self.group.name().to_owned();
        self.live = Some(Live::new(shared, SpikeRecord::default()));
        Ok(self)
    }
}

impl fmt::Debug for SpikeMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let d = &self.description;
        write!(f, "SpikeMonitor {} of {}: {} spikes", d.name, self.group.name(), self.num_spikes())
    }
}

impl ToEvidence for SpikeMonitor {
    fn to_evidence(&self) -> Evidence {
        Evidence::Spikes { n: self.group.len(), i: self.i(), t: self.t().to_vec() }
    }
}
