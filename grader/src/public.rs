//! Public checks of an exercise, made from its rubric and the expected values, for the notebook that students get.
//! Nothing exact leaves: bands are wide, rounded outwards and coarse, and of an answer only that there is one is told.

use spikelab::checks::{Band, Expect, PublicCheck, PublicChecks, PublicQuestion};
use spikelab::evidence::Evidence;

use crate::course::{CheckSpec, Expected, Mode, Question, Rubric};

/// A band is given at so many places at most.
const PLACES: usize = 40;
/// The part of the values' range that a band is wider on each side.
const MARGIN: f64 = 0.05;
/// Up to so many neurons, and so many spikes, each spike has its window; else spikes are counted.
const FEW: (usize, usize) = (10, 60);

/// What students may check by themselves.
#[must_use]
pub fn public_checks(rubric: &Rubric, expected: &Expected) -> PublicChecks {
    let questions = rubric.questions.iter().map(|question| of_question(question, expected));
    PublicChecks { questions: questions.filter(|q| !q.checks.is_empty()).collect() }
}

fn of_question(question: &Question, expected: &Expected) -> PublicQuestion {
    let public = question.checks.iter().filter(|c| c.is_public());
    let checks = public.filter_map(|check| {
        let value = expected.get(&question.id, check.variable());
        Some(PublicCheck {
            title: match (check.title(), check) {
                ("", CheckSpec::Choice(_)) => "Your answer".to_owned(),
                ("", _) => question.title.clone(),
                (title, _) => title.to_owned(),
            },
            variable: check.variable().to_owned(),
            hint: check.hint().or(question.hint.as_deref()).map(str::to_owned),
            expect: expect(check, value?)?,
        })
    });
    PublicQuestion {
        id: question.id.clone(),
        title: question.title.clone(),
        cells: question.cells.clone(),
        checks: checks.collect(),
    }
}

/// `None` for what has no public side.
fn expect(check: &CheckSpec, value: &Evidence) -> Option<Expect> {
    Some(match (check, value) {
        (CheckSpec::Choice(_), _) => Expect::Answer,
        (CheckSpec::Number(c), Evidence::Number { value, dimension }) => {
            let (low, high) = about(c.value.unwrap_or(*value));
            Expect::Number { dimension: dimension.clone(), low, high }
        }
        (CheckSpec::Array(_), Evidence::Array { values, dimension }) => {
            let places: Vec<f64> = (0..values.len()).map(float).collect();
            Expect::Array {
                dimension: dimension.clone(),
                length: values.len(),
                band: band(&places, values, 0.0),
            }
        }
        (CheckSpec::Trace(c), Evidence::Traces { t, indices, variables }) => {
            let set = variables.get(&c.of)?;
            let ms: Vec<f64> = t.iter().map(|t| t * 1e3).collect();
            let wanted = indices.iter().zip(&set.rows).filter(|(i, _)| c.index.is_none_or(|k| k == **i));
            let bands = wanted.take(FEW.0).map(|(i, row)| (*i, band(&ms, &row.0, 0.0))).collect();
            Expect::Trace { of: c.of.clone(), dimension: set.dimension.clone(), bands }
        }
        (CheckSpec::Spikes(_), Evidence::Spikes { n, i, t }) if *n <= FEW.0 && i.len() <= FEW.1 => {
            Expect::Spikes { n: *n, windows: windows(i, t) }
        }
        (CheckSpec::Spikes(_), Evidence::Spikes { n, i, .. }) => {
            let mut counts = vec![0.0; *n];
            i.iter().filter(|i| **i < *n).for_each(|i| counts[*i] += 1.0);
            let places: Vec<f64> = (0..*n).map(float).collect();
            Expect::Counts { n: *n, band: band(&places, &counts, 2.0) }
        }
        (CheckSpec::Connectivity(c), Evidence::Connectivity { n_source, n_target, i, .. }) => {
            let (low, high) = synapses(c.mode, i.len());
            Expect::Connectivity { n_source: *n_source, n_target: *n_target, low, high }
        }
        (CheckSpec::Group(c), Evidence::Group { n, variables }) => {
            let of = c.of.as_ref().and_then(|of| {
                let row = variables.get(of)?;
                let places: Vec<f64> = (0..row.0.len()).map(float).collect();
                Some((of.clone(), band(&places, &row.0, 0.0)))
            });
            Expect::Group { n: *n, of }
        }
        (CheckSpec::Figure(c), Evidence::Figure { panels }) => {
            Expect::Figure { series: panels.iter().map(|p| p.series.len()).sum(), labels: c.labels }
        }
        _ => return None,
    })
}

/// The size of a number: from about two thirds to about one and a half times it, with one digit.
fn about(value: f64) -> (f64, f64) {
    if value == 0.0 || !value.is_finite() {
        return (-1.0, 1.0);
    }
    let (small, large) = (value.abs() / 1.5, value.abs() * 1.5);
    let digit = |x: f64, round: fn(f64) -> f64| {
        let power = 10_f64.powf(x.log10().floor());
        // The dust of binary fractions would stand in the notebook.
        format!("{:.0e}", round(x / power) * power).parse().unwrap_or(x)
    };
    let (small, large): (f64, f64) = (digit(small, f64::floor), digit(large, f64::ceil));
    if value < 0.0 { (-large, -small) } else { (small, large) }
}

/// How many synapses there may be: random ones within four standard deviations at least.
fn synapses(mode: Mode, count: usize) -> (usize, usize) {
    let room = match mode {
        Mode::Exact => count.div_ceil(10).max(2),
        Mode::Random => (4.0 * float(count).sqrt()).ceil() as usize + 2,
    };
    (count.saturating_sub(room).max(1), count + room)
}

/// Windows of two milliseconds or more about each spike, on whole milliseconds.
fn windows(i: &[usize], t: &[f64]) -> Vec<(usize, f64, f64)> {
    let mut out: Vec<_> =
        i.iter().zip(t).map(|(i, t)| (*i, (t * 1e3 - 0.6).floor(), (t * 1e3 + 0.6).ceil())).collect();
    out.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    out
}

/// A band about `y` over `x`: the lowest and highest values around each place, made wider and rounded outwards.
fn band(x: &[f64], y: &[f64], least: f64) -> Band {
    let n = x.len().min(y.len());
    let (low, high) = y.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
    let range = high - low;
    let range = if range > 0.0 { range } else { high.abs().max(1e-12) };
    let margin = (MARGIN * range).max(least);
    // A tenth of the first digit of the range.
    let step = 10_f64.powf(range.log10().floor()) / 10.0;
    let stretch = n.div_ceil(PLACES).max(1);
    let mut out = Band::default();
    let mut places: Vec<usize> = (0..n).step_by(stretch).collect();
    if places.last().is_some_and(|last| last + 1 < n) {
        places.push(n - 1);
    }
    for (k, &place) in places.iter().enumerate() {
        // From the place before to the place after, so that the line between two places holds all that lies there.
        let from = if k > 0 { places[k - 1] } else { place };
        let to = places.get(k + 1).copied().unwrap_or(place);
        let around = if stretch == 1 { &y[place..=place] } else { &y[from..=to] };
        let (l, h) =
            around.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
        out.x.push(tidy(x[place]));
        out.low.push(tidy(((l - margin) / step).floor() * step));
        out.high.push(tidy(((h + margin) / step).ceil() * step));
    }
    out
}

/// Without the dust of binary fractions.
fn tidy(x: f64) -> f64 {
    format!("{x:.6e}").parse().unwrap_or(x)
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
const fn float(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_one_digit_and_hold_the_value() {
        for value in [0.01, 0.016_094_379, 100.0, -0.0105, 6.0, 18.0, 1e-300, 7e250] {
            let (low, high) = about(value);
            assert!(low < value && value < high, "{low} {value} {high}");
            assert!(high / low > 2.0 || low / high > 2.0);
        }
        assert_eq!(about(0.016), (0.01, 0.03));
        assert_eq!(about(-6.0), (-9.0, -4.0));
    }

    #[test]
    fn a_band_holds_its_values_and_tells_none_of_them() {
        let x: Vec<f64> = (0..500).map(|k| float(k) / 10.0).collect();
        let sawtooth: Vec<f64> = x.iter().map(|t| 1.0 - (-(t % 16.1) / 10.0).exp()).collect();
        for y in [sawtooth, x.iter().map(|t| t.sin() * 1e-9).collect(), vec![0.0; 500], vec![7.0; 500]] {
            let band = band(&x, &y, 0.0);
            assert!(band.x.len() <= PLACES + 1);
            let mut nearest = f64::INFINITY;
            let range = y.iter().fold(0.0_f64, |m, v| m.max(v.abs())).max(1e-12);
            for (x, y) in x.iter().zip(&y) {
                let (low, high) = band.at(*x).unwrap();
                assert!(low < *y && *y < high, "{low} {y} {high} at {x}");
                nearest = nearest.min(y - low).min(high - y);
            }
            assert!(nearest > 0.02 * range, "{nearest}");
        }
    }

    #[test]
    fn few_places_have_an_edge_each() {
        let band = band(&[0.0, 1.0, 2.0], &[2.0, 0.0, 0.0], 0.0);
        assert_eq!(band.x, [0.0, 1.0, 2.0]);
        assert!(band.low[0] > 1.0 && band.high[1] < 0.5);
    }

    #[test]
    fn windows_are_whole_milliseconds() {
        assert_eq!(windows(&[1, 0], &[0.0161, 0.0322]), [(0, 31.0, 33.0), (1, 15.0, 17.0)]);
    }
}
