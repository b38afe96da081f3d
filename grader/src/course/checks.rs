//! The kinds of checks that a rubric can ask for, with their tolerances.
//! Every kind names a variable of the notebook, its points and, if wanted, a title and a hint.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::models::Vary;
use crate::runner::Kind;

/// Fields that every kind has, then its own.
macro_rules! checks {
    ($($(#[$doc:meta])* $name:ident / $word:literal / $kind:expr => { $($(#[$fdoc:meta])* $field:ident : $t:ty $(= $default:literal)?,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
            #[serde(deny_unknown_fields)]
            pub struct $name {
                /// Unique in its question; made from the kind and the variable if left out.
                #[serde(default)]
                pub id: String,
                /// One line for the feedback page; made if left out.
                #[serde(default)]
                pub title: String,
                /// The variable in the notebook.
                #[serde(default)]
                pub variable: String,
                /// Points.
                #[serde(default)]
                pub points: f64,
                /// Shown when points were lost.
                #[serde(default)]
                pub hint: Option<String>,
                /// Told to students at once, coarsely: in the notebook by `check!`, and by `grader check`.
                #[serde(default, skip_serializing_if = "is_false")]
                pub public: bool,
                $($(#[$fdoc])* $(#[serde(default = $default)])? pub $field: $t,)*
            }
        )*

        /// One check of a question.
        #[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum CheckSpec {
            $($(#[$doc])* $name($name),)*
        }

        impl CheckSpec {
            /// The word by which the rubric calls this kind.
            #[must_use]
            pub const fn word(&self) -> &'static str {
                match self { $(Self::$name(_) => $word,)* }
            }

            /// What the variable is meant to be.
            #[must_use]
            pub const fn kind(&self) -> Kind {
                match self { $(Self::$name(_) => $kind,)* }
            }

            /// Its id.
            #[must_use]
            pub fn id(&self) -> &str {
                match self { $(Self::$name(c) => &c.id,)* }
            }

            pub(super) fn set_id(&mut self, id: String) {
                match self { $(Self::$name(c) => c.id = id,)* }
            }

            /// Its title, as written.
            #[must_use]
            pub fn title(&self) -> &str {
                match self { $(Self::$name(c) => &c.title,)* }
            }

            /// The variable in the notebook.
            #[must_use]
            pub fn variable(&self) -> &str {
                match self { $(Self::$name(c) => &c.variable,)* }
            }

            /// True if students may know at once about what it looks at.
            #[must_use]
            pub const fn is_public(&self) -> bool {
                match self { $(Self::$name(c) => c.public,)* }
            }

            /// Points possible.
            #[must_use]
            pub fn points(&self) -> f64 {
                match self { $(Self::$name(c) => c.points,)* }
            }

            /// The hint.
            #[must_use]
            pub fn hint(&self) -> Option<&str> {
                match self { $(Self::$name(c) => c.hint.as_deref(),)* }
            }
        }
    };
}

checks! {
    /// Spike trains of a `SpikeMonitor`: every spike matched in time, neuron by neuron.
    Spikes / "spikes" / Kind::Spikes => {
        /// How far a spike may be off, in milliseconds.
        within_ms: f64 = "one_and_a_half_steps",
        /// Neurons that are not compared, because rounding decides about them.
        ignore: Vec<usize> = "Vec::<usize>::new",
    }
    /// Samples of one variable of a `StateMonitor`, on the reference's times.
    Trace / "trace" / Kind::Traces => {
        /// The variable recorded.
        of: String = "v",
        /// The neuron; all recorded ones if left out.
        index: Option<usize> = "none::<usize>",
        /// Difference allowed in SI units.
        absolute: f64 = "zero",
        /// Difference allowed as a part of the trace's largest value.
        relative: f64 = "millionth",
    }
    /// A single number, with its dimension.
    Number / "number" / Kind::Plain => {
        /// The right value in SI units, where the reference's own is one draw of many; its dimension is the reference's.
        value: Option<f64> = "none::<f64>",
        /// Difference allowed in SI units.
        absolute: f64 = "zero",
        /// Difference allowed as a part of the expected value.
        relative: f64 = "millionth",
    }
    /// A list of numbers, with its dimension.
    Array / "array" / Kind::Plain => {
        /// Difference allowed in SI units.
        absolute: f64 = "zero",
        /// Difference allowed as a part of the largest expected value.
        relative: f64 = "millionth",
    }
    /// Which neurons are connected, and variables of the synapses.
    Connectivity / "connectivity" / Kind::Connectivity => {
        /// The very same pairs, or random ones with the right probability.
        mode: Mode = "Mode::default",
        /// For random ones: the probability of each candidate pair.
        p: Option<f64> = "none::<f64>",
        /// Neurons may be connected to themselves.
        self_connections: bool = "no",
        /// For random ones: how unlikely a right answer may be and still be refused.
        significance: f64 = "one_in_ten_thousand",
        /// Variables compared pair by pair, such as `w` and `delay`.
        compare: Vec<String> = "Vec::<String>::new",
        /// Difference allowed as a part of a variable's largest value.
        relative: f64 = "millionth",
    }
    /// What a `Figure` shows: every curve of the reference must be there, by its data.
    Figure / "figure" / Kind::Figure => {
        /// Difference allowed as a part of the largest value of a curve.
        relative: f64 = "thousandth",
        /// Both axes need a text.
        labels: bool = "yes",
    }
    /// A variable of a `NeuronGroup`, such as a parameter set before the run.
    Group / "group" / Kind::Group => {
        /// The variable; without it the number of neurons alone is compared.
        of: Option<String> = "none::<String>",
        /// Difference allowed in SI units.
        absolute: f64 = "zero",
        /// Difference allowed as a part of the largest expected value.
        relative: f64 = "millionth",
    }
    /// The networks behind the question's variables, simulated again outside, give what the notebook claims.
    /// If not, the results are not those of the model, and the checks that compare them earn nothing.
    Reproduces / "reproduces" / Kind::Plain => {
        /// Take the points of the checks that compare results of the network.
        withhold: bool = "yes",
        /// What to do with a model that holds functions of the student's own, which leave a notebook as no data.
        undescribed: Undescribed = "Undescribed::default",
    }
    /// The model still does the same as the reference when both are changed in the same way.
    Model / "model" / Kind::Plain => {
        /// What is changed.
        vary: Vec<Vary> = "Vec::<Vary>::new",
        /// How many times other values are drawn.
        draws: usize = "twice",
    }
    /// An answer chosen or written by the student.
    Choice / "choice" / Kind::Plain => {
        /// The answers that are right; upper and lower case are the same.
        answer: OneOrMany = "OneOrMany::default",
    }
}

/// What becomes of results whose model cannot be simulated again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Undescribed {
    /// They earn nothing.
    #[default]
    Withhold,
    /// They are believed; only the check of the model earns nothing.
    Believe,
}

impl CheckSpec {
    /// True for checks that compare results of a network, which its model must reproduce.
    #[must_use]
    pub const fn is_modelled(&self) -> bool {
        matches!(self, Self::Spikes(_) | Self::Trace(_) | Self::Connectivity(_) | Self::Group(_))
    }

    /// True for checks of the model behind the results rather than of a value.
    #[must_use]
    pub const fn is_about_model(&self) -> bool {
        matches!(self, Self::Reproduces(_) | Self::Model(_))
    }
}

/// How connections are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The same pairs as in the reference.
    #[default]
    Exact,
    /// Random pairs: their number and spread must be likely.
    Random,
}

/// One answer or several.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One.
    One(String),
    /// Any of these.
    Many(Vec<String>),
}

impl Default for OneOrMany {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl OneOrMany {
    /// The answers.
    #[must_use]
    pub fn list(&self) -> Vec<&str> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many.iter().map(String::as_str).collect(),
        }
    }
}

/// Spikes lie on a grid of 0.1 ms; one step off is still right, two are not.
const fn one_and_a_half_steps() -> f64 {
    0.15
}
const fn zero() -> f64 {
    0.0
}
const fn millionth() -> f64 {
    1e-6
}
const fn thousandth() -> f64 {
    1e-3
}
const fn one_in_ten_thousand() -> f64 {
    1e-4
}
const fn twice() -> usize {
    2
}
const fn no() -> bool {
    false
}
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this signature")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}
const fn yes() -> bool {
    true
}
const fn none<T>() -> Option<T> {
    None
}
fn v() -> String {
    "v".to_owned()
}
