//! What must agree with Brian2: spikes and synapses exactly, traces within the scenario's own tolerance.
//! The first difference is told with what was expected and what came.

use serde_json::Value;
use spikelab::description::Selection;
use spikelab::evidence::{Evidence, ToEvidence};
use spikelab::{Network, Quantity, Window};

use super::values::{list, numbers, selection, text};
use super::{Outcome, Problem, one_line};
use spikelab::units::second;

type Result<T> = std::result::Result<T, Outcome>;

impl From<Problem> for Outcome {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Refused(error) => Self::Failed(one_line(&error.to_string())),
            Problem::Unsupported(what) => Self::Unsupported(what),
            Problem::Broken(what) => Self::Failed(format!("the file is broken: {what}")),
        }
    }
}

impl From<spikelab::Error> for Outcome {
    fn from(error: spikelab::Error) -> Self {
        Self::Failed(one_line(&error.to_string()))
    }
}

/// What a monitor recorded.
pub(super) fn evidence(net: &Network, name: &str) -> Option<Evidence> {
    let states = net.state_monitor(name).map(|m| m.to_evidence());
    let spikes = || net.spike_monitor(name).map(|m| m.to_evidence());
    let rates = || net.population_rate_monitor(name).map(|m| m.to_evidence());
    states.or_else(spikes).or_else(rates)
}

/// Compares everything that the scenario expects.
pub(super) fn differences(scenario: &Value, net: &Network) -> Result<()> {
    let expected = &scenario["expected"];
    let tolerance = scenario["tolerance"]["relative_to_trace_maximum"].as_f64().unwrap_or(1e-9);
    let dt = scenario["dt"].as_f64().unwrap_or(1e-4);
    for (name, m) in object(&expected["monitors"]) {
        let described = list(&scenario["monitors"]).iter().find(|d| d["name"] == **name);
        let described = described.ok_or_else(|| failed(format!("the file is broken: no monitor {name}")))?;
        monitor(net, name, m, described, tolerance, dt)?;
    }
    if let Some(t) = expected["t_end"].as_f64() {
        close("t_end", &[t], &[net.t().value()], 1e-9)?;
    }
    let methods = net.methods()?;
    for (name, method) in object(&expected["methods"]) {
        // Synapses have no entry here; their numbers are compared all the same.
        if let Some(used) = methods.get(name)
            && method.as_str() != Some(used)
        {
            return Err(failed(format!("method of {name}: expected {method}, got {used}")));
        }
    }
    for (name, variables) in object(&expected["final"]) {
        for (variable, values) in object(variables) {
            let got = net.values(name, variable, &Selection::All)?.to_vec();
            let values = numbers(values)?;
            // A shared variable may stand there once for each neuron.
            let got = if got.len() == 1 { vec![got[0]; values.len()] } else { got };
            close(&format!("final {name}.{variable}"), &values, &got, tolerance)?;
        }
    }
    for (name, s) in object(&expected["synapses"]) {
        synapses(net, name, s, tolerance)?;
    }
    for (k, query) in list(&scenario["queries"]).iter().enumerate() {
        let index = if query["index"].is_null() { Selection::All } else { selection(&query["index"])? };
        let (target, variable) = (text(&query["target"])?, text(&query["var"])?);
        let got = net.values(&target, &variable, &index)?.to_vec();
        let values = numbers(&expected["queries"][k])?;
        close(&format!("query {k}: {target}.{variable}"), &values, &got, tolerance)?;
    }
    Ok(())
}

fn synapses(net: &Network, name: &str, s: &Value, tolerance: f64) -> Result<()> {
    let found = net.synapses(name).ok_or_else(|| failed(format!("there are no synapses {name}")))?;
    if let Some(n) = s["n"].as_u64()
        && n != found.len() as u64
    {
        return Err(failed(format!("{name}: expected {n} synapses, got {}", found.len())));
    }
    for (key, got) in [("i", found.i()), ("j", found.j())] {
        if !s[key].is_null() {
            exact(&format!("{name}.{key}"), &integers(&s[key])?, &got)?;
        }
    }
    for (pathway, delays) in object(&s["delay"]) {
        let got = found.get(&format!("{pathway}.delay"))?.to_vec();
        close(&format!("{name}.{pathway}.delay"), &numbers(delays)?, &got, tolerance)?;
    }
    for (variable, values) in object(&s["values"]) {
        let (got, values) = (found.get(variable)?.to_vec(), numbers(values)?);
        let got = if got.len() == 1 { vec![got[0]; values.len()] } else { got };
        close(&format!("{name}.{variable}"), &values, &got, tolerance)?;
    }
    Ok(())
}

fn monitor(net: &Network, name: &str, m: &Value, described: &Value, tolerance: f64, dt: f64) -> Result<()> {
    let every = m["keep_every"].as_u64().or(described["keep_every"].as_u64()).unwrap_or(1);
    let every = usize::try_from(every.max(1)).unwrap_or(1);
    let thinned = |values: Vec<f64>| values.into_iter().step_by(every).collect::<Vec<f64>>();
    if let Some(monitor) = net.state_monitor(name) {
        samples(name, m, monitor.t().to_vec().len())?;
        exact(&format!("{name}.indices"), &integers(&m["indices"])?, &monitor.indices())?;
        close(&format!("{name}.t"), &numbers(&m["t"])?, &thinned(monitor.t().to_vec()), 1e-9)?;
        for (variable, rows) in object(&m["values"]) {
            for (row, index) in list(rows).iter().zip(monitor.indices()) {
                let got = thinned(monitor.get(variable, index)?.to_vec());
                close(&format!("{name}.{variable}[{index}]"), &numbers(row)?, &got, tolerance)?;
            }
        }
    } else if let Some(monitor) = net.spike_monitor(name) {
        if !m["count"].is_null() {
            exact(&format!("{name}.count"), &integers(&m["count"])?, &monitor.count())?;
        }
        if !m["num"].is_null() {
            exact(&format!("{name}.num"), &integers(&m["num"])?, &[monitor.num_spikes()])?;
        }
        if !m["i"].is_null() {
            let dt = described["dt"].as_f64().unwrap_or(dt);
            exact(&format!("{name}.i"), &integers(&m["i"])?, &monitor.i())?;
            close(&format!("{name}.t"), &numbers(&m["t"])?, &monitor.t().to_vec(), 1e-9)?;
            // Groups with a clock of their own count other steps; times say the same.
            let steps: Vec<f64> = monitor.t().to_vec().iter().map(|t| (t / dt).round()).collect();
            let wanted = numbers(&m["step"])?;
            let on_clock = numbers(&m["t"])?.iter().zip(&wanted).all(|(t, s)| (t / dt - s).abs() < 1e-3);
            if on_clock {
                close(&format!("{name}.step"), &wanted, &steps, 0.0)?;
            }
        }
        for (variable, values) in object(&m["values"]) {
            let got = monitor.values(variable)?.to_vec();
            close(&format!("{name}.{variable}"), &numbers(values)?, &got, tolerance)?;
        }
    } else if let Some(monitor) = net.population_rate_monitor(name) {
        samples(name, m, monitor.t().to_vec().len())?;
        close(&format!("{name}.t"), &numbers(&m["t"])?, &thinned(monitor.t().to_vec()), 1e-9)?;
        close(&format!("{name}.rate"), &numbers(&m["rate"])?, &thinned(monitor.rate().to_vec()), tolerance)?;
        for (k, (smooth, values)) in list(&described["smooth"]).iter().zip(list(&m["smooth"])).enumerate() {
            let window = match &smooth["window"] {
                Value::String(kind) if kind == "flat" => Window::Flat,
                Value::String(kind) if kind == "gaussian" => Window::Gaussian,
                Value::Array(_) => Window::Custom(numbers(&smooth["window"])?),
                other => return Err(Outcome::Unsupported(format!("the window {other}"))),
            };
            let width: Quantity = smooth["width"].as_f64().unwrap_or(0.0) * second;
            let got = thinned(monitor.smooth_rate(&window, width)?.to_vec());
            close(&format!("{name}.smooth[{k}]"), &numbers(values)?, &got, tolerance)?;
        }
    } else {
        return Err(failed(format!("there is no monitor {name}")));
    }
    Ok(())
}

fn samples(name: &str, m: &Value, got: usize) -> Result<()> {
    if m["n_samples"].is_null() {
        return Ok(());
    }
    exact(&format!("{name}.n_samples"), &integers(&m["n_samples"])?, &[got])
}

fn exact(what: &str, expected: &[f64], got: &[usize]) -> Result<()> {
    #[expect(clippy::cast_precision_loss, reason = "indices and counts stay far below 2^53")]
    let got: Vec<f64> = got.iter().map(|&k| k as f64).collect();
    close(what, expected, &got, 0.0)
}

/// Equal lengths, and values within `tolerance` times the largest magnitude; NaN and infinities match themselves.
fn close(what: &str, expected: &[f64], got: &[f64], tolerance: f64) -> Result<()> {
    // One value stands for all where all are the same.
    let all = vec![expected.first().copied().unwrap_or(f64::NAN); got.len()];
    let expected = if expected.len() == 1 && got.len() > 1 { &all[..] } else { expected };
    if expected.len() != got.len() {
        return Err(failed(format!("{what}: expected {} values, got {}", expected.len(), got.len())));
    }
    let finite = expected.iter().filter(|v| v.is_finite());
    let bound = tolerance * finite.fold(0.0_f64, |m, v| m.max(v.abs()));
    let same = |a: f64, b: f64| a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= bound;
    match expected.iter().zip(got).position(|(a, b)| !same(*a, *b)) {
        Some(k) => Err(failed(format!("{what}[{k}]: expected {:?}, got {:?}", expected[k], got[k]))),
        None => Ok(()),
    }
}

pub(super) fn failed(what: String) -> Outcome {
    Outcome::Failed(what)
}

fn integers(v: &Value) -> Result<Vec<f64>> {
    Ok(numbers(v)?)
}

fn object(v: &Value) -> impl Iterator<Item = (&String, &Value)> {
    v.as_object().into_iter().flatten()
}
