//! The objects of a network, and the trait by which they join one.
//! Names are given as in Brian2: `neurongroup`, `neurongroup_1`, …

use crate::description::Operation;
use crate::error::{Error, ErrorKind, Result};
use crate::groups::{Context, NeuronGroup, Shared, lock};
use crate::monitors::{SpikeMonitor, StateMonitor};
use crate::synapses::Synapses;

/// All objects, each kind in the order added.
#[derive(Clone, Debug, Default)]
pub(super) struct Objects {
    pub(super) groups: Vec<NeuronGroup>,
    pub(super) synapses: Vec<Synapses>,
    pub(super) state_monitors: Vec<StateMonitor>,
    pub(super) spike_monitors: Vec<SpikeMonitor>,
}

impl Objects {
    /// Which of the groups this is.
    pub(super) fn place_of(&self, group: &NeuronGroup) -> Result<usize> {
        let live = group.live()?;
        self.groups.iter().position(|g| g.live().is_ok_and(|g| g.is_same(live))).ok_or_else(|| {
            Error::new(ErrorKind::Detached, format!("`{}` is not in this network", group.name()))
                .help("add it to the network first")
        })
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let groups = self.groups.iter().map(NeuronGroup::name);
        let synapses = self.synapses.iter().map(Synapses::name);
        let states = self.state_monitors.iter().map(StateMonitor::name);
        groups.chain(synapses).chain(states).chain(self.spike_monitors.iter().map(SpikeMonitor::name))
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

macro_rules! joins {
    ($($t:ty, $kind:literal, $list:ident, $op:ident);* $(;)?) => {$(
        impl NetworkObject for $t {}

        impl sealed::Joins for $t {
            fn join(mut self, network: sealed::Inside<'_>) -> Result<Self> {
                let sealed::Inside { objects, context } = network;
                if self.is_attached() {
                    return Err(Error::new(
                        ErrorKind::Detached,
                        format!("`{}` is in a network already", self.name()),
                    )
                    .help("add each object once; describe a second one with `new`"));
                }
                self.description.name = objects.name(self.name(), $kind)?;
                let living = self.attach(context)?;
                lock(context).script.push(Operation::$op(living.description.clone()));
                objects.$list.push(living.clone());
                Ok(living)
            }
        }
    )*};
}
joins! {
    NeuronGroup, "neurongroup", groups, AddNeuronGroup;
    Synapses, "synapses", synapses, AddSynapses;
    StateMonitor, "statemonitor", state_monitors, AddStateMonitor;
    SpikeMonitor, "spikemonitor", spike_monitors, AddSpikeMonitor;
}
