//! A Brian2 scenario as data: read, built with the library's public API, run.
//! The form of the files is described by the schema that they name; keys not used here are refused.

use std::path::PathBuf;

use serde_json::Value;
use spikelab::evidence::{Evidence, ToEvidence};
use spikelab::prelude::*;
use spikelab::{Result, description};

/// Where the goldens are.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/goldens")
}

pub(crate) struct Scenario {
    pub(crate) data: Value,
}

impl Scenario {
    pub(crate) fn load(path: &str) -> Self {
        let text = std::fs::read_to_string(folder().join(path)).unwrap();
        Self { data: serde_json::from_str(&text).unwrap() }
    }

    /// Cuts the only run of the script in two.
    pub(crate) fn split_runs(&mut self, first: f64) {
        let whole = self.data["script"][0]["duration"].as_f64().unwrap();
        let run = |d: f64| serde_json::json!({"op": "run", "duration": d});
        self.data["script"] = serde_json::json!([run(first), run(whole - first)]);
    }

    pub(crate) fn run(&self) -> Result<Network> {
        let d = &self.data;
        assert!(list(&d["inputs"]).is_empty() && d.get("schedule").is_none(), "not supported here");
        let seed = d["seed"].as_u64().unwrap_or(0);
        let mut net = Network::new().seed(seed).dt(d["dt"].as_f64().unwrap() * second);
        for g in list(&d["groups"]) {
            let mut group = NeuronGroup::new(integer(&g["n"]), text(&g["equations"])).named(text(&g["name"]));
            for (name, value) in d["namespace"].as_object().unwrap() {
                group = group.with(name, quantity(value));
            }
            for (key, value) in g.as_object().unwrap() {
                group = match key.as_str() {
                    "threshold" => group.threshold(text(value)),
                    "reset" => group.reset(text(value)),
                    "method" => group.method(text(value)),
                    "refractory" if value.is_string() => group.refractory(text(value)),
                    "refractory" => group.refractory(quantity(value)),
                    "name" | "n" | "equations" | "init" => group,
                    other => panic!("`{other}` of a group is not supported here"),
                };
            }
            let group = net.add(group)?;
            for init in list(&g["init"]) {
                let variable = text(&init["var"]);
                let column = group.get(variable)?.dimension();
                group.set_at(variable, index(&init["index"], group.len()), value(&init["value"], column))?;
            }
        }
        for s in list(&d["synapses"]) {
            let group = |side: &str| net.neuron_group(text(&s[side])).unwrap();
            let mut synapses = Synapses::new(&group("source"), &group("target")).named(text(&s["name"]));
            for (name, value) in d["namespace"].as_object().unwrap() {
                synapses = synapses.with(name, quantity(value));
            }
            for (key, value) in s.as_object().unwrap() {
                synapses = match key.as_str() {
                    "model" => synapses.model(text(value)),
                    "on_pre" => synapses.on_pre(text(value)),
                    "on_post" => synapses.on_post(text(value)),
                    "delay" => synapses.delay(quantity(value)),
                    "name" | "source" | "target" | "connect" | "init" => synapses,
                    other => panic!("`{other}` of synapses is not supported here"),
                };
            }
            let synapses = net.add(synapses)?;
            for call in list(&s["connect"]) {
                synapses.connect(connect(call))?;
            }
            for init in list(&s["init"]) {
                let variable = text(&init["var"]);
                let column = synapses.get(variable)?.dimension();
                let chosen = index(&init["index"], synapses.len());
                synapses.set_at(variable, chosen, value(&init["value"], column))?;
            }
        }
        for m in list(&d["monitors"]) {
            let group = net.neuron_group(text(&m["target"])).expect("subgroups are not supported here");
            for key in m.as_object().unwrap().keys() {
                let known = ["name", "type", "target", "variables", "record", "keep_every"];
                assert!(known.contains(&key.as_str()), "`{key}` of a monitor is not supported here");
            }
            match text(&m["type"]) {
                "StateMonitor" => {
                    let names: Vec<String> =
                        list(&m["variables"]).iter().map(|v| text(v).to_owned()).collect();
                    let monitor = StateMonitor::new(&group, names).named(text(&m["name"]));
                    let indices = m["record"].as_array().map(|a| a.iter().map(integer).collect::<Vec<_>>());
                    net.add(match indices {
                        Some(indices) => monitor.record(indices),
                        None => monitor.record_all(),
                    })?;
                }
                "SpikeMonitor" => {
                    net.add(SpikeMonitor::new(&group).named(text(&m["name"])))?;
                }
                other => panic!("{other} is not supported here"),
            }
        }
        for op in list(&d["script"]) {
            assert_eq!(text(&op["op"]), "run", "not supported here");
            net.run(op["duration"].as_f64().unwrap() * second)?;
        }
        Ok(net)
    }
}

/// What the object of this name has to show.
pub(crate) fn evidence(net: &Network, name: &str) -> Evidence {
    net.state_monitor(name)
        .map(|m| m.to_evidence())
        .or_else(|| net.spike_monitor(name).map(|m| m.to_evidence()))
        .unwrap_or_else(|| panic!("no monitor {name}"))
}

fn connect(call: &Value) -> Connect {
    let indices = |v: &Value| -> Option<Vec<usize>> {
        match v {
            Value::Null => None,
            Value::Array(list) => Some(list.iter().map(integer).collect()),
            one => Some(vec![integer(one)]),
        }
    };
    for key in call.as_object().unwrap().keys() {
        assert!(
            ["i", "j", "condition", "p", "n"].contains(&key.as_str()),
            "`{key}` of connect is not supported here"
        );
    }
    let mut connect = match (indices(&call["i"]), indices(&call["j"])) {
        (Some(i), Some(j)) => Connect::pairs(i, j),
        _ => call["condition"].as_str().map_or_else(Connect::all, Connect::condition),
    };
    if let Some(p) = call["p"].as_f64() {
        connect = connect.p(p);
    }
    if let Some(n) = call["n"].as_i64() {
        connect = connect.n(i32::try_from(n).unwrap());
    }
    if let Some(p) = call["p"].as_str() {
        connect = connect.p(p);
    }
    if let Some(n) = call["n"].as_str() {
        connect = connect.n(n);
    }
    connect
}

/// Which elements an assignment is about.
fn index(v: &Value, len: usize) -> description::Selection {
    use description::Selection;
    match v {
        Value::Null => Selection::All,
        Value::String(condition) => Selection::Condition(condition.clone()),
        Value::Array(list) => Selection::Indices(list.iter().map(integer).collect()),
        Value::Object(slice) => {
            let bound = |key: &str, default: usize| {
                slice.get(key).and_then(Value::as_u64).map_or(default, |k| k as usize)
            };
            Selection::Indices((bound("start", 0)..bound("stop", len)).step_by(bound("step", 1)).collect())
        }
        one => Selection::Indices(vec![integer(one)]),
    }
}

/// A number or list in SI units, or an expression.
fn value(v: &Value, dimension: Dimension) -> description::Value {
    if let Value::String(text) = v {
        return description::Value::Expression(text.clone());
    }
    let number = |v: &Value| v.as_f64().or_else(|| v["si"].as_f64()).unwrap();
    let values = v.as_array().map_or_else(|| vec![number(v)], |list| list.iter().map(number).collect());
    description::Value::Numbers { values, unit: dimension.to_string() }
}

fn quantity(v: &Value) -> Quantity {
    if let Some(plain) = v.as_f64() {
        return Quantity::from(plain);
    }
    // The stored form of quantities, without the product that Brian2 took.
    serde_json::from_value(serde_json::json!({"value": v["value"], "unit": v["unit"]})).unwrap()
}

pub(crate) fn list(v: &Value) -> &[Value] {
    v.as_array().map_or(&[], Vec::as_slice)
}

pub(crate) fn text(v: &Value) -> &str {
    v.as_str().unwrap()
}

pub(crate) fn integer(v: &Value) -> usize {
    usize::try_from(v.as_u64().unwrap()).unwrap()
}
