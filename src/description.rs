//! A network as data: what was built and what was done with it, in order, as a serde value.
//! A network built again from its description gives bit-identical results; the grader relies on it.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::equations::parse_unit;
use crate::evidence::{float, floats};
use crate::units::Quantity;

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
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Operation {
    /// A group of neurons was added.
    AddNeuronGroup(NeuronGroupDescription),
    /// Synapses were added.
    AddSynapses(SynapsesDescription),
    /// A state monitor was added.
    AddStateMonitor(StateMonitorDescription),
    /// A spike monitor was added.
    AddSpikeMonitor(SpikeMonitorDescription),
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
}

/// A group of neurons.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NeuronGroupDescription {
    /// Unique name.
    #[serde(default)]
    pub name: String,
    /// Number of neurons.
    pub n: usize,
    /// The model.
    pub equations: String,
    /// Condition for a spike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<String>,
    /// What a spike does to its neuron.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset: Option<String>,
    /// How long, or under which condition, a neuron is refractory after a spike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refractory: Option<Refractory>,
    /// Integration method; chosen if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Values handed over.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub namespace: BTreeMap<String, Quantity>,
}

/// A refractory period: a time, or an expression for a time or a condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Refractory {
    /// So long.
    Time(Quantity),
    /// An expression.
    Expression(String),
}

/// Synapses between two groups.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SynapsesDescription {
    /// Unique name.
    #[serde(default)]
    pub name: String,
    /// Name of the group before the synapses.
    pub source: String,
    /// Name of the group behind the synapses.
    pub target: String,
    /// Equations of each synapse.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// Delay of all synapses at first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<Quantity>,
    /// What a spike of the source does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_pre: Option<String>,
    /// What a spike of the target does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_post: Option<String>,
    /// Values handed over.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub namespace: BTreeMap<String, Quantity>,
}

/// Which synapses a call of `connect` makes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectDescription {
    /// Pairs given one by one: source indices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub i: Option<Vec<usize>>,
    /// Pairs given one by one: target indices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub j: Option<Vec<usize>>,
    /// Condition on a pair, in `i`, `j` and the variables of both neurons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Probability of each pair, as an expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p: Option<String>,
    /// Synapses for each pair, as an expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<String>,
}

/// A monitor of variables.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateMonitorDescription {
    /// Unique name.
    #[serde(default)]
    pub name: String,
    /// Name of the group watched.
    pub source: String,
    /// The variables.
    pub variables: Vec<String>,
    /// Which neurons.
    #[serde(default)]
    pub record: Selection,
}

/// A monitor of spikes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpikeMonitorDescription {
    /// Unique name.
    #[serde(default)]
    pub name: String,
    /// Name of the group watched.
    pub source: String,
}

/// Some elements of a group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// All of them.
    #[default]
    All,
    /// These.
    Indices(Vec<usize>),
    /// Those for which the condition holds.
    Condition(String),
}

impl Selection {
    fn is_all(&self) -> bool {
        *self == Self::All
    }
}

/// A value for a variable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// An expression, evaluated once for each element.
    Expression(String),
    /// One SI value for all, or one for each element, with their unit.
    Numbers {
        /// SI values.
        #[serde(with = "floats")]
        values: Vec<f64>,
        /// Their unit.
        unit: String,
    },
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        Stored { value: self.value(), unit: self.dimension().to_string() }.serialize(s)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let stored = Stored::deserialize(d)?;
        let unit = parse_unit(&stored.unit).map_err(D::Error::custom)?;
        Ok(Self::new(stored.value * unit.value(), unit.dimension()))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    #[serde(with = "float")]
    value: f64,
    unit: String,
}
