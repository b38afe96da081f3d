//! A network as data: what was built and what was done with it, in order, as a serde value.
//! A network built again from its description gives bit-identical results; the grader relies on it.

mod objects;
#[cfg(feature = "schema")]
mod schema;
mod values;

use serde::{Deserialize, Serialize};

pub use objects::{
    ConnectDescription, EventCode, Indices, NetworkOperationDescription, NeuronGroupDescription,
    PathwayDescription, PoissonGroupDescription, PoissonInputDescription, PopulationRateMonitorDescription,
    RegularDescription, Side, SpikeGeneratorGroupDescription, SpikeMonitorDescription,
    StateMonitorDescription, SynapsesDescription,
};
pub use values::{NamespaceValue, Refractory, Selection, TimedArrayDescription, Timing, Value};

use crate::evidence::floats;

/// The name of this format, first line of every description.
pub const FORMAT: &str = "spikelab-network/1";

/// Everything needed to build a network again and to repeat what was done with it.
///
/// ```
/// use spikelab::prelude::*;
/// let mut net = Network::new().seed(1);
/// let group = net.add(NeuronGroup::new(2, "dv/dt = (1 - v)/tau : 1").with("tau", 10.0 * ms))?;
/// net.run(5.0 * ms)?;
/// let again = Network::from_description(&net.description())?;
/// let copy = again.neuron_group(group.name()).expect("it has the same objects");
/// assert_eq!(copy.get("v")?, group.get("v")?);
/// # Ok::<(), spikelab::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NetworkDescription {
    /// Always [`FORMAT`].
    pub format: String,
    /// Time step in seconds.
    pub dt: f64,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Everything done, in order.
    pub script: Vec<Operation>,
}

/// One thing done to a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Operation {
    /// A group of neurons was added.
    AddNeuronGroup(NeuronGroupDescription),
    /// A group of Poisson processes was added.
    AddPoissonGroup(PoissonGroupDescription),
    /// A group of given spikes was added.
    AddSpikeGeneratorGroup(SpikeGeneratorGroupDescription),
    /// Poisson input to a group was added.
    AddPoissonInput(PoissonInputDescription),
    /// Synapses were added.
    AddSynapses(SynapsesDescription),
    /// A state monitor was added.
    AddStateMonitor(StateMonitorDescription),
    /// A monitor of spikes or of another event was added.
    AddSpikeMonitor(SpikeMonitorDescription),
    /// A monitor of a group's mean rate was added.
    AddPopulationRateMonitor(PopulationRateMonitorDescription),
    /// Code that runs at regular times was added to a group or to synapses.
    RunRegularly {
        /// Name of the group or the synapses.
        object: String,
        /// The code and its times.
        code: RegularDescription,
    },
    /// A function of the user's was added, called in each step; the function itself cannot be described.
    AddNetworkOperation(NetworkOperationDescription),
    /// A variable was linked to a variable of another group.
    Link {
        /// Name of the group.
        object: String,
        /// Its variable with the flag `linked`.
        variable: String,
        /// The group linked to, or a part of it: `A[2:5]`.
        source: String,
        /// The variable there.
        source_variable: String,
        /// Which element there belongs to each element here; absent: the same, or the only one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        index: Option<Vec<usize>>,
    },
    /// Synapses were created.
    Connect {
        /// Name of the synapses.
        object: String,
        /// Which pairs.
        connect: ConnectDescription,
    },
    /// A variable was set.
    Set {
        /// Name of the group or the synapses.
        object: String,
        /// The variable.
        variable: String,
        /// Which elements.
        #[serde(default, skip_serializing_if = "Selection::is_all")]
        index: Selection,
        /// To what.
        value: Value,
    },
    /// A spike generator got new spikes.
    SetSpikes {
        /// Name of the generator.
        object: String,
        /// The neurons.
        i: Vec<usize>,
        /// The times in seconds.
        #[serde(with = "floats")]
        #[cfg_attr(feature = "schema", schemars(with = "Vec<schema::Number>"))]
        t: Vec<f64>,
        /// Repeat after so many seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        period: Option<f64>,
    },
    /// An object was switched on or off.
    SetActive {
        /// Its name.
        object: String,
        /// On.
        active: bool,
    },
    /// A value for all objects of the network.
    SetNamespace {
        /// The name under which equations find it.
        name: String,
        /// The value.
        value: NamespaceValue,
    },
    /// The default time step was changed.
    SetDt {
        /// New step in seconds.
        dt: f64,
    },
    /// The slots of a step were given.
    SetSchedule {
        /// In order.
        slots: Vec<String>,
    },
    /// All random numbers from here on come from this seed.
    Seed {
        /// The seed.
        seed: u64,
    },
    /// The simulation ran.
    Run {
        /// For so many seconds.
        duration: f64,
    },
    /// The whole state was stored.
    Store {
        /// Under this name.
        name: String,
    },
    /// A stored state was put back.
    Restore {
        /// The name under which it was stored.
        name: String,
        /// Random numbers repeat too.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        random: bool,
    },
}
