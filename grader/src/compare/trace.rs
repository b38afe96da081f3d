//! Traces: every sample of a recorded variable, with the worst one named.
//! A submission with another time step is interpolated onto the reference's times.

use spikelab::evidence::{Evidence, TraceSet};

use super::{Comparison, line, show};
use crate::course::Trace;
use crate::outcome::CheckPlot;

pub(super) fn compare(check: &Trace, expected: &Evidence, got: &Evidence) -> Option<Comparison> {
    let (ours_t, ours_i, ours) = set(expected, &check.of)?;
    let Some((theirs_t, theirs_i, theirs)) = set(got, &check.of) else {
        return Some(Comparison::wrong(format!("`{}` is not recorded", check.of)));
    };
    if ours.dimension != theirs.dimension {
        return Some(Comparison::wrong(format!(
            "`{}` should be in {}, but it is in {}",
            check.of, ours.dimension, theirs.dimension
        )));
    }
    let neurons: Vec<usize> = check.index.map_or_else(|| ours_i.to_vec(), |k| vec![k]);
    let mut plot =
        CheckPlot { xlabel: "Time (ms)".to_owned(), ylabel: check.of.clone(), ..CheckPlot::default() };
    let mut worst: Option<Worst> = None;
    let (mut squares, mut count) = (0.0, 0.0);
    let mut resampled = false;
    for neuron in neurons {
        let row = |indices: &[usize], set: &TraceSet| {
            indices.iter().position(|i| *i == neuron).and_then(|k| set.rows.get(k)).map(|r| r.0.clone())
        };
        let ours = row(ours_i, ours)?;
        let Some(theirs) = row(theirs_i, theirs).filter(|r| r.len() == theirs_t.len()) else {
            return Some(Comparison::wrong(format!("neuron {neuron} is not recorded")));
        };
        let name =
            |who: &str| if ours_i.len() > 1 { format!("{who}, neuron {neuron}") } else { who.to_owned() };
        let ms = |t: &[f64]| t.iter().map(|t| t * 1e3).collect::<Vec<f64>>();
        plot.expected.push(line(&name("expected"), &ms(ours_t), &ours));
        plot.got.push(line(&name("yours"), &ms(theirs_t), &theirs));
        let same_grid =
            ours_t.len() == theirs_t.len() && ours_t.iter().zip(theirs_t).all(|(a, b)| (a - b).abs() < 1e-9);
        let (first, last) = (*ours_t.first()?, *ours_t.last()?);
        let step = if ours_t.len() > 1 { ours_t[1] - ours_t[0] } else { 1e-4 };
        let covers = theirs_t.first().is_some_and(|t| *t <= first + step)
            && theirs_t.last().is_some_and(|t| *t >= last - 10.0 * step);
        if !same_grid && !covers {
            let until = theirs_t.last().map_or_else(
                || "nothing is recorded".to_owned(),
                |t| format!("the record ends at {} ms", show(t * 1e3)),
            );
            return Some(
                Comparison::wrong(format!("{until}, it should go on to {} ms", show(last * 1e3)))
                    .plotted(plot),
            );
        }
        resampled |= !same_grid;
        let bound = check.absolute + check.relative * ours.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        for (k, (&t, &a)) in ours_t.iter().zip(&ours).enumerate() {
            let b = if same_grid { theirs[k] } else { at(theirs_t, &theirs, t) };
            let off = if b.is_nan() { f64::INFINITY } else { (a - b).abs() };
            squares += off * off;
            count += 1.0;
            if worst.as_ref().is_none_or(|w| off / bound > w.off / w.bound) {
                worst = Some(Worst { neuron, t, a, b, off, bound });
            }
        }
    }
    let worst = worst?;
    let grid = if resampled { " (another time step, interpolated)" } else { "" };
    let right = worst.off <= worst.bound;
    let at = format!("{} at {} ms, neuron {}", check.of, show(worst.t * 1e3), worst.neuron);
    let mut out = if right {
        Comparison::right(format!("every sample agrees{grid}"))
    } else {
        Comparison::wrong(format!("worst is {at}: {}, expected {}{grid}", show(worst.b), show(worst.a)))
    };
    out = out.with("largest difference", worst.off).with("RMSE", (squares / count).sqrt());
    Some(out.plotted(plot))
}

struct Worst {
    neuron: usize,
    t: f64,
    a: f64,
    b: f64,
    off: f64,
    bound: f64,
}

fn set<'a>(evidence: &'a Evidence, of: &str) -> Option<(&'a [f64], &'a [usize], &'a TraceSet)> {
    match evidence {
        Evidence::Traces { t, indices, variables } => Some((t, indices, variables.get(of)?)),
        _ => None,
    }
}

/// Linear interpolation; times and values have the same length.
pub(super) fn at(times: &[f64], values: &[f64], t: f64) -> f64 {
    let k = times.partition_point(|s| *s < t);
    match (k.checked_sub(1).map(|j| (times[j], values[j])), times.get(k).map(|s| (*s, values[k]))) {
        (Some((t0, v0)), Some((t1, v1))) if t1 > t0 => v0 + (v1 - v0) * (t - t0) / (t1 - t0),
        (_, Some((_, v))) | (Some((_, v)), None) => v,
        (None, None) => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use spikelab::evidence::Row;

    use super::*;

    fn check(relative: f64) -> Trace {
        serde_yaml::from_str(&format!("{{variable: m, points: 1, index: 0, relative: {relative}}}")).unwrap()
    }

    fn decay(dt: f64, steps: u32, tau: f64) -> Evidence {
        let t: Vec<f64> = (0..steps).map(|k| f64::from(k) * dt).collect();
        let v = t.iter().map(|t| (-t / tau).exp()).collect();
        let set = TraceSet { dimension: "1".into(), rows: vec![Row(v)] };
        Evidence::Traces { t, indices: vec![0], variables: [("v".to_owned(), set)].into() }
    }

    #[test]
    fn the_worst_sample_is_named() {
        let ours = decay(1e-4, 500, 0.01);
        assert_eq!(compare(&check(1e-6), &ours, &ours).unwrap().fraction, 1.0);
        let slow = compare(&check(1e-6), &ours, &decay(1e-4, 500, 0.02)).unwrap();
        assert_eq!(slow.fraction, 0.0);
        assert!(slow.message.contains("worst is v at 13.9 ms"), "{}", slow.message);
        assert!(slow.measures["RMSE"] > 0.1);
    }

    #[test]
    fn another_time_step_is_interpolated() {
        let out = compare(&check(1e-3), &decay(1e-4, 500, 0.01), &decay(2e-4, 250, 0.01)).unwrap();
        assert_eq!(out.fraction, 1.0, "{}", out.message);
        assert!(out.message.contains("another time step"));
    }

    #[test]
    fn a_short_record_says_so() {
        let out = compare(&check(1e-3), &decay(1e-4, 500, 0.01), &decay(1e-4, 100, 0.01)).unwrap();
        assert!(out.message.contains("ends at 9.9 ms") && out.message.contains("49.9 ms"), "{}", out.message);
    }

    #[test]
    fn ragged_and_empty_records_are_refused() {
        let ours = decay(1e-4, 5, 0.01);
        let ragged = Evidence::Traces {
            t: vec![0.0],
            indices: vec![0, 1, 2],
            variables: [("v".to_owned(), TraceSet { dimension: "1".into(), rows: vec![] })].into(),
        };
        assert_eq!(compare(&check(1e-3), &ours, &ragged).unwrap().fraction, 0.0);
        assert_eq!(compare(&check(1e-3), &ours, &decay(1e-4, 0, 0.01)).unwrap().fraction, 0.0);
    }
}
