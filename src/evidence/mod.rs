//! Results leaving a notebook as data: one serialisable value for each kind of thing a student can make.
//! Used by the grader's probe cells, which write a file that the grader reads and compares outside the kernel.

mod json;
mod kinds;
mod probe;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub(crate) use json::{bounded_json, float, floats};
pub use probe::{LONGEST_DESCRIPTION, ModelObject, Models, Probe, ProbeFile};
#[doc(hidden)]
pub use probe::{Stopped, attempt, cell_ends, kept, shown};

/// One value taken out of a notebook. Times are in seconds, everything else in SI base units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Evidence {
    /// A number with its dimension in words of base units (`"1"`, `"second"`, `"volt"`).
    Number {
        /// SI value.
        #[serde(with = "float")]
        value: f64,
        /// Dimension as text.
        dimension: String,
    },
    /// A list of numbers.
    Array {
        /// SI values.
        #[serde(with = "floats")]
        values: Vec<f64>,
        /// Dimension as text.
        dimension: String,
    },
    /// What a `SpikeMonitor` recorded.
    Spikes {
        /// Neurons watched.
        n: usize,
        /// Neuron index of each spike.
        i: Vec<usize>,
        /// Time of each spike in seconds.
        #[serde(with = "floats")]
        t: Vec<f64>,
    },
    /// What a `StateMonitor` recorded.
    Traces {
        /// Sample times in seconds.
        #[serde(with = "floats")]
        t: Vec<f64>,
        /// The recorded neurons, in the order of the rows.
        indices: Vec<usize>,
        /// Variable name → one row of samples for each recorded neuron.
        variables: BTreeMap<String, TraceSet>,
    },
    /// The synapses of a `Synapses` object.
    Connectivity {
        /// Neurons in the source.
        n_source: usize,
        /// Neurons in the target.
        n_target: usize,
        /// Where the source is a part of a group: which part.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source_part: Option<Part>,
        /// Likewise the target.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target_part: Option<Part>,
        /// Source index of each synapse.
        i: Vec<usize>,
        /// Target index of each synapse.
        j: Vec<usize>,
        /// Variable name (and `delay`, in seconds) → one value for each synapse.
        variables: BTreeMap<String, Row>,
    },
    /// The state of a `NeuronGroup`.
    Group {
        /// Neurons.
        n: usize,
        /// Variable name → one value for each neuron.
        variables: BTreeMap<String, Row>,
    },
    /// What a `Figure` shows.
    Figure {
        /// Panel by panel.
        panels: Vec<PanelData>,
    },
    /// A whole model as data.
    Network {
        /// The network's description, from which it can be built again.
        description: serde_json::Value,
    },
    /// Text.
    Text {
        /// The text.
        value: String,
    },
}

impl Evidence {
    /// What it is, in words.
    #[must_use]
    pub const fn in_words(&self) -> &'static str {
        match self {
            Self::Number { .. } => "a number",
            Self::Array { .. } => "a list of numbers",
            Self::Spikes { .. } => "a SpikeMonitor",
            Self::Traces { .. } => "a StateMonitor",
            Self::Connectivity { .. } => "Synapses",
            Self::Group { .. } => "a NeuronGroup",
            Self::Figure { .. } => "a Figure",
            Self::Network { .. } => "a Network",
            Self::Text { .. } => "a text",
        }
    }
}

/// Neighbours among the neurons of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The first of them.
    pub first: usize,
    /// All neurons of the group.
    pub of: usize,
}

impl Evidence {
    /// Synapses with their neurons counted in the whole groups, so that those between parts can be held against others.
    #[must_use]
    pub fn in_whole_groups(&self) -> Self {
        let mut whole = self.clone();
        if let Self::Connectivity { n_source, n_target, source_part, target_part, i, j, .. } = &mut whole {
            for (n, part, list) in [(n_source, source_part, i), (n_target, target_part, j)] {
                if let Some(part) = part.take() {
                    *n = part.of;
                    list.iter_mut().for_each(|k| *k = k.saturating_add(part.first));
                }
            }
        }
        whole
    }
}

/// The traces of one variable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TraceSet {
    /// Dimension as text.
    pub dimension: String,
    /// One row of samples for each recorded neuron.
    pub rows: Vec<Row>,
}

/// A row of numbers; non-finite ones survive the way through JSON.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Row(#[serde(with = "floats")] pub Vec<f64>);

/// One panel of a figure.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PanelData {
    /// Title above the panel.
    pub title: String,
    /// Text of the horizontal axis.
    pub xlabel: String,
    /// Text of the vertical axis.
    pub ylabel: String,
    /// What is drawn, in order.
    pub series: Vec<SeriesData>,
}

/// One curve, set of points or set of vertical lines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SeriesData {
    /// Legend text.
    pub label: String,
    /// `line`, `points`, `vlines`, `hlines`, `bars`, `cells` or `area`.
    pub style: String,
    /// Horizontal coordinates.
    #[serde(with = "floats")]
    pub x: Vec<f64>,
    /// Vertical coordinates; empty for `vlines`.
    #[serde(with = "floats")]
    pub y: Vec<f64>,
    /// Values shown as colours; empty where there are none.
    #[serde(default, with = "floats", skip_serializing_if = "Vec::is_empty")]
    pub z: Vec<f64>,
}

/// Things that can leave a notebook as [`Evidence`]: numbers, lists, texts and the library's own objects.
///
/// Nothing else can, so a type of the same name is never taken for one of the library's.
#[diagnostic::on_unimplemented(
    message = "this value cannot be looked at by a check",
    label = "its type is `{Self}`",
    note = "if its type is a `Result`, put a `?` at the end of the line that makes it"
)]
pub trait ToEvidence: sealed::Sealed {
    /// Copies the value into plain data.
    fn to_evidence(&self) -> Evidence;

    /// The network that the value belongs to, for things that live in one.
    #[doc(hidden)]
    fn origin(&self) -> Option<Origin<'_>> {
        None
    }
}

pub(crate) mod sealed {
    /// Implemented in this crate alone.
    pub trait Sealed {}
}

/// Where a value comes from.
#[doc(hidden)]
pub struct Origin<'a> {
    /// Tells networks apart as long as they live.
    pub(crate) network: usize,
    /// The object's name.
    pub(crate) name: String,
    /// The network's description as JSON, unless it is too long.
    pub(crate) describe: Box<dyn Fn() -> Option<String> + 'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_survives_json_bit_for_bit() {
        let before = Evidence::Array {
            values: vec![0.1 + 0.2, f64::INFINITY, f64::NEG_INFINITY, -0.0, 1e-300],
            dimension: "volt".into(),
        };
        let text = serde_json::to_string(&before).unwrap();
        assert_eq!(serde_json::from_str::<Evidence>(&text).unwrap(), before);
    }

    #[test]
    fn a_probe_takes_each_network_once_and_says_what_is_what() {
        use crate::prelude::*;
        let mut net = Network::new().seed(4);
        let group = net.add(NeuronGroup::new(2, "v : 1").threshold("v > 1")).unwrap();
        let spikes = net.add(SpikeMonitor::new(&group).named("mine")).unwrap();
        net.run(1.0 * ms).unwrap();
        let mut other = Network::new();
        let alone = other.add(NeuronGroup::new(1, "v : 1")).unwrap();
        let probe = Probe::new("n").add("a", &group).add("b", &&spikes).add("c", &alone).add("x", &1.0);
        let models = &probe.file().models;
        assert_eq!(models.networks.len(), 2);
        assert_eq!(models.objects["b"], ModelObject { network: 0, name: "mine".into() });
        assert_eq!((models.objects["c"].network, models.objects.len()), (1, 3));
        let text = models.networks[0].as_deref().unwrap();
        let description: NetworkDescription = serde_json::from_str(text).unwrap();
        assert_eq!(description, net.description());
    }

    #[test]
    fn long_descriptions_stay_behind() {
        assert_eq!(bounded_json(&"abc", 5).as_deref(), Some("\"abc\""));
        assert_eq!(bounded_json(&"abcd", 5), None);
    }

    #[test]
    fn a_probe_file_is_never_overwritten() {
        let dir = std::env::temp_dir().join(format!("spikelab-probe-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let path = dir.join("a.json");
        let path = path.to_str().unwrap();
        Probe::new("n1").add("x", &1.5).write(path);
        Probe::new("n2").add("x", &2.5).write(path);
        let file: ProbeFile = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        assert_eq!(file.nonce, "n1");
        std::fs::remove_dir_all(dir).unwrap();
    }
}
