//! The values in descriptions: quantities, numbers and expressions, choices of elements, times to act.
//! What JSON and YAML cannot write by themselves is written here: units as text, numbers that are none, choices without tags.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::equations::parse_unit;
use crate::evidence::{float, floats};
use crate::units::Quantity;

/// When an object acts: its own clock, slot and place in the slot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

impl Timing {
    /// True if nothing is said.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// A value that equations find under a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TimedArrayDescription {
    /// Rows of SI values; a single column makes a function of time alone.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<Vec<super::schema::Number>>"))]
    pub rows: Vec<crate::evidence::Row>,
    /// True if called with time and column.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub two_dimensional: bool,
    /// Unit of the values.
    pub unit: String,
    /// Time between two rows, in seconds.
    pub dt: f64,
}

/// A refractory period: a time, or an expression for a time or a condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Refractory {
    /// So long.
    Time(Quantity),
    /// An expression.
    Expression(String),
}

/// Some elements of a group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
enum Form {
    All(AllElements),
    Indices { indices: Vec<usize> },
    Condition { condition: String },
    Slice { slice: Slice },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum AllElements {
    All,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Value {
    /// An expression, evaluated once for each element.
    Expression(String),
    /// One SI value for all, or one for each element, with their unit.
    Numbers {
        /// SI values.
        #[serde(with = "floats")]
        #[cfg_attr(feature = "schema", schemars(with = "Vec<super::schema::Number>"))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Stored {
    #[serde(with = "float")]
    #[cfg_attr(feature = "schema", schemars(with = "super::schema::Number"))]
    value: f64,
    unit: String,
}
