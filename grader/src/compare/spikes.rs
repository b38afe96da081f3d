//! Spike trains: each spike matched with one of the reference's, neuron by neuron.
//! The field's distances are reported beside, they say how far away a wrong answer is.

use spikelab::analysis;
use spikelab::evidence::Evidence;

use super::{Comparison, few, float, points, show};
use crate::course::Spikes;
use crate::outcome::CheckPlot;

/// Time constant of van Rossum's distance, in seconds.
const TAU: f64 = 0.01;
/// Cost of Victor and Purpura's distance, per second.
const COST: f64 = 100.0;
/// Distances are not computed for more pairs of spikes than this in one neuron.
const PAIRS: usize = 4_000_000;
/// Below this part of right neurons, nothing is earned.
const LEAST: f64 = 0.5;

pub(super) fn compare(check: &Spikes, expected: &Evidence, got: &Evidence) -> Option<Comparison> {
    let (n, ours) = trains(expected)?;
    if let Some(why) = torn(got) {
        return Some(Comparison::wrong(format!("this is no record of spikes: {why}")));
    }
    let (n_got, theirs) = trains(got)?;
    if n != n_got {
        return Some(Comparison::wrong(format!("{n_got} neurons are watched, there should be {n}")));
    }
    let within = check.within_ms * 1e-3;
    let mut wrong = Vec::new();
    let mut first: Option<String> = None;
    let (mut right, mut compared, mut furthest) = (0, 0, 0.0_f64);
    for k in (0..n).filter(|k| !check.ignore.contains(k)) {
        compared += 1;
        let m = matched(&ours[k], &theirs[k], within);
        furthest = furthest.max(m.furthest);
        if m.missing.is_empty() && m.extra.is_empty() {
            right += 1;
            continue;
        }
        wrong.push(k.to_string());
        first.get_or_insert_with(|| describe(k, n, &ours[k], &theirs[k], &m));
    }
    let total = |trains: &[Vec<f64>]| trains.iter().map(Vec::len).sum::<usize>();
    let fraction = if compared == 0 { 1.0 } else { float(right) / float(compared) };
    let mut out = if right == compared {
        let spikes = total(&ours);
        Comparison::right(match spikes {
            0 => "no spikes, as it should be".to_owned(),
            _ => format!("all {spikes} spikes match, the furthest {} ms away", show(furthest * 1e3)),
        })
    } else {
        let many = if n > 1 {
            format!("; {right} of {compared} neurons are right, wrong: {}", few(&wrong))
        } else {
            String::new()
        };
        let message = format!(
            "{} spikes, expected {}{}{many}",
            total(&theirs),
            total(&ours),
            first.map_or_else(String::new, |f| format!("; {f}"))
        );
        let fraction = if n > 1 && fraction >= LEAST { fraction } else { 0.0 };
        Comparison { fraction, message, ..Comparison::default() }
    };
    out = out
        .with("spikes expected", float(total(&ours)))
        .with("spikes got", float(total(&theirs)))
        .with("neurons right", float(right));
    Some(out)
}

/// The same with the distances of the field and a picture.
pub(super) fn measured(mut out: Comparison, expected: &Evidence, got: &Evidence) -> Comparison {
    let (Some((n, ours)), Some((n_got, theirs)), None) = (trains(expected), trains(got), torn(got)) else {
        return out;
    };
    if n != n_got {
        return out;
    }
    let end = ours.iter().chain(&theirs).flatten().fold(0.0_f64, |m, &t| m.max(t)) + 1e-4;
    if let Some(mean) = mean(&ours, &theirs, |a, b| analysis::van_rossum(a, b, TAU)) {
        out = out.with("van Rossum distance (10 ms)", mean);
    }
    if let Some(mean) = mean(&ours, &theirs, |a, b| analysis::victor_purpura(a, b, COST)) {
        out = out.with("Victor-Purpura distance (100/s)", mean);
    }
    if let Some(mean) = mean(&ours, &theirs, |a, b| analysis::spike_distance(a, b, 0.0, end)) {
        out = out.with("SPIKE-distance", mean);
    }
    out.plotted(CheckPlot {
        xlabel: "Time (ms)".to_owned(),
        ylabel: "Neuron index".to_owned(),
        expected: vec![raster("expected", &ours)],
        got: vec![raster("yours", &theirs)],
    })
}

fn raster(label: &str, trains: &[Vec<f64>]) -> crate::outcome::Curve {
    let x: Vec<f64> = trains.iter().flatten().map(|t| t * 1e3).collect();
    let y: Vec<f64> = trains.iter().enumerate().flat_map(|(k, t)| t.iter().map(move |_| float(k))).collect();
    points(label, &x, &y)
}

/// Mean over the neurons, unless that would take too long.
fn mean(a: &[Vec<f64>], b: &[Vec<f64>], f: impl Fn(&[f64], &[f64]) -> f64) -> Option<f64> {
    let pairs: usize = a.iter().zip(b).map(|(a, b)| a.len().saturating_mul(b.len())).sum();
    (pairs <= PAIRS && !a.is_empty())
        .then(|| a.iter().zip(b).map(|(a, b)| f(a, b)).sum::<f64>() / float(a.len()))
}

/// Why these cannot be the spikes of a monitor.
fn torn(evidence: &Evidence) -> Option<String> {
    let Evidence::Spikes { n, i, t } = evidence else { return None };
    if i.len() != t.len() {
        return Some(format!("there are {} neurons and {} times", i.len(), t.len()));
    }
    if let Some(k) = i.iter().find(|k| *k >= n) {
        return Some(format!("there is a spike of neuron {k}, but there are {n} neurons"));
    }
    t.iter().find(|t| !t.is_finite()).map(|t| format!("there is a spike at {t}"))
}

/// The sorted train of each neuron; spikes of neurons that do not exist and times that are no numbers are left out.
fn trains(evidence: &Evidence) -> Option<(usize, Vec<Vec<f64>>)> {
    const MOST: usize = 10_000_000;
    let Evidence::Spikes { n, i, t } = evidence else { return None };
    let n = (*n).min(MOST);
    let mut trains = vec![Vec::new(); n];
    for (&k, &t) in i.iter().zip(t) {
        if k < n && t.is_finite() {
            trains[k].push(t);
        }
    }
    trains.iter_mut().for_each(|t| t.sort_by(f64::total_cmp));
    Some((n, trains))
}

struct Matched {
    missing: Vec<f64>,
    extra: Vec<f64>,
    furthest: f64,
}

/// Pairs spikes in order of time; on a line, that is the best there is.
fn matched(ours: &[f64], theirs: &[f64], within: f64) -> Matched {
    let mut out = Matched { missing: Vec::new(), extra: Vec::new(), furthest: 0.0 };
    let (mut a, mut b) = (0, 0);
    while a < ours.len() || b < theirs.len() {
        match (ours.get(a), theirs.get(b)) {
            (Some(&s), Some(&t)) if (s - t).abs() <= within => {
                out.furthest = out.furthest.max((s - t).abs());
                a += 1;
                b += 1;
            }
            (Some(&s), Some(&t)) if s < t => {
                out.missing.push(s);
                a += 1;
            }
            (Some(_), Some(&t)) | (None, Some(&t)) => {
                out.extra.push(t);
                b += 1;
            }
            (Some(&s), None) => {
                out.missing.push(s);
                a += 1;
            }
            (None, None) => break,
        }
    }
    out
}

fn describe(k: usize, n: usize, ours: &[f64], theirs: &[f64], m: &Matched) -> String {
    let who = if n > 1 { format!("neuron {k} ") } else { String::new() };
    let at = |t: f64| format!("{} ms", show(t * 1e3));
    match (m.missing.first(), m.extra.first()) {
        (Some(&s), _) if theirs.is_empty() => {
            format!("{who}should spike first at {} but never spikes", at(s))
        }
        (_, Some(&t)) if ours.is_empty() => format!("{who}should never spike but does at {}", at(t)),
        (Some(&s), Some(&t)) => format!("{who}should spike at {} and spikes at {}", at(s), at(t)),
        (Some(&s), None) => format!("{who}has no spike near {}", at(s)),
        (None, Some(&t)) => format!("{who}has a spike at {} that should not be there", at(t)),
        (None, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{CheckSpec, compare};
    use super::*;

    fn check() -> CheckSpec {
        serde_yaml::with::singleton_map_recursive::deserialize(
            serde_yaml::from_str::<serde_yaml::Value>("spikes: {variable: m, points: 1}").unwrap(),
        )
        .unwrap()
    }

    fn spikes(n: usize, list: &[(usize, f64)]) -> Evidence {
        Evidence::Spikes {
            n,
            i: list.iter().map(|s| s.0).collect(),
            t: list.iter().map(|s| s.1 * 1e-3).collect(),
        }
    }

    #[test]
    fn one_step_off_is_right_and_two_are_not() {
        let ours = spikes(1, &[(0, 16.0), (0, 32.1)]);
        assert_eq!(compare(&check(), &ours, &spikes(1, &[(0, 16.1), (0, 32.1)])).fraction, 1.0);
        let off = compare(&check(), &ours, &spikes(1, &[(0, 16.0), (0, 32.3)]));
        assert_eq!(off.fraction, 0.0);
        assert!(off.message.contains("should spike at 32.1 ms and spikes at 32.3 ms"), "{}", off.message);
        assert!(
            off.measures["SPIKE-distance"] > 0.0 && off.measures["Victor-Purpura distance (100/s)"] > 0.0
        );
    }

    #[test]
    fn right_neurons_count_if_they_are_the_most() {
        let ours = spikes(4, &[(0, 1.0), (1, 2.0), (2, 3.0), (3, 4.0)]);
        let most = compare(&check(), &ours, &spikes(4, &[(0, 1.0), (1, 2.0), (2, 3.0)]));
        assert_eq!(most.fraction, 0.75);
        assert!(most.message.contains("never spikes"), "{}", most.message);
        assert_eq!(compare(&check(), &ours, &spikes(4, &[(0, 1.0)])).fraction, 0.0);
    }

    #[test]
    fn hostile_evidence_is_no_trouble() {
        let odd = Evidence::Spikes { n: 2, i: vec![7, usize::MAX, 0], t: vec![f64::NAN, 1.0] };
        assert_eq!(compare(&check(), &spikes(2, &[(0, 1.0)]), &odd).fraction, 0.0);
        assert_eq!(compare(&check(), &spikes(2, &[]), &spikes(3, &[])).fraction, 0.0);
    }
}
