//! Each object of a network as data: groups, inputs, synapses, monitors, code.
//! Times are in seconds; a name is empty until the network has given one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::values::{NamespaceValue, Refractory, Selection, Timing, Value};
use crate::evidence::floats;
use crate::units::Quantity;

/// Code that runs at regular times.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RegularDescription {
    /// Name; ties in a slot are broken by it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The statements.
    pub code: String,
    /// When.
    #[serde(flatten)]
    pub timing: Timing,
}

/// A function of the user's, called in each step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NetworkOperationDescription {
    /// Unique name.
    #[serde(default)]
    pub name: String,
    /// When.
    #[serde(default)]
    pub timing: Timing,
}

/// A group of neurons.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// Events of the group's own, by name, each with its condition.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub events: BTreeMap<String, String>,
    /// What such an event does to its neuron.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub run_on_event: Vec<EventCode>,
    /// When the condition of such an event is looked at.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub event_schedule: BTreeMap<String, Timing>,
    /// The group's own clock and place in a step.
    #[serde(default, skip_serializing_if = "Timing::is_usual")]
    pub timing: Timing,
    /// Values handed over.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub namespace: BTreeMap<String, NamespaceValue>,
}

/// Code for the neurons of one event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EventCode {
    /// Name of the event.
    pub event: String,
    /// The statements.
    pub code: String,
    /// When; `after_resets` if absent.
    #[serde(default, skip_serializing_if = "Timing::is_usual")]
    pub timing: Timing,
}

/// Poisson processes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PoissonGroupDescription {
    /// Unique name.
    #[serde(default)]
    pub name: String,
    /// Number of processes.
    pub n: usize,
    /// Rate of each: numbers, or an expression evaluated in each step.
    pub rates: Value,
    /// The group's own clock and place in a step.
    #[serde(default, skip_serializing_if = "Timing::is_usual")]
    pub timing: Timing,
    /// Values handed over.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub namespace: BTreeMap<String, NamespaceValue>,
}

/// Neurons that spike at given times.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SpikeGeneratorGroupDescription {
    /// Unique name.
    #[serde(default)]
    pub name: String,
    /// Number of neurons.
    pub n: usize,
    /// The neuron of each spike.
    pub i: Vec<usize>,
    /// The time of each spike in seconds.
    #[serde(with = "floats")]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<super::schema::Number>"))]
    pub t: Vec<f64>,
    /// Repeat after so many seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<f64>,
    /// The group's own clock and place in a step.
    #[serde(default, skip_serializing_if = "Timing::is_usual")]
    pub timing: Timing,
}

/// Many Poisson processes onto each neuron of a group, in sum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PoissonInputDescription {
    /// Unique name.
    #[serde(default)]
    pub name: String,
    /// Name of the group, or a part of it: `A[2:5]`.
    pub target: String,
    /// The variable that input is added to.
    pub variable: String,
    /// Number of processes for each neuron.
    pub n: usize,
    /// Rate of one process.
    pub rate: Quantity,
    /// What one spike adds: a quantity's text such as `0.1*mV`, or an expression.
    pub weight: String,
    /// When.
    #[serde(default, skip_serializing_if = "Timing::is_usual")]
    pub timing: Timing,
}

/// Synapses between two groups.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SynapsesDescription {
    /// Unique name.
    #[serde(default)]
    pub name: String,
    /// Name of the group before the synapses, or a part of it: `A[2:5]`.
    pub source: String,
    /// Name of the group behind the synapses, or a part of it.
    pub target: String,
    /// Equations of each synapse.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// What spikes do, pathway by pathway.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pathways: Vec<PathwayDescription>,
    /// Integration method; chosen if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Variable that numbers the synapses of each pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multisynaptic_index: Option<String>,
    /// Own clock and place in a step of the equations.
    #[serde(default, skip_serializing_if = "Timing::is_usual")]
    pub timing: Timing,
    /// Values handed over.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub namespace: BTreeMap<String, NamespaceValue>,
}

/// Which neuron's spikes drive a pathway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Those of the source.
    #[default]
    Pre,
    /// Those of the target.
    Post,
}

impl Side {
    /// What is this side's of what both have.
    pub(crate) fn of<T>(self, pre: T, post: T) -> T {
        match self {
            Self::Pre => pre,
            Self::Post => post,
        }
    }
}

/// What the spikes of one side do to synapses.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PathwayDescription {
    /// Name, `pre` or `post` unless there are several.
    pub name: String,
    /// Who drives it.
    pub side: Side,
    /// The statements.
    pub code: String,
    /// Delay of all synapses at first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<Quantity>,
    /// The event that drives it; spikes if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// Slot and place in a step.
    #[serde(default, skip_serializing_if = "Timing::is_usual")]
    pub timing: Timing,
}

/// Which synapses a call of `connect` makes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ConnectDescription {
    /// Source indices of pairs given one by one, or a generator of them for each target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub i: Option<Indices>,
    /// Target indices of pairs given one by one, or a generator of them for each source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub j: Option<Indices>,
    /// Condition on a pair, in `i`, `j` and the variables of both neurons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Probability of each pair, as an expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p: Option<String>,
    /// Synapses for each pair, as an expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<String>,
    /// Leave out generated indices that do not exist.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skip_if_invalid: bool,
}

/// Indices of neurons for `connect`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Indices {
    /// These; negative ones are refused with the rest that do not exist.
    List(Vec<i64>),
    /// `k for k in range(i-3, i+4) if k != i`, or one expression such as `(i+1) % N_post`.
    Generator(String),
}

/// A monitor of variables.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StateMonitorDescription {
    /// Unique name.
    #[serde(default)]
    pub name: String,
    /// Name of the group or the synapses watched, or a part of a group: `A[2:5]`.
    pub source: String,
    /// The variables.
    pub variables: Vec<String>,
    /// Which neurons.
    #[serde(default)]
    pub record: Selection,
    /// When.
    #[serde(default, skip_serializing_if = "Timing::is_usual")]
    pub timing: Timing,
}

/// A monitor of spikes or of another event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SpikeMonitorDescription {
    /// Unique name.
    #[serde(default)]
    pub name: String,
    /// Name of the group watched, or a part of it: `A[2:5]`.
    pub source: String,
    /// The event; spikes if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// Variables noted at each event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<String>,
    /// Keep each event, not only their numbers.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub record: bool,
    /// When.
    #[serde(default, skip_serializing_if = "Timing::is_usual")]
    pub timing: Timing,
}

/// A monitor of a group's mean rate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PopulationRateMonitorDescription {
    /// Unique name.
    #[serde(default)]
    pub name: String,
    /// Name of the group watched, or a part of it: `A[2:5]`.
    pub source: String,
    /// When.
    #[serde(default, skip_serializing_if = "Timing::is_usual")]
    pub timing: Timing,
}

fn yes() -> bool {
    true
}
