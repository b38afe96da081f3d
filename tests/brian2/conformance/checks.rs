//! Random scenarios: each check is a sentence about a statistic with bounds; the sentences are understood here.
//! A sentence that is not understood is named, so that nothing passes unlooked at.

use std::collections::BTreeMap;

use serde_json::Value;
use spikelab::description::Selection;
use spikelab::{Network, Synapses};

use super::Outcome;
use super::compare::failed;
use super::values::{list, text};

/// Holds every check of the scenario against its bounds.
pub(super) fn differences(scenario: &Value, net: &Network) -> Result<(), Outcome> {
    for check in list(&scenario["expected"]["checks"]) {
        let what = text(&check["what"])?;
        let got = statistic(scenario, net, &what)?;
        let bound = |key: &str| check[key].as_f64();
        let value = &check["value"];
        if let Some(value) = value.as_f64().or(value.as_bool().map(|b| f64::from(u8::from(b)))) {
            if got.to_bits() != value.to_bits() {
                return Err(failed(format!("{what}: expected {value}, got {got}")));
            }
            continue;
        }
        let low_of_many = bound("min").zip(bound("mean")).map(|(min, mean)| mean - 2.0 * (mean - min));
        let high_of_many = bound("max").zip(bound("mean")).map(|(max, mean)| mean + 2.0 * (max - mean));
        // Where no bounds are given, five standard deviations: one seed in a million falls outside.
        let spread = bound("mean").zip(bound("sd"));
        let low = bound("lower").or(spread.map(|(mean, sd)| mean - 5.0 * sd)).or(low_of_many);
        let high = bound("upper").or(spread.map(|(mean, sd)| mean + 5.0 * sd)).or(high_of_many);
        let (Some(low), Some(high)) = (low, high) else {
            return Err(Outcome::Unsupported(format!("a check without bounds: {what}")));
        };
        if !(low..=high).contains(&got) {
            return Err(failed(format!("{what}: expected {low} to {high}, got {got}")));
        }
    }
    Ok(())
}

/// The number that a sentence is about.
fn statistic(scenario: &Value, net: &Network, what: &str) -> Result<f64, Outcome> {
    // What follows a colon or stands in brackets explains the number.
    let plain = what.split([':', '(', ',']).next().unwrap_or(what).trim();
    let first = list(&scenario["synapses"]).first().and_then(|s| s["name"].as_str());
    let synapses = net_synapses(net, scenario, what).or_else(|| first.and_then(|name| net.synapses(name)));
    if plain != "candidate pairs"
        && let (Some(s), true) = (&synapses, mentions_synapses(what))
        && let Some(value) = of_synapses(s, what)
    {
        return Ok(value);
    }
    if plain == "candidate pairs" {
        return candidates(scenario);
    }
    if let Some(rest) = plain.strip_prefix("mean of ") {
        return Ok(mean(&variable(scenario, net, rest)?));
    }
    if let Some(rest) = plain.strip_prefix("variance of ") {
        return Ok(variance(&variable(scenario, net, rest)?));
    }
    if let Some(rest) = plain.strip_prefix("standard deviation of ") {
        return Ok(variance(&variable(scenario, net, rest)?).sqrt());
    }
    if let Some(rest) = plain.strip_prefix("correlation of neighbouring ") {
        let v = variable(scenario, net, rest)?;
        return Ok(correlation(&v[..v.len() - 1], &v[1..]));
    }
    if let Some(value) = of_spikes(scenario, net, what) {
        return Ok(value);
    }
    Err(Outcome::Unsupported(format!("the check `{what}`")))
}

/// How many pairs there would be without chance.
#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn candidates(scenario: &Value) -> Result<f64, Outcome> {
    let mut certain = scenario.clone();
    certain["script"] = serde_json::json!([]);
    for synapses in certain["synapses"].as_array_mut().into_iter().flatten() {
        for call in synapses["connect"].as_array_mut().into_iter().flatten() {
            call.as_object_mut().map(|call| call.remove("p"));
        }
    }
    let net = super::run(&certain)?;
    let first = list(&scenario["synapses"]).first().and_then(|s| s["name"].as_str());
    let synapses = first.and_then(|name| net.synapses(name));
    synapses.map(|s| s.len() as f64).ok_or_else(|| failed("there are no synapses".to_owned()))
}

fn net_synapses(net: &Network, scenario: &Value, what: &str) -> Option<Synapses> {
    let words: Vec<&str> = what.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
    let names = list(&scenario["synapses"]).iter().filter_map(|s| s["name"].as_str());
    names.into_iter().find(|name| words.contains(name)).and_then(|name| net.synapses(name))
}

fn mentions_synapses(what: &str) -> bool {
    ["synapse", "pair", "degree"].iter().any(|word| what.contains(word))
}

#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn of_synapses(s: &Synapses, what: &str) -> Option<f64> {
    let (i, j) = (s.i(), s.j());
    let (sources, targets) = s.sizes();
    let degrees = |ends: &[usize], n: usize| {
        let mut degrees = vec![0.0; n];
        ends.iter().for_each(|k| degrees[*k] += 1.0);
        degrees
    };
    let degree = if what.contains("in-degree") { degrees(&j, targets) } else { degrees(&i, sources) };
    let pairs: Vec<(usize, usize)> = i.iter().copied().zip(j.iter().copied()).collect();
    if what.starts_with("variance of the") {
        Some(variance(&degree))
    } else if what.starts_with("mean ") && what.contains("degree") {
        Some(mean(&degree))
    } else if what.starts_with("largest") {
        Some(degree.iter().copied().fold(0.0, f64::max))
    } else if what.starts_with("smallest") {
        Some(degree.iter().copied().fold(f64::INFINITY, f64::min))
    } else if what.contains("repeated pairs") {
        let mut counts = BTreeMap::new();
        pairs.iter().for_each(|p| *counts.entry(p).or_insert(0_usize) += 1);
        Some(counts.values().map(|c| (c - 1) as f64).sum())
    } else if what.starts_with("no pair outside") {
        let distinct = pairs.windows(2).all(|w| w[0] < w[1]);
        Some(f64::from(u8::from(distinct && pairs.iter().all(|(i, j)| i != j))))
    } else if what.contains("ordered by source") {
        Some(f64::from(u8::from(pairs.is_sorted())))
    } else if what.contains("i == j") {
        Some(pairs.iter().filter(|(i, j)| i == j).count() as f64)
    } else if what.starts_with("number of synapses") {
        Some(pairs.len() as f64)
    } else {
        None
    }
}

/// Counts and rates of a group's spikes, by the monitor that the sentence names or the only one there is.
#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn of_spikes(scenario: &Value, net: &Network, what: &str) -> Option<f64> {
    let words: Vec<&str> = what.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
    let monitors = list(&scenario["monitors"]);
    let spikes = monitors.iter().filter(|m| m["type"] == "SpikeMonitor");
    let mut candidates: Vec<&Value> = spikes.collect();
    let named = |m: &&Value| {
        [&m["name"], &m["target"]].iter().any(|n| n.as_str().is_some_and(|n| words.contains(&n)))
    };
    if candidates.iter().any(named) {
        candidates.retain(named);
    }
    let monitor = net.spike_monitor(candidates.first()?["name"].as_str()?)?;
    let counts: Vec<f64> = monitor.count().iter().map(|c| *c as f64).collect();
    let duration = net.t().value();
    if ["interval", "ISI"].iter().any(|word| what.contains(word)) {
        let intervals = intervals(&monitor);
        let spread = variance(&intervals).sqrt();
        return Some(if what.contains("variation") || what.contains("CV") {
            spread / mean(&intervals)
        } else if what.contains("variance") {
            spread * spread
        } else if what.contains("deviation") {
            spread
        } else {
            mean(&intervals)
        });
    }
    if what.contains("Fano") {
        Some(variance(&counts) / mean(&counts))
    } else if what.contains("deviation") {
        Some(variance(&counts).sqrt())
    } else if what.starts_with("largest") {
        Some(counts.iter().copied().fold(0.0, f64::max))
    } else if what.starts_with("smallest") {
        Some(counts.iter().copied().fold(f64::INFINITY, f64::min))
    } else if what.contains("variance") {
        Some(variance(&counts))
    } else if what.contains("rate") && what.contains("mean") {
        Some(mean(&counts) / duration)
    } else if what.contains("mean") {
        Some(mean(&counts))
    } else if what.starts_with("number of spikes") || what.contains("total") {
        Some(counts.iter().sum())
    } else {
        None
    }
}

/// Times between neighbouring spikes of each neuron.
fn intervals(monitor: &spikelab::SpikeMonitor) -> Vec<f64> {
    let mut last = BTreeMap::new();
    let spikes = monitor.i().into_iter().zip(monitor.t().to_vec());
    spikes.filter_map(|(i, t)| last.insert(i, t).map(|before| t - before)).collect()
}

/// Values of a variable, named as `G.v`, or as `v` where only one group or the first has it.
fn variable(scenario: &Value, net: &Network, words: &str) -> Result<Vec<f64>, Outcome> {
    let name = words.split_whitespace().next().unwrap_or_default();
    let unknown = || Outcome::Unsupported(format!("the variable of the check `{words}`"));
    if let Some((object, variable)) = name.split_once('.') {
        return net.values(object, variable, &Selection::All).map(|v| v.to_vec()).map_err(|_| unknown());
    }
    let objects = list(&scenario["groups"]).iter().chain(list(&scenario["synapses"]));
    objects
        .filter_map(|o| o["name"].as_str())
        .find_map(|object| net.values(object, name, &Selection::All).ok())
        .map(|v| v.to_vec())
        .ok_or_else(unknown)
}

#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn mean(v: &[f64]) -> f64 {
    v.iter().sum::<f64>() / v.len() as f64
}

/// As numpy's `var`: divided by the number of values.
fn variance(v: &[f64]) -> f64 {
    let m = mean(v);
    mean(&v.iter().map(|x| (x - m) * (x - m)).collect::<Vec<_>>())
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let (ma, mb) = (mean(a), mean(b));
    let products: Vec<f64> = a.iter().zip(b).map(|(x, y)| (x - ma) * (y - mb)).collect();
    mean(&products) / (variance(a) * variance(b)).sqrt()
}
