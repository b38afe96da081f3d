//! What a rubric says about models: what is varied to tell a model from its results, and the edits that make a mistake.
//! Both name things as they are called in the reference; a submission may call them otherwise.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use spikelab::{Quantity, parse_unit};

/// Something that is changed in the reference and in the submission alike; both must still do the same.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vary {
    /// A variable that gets other values before the run, each element its own: `v`, `I`, `w`, `delay`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    /// A value handed over under this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constant: Option<String>,
    /// A value that stands in the texts of `in`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Amount>,
    /// Where `value` stands.
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    pub field: Option<Field>,
    /// The number of neurons of all groups that have so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<usize>,
    /// How long the network runs altogether.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub duration: bool,
    /// Least value drawn.
    pub from: Amount,
    /// Largest value drawn.
    pub to: Amount,
}

impl Vary {
    /// What it changes, in words.
    #[must_use]
    pub fn what(&self) -> String {
        if let Some(name) = self.variable.as_ref().or(self.constant.as_ref()) {
            return format!("`{name}`");
        }
        match (&self.value, self.field, self.size) {
            (Some(value), Some(field), _) => format!("{} in the {}", value.0, field.word()),
            (_, _, Some(_)) => "the number of neurons".to_owned(),
            _ => "the length of the run".to_owned(),
        }
    }

    /// What is wrong with the entry as written.
    pub(super) fn fault(&self) -> Option<String> {
        let said = [self.variable.is_some(), self.constant.is_some(), self.value.is_some()];
        let many = said.into_iter().chain([self.size.is_some(), self.duration]).filter(|x| *x).count();
        if many != 1 {
            return Some("give one of `variable`, `constant`, `value`, `size` and `duration`".to_owned());
        }
        if self.value.is_some() != self.field.is_some() {
            return Some("`value` and `in` belong together".to_owned());
        }
        let (from, to) = (self.from.0, self.to.0);
        if from.dimension() != to.dimension() || from.value() > to.value() || from.value().is_nan() {
            return Some(format!("{from} to {to} is no range"));
        }
        None
    }
}

/// A kind of text in a network's description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Equations of groups and synapses.
    Equations,
    /// Thresholds and conditions of other events.
    Threshold,
    /// Resets and what other events do.
    Reset,
    /// The refractory period.
    Refractory,
    /// The integration method.
    Method,
    /// What a spike of the source does.
    OnPre,
    /// What a spike of the target does.
    OnPost,
    /// Rates of Poisson groups.
    Rates,
    /// Weights of Poisson inputs.
    Weight,
    /// Code that runs at regular times.
    Regular,
    /// Condition, probability and number of connections.
    Connect,
    /// Values that variables are set to.
    Set,
    /// Values that delays are set to.
    Delay,
    /// Values handed over.
    Constant,
    /// Numbers of neurons.
    Size,
    /// Lengths of runs.
    Duration,
}

impl Field {
    const fn word(self) -> &'static str {
        match self {
            Self::Equations => "equations",
            Self::Threshold => "threshold",
            Self::Reset => "reset",
            Self::Refractory => "refractory period",
            Self::Method => "method",
            Self::OnPre => "code of a spike",
            Self::OnPost => "code of a spike behind",
            Self::Rates => "rates",
            Self::Weight => "weight",
            Self::Regular => "regular code",
            Self::Connect => "connections",
            Self::Set => "values set",
            Self::Delay => "delays",
            Self::Constant => "values handed over",
            Self::Size => "sizes",
            Self::Duration => "run",
        }
    }
}

/// A mistake that students make, as a change of the reference.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mistake {
    /// Short name, for the summary of a class.
    pub id: String,
    /// What was done, in words.
    pub title: String,
    /// What to think about.
    pub hint: String,
    /// The reference becomes the mistake by these.
    pub edits: Vec<Edit>,
}

/// One change of the reference's description.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// Which texts or values.
    pub of: Field,
    /// The variable or constant, for `set` and `constant`; all if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The part of a text that is replaced; the whole if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// By what: text, or a value such as `20 ms`. Left out, the thing is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Scalar>,
}

/// A text or number as YAML has it.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Scalar {
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

impl Scalar {
    /// As text of the model language.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Number(x) => x.to_string(),
            Self::Text(text) => text.clone(),
        }
    }

    /// As a quantity, if it is one.
    #[must_use]
    pub fn quantity(&self) -> Option<Quantity> {
        match self {
            Self::Number(x) => Some(Quantity::from(*x)),
            Self::Text(text) => amount(text),
        }
    }
}

/// A number, or a text such as `5 ms`.
#[derive(Clone, Copy, Debug)]
pub struct Amount(pub Quantity);

impl Default for Amount {
    fn default() -> Self {
        Self(Quantity::from(0.0))
    }
}

impl JsonSchema for Amount {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Amount".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A number, or a text such as `5 ms`.",
            "anyOf": [
                {"type": "number"},
                {"type": "string", "pattern": "^\\s*[-+]?[0-9.]+([eE][-+]?[0-9]+)?(\\s*[ *]\\s*\\S.*)?$"}
            ]
        })
    }
}

/// Reads `5 ms`, `5*ms` and `5`.
fn amount(text: &str) -> Option<Quantity> {
    let (number, unit) = text.trim().split_once([' ', '*']).unwrap_or((text.trim(), "1"));
    let number: f64 = number.trim().parse().ok()?;
    Some(number * parse_unit(unit.trim()).ok()?)
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        format!("{} {}", self.0.value(), self.0.dimension()).serialize(s)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let scalar = Scalar::deserialize(d)?;
        scalar.quantity().map(Self).ok_or_else(|| {
            serde::de::Error::custom(format!("`{}` is no value such as `0.5` or `5 ms`", scalar.text()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_units() {
        let read = |text: &str| serde_yaml::from_str::<Amount>(text).map(|a| a.0);
        assert_eq!(read("5 ms").unwrap(), Quantity::new(0.005, spikelab::Dimension::TIME));
        assert_eq!(read("-0.5").unwrap(), Quantity::from(-0.5));
        assert_eq!(read("2*mV").unwrap().value(), 0.002);
        assert!(read("5 mss").unwrap_err().to_string().contains("`5 mss`"));
    }

    #[test]
    fn a_variation_is_one_thing() {
        let fault = |text: &str| serde_yaml::from_str::<Vary>(text).unwrap().fault();
        assert_eq!(fault("{variable: v, from: 0, to: 1}"), None);
        assert!(fault("{variable: v, size: 3, from: 0, to: 1}").unwrap().contains("one of"));
        assert!(fault("{constant: tau, from: 5 ms, to: 1}").unwrap().contains("no range"));
        assert!(fault("{value: 0.8, from: 0, to: 1}").unwrap().contains("belong together"));
    }
}
