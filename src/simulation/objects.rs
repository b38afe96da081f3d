//! The objects of a network, and the trait by which they join one.
//! Names are given as in Brian2: `neurongroup`, `neurongroup_1`, …

use super::operation::NetworkOperation;
use crate::description::Operation;
use crate::error::{Error, ErrorKind, Result};
use crate::groups::{
    Context, Live, NeuronGroup, PoissonGroup, PoissonInput, Shared, SpikeGeneratorGroup, View, lock,
};
use crate::monitors::{PopulationRateMonitor, SpikeMonitor, StateMonitor};
use crate::synapses::{Synapses, SynapsesState};

/// All objects, each kind in the order added.
#[derive(Clone, Debug, Default)]
pub(super) struct Objects {
    /// Neurons, Poisson groups and spike generators.
    pub(super) groups: Vec<NeuronGroup>,
    pub(super) inputs: Vec<PoissonInput>,
    pub(super) synapses: Vec<Synapses>,
    pub(super) state_monitors: Vec<StateMonitor>,
    pub(super) spike_monitors: Vec<SpikeMonitor>,
    pub(super) rate_monitors: Vec<PopulationRateMonitor>,
    pub(super) operations: Vec<NetworkOperation>,
}

impl Objects {
    /// Which of the groups this is, or is a part of.
    pub(super) fn place_of(&self, view: &View) -> Result<usize> {
        self.groups.iter().position(|g| g.live().is_ok_and(|g| g.is_same(&view.live))).ok_or_else(|| {
            Error::new(ErrorKind::Detached, format!("`{}` is not in this network", view.name))
                .help("add it to the network first")
        })
    }

    pub(super) fn place_of_synapses(&self, live: &Live<SynapsesState>) -> Result<usize> {
        self.synapses.iter().position(|s| s.live().is_ok_and(|s| s.is_same(live))).ok_or_else(|| {
            Error::new(ErrorKind::Detached, "the synapses watched are not in this network")
                .help("add them to the network first")
        })
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let groups = self.groups.iter().map(NeuronGroup::name);
        let inputs = self.inputs.iter().map(PoissonInput::name);
        let synapses = self.synapses.iter().map(Synapses::name);
        let states = self.state_monitors.iter().map(StateMonitor::name);
        let spikes = self.spike_monitors.iter().map(SpikeMonitor::name);
        let rates = self.rate_monitors.iter().map(PopulationRateMonitor::name);
        let operations = self.operations.iter().map(NetworkOperation::name);
        groups.chain(inputs).chain(synapses).chain(states).chain(spikes).chain(rates).chain(operations)
    }

    /// The name wanted, if it is free and can be one, or the next of the kind's own names.
    fn name(&self, wanted: &str, kind: &str) -> Result<String> {
        let taken = |name: &str| self.names().any(|n| n == name);
        if wanted.is_empty() {
            let numbered = (1..).map(|k| format!("{kind}_{k}"));
            return Ok(std::iter::once(kind.to_owned())
                .chain(numbered)
                .find(|n| !taken(n))
                .unwrap_or_default());
        }
        let fits = wanted.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && wanted.starts_with(|c: char| c.is_ascii_alphabetic());
        if !fits {
            return Err(Error::new(ErrorKind::Value, format!("`{wanted}` cannot be a name"))
                .help("a name is a letter, then letters, digits and `_`"));
        }
        if taken(wanted) {
            return Err(Error::new(
                ErrorKind::Value,
                format!("there is a `{wanted}` in this network already"),
            )
            .help("choose another name, or make a new `Network`"));
        }
        Ok(wanted.to_owned())
    }
}

/// Things that [`Network::add`](crate::Network::add) takes.
pub trait NetworkObject: sealed::Joins {}

pub(super) mod sealed {
    use super::{Context, Objects, Result, Shared};

    /// The inside of the network that an object joins.
    #[allow(missing_debug_implementations, reason = "never leaves this library")]
    pub struct Inside<'a> {
        pub(in crate::simulation) objects: &'a mut Objects,
        pub(in crate::simulation) context: &'a Shared<Context>,
    }

    pub trait Joins: Sized {
        #[doc(hidden)]
        fn join(self, network: Inside<'_>) -> Result<Self>;
    }
}

fn twice(name: &str) -> Error {
    Error::new(ErrorKind::Detached, format!("`{name}` is in a network already"))
        .help("add each object once; describe a second one with `new`")
}

macro_rules! joins {
    ($($t:ty, $kind:literal, $list:ident, $op:ident);* $(;)?) => {$(
        impl NetworkObject for $t {}

        impl sealed::Joins for $t {
            fn join(mut self, network: sealed::Inside<'_>) -> Result<Self> {
                let sealed::Inside { objects, context } = network;
                if self.is_attached() {
                    return Err(twice(self.name()));
                }
                self.description.name = objects.name(self.name(), $kind)?;
                let name = self.description.name.clone();
                let living = self.attach(context).map_err(|e| e.of(&name))?;
                lock(context).record(living.name(), Operation::$op(living.description.clone()));
                objects.$list.push(living.clone());
                Ok(living)
            }
        }
    )*};
}
joins! {
    PoissonInput, "poissoninput", inputs, AddPoissonInput;
    Synapses, "synapses", synapses, AddSynapses;
    StateMonitor, "statemonitor", state_monitors, AddStateMonitor;
    SpikeMonitor, "spikemonitor", spike_monitors, AddSpikeMonitor;
    PopulationRateMonitor, "ratemonitor", rate_monitors, AddPopulationRateMonitor;
    NetworkOperation, "networkoperation", operations, AddNetworkOperation;
}

impl NetworkObject for NeuronGroup {}

impl sealed::Joins for NeuronGroup {
    fn join(mut self, network: sealed::Inside<'_>) -> Result<Self> {
        let sealed::Inside { objects, context } = network;
        if self.is_attached() {
            return Err(twice(self.name()));
        }
        let name = objects.name(self.name(), self.description.kind())?;
        self.description.set_name(name.clone());
        let living = self.attach(context).map_err(|e| e.of(&name))?;
        lock(context).record(living.name(), living.description.operation());
        objects.groups.push(living.clone());
        Ok(living)
    }
}

macro_rules! groups_inside {
    ($($t:ident),*) => {$(
        impl NetworkObject for $t {}

        impl sealed::Joins for $t {
            fn join(self, network: sealed::Inside<'_>) -> Result<Self> {
                self.0.join(network).map($t)
            }
        }
    )*};
}
groups_inside!(PoissonGroup, SpikeGeneratorGroup);
