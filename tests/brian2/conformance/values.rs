//! Numbers, quantities, texts and indices of a scenario's data.
//! What has another form than it should is an error of the file.

use serde_json::Value;
use spikelab::Quantity;
use spikelab::description::{NamespaceValue, Selection, TimedArrayDescription, Timing};
use spikelab::evidence::Row;

use super::Problem;

type Result<T> = std::result::Result<T, Problem>;

pub(super) fn selection(v: &Value) -> Result<Selection> {
    Ok(match v {
        Value::Number(_) => Selection::Indices(vec![count(v)?]),
        Value::Array(list) => Selection::Indices(list.iter().map(count).collect::<Result<_>>()?),
        Value::String(text) => Selection::Condition(text.clone()),
        Value::Object(map) => {
            known(v, "an index", &["start", "stop", "step"])?;
            let bound = |key: &str| map.get(key).and_then(Value::as_i64);
            Selection::Slice { start: bound("start"), stop: bound("stop"), step: bound("step") }
        }
        other => return Err(unsupported(format!("the index {other}"))),
    })
}

pub(super) fn timing(v: &Value) -> Timing {
    let order = v["order"].as_i64().and_then(|o| i32::try_from(o).ok());
    Timing { dt: v["dt"].as_f64(), when: v["when"].as_str().map(str::to_owned), order }
}

pub(super) fn timed_array(v: &Value) -> Result<TimedArrayDescription> {
    let unit = v["unit"].as_str().unwrap_or("1");
    let scale = quantity(&serde_json::json!({"value": 1.0, "unit": unit}))?;
    let two_dimensional = list(&v["values"]).first().is_some_and(Value::is_array);
    let row = |r: &Value| Ok(Row(numbers(r)?.into_iter().map(|x| x * scale.value()).collect()));
    Ok(TimedArrayDescription {
        rows: list(&v["values"]).iter().map(row).collect::<Result<_>>()?,
        two_dimensional,
        unit: scale.dimension().to_string(),
        dt: number(&v["dt"])?,
    })
}

pub(super) fn namespace_value(v: &Value) -> Result<NamespaceValue> {
    if v.get("values").is_some() {
        return Ok(NamespaceValue::TimedArray(timed_array(v)?));
    }
    Ok(NamespaceValue::Quantity(quantity(v)?))
}

/// A number with or without unit; `si` is the product that Brian2 used.
pub(super) fn quantity(v: &Value) -> Result<Quantity> {
    if !v.is_object() {
        return Ok(Quantity::from(number(v)?));
    }
    known(v, "a quantity", &["value", "unit", "si"])?;
    let unit = spikelab::parse_unit(v["unit"].as_str().unwrap_or("1"))?;
    let value = match &v["si"] {
        Value::Null => number(&v["value"])? * unit.value(),
        si => number(si)?,
    };
    Ok(Quantity::new(value, unit.dimension()))
}

/// Several numbers with one unit, as SI values and the unit that they are in then.
pub(super) fn quantities(v: &Value) -> Result<(Vec<f64>, String)> {
    let unit = spikelab::parse_unit(v["unit"].as_str().unwrap_or("1"))?;
    let values = match &v["si"] {
        Value::Null => numbers(&v["value"])?.into_iter().map(|x| x * unit.value()).collect(),
        si => numbers(si)?,
    };
    Ok((values, unit.dimension().to_string()))
}

/// Refuses keys that this code does not look at.
pub(super) fn known(v: &Value, what: &str, keys: &[&str]) -> Result<()> {
    match object(v).find(|(key, _)| !keys.contains(&key.as_str())) {
        Some((key, _)) => Err(unsupported(format!("`{key}` of {what}"))),
        None => Ok(()),
    }
}

pub(super) fn unsupported(what: String) -> Problem {
    Problem::Unsupported(what)
}

pub(super) fn object(v: &Value) -> impl Iterator<Item = (&String, &Value)> {
    v.as_object().into_iter().flatten()
}

pub(super) fn list(v: &Value) -> &[Value] {
    v.as_array().map_or(&[], Vec::as_slice)
}

pub(super) fn text(v: &Value) -> Result<String> {
    v.as_str().map(str::to_owned).ok_or_else(|| Problem::Broken(format!("{v} is not a text")))
}

pub(super) fn optional(v: &Value) -> Result<Option<String>> {
    if v.is_null() { Ok(None) } else { text(v).map(Some) }
}

pub(super) fn whole(v: &Value) -> Result<i64> {
    v.as_i64().ok_or_else(|| Problem::Broken(format!("{v} is not a whole number")))
}

pub(super) fn count(v: &Value) -> Result<usize> {
    let whole = whole(v)?;
    // Negative indices are refused by the library like others that do not exist.
    Ok(usize::try_from(whole).unwrap_or(usize::MAX))
}

pub(super) fn number(v: &Value) -> Result<f64> {
    match v {
        Value::Bool(b) => Ok(f64::from(u8::from(*b))),
        Value::String(text) => match text.as_str() {
            "inf" => Ok(f64::INFINITY),
            "-inf" => Ok(f64::NEG_INFINITY),
            "nan" => Ok(f64::NAN),
            _ => Err(Problem::Broken(format!("{v} is not a number"))),
        },
        _ => v.as_f64().ok_or_else(|| Problem::Broken(format!("{v} is not a number"))),
    }
}

/// One number or many.
pub(super) fn numbers(v: &Value) -> Result<Vec<f64>> {
    match v {
        Value::Array(list) => list.iter().map(number).collect(),
        one => Ok(vec![number(one)?]),
    }
}
