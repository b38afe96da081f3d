//! What is done with the objects of a scenario: values set, code that runs regularly, and the script.
//! A key or a form that is not known here is named, never skipped.

use serde_json::Value;
use spikelab::Network;
use spikelab::description::{Operation, RegularDescription, Selection, Value as Given};

use super::Problem;
use super::values::{
    count, known, list, namespace_value, number, numbers, object, optional, quantities, selection, text,
    timing, unsupported,
};

type Result<T> = std::result::Result<T, Problem>;

pub(super) fn script(net: &mut Network, op: &Value) -> Result<()> {
    let number = |key: &str| number(&op[key]);
    let name = |key: &str| text(&op[key]);
    match text(&op["op"])?.as_str() {
        "run" => {
            known(op, "run", &["op", "duration"])?;
            net.apply(&Operation::Run { duration: number("duration")? })?;
        }
        "set" => set(net, &name("target")?, op)?,
        "store" | "restore" => {
            let name = optional(&op["name"])?.unwrap_or_else(|| "default".to_owned());
            net.apply(&match text(&op["op"])?.as_str() {
                "store" => Operation::Store { name },
                _ => Operation::Restore { name, random: false },
            })?;
        }
        "set_spikes" => {
            known(op, "set_spikes", &["op", "target", "i", "t", "period"])?;
            net.apply(&Operation::SetSpikes {
                object: name("target")?,
                i: list(&op["i"]).iter().map(count).collect::<Result<_>>()?,
                t: numbers(&op["t"])?,
                period: op["period"].as_f64(),
            })?;
        }
        "set_active" => {
            let object = name(if op["target"].is_null() { "name" } else { "target" })?;
            let active = op["active"].as_bool().or(op["value"].as_bool());
            let active = active.ok_or_else(|| unsupported(format!("set_active as {op}")))?;
            net.apply(&Operation::SetActive { object, active })?;
        }
        "set_namespace" => {
            let values = [&op["namespace"], &op["values"]].into_iter().flat_map(object);
            let mut pairs: Vec<(String, &Value)> = values.map(|(k, v)| (k.clone(), v)).collect();
            if op["name"].is_string() {
                pairs.push((name("name")?, &op["value"]));
            }
            if pairs.is_empty() {
                return Err(unsupported(format!("set_namespace as {op}")));
            }
            for (name, value) in pairs {
                net.apply(&Operation::SetNamespace { name, value: namespace_value(value)? })?;
            }
        }
        "set_dt" => net.apply(&Operation::SetDt { dt: number("dt")? })?,
        other => return Err(unsupported(format!("the operation {other}"))),
    }
    Ok(())
}

pub(super) fn set_all(net: &mut Network, object: &str, entries: &Value) -> Result<()> {
    list(entries).iter().try_for_each(|entry| set(net, object, entry))
}

fn set(net: &mut Network, object: &str, entry: &Value) -> Result<()> {
    known(entry, "an assignment", &["var", "index", "value", "op", "target"])?;
    let variable = text(&entry["var"])?;
    let index = if entry["index"].is_null() { Selection::All } else { selection(&entry["index"])? };
    let value = match &entry["value"] {
        Value::String(text) if !matches!(text.as_str(), "inf" | "-inf" | "nan") => {
            Given::Expression(text.clone())
        }
        Value::Object(_) => {
            let (values, unit) = quantities(&entry["value"])?;
            Given::Numbers { values, unit }
        }
        plain => {
            // Plain numbers are SI values in the variable's own unit.
            let unit = net.values(object, &variable, &Selection::All)?.dimension().to_string();
            Given::Numbers { values: numbers(plain)?, unit }
        }
    };
    net.apply(&Operation::Set { object: object.to_owned(), variable, index, value })?;
    Ok(())
}

pub(super) fn regular(net: &mut Network, object: &str, entries: &Value) -> Result<()> {
    for entry in list(entries) {
        known(entry, "run_regularly", &["code", "dt", "when", "order", "name"])?;
        let name = optional(&entry["name"])?.unwrap_or_default();
        let code = RegularDescription { name, code: text(&entry["code"])?, timing: timing(entry) };
        net.apply(&Operation::RunRegularly { object: object.to_owned(), code })?;
    }
    Ok(())
}
