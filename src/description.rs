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

/// When an object acts: its own clock, slot and place in the slot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timing {
    /// Time step in seconds; the network's if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dt: Option<f64>,
    /// Slot of the step, such as `start` or `after_groups`; the object's usual one if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Place within the slot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<i32>,
}

/// A value that equations find under a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum NamespaceValue {
    /// A number with a unit.
    Quantity(Quantity),
    /// Numbers over time.
    TimedArray(TimedArrayDescription),
    /// A function of the user's, known by this name; the function itself cannot be described.
    Function {
        /// Its name.
        function: String,
    },
}

/// Values over time, one row for each time step of their own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimedArrayDescription {
    /// Rows of SI values; a single column makes a function of time alone.
    pub rows: Vec<crate::evidence::Row>,
    /// True if called with time and column.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub two_dimensional: bool,
    /// Unit of the values.
    pub unit: String,
    /// Time between two rows, in seconds.
    pub dt: f64,
}

/// Code that runs at regular times.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Those of the source.
    #[default]
    Pre,
    /// Those of the target.
    Post,
}

/// What the spikes of one side do to synapses.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
#[serde(untagged)]
pub enum Indices {
    /// These; negative ones are refused with the rest that do not exist.
    List(Vec<i64>),
    /// `k for k in range(i-3, i+4) if k != i`, or one expression such as `(i+1) % N_post`.
    Generator(String),
}

/// A monitor of variables.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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

impl Timing {
    /// True if nothing is said.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// Some elements of a group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Form", into = "Form")]
pub enum Selection {
    /// All of them.
    #[default]
    All,
    /// These.
    Indices(Vec<usize>),
    /// From `start` up to but not including `stop`, every `step`-th; negative ones count from the end.
    Slice {
        /// First; 0 if absent.
        start: Option<i64>,
        /// End; all the rest if absent.
        stop: Option<i64>,
        /// Every one if absent.
        step: Option<i64>,
    },
    /// Those for which the condition holds.
    Condition(String),
}

/// A selection as it is written: not as an enum, which YAML would mark with a tag that JSON does not know.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Form {
    All(AllElements),
    Indices { indices: Vec<usize> },
    Condition { condition: String },
    Slice { slice: Slice },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AllElements {
    All,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Slice {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    start: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stop: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    step: Option<i64>,
}

impl From<Form> for Selection {
    fn from(form: Form) -> Self {
        match form {
            Form::All(AllElements::All) => Self::All,
            Form::Indices { indices } => Self::Indices(indices),
            Form::Condition { condition } => Self::Condition(condition),
            Form::Slice { slice: Slice { start, stop, step } } => Self::Slice { start, stop, step },
        }
    }
}

impl From<Selection> for Form {
    fn from(selection: Selection) -> Self {
        match selection {
            Selection::All => Self::All(AllElements::All),
            Selection::Indices(indices) => Self::Indices { indices },
            Selection::Condition(condition) => Self::Condition { condition },
            Selection::Slice { start, stop, step } => Self::Slice { slice: Slice { start, stop, step } },
        }
    }
}

impl Selection {
    /// True for all elements.
    #[must_use]
    pub fn is_all(&self) -> bool {
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
