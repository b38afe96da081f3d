//! Connections: the same pairs, or random ones that are likely enough for the probability asked for.
//! Random connections are judged by the exact binomial distribution of their number.

use std::collections::{BTreeMap, BTreeSet};

use spikelab::evidence::Evidence;

use super::{Comparison, few, float, points, show};
use crate::course::{Connectivity, Mode};
use crate::outcome::CheckPlot;

type Pair = (usize, usize);

pub(super) fn compare(check: &Connectivity, expected: &Evidence, got: &Evidence) -> Option<Comparison> {
    let (sizes, got_sizes) = (sizes_of(expected)?, sizes_of(got)?);
    if sizes != got_sizes {
        // The same neurons may be joined as parts of groups and as whole groups.
        let (whole, got_whole) = (expected.in_whole_groups(), got.in_whole_groups());
        if check.mode == Mode::Exact && sizes_of(&whole) == sizes_of(&got_whole) {
            return compare(check, &whole, &got_whole);
        }
        let text = |(a, b): Pair| format!("{a} and {b}");
        let message =
            format!("groups of {} neurons are joined, they should have {}", text(got_sizes), text(sizes));
        return Some(Comparison::wrong(message));
    }
    let (ours, theirs) = (pairs(expected)?, pairs(got)?);
    let list = |p: &[Pair]| -> (Vec<f64>, Vec<f64>) { p.iter().map(|(i, j)| (float(*i), float(*j))).unzip() };
    let ((xa, ya), (xb, yb)) = (list(&ours), list(&theirs));
    let plot = CheckPlot {
        xlabel: "Source neuron index".to_owned(),
        ylabel: "Target neuron index".to_owned(),
        expected: if check.mode == Mode::Exact { vec![points("expected", &xa, &ya)] } else { Vec::new() },
        got: vec![points("yours", &xb, &yb)],
    };
    let out = match check.mode {
        Mode::Exact => exact(check, expected, got, &ours, &theirs),
        Mode::Random => random(check, sizes, &theirs),
    };
    Some(out.with("synapses", float(theirs.len())).plotted(plot))
}

fn exact(
    check: &Connectivity,
    expected: &Evidence,
    got: &Evidence,
    ours: &[Pair],
    theirs: &[Pair],
) -> Comparison {
    let (a, b): (BTreeSet<Pair>, BTreeSet<Pair>) =
        (ours.iter().copied().collect(), theirs.iter().copied().collect());
    let text = |set: Vec<&Pair>| few(&set.iter().map(|(i, j)| format!("{i} to {j}")).collect::<Vec<_>>());
    let missing: Vec<&Pair> = a.difference(&b).collect();
    let extra: Vec<&Pair> = b.difference(&a).collect();
    if !missing.is_empty() || !extra.is_empty() {
        let part = |what: &str, set: Vec<&Pair>| {
            if set.is_empty() { None } else { Some(format!("{what}: {}", text(set))) }
        };
        let parts: Vec<String> =
            [part("missing", missing), part("too many", extra)].into_iter().flatten().collect();
        return Comparison::wrong(parts.join("; "));
    }
    if ours.len() != theirs.len() {
        return Comparison::wrong(format!(
            "{} synapses for {} pairs, there should be {}; was `connect` called twice?",
            theirs.len(),
            b.len(),
            ours.len()
        ));
    }
    for name in &check.compare {
        let (Some(x), Some(y)) = (by_pair(expected, name), by_pair(got, name)) else {
            return Comparison::wrong(format!("the synapses have no variable `{name}`"));
        };
        let bound = check.relative * x.values().flatten().fold(0.0_f64, |m, v| m.max(v.abs()));
        for (pair, values) in &x {
            let theirs = y.get(pair).map(Vec::as_slice).unwrap_or_default();
            let differs = |(a, b): (&f64, &f64)| !((a - b).abs() <= bound || a == b);
            if values.len() != theirs.len() || values.iter().zip(theirs).any(differs) {
                let value = theirs.first().map_or_else(|| "missing".to_owned(), |v| show(*v));
                let message = format!(
                    "the pairs are right, but `{name}` of {} to {} is {value}, expected {}",
                    pair.0,
                    pair.1,
                    show(values[0])
                );
                return Comparison::wrong(message);
            }
        }
    }
    let also = if check.compare.is_empty() {
        String::new()
    } else {
        format!(", {} too", check.compare.join(" and "))
    };
    Comparison::right(format!("all {} synapses are right{also}", theirs.len()))
}

fn random(check: &Connectivity, (n_source, n_target): Pair, theirs: &[Pair]) -> Comparison {
    let p = check.p.unwrap_or(f64::NAN);
    let set: BTreeSet<Pair> = theirs.iter().copied().collect();
    if set.len() < theirs.len() {
        return Comparison::wrong(format!(
            "{} pairs are connected more than once; was `connect` called twice?",
            theirs.len() - set.len()
        ));
    }
    let own: Vec<String> = set.iter().filter(|(i, j)| i == j).map(|(i, _)| i.to_string()).collect();
    if !check.self_connections && !own.is_empty() {
        return Comparison::wrong(format!("neurons are connected to themselves: {}", few(&own)));
    }
    let own_pairs = if check.self_connections { 0 } else { n_source.min(n_target) };
    let candidates = n_source.saturating_mul(n_target).saturating_sub(own_pairs);
    let k = theirs.len();
    let (low, high) = tails(candidates, p, k);
    let mean = float(candidates) * p;
    let out = if low.min(high) * 2.0 < check.significance {
        let word = if low < high { "few" } else { "many" };
        Comparison::wrong(format!(
            "{k} synapses are too {word} for a probability of {}: of {candidates} pairs about {} are expected",
            show(p),
            show(mean)
        ))
    } else if let Some(rule) = structure(theirs, (n_source, n_target), p, check.self_connections) {
        Comparison::wrong(format!("{k} synapses would be likely, but chance does not wire like this: {rule}"))
    } else {
        Comparison::right(format!(
            "{k} of {candidates} pairs, {} expected: likely for a probability of {}",
            show(mean),
            show(p)
        ))
    };
    out.with("synapses expected on average", mean)
        .with("probability of so few", low)
        .with("probability of so many", high)
}

/// What gives wiring by rule away: numbers of synapses per neuron that spread far more than chance allows.
fn structure(pairs: &[Pair], (n_source, n_target): Pair, p: f64, with_self: bool) -> Option<String> {
    /// So many standard deviations of the statistic; honest wiring gets there less than once in a million times.
    const FAR: f64 = 10.0;
    if !(p > 0.0 && p < 1.0) {
        return None;
    }
    for (word, n, others) in [("sends", n_source, n_target), ("receives", n_target, n_source)] {
        let mut degrees = vec![0_usize; n.min(1_000_000)];
        for pair in pairs {
            *degrees.get_mut(if word == "sends" { pair.0 } else { pair.1 })? += 1;
        }
        let tries = float(others.saturating_sub(usize::from(!with_self && others > 0)));
        let (mean, variance) = (tries * p, tries * p * (1.0 - p));
        if variance <= 0.0 || n < 2 {
            continue;
        }
        let spread: f64 = degrees.iter().map(|d| (float(*d) - mean).powi(2) / variance).sum();
        if (spread - float(n)) / (2.0 * float(n)).sqrt() > FAR {
            let (neuron, most) = degrees.iter().enumerate().max_by_key(|(_, d)| **d)?;
            return Some(format!(
                "neuron {neuron} alone {word} {most}, about {} are expected of each",
                show(mean)
            ));
        }
    }
    None
}

/// The probabilities of at most and of at least `k` successes in `n` tries.
fn tails(n: usize, p: f64, k: usize) -> (f64, f64) {
    if !(0.0..=1.0).contains(&p) || k > n {
        return (0.0, 0.0);
    }
    if p == 0.0 || p == 1.0 {
        let right = (k == 0 && p == 0.0) || (k == n && p == 1.0);
        return if right {
            (1.0, 1.0)
        } else if p == 0.0 {
            (1.0, 0.0)
        } else {
            (0.0, 1.0)
        };
    }
    // Logarithms, because the terms of a large n are smaller than any number.
    let ratio = (p / (1.0 - p)).ln();
    let mut term = float(n) * (1.0 - p).ln();
    let (mut low, mut high) = (0.0, 0.0);
    for m in 0..=n {
        if m > 0 {
            term += (float(n - m + 1) / float(m)).ln() + ratio;
        }
        if m <= k {
            low += term.exp();
        }
        if m >= k {
            high += term.exp();
        }
    }
    (low, high)
}

fn pairs(evidence: &Evidence) -> Option<Vec<Pair>> {
    match evidence {
        Evidence::Connectivity { i, j, .. } => Some(i.iter().copied().zip(j.iter().copied()).collect()),
        _ => None,
    }
}

fn sizes_of(evidence: &Evidence) -> Option<Pair> {
    match evidence {
        Evidence::Connectivity { n_source, n_target, .. } => Some((*n_source, *n_target)),
        _ => None,
    }
}

/// The values of a variable by pair, because synapses may be made in any order.
fn by_pair(evidence: &Evidence, name: &str) -> Option<BTreeMap<Pair, Vec<f64>>> {
    let Evidence::Connectivity { variables, .. } = evidence else { return None };
    let mut out: BTreeMap<Pair, Vec<f64>> = BTreeMap::new();
    for (pair, v) in pairs(evidence)?.into_iter().zip(&variables.get(name)?.0) {
        out.entry(pair).or_default().push(*v);
    }
    out.values_mut().for_each(|v| v.sort_by(f64::total_cmp));
    Some(out)
}

#[cfg(test)]
mod tests {
    use spikelab::evidence::{Part, Row};

    use super::*;

    fn synapses(n: usize, list: &[Pair], w: &[f64]) -> Evidence {
        Evidence::Connectivity {
            n_source: n,
            n_target: n,
            source_part: None,
            target_part: None,
            i: list.iter().map(|p| p.0).collect(),
            j: list.iter().map(|p| p.1).collect(),
            variables: [("w".to_owned(), Row(w.to_vec()))].into(),
        }
    }

    fn check(text: &str) -> Connectivity {
        serde_yaml::from_str(&format!("{{variable: s, points: 1, {text}}}")).unwrap()
    }

    #[test]
    fn pairs_may_come_in_any_order_with_their_weights() {
        let ours = synapses(3, &[(0, 1), (0, 2)], &[0.2, 0.4]);
        let check = check("compare: [w]");
        assert_eq!(
            compare(&check, &ours, &synapses(3, &[(0, 2), (0, 1)], &[0.4, 0.2])).unwrap().fraction,
            1.0
        );
        let swapped = compare(&check, &ours, &synapses(3, &[(0, 1), (0, 2)], &[0.4, 0.2])).unwrap();
        assert!(swapped.message.contains("`w` of 0 to 1 is 0.4, expected 0.2"), "{}", swapped.message);
        let missing = compare(&check, &ours, &synapses(3, &[(0, 1), (1, 2)], &[0.2, 0.4])).unwrap();
        assert_eq!(missing.message, "missing: 0 to 2; too many: 1 to 2");
        let twice =
            compare(&check, &ours, &synapses(3, &[(0, 1), (0, 2), (0, 1)], &[0.2, 0.4, 0.2])).unwrap();
        assert!(twice.message.contains("called twice"), "{}", twice.message);
    }

    #[test]
    fn parts_of_groups_are_counted_in_their_groups() {
        let ours = synapses(3, &[(0, 1), (0, 2)], &[0.2, 0.4]);
        let part = |first| Evidence::Connectivity {
            n_source: 1,
            n_target: 2,
            source_part: Some(Part { first: 0, of: 3 }),
            target_part: Some(Part { first, of: 3 }),
            i: vec![0, 0],
            j: vec![0, 1],
            variables: [("w".to_owned(), Row(vec![0.2, 0.4]))].into(),
        };
        let check = check("compare: [w]");
        assert_eq!(compare(&check, &ours, &part(1)).unwrap().fraction, 1.0);
        assert_eq!(compare(&check, &part(1), &ours).unwrap().fraction, 1.0);
        let wrong = compare(&check, &ours, &part(0)).unwrap();
        assert_eq!(wrong.message, "missing: 0 to 2; too many: 0 to 0");
    }

    #[test]
    fn random_pairs_are_judged_by_their_number() {
        let all: Vec<Pair> =
            (0..10).flat_map(|i| (0..10).map(move |j| (i, j))).filter(|(i, j)| i != j).collect();
        let check = check("mode: random, p: 0.2");
        let fraction =
            |list: &[Pair]| compare(&check, &synapses(10, &[], &[]), &synapses(10, list, &[])).unwrap();
        let scattered: Vec<Pair> =
            all.iter().copied().filter(|(i, j)| (i * 7 + j * 3 + i * j) % 5 == 0).collect();
        assert_eq!(fraction(&scattered).fraction, 1.0, "{} pairs", scattered.len());
        let by_rule = fraction(&all[..18]);
        assert!(by_rule.fraction == 0.0 && by_rule.message.contains("alone sends 9"), "{}", by_rule.message);
        assert!(fraction(&all).message.contains("too many"));
        assert!(fraction(&all[..2]).message.contains("too few"));
        assert!(fraction(&[(3, 3)]).message.contains("to themselves: 3"));
    }

    #[test]
    fn binomial_tails_are_exact() {
        // Three tries at one half: 1, 3, 3, 1 of 8.
        let (low, high) = tails(3, 0.5, 1);
        assert!((low - 0.5).abs() < 1e-12 && (high - 0.875).abs() < 1e-12);
        let (low, high) = tails(90, 0.2, 18);
        assert!((low + high - 1.0 - 0.1045).abs() < 1e-3, "the middle counts twice: {low} {high}");
        assert_eq!(tails(90, 1.0, 90), (1.0, 1.0));
    }
}
