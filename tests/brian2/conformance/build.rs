//! From a scenario's data to operations on a network, in the order that its README gives.
//! A key or a form that is not known here is named, never skipped.

use std::collections::BTreeMap;

use serde_json::Value;
use spikelab::Network;
use spikelab::description::{
    ConnectDescription, EventCode, Indices, NamespaceValue, NeuronGroupDescription, Operation,
    PathwayDescription, PoissonGroupDescription, PoissonInputDescription, PopulationRateMonitorDescription,
    Refractory, Selection, Side, SpikeGeneratorGroupDescription, SpikeMonitorDescription,
    StateMonitorDescription, SynapsesDescription, Value as Given,
};
use spikelab::units::second;

use super::Problem;
use super::operations::{regular, script, set_all};
use super::values::{
    count, known, list, namespace_value, number, numbers, object, optional, quantities, quantity, selection,
    text, timed_array, timing, unsupported, whole,
};

type Result<T> = std::result::Result<T, Problem>;

/// Builds a model and does what its script says.
pub(super) fn run(model: &Value) -> Result<Network> {
    known(
        model,
        "scenario",
        &[
            "schema",
            "id",
            "title",
            "features",
            "kind",
            "dt",
            "duration",
            "namespace",
            "timed_arrays",
            "schedule",
            "groups",
            "inputs",
            "synapses",
            "monitors",
            "script",
            "queries",
            "tolerance",
            "expected",
            "produced_with",
            "seed",
            "derived",
            "source",
            "notes",
            "note",
            "description",
            "reading",
            "stage",
            "assignment",
            "keep_synapses",
        ],
    )?;
    let dt = model["dt"].as_f64().unwrap_or(1e-4);
    let mut net = Network::new().seed(model["seed"].as_u64().unwrap_or(1)).dt(dt * second);
    for (name, value) in object(&model["namespace"]) {
        net.apply(&Operation::SetNamespace { name: name.clone(), value: namespace_value(value)? })?;
    }
    for array in list(&model["timed_arrays"]) {
        known(array, "a timed array", &["name", "values", "unit", "dt", "si"])?;
        let value = NamespaceValue::TimedArray(timed_array(array)?);
        net.apply(&Operation::SetNamespace { name: text(&array["name"])?, value })?;
    }
    if let Some(slots) = model["schedule"].as_array() {
        let slots = slots.iter().map(text).collect::<Result<_>>()?;
        net.apply(&Operation::SetSchedule { slots })?;
    }
    for group in list(&model["groups"]) {
        net.apply(&Operation::AddNeuronGroup(neuron_group(group)?))?;
    }
    for input in list(&model["inputs"]) {
        net.apply(&input_operation(input)?)?;
    }
    for group in list(&model["groups"]) {
        let name = text(&group["name"])?;
        for link in list(&group["linked"]) {
            known(link, "a link", &["var", "source", "source_var", "index"])?;
            let index = match &link["index"] {
                Value::Null => None,
                index => Some(list(index).iter().map(count).collect::<Result<_>>()?),
            };
            net.apply(&Operation::Link {
                object: name.clone(),
                variable: text(&link["var"])?,
                source: text(&link["source"])?,
                source_variable: text(&link["source_var"])?,
                index,
            })?;
        }
        set_all(&mut net, &name, &group["init"])?;
        regular(&mut net, &name, &group["run_regularly"])?;
    }
    for synapses in list(&model["synapses"]) {
        net.apply(&Operation::AddSynapses(synapses_description(synapses)?))?;
        let name = text(&synapses["name"])?;
        for call in list(&synapses["connect"]) {
            let connect = connect(call)?;
            net.apply(&Operation::Connect { object: name.clone(), connect })?;
        }
        set_all(&mut net, &name, &synapses["init"])?;
        regular(&mut net, &name, &synapses["run_regularly"])?;
    }
    for monitor in list(&model["monitors"]) {
        net.apply(&monitor_operation(monitor)?)?;
    }
    for operation in list(&model["script"]) {
        script(&mut net, operation)?;
    }
    Ok(net)
}

fn neuron_group(g: &Value) -> Result<NeuronGroupDescription> {
    known(
        g,
        "a group",
        &[
            "name",
            "n",
            "equations",
            "threshold",
            "reset",
            "refractory",
            "method",
            "dt",
            "order",
            "events",
            "run_on_event",
            "event_schedule",
            "linked",
            "init",
            "run_regularly",
        ],
    )?;
    let refractory = match &g["refractory"] {
        Value::Null | Value::Bool(false) => None,
        Value::String(text) => Some(Refractory::Expression(text.clone())),
        other => Some(Refractory::Time(quantity(other)?)),
    };
    let mut events = BTreeMap::new();
    for (name, condition) in object(&g["events"]) {
        events.insert(name.clone(), text(condition)?);
    }
    let mut run_on_event = Vec::new();
    for code in list(&g["run_on_event"]) {
        known(code, "run_on_event", &["event", "code", "when", "order"])?;
        let timing = timing(code);
        run_on_event.push(EventCode { event: text(&code["event"])?, code: text(&code["code"])?, timing });
    }
    let mut event_schedule = BTreeMap::new();
    for entry in list(&g["event_schedule"]) {
        known(entry, "event_schedule", &["event", "when", "order"])?;
        event_schedule.insert(text(&entry["event"])?, timing(entry));
    }
    Ok(NeuronGroupDescription {
        name: text(&g["name"])?,
        n: count(&g["n"])?,
        equations: text(&g["equations"])?,
        threshold: optional(&g["threshold"])?,
        reset: optional(&g["reset"])?,
        refractory,
        method: optional(&g["method"])?,
        events,
        run_on_event,
        event_schedule,
        timing: timing(g),
        namespace: BTreeMap::new(),
    })
}

fn input_operation(d: &Value) -> Result<Operation> {
    known(
        d,
        "an input",
        &[
            "name",
            "type",
            "n",
            "i",
            "t",
            "period",
            "dt",
            "rates",
            "target",
            "target_var",
            "rate",
            "weight",
            "when",
            "order",
        ],
    )?;
    let (name, n, timing) = (text(&d["name"])?, count(&d["n"])?, timing(d));
    match text(&d["type"])?.as_str() {
        "SpikeGeneratorGroup" => Ok(Operation::AddSpikeGeneratorGroup(SpikeGeneratorGroupDescription {
            name,
            n,
            i: list(&d["i"]).iter().map(count).collect::<Result<_>>()?,
            t: numbers(&d["t"])?,
            period: d["period"].as_f64(),
            timing,
        })),
        "PoissonGroup" => {
            let rates = match &d["rates"] {
                Value::String(text) => Given::Expression(text.clone()),
                Value::Object(_) => {
                    let (values, unit) = quantities(&d["rates"])?;
                    Given::Numbers { values, unit }
                }
                plain => Given::Numbers { values: numbers(plain)?, unit: "Hz".to_owned() },
            };
            let namespace = BTreeMap::new();
            Ok(Operation::AddPoissonGroup(PoissonGroupDescription { name, n, rates, timing, namespace }))
        }
        "PoissonInput" => {
            let weight = match &d["weight"] {
                Value::String(text) => text.clone(),
                other => {
                    let weight = quantity(other)?;
                    format!("{:?}*({})", weight.value(), weight.dimension())
                }
            };
            let rate = match &d["rate"] {
                Value::Number(_) => number(&d["rate"])? / second,
                other => quantity(other)?,
            };
            Ok(Operation::AddPoissonInput(PoissonInputDescription {
                name,
                target: text(&d["target"])?,
                variable: text(&d["target_var"])?,
                n,
                rate,
                weight,
                timing,
            }))
        }
        other => Err(unsupported(format!("inputs of the type {other}"))),
    }
}

fn synapses_description(s: &Value) -> Result<SynapsesDescription> {
    known(
        s,
        "synapses",
        &[
            "name",
            "source",
            "target",
            "model",
            "on_pre",
            "on_post",
            "on_event",
            "connect",
            "init",
            "delay",
            "method",
            "dt",
            "order",
            "pathways",
            "multisynaptic_index",
            "run_regularly",
        ],
    )?;
    let mut pathways = Vec::new();
    for (key, side, usual) in [("on_pre", Side::Pre, "pre"), ("on_post", Side::Post, "post")] {
        let codes: Vec<(String, String)> = match &s[key] {
            Value::Null => Vec::new(),
            Value::String(code) => vec![(usual.to_owned(), code.clone())],
            Value::Object(map) => {
                map.iter().map(|(name, code)| Ok((name.clone(), text(code)?))).collect::<Result<_>>()?
            }
            other => return Err(unsupported(format!("{key} as {other}"))),
        };
        for (name, code) in codes {
            let delay = match &s["delay"] {
                Value::Null => None,
                // One value is for `pre`, a map for each pathway by name.
                one if one.get("value").is_some() => (name == "pre").then(|| quantity(one)).transpose()?,
                map => map.get(&name).map(quantity).transpose()?,
            };
            let event = match &s["on_event"] {
                Value::Null => None,
                Value::String(event) => Some(event.clone()),
                map => map.get(&name).map(text).transpose()?,
            };
            let timing = s["pathways"].get(&name).map(timing).unwrap_or_default();
            pathways.push(PathwayDescription { name, side, code, delay, event, timing });
        }
    }
    if let Some((name, _)) = object(&s["delay"])
        .find(|(name, _)| s["delay"].get("value").is_none() && !pathways.iter().any(|p| p.name == **name))
    {
        return Err(unsupported(format!("a delay for `{name}`, which is no pathway")));
    }
    Ok(SynapsesDescription {
        name: text(&s["name"])?,
        source: text(&s["source"])?,
        target: text(&s["target"])?,
        model: text(&s["model"])?,
        pathways,
        method: optional(&s["method"])?,
        multisynaptic_index: optional(&s["multisynaptic_index"])?,
        timing: timing(s),
        namespace: BTreeMap::new(),
    })
}

fn connect(c: &Value) -> Result<ConnectDescription> {
    known(c, "connect", &["i", "j", "condition", "p", "n", "skip_if_invalid"])?;
    let indices = |v: &Value| -> Result<Option<Indices>> {
        Ok(match v {
            Value::Null => None,
            Value::String(text) => Some(Indices::Generator(text.clone())),
            Value::Number(_) => Some(Indices::List(vec![whole(v)?])),
            other => Some(Indices::List(list(other).iter().map(whole).collect::<Result<_>>()?)),
        })
    };
    let expression = |v: &Value| -> Result<Option<String>> {
        Ok(match v {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(format!("{:?}", number(other)?)),
        })
    };
    Ok(ConnectDescription {
        i: indices(&c["i"])?,
        j: indices(&c["j"])?,
        condition: optional(&c["condition"])?,
        p: expression(&c["p"])?,
        n: expression(&c["n"])?,
        skip_if_invalid: c["skip_if_invalid"].as_bool().unwrap_or(false),
    })
}

fn monitor_operation(m: &Value) -> Result<Operation> {
    known(
        m,
        "a monitor",
        &[
            "name",
            "type",
            "target",
            "variables",
            "record",
            "dt",
            "when",
            "order",
            "event",
            "smooth",
            "keep_every",
        ],
    )?;
    let (name, source, timing) = (text(&m["name"])?, text(&m["target"])?, timing(m));
    let variables = list(&m["variables"]).iter().map(text).collect::<Result<Vec<_>>>()?;
    match text(&m["type"])?.as_str() {
        "StateMonitor" => {
            let record = match &m["record"] {
                Value::Null | Value::Bool(true) => Selection::All,
                other => selection(other)?,
            };
            Ok(Operation::AddStateMonitor(StateMonitorDescription {
                name,
                source,
                variables,
                record,
                timing,
            }))
        }
        kind @ ("SpikeMonitor" | "EventMonitor") => {
            let event = optional(&m["event"])?;
            if kind == "EventMonitor" && event.is_none() {
                return Err(Problem::Broken(format!("{name} names no event")));
            }
            let record = m["record"].as_bool().unwrap_or(true);
            Ok(Operation::AddSpikeMonitor(SpikeMonitorDescription {
                name,
                source,
                event,
                variables,
                record,
                timing,
            }))
        }
        "PopulationRateMonitor" => {
            Ok(Operation::AddPopulationRateMonitor(PopulationRateMonitorDescription { name, source, timing }))
        }
        other => Err(unsupported(format!("monitors of the type {other}"))),
    }
}
