//! Results leaving a notebook as data: one serialisable value for each kind of thing a student can make.
//! Used by the grader's probe cells, which write a file that the grader reads and compares outside the kernel.

use std::collections::BTreeMap;
use std::io::Write;

use serde::{Deserialize, Serialize};

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

/// What a probe file holds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ProbeFile {
    /// Repeats the number the grader drew for this probe.
    pub nonce: String,
    /// Variable name → value.
    pub values: BTreeMap<String, Evidence>,
    /// The networks that the values come from.
    #[serde(default)]
    pub models: Models,
}

/// The networks behind some variables, each as it was at this moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Models {
    /// Each network once: its description as JSON, or nothing if that is longer than [`LONGEST_DESCRIPTION`].
    #[serde(default)]
    pub networks: Vec<Option<String>>,
    /// Variable name → what it is in which network.
    #[serde(default)]
    pub objects: BTreeMap<String, ModelObject>,
}

/// One object of one network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelObject {
    /// Which of the networks.
    pub network: usize,
    /// The object's name there.
    pub name: String,
}

/// Descriptions with more bytes than this stay behind.
pub const LONGEST_DESCRIPTION: usize = 8 << 20;

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

/// Collects named values and writes them to one file.
#[derive(Debug, Default)]
pub struct Probe {
    file: ProbeFile,
    /// The networks met so far, in the order of their descriptions.
    networks: Vec<usize>,
}

impl Probe {
    /// Starts a probe that answers to `nonce`.
    #[must_use]
    pub fn new(nonce: &str) -> Self {
        Self { file: ProbeFile { nonce: nonce.to_owned(), ..ProbeFile::default() }, networks: Vec::new() }
    }

    /// Adds one named value, and the network that it belongs to.
    #[must_use]
    pub fn add<T: ToEvidence + ?Sized>(mut self, name: &str, value: &T) -> Self {
        self.file.values.insert(name.to_owned(), value.to_evidence());
        if let Some(origin) = value.origin() {
            let known = self.networks.iter().position(|n| *n == origin.network);
            let network = known.unwrap_or_else(|| {
                self.networks.push(origin.network);
                self.file.models.networks.push((origin.describe)());
                self.networks.len() - 1
            });
            self.file.models.objects.insert(name.to_owned(), ModelObject { network, name: origin.name });
        }
        self
    }

    /// What was collected.
    #[must_use]
    pub fn file(&self) -> &ProbeFile {
        &self.file
    }

    /// Writes the file; it must not exist yet. Says nothing on failure: the missing file tells the grader.
    pub fn write(self, path: &str) {
        let _written = bounded_json(&self.file, usize::MAX).and_then(|text| {
            let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(path).ok()?;
            file.write_all(text.as_bytes()).ok()
        });
    }
}

/// Looks at what a cell shows, as the kernel would that prints it.
#[doc(hidden)]
pub fn shown<T: std::fmt::Debug + ?Sized>(_: &T) {}

/// Looks at what a cell leaves behind, as the kernel would that keeps it.
#[doc(hidden)]
pub fn kept<T: 'static>(_: &T) {}

/// Prints a line that tells what is run next from what was run until now, and the seconds since the last such line.
#[doc(hidden)]
pub fn cell_ends(mark: &str) {
    static LAST: std::sync::Mutex<Option<std::time::Instant>> = std::sync::Mutex::new(None);
    let now = std::time::Instant::now();
    let mut last = LAST.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let seconds = last.replace(now).map_or(0.0, |before| (now - before).as_secs_f64());
    let mut out = std::io::stdout().lock();
    let _printed = writeln!(out, "\n{mark} {seconds}").and_then(|()| out.flush());
}

/// JSON of at most so many bytes. All JSON is written here: each further kind of writer would be compiled again for
/// everything that can be written.
pub(crate) fn bounded_json(value: &impl Serialize, most: usize) -> Option<String> {
    struct Bounded(Vec<u8>, usize);
    impl Write for Bounded {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            if self.0.len() + bytes.len() > self.1 {
                return Err(std::io::Error::other("too long"));
            }
            self.0.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut out = Bounded(Vec::new(), most);
    serde_json::to_writer(&mut out, value).ok()?;
    String::from_utf8(out.0).ok()
}

macro_rules! numbers {
    ($($t:ty),*) => {$(
        impl sealed::Sealed for $t {}
        impl sealed::Sealed for [$t] {}
        #[allow(clippy::cast_precision_loss, reason = "indices and counts stay far below 2^53")]
        impl ToEvidence for $t {
            fn to_evidence(&self) -> Evidence {
                Evidence::Number { value: *self as f64, dimension: "1".into() }
            }
        }
        #[allow(clippy::cast_precision_loss, reason = "indices and counts stay far below 2^53")]
        impl ToEvidence for [$t] {
            fn to_evidence(&self) -> Evidence {
                Evidence::Array { values: self.iter().map(|&x| x as f64).collect(), dimension: "1".into() }
            }
        }
    )*};
}
numbers!(f64, f32, i32, i64, u32, u64, usize, isize);

impl sealed::Sealed for bool {}

impl ToEvidence for bool {
    fn to_evidence(&self) -> Evidence {
        Evidence::Number { value: f64::from(u8::from(*self)), dimension: "1".into() }
    }
}

impl<T> sealed::Sealed for Vec<T> where [T]: ToEvidence {}

impl<T> ToEvidence for Vec<T>
where
    [T]: ToEvidence,
{
    fn to_evidence(&self) -> Evidence {
        self.as_slice().to_evidence()
    }
}

impl<T, const N: usize> sealed::Sealed for [T; N] where [T]: ToEvidence {}

impl<T, const N: usize> ToEvidence for [T; N]
where
    [T]: ToEvidence,
{
    fn to_evidence(&self) -> Evidence {
        self.as_slice().to_evidence()
    }
}

impl sealed::Sealed for ndarray::Array1<f64> {}

impl ToEvidence for ndarray::Array1<f64> {
    fn to_evidence(&self) -> Evidence {
        Evidence::Array { values: self.to_vec(), dimension: "1".into() }
    }
}

impl sealed::Sealed for str {}

impl ToEvidence for str {
    fn to_evidence(&self) -> Evidence {
        Evidence::Text { value: self.to_owned() }
    }
}

impl sealed::Sealed for char {}

impl ToEvidence for char {
    fn to_evidence(&self) -> Evidence {
        Evidence::Text { value: self.to_string() }
    }
}

impl sealed::Sealed for String {}

impl ToEvidence for String {
    fn to_evidence(&self) -> Evidence {
        self.as_str().to_evidence()
    }
}

impl<T: ToEvidence + ?Sized> sealed::Sealed for &T {}

impl<T: ToEvidence + ?Sized> ToEvidence for &T {
    fn to_evidence(&self) -> Evidence {
        (**self).to_evidence()
    }

    fn origin(&self) -> Option<Origin<'_>> {
        (**self).origin()
    }
}

/// A float as a JSON number, or as one of the words nan, inf, -inf.
pub(crate) mod float {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    pub(super) enum Float {
        Number(f64),
        Word(String),
    }

    impl From<f64> for Float {
        fn from(x: f64) -> Self {
            if x.is_finite() {
                Self::Number(x)
            } else if x.is_nan() {
                Self::Word("nan".into())
            } else if x > 0.0 {
                Self::Word("inf".into())
            } else {
                Self::Word("-inf".into())
            }
        }
    }

    impl Float {
        pub(super) fn value<E: serde::de::Error>(self) -> Result<f64, E> {
            match self {
                Self::Number(x) => Ok(x),
                Self::Word(w) => match w.as_str() {
                    "nan" => Ok(f64::NAN),
                    "inf" => Ok(f64::INFINITY),
                    "-inf" => Ok(f64::NEG_INFINITY),
                    _ => Err(E::custom(format!("`{w}` is no number; expected nan, inf or -inf"))),
                },
            }
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this signature")]
    pub(crate) fn serialize<S: Serializer>(x: &f64, s: S) -> Result<S::Ok, S::Error> {
        Float::from(*x).serialize(s)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<f64, D::Error> {
        Float::deserialize(d)?.value()
    }
}

/// A list of floats, each as in [`float`].
pub(crate) mod floats {
    use super::float::Float;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(xs: &[f64], s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(xs.iter().map(|&x| Float::from(x)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<f64>, D::Error> {
        Vec::<Float>::deserialize(d)?.into_iter().map(Float::value).collect()
    }
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
