//! The same value but for rounding: what one network gives in two processes.
//! Much narrower than any rubric; what differs by more was not made by the network.

use std::collections::BTreeMap;

use spikelab::evidence::{Evidence, Row, TraceSet};

use super::show;

/// Difference allowed as a part of the largest value: machines round functions such as `exp` differently.
const RELATIVE: f64 = 1e-6;
/// Spikes may move by a few steps of 0.1 ms where rounding decides.
const SECONDS: f64 = 3e-4;

/// Nothing if both are the same; else what differs.
///
/// # Errors
/// The first difference, in words.
pub fn close(claimed: &Evidence, again: &Evidence) -> Result<(), String> {
    if claimed == again {
        return Ok(());
    }
    match (claimed, again) {
        (Evidence::Spikes { n: a, i, t }, Evidence::Spikes { n: b, i: j, t: u }) => {
            count("neurons watched", *a, *b)?;
            count("spikes", i.len(), j.len())?;
            count("spike times", t.len(), u.len())?;
            let trains = |i: &[usize], t: &[f64]| {
                let mut list: Vec<(usize, f64)> = i.iter().copied().zip(t.iter().copied()).collect();
                list.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
                list
            };
            for ((k, s), (l, r)) in trains(i, t).into_iter().zip(trains(j, u)) {
                if k != l || (s - r).abs() > SECONDS || s.is_nan() {
                    return Err(format!(
                        "a spike of neuron {k} at {} ms, where the model has neuron {l} at {} ms",
                        show(s * 1e3),
                        show(r * 1e3)
                    ));
                }
            }
            Ok(())
        }
        (
            Evidence::Traces { t, indices, variables },
            Evidence::Traces { t: u, indices: others, variables: theirs },
        ) => {
            row("times", t, u)?;
            count("recorded neurons", indices.len(), others.len())?;
            if indices != others {
                return Err("other neurons are recorded".to_owned());
            }
            let sets = |s: &BTreeMap<String, TraceSet>| -> BTreeMap<String, Vec<Row>> {
                s.iter().map(|(name, set)| (name.clone(), set.rows.clone())).collect()
            };
            rows(&sets(variables), &sets(theirs))
        }
        (
            Evidence::Connectivity { n_source, n_target, i, j, variables, .. },
            Evidence::Connectivity { n_source: a, n_target: b, i: k, j: l, variables: theirs, .. },
        ) => {
            count("source neurons", *n_source, *a)?;
            count("target neurons", *n_target, *b)?;
            count("synapses", i.len(), k.len())?;
            if i != k || j != l {
                return Err("other pairs are connected".to_owned());
            }
            let single = |s: &BTreeMap<String, Row>| -> BTreeMap<String, Vec<Row>> {
                s.iter().map(|(name, row)| (name.clone(), vec![row.clone()])).collect()
            };
            rows(&single(variables), &single(theirs))
        }
        (Evidence::Group { n, variables }, Evidence::Group { n: m, variables: theirs }) => {
            count("neurons", *n, *m)?;
            let single = |s: &BTreeMap<String, Row>| -> BTreeMap<String, Vec<Row>> {
                s.iter().map(|(name, row)| (name.clone(), vec![row.clone()])).collect()
            };
            rows(&single(variables), &single(theirs))
        }
        _ => Err("it is something else".to_owned()),
    }
}

fn count(what: &str, claimed: usize, again: usize) -> Result<(), String> {
    if claimed == again { Ok(()) } else { Err(format!("{claimed} {what}, where the model has {again}")) }
}

fn rows(claimed: &BTreeMap<String, Vec<Row>>, again: &BTreeMap<String, Vec<Row>>) -> Result<(), String> {
    count("variables", claimed.len(), again.len())?;
    for (name, list) in claimed {
        let other = again.get(name).ok_or_else(|| format!("the model has no `{name}`"))?;
        count("rows", list.len(), other.len())?;
        for (a, b) in list.iter().zip(other) {
            row(name, &a.0, &b.0)?;
        }
    }
    Ok(())
}

fn row(what: &str, claimed: &[f64], again: &[f64]) -> Result<(), String> {
    count(&format!("values of {what}"), claimed.len(), again.len())?;
    let scale = again.iter().filter(|x| x.is_finite()).fold(0.0_f64, |m, x| m.max(x.abs()));
    for (k, (a, b)) in claimed.iter().zip(again).enumerate() {
        if !(a == b || (a - b).abs() <= RELATIVE * scale || (a.is_nan() && b.is_nan())) {
            return Err(format!("{what} {k} is {}, where the model gives {}", show(*a), show(*b)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_the_same_and_more_is_not() {
        let spikes = |t: &[f64]| Evidence::Spikes { n: 2, i: vec![0; t.len()], t: t.to_vec() };
        assert!(close(&spikes(&[0.001, 0.002]), &spikes(&[0.001, 0.0021])).is_ok());
        assert!(close(&spikes(&[0.001]), &spikes(&[0.002])).unwrap_err().contains("at 1 ms"));
        assert!(close(&spikes(&[0.001]), &spikes(&[])).unwrap_err().contains("1 spikes"));
        let group = |v: f64| Evidence::Group { n: 1, variables: [("v".to_owned(), Row(vec![v]))].into() };
        assert!(close(&group(1.0), &group(1.0 + 1e-9)).is_ok());
        assert!(close(&group(f64::NAN), &group(f64::NAN)).is_ok());
        assert!(close(&group(1.0), &group(1.1)).unwrap_err().contains("v 0 is 1"));
        assert!(close(&group(1.0), &spikes(&[])).is_err());
    }
}
