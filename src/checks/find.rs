//! Holds one value against one public check, and draws it in its band.
//! Says in which direction a value is off, never what it should be.

use super::{Band, Expect, PublicCheck, PublicQuestion};
use crate::equations::parse_unit;
use crate::evidence::{Evidence, TraceSet};
use crate::figure::Figure;
use crate::units::Quantity;

/// What came of one check.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The check's title.
    pub title: String,
    /// True if the value is as it may be.
    pub passed: bool,
    /// What was found, in one line.
    pub message: String,
    /// What to think about, where something is wrong.
    pub hint: Option<String>,
    /// The value in its band, where there is something to see.
    pub picture: Option<Figure>,
}

impl PublicQuestion {
    /// Holds variables against the checks of this question; `value` looks one up.
    pub fn find<'a>(&self, value: impl Fn(&str) -> Option<&'a Evidence>) -> Vec<Finding> {
        self.checks.iter().map(|check| check.find(value(&check.variable))).collect()
    }
}

/// A verdict before it has its title.
struct Verdict {
    passed: bool,
    message: String,
    picture: Option<Figure>,
}

fn right(message: impl Into<String>) -> Verdict {
    Verdict { passed: true, message: message.into(), picture: None }
}

fn wrong(message: impl Into<String>) -> Verdict {
    Verdict { passed: false, message: message.into(), picture: None }
}

impl PublicCheck {
    /// Holds a value, if there is one, against this check.
    #[must_use]
    pub fn find(&self, value: Option<&Evidence>) -> Finding {
        let name = &self.variable;
        let found = match value {
            None => wrong(format!("there is no `{name}` yet")),
            Some(value) => self.expect.look(value).unwrap_or_else(|| {
                wrong(format!("`{name}` should be {}, but it is {}", self.expect.wanted(), value.in_words()))
            }),
        };
        Finding {
            title: self.title.clone(),
            passed: found.passed,
            message: found.message,
            hint: self.hint.clone().filter(|_| !found.passed),
            picture: found.picture,
        }
    }
}

impl Expect {
    const fn wanted(&self) -> &'static str {
        match self {
            Self::Number { .. } => "a number",
            Self::Array { .. } => "a list of numbers",
            Self::Trace { .. } => "a StateMonitor",
            Self::Spikes { .. } | Self::Counts { .. } => "a SpikeMonitor",
            Self::Connectivity { .. } => "Synapses",
            Self::Group { .. } => "a NeuronGroup",
            Self::Figure { .. } => "a Figure",
            Self::Answer => "an answer in quotation marks",
        }
    }

    /// `None` if the value is of another kind.
    fn look(&self, value: &Evidence) -> Option<Verdict> {
        Some(match (self, value) {
            (Self::Number { dimension, low, high }, Evidence::Number { value, dimension: theirs }) => {
                number(*value, theirs, dimension, *low, *high)
            }
            (Self::Array { dimension, length, band }, Evidence::Array { values, dimension: theirs }) => {
                if let Some(off) = unit(theirs, dimension) {
                    off
                } else if values.len() == *length {
                    let x: Vec<f64> = (0..*length).map(|k| k as f64).collect();
                    within("the values", &x, values, band, "place ", "", true)
                        .drawn("place in the list", "value")
                } else {
                    wrong(format!("has {} values, {length} are needed", values.len()))
                }
            }
            (Self::Trace { of, dimension, bands }, Evidence::Traces { t, indices, variables }) => {
                match variables.get(of) {
                    None => wrong(format!("`{of}` is not recorded")),
                    Some(set) => {
                        unit(&set.dimension, dimension).unwrap_or_else(|| trace(of, bands, t, indices, set))
                    }
                }
            }
            (Self::Spikes { n, windows }, Evidence::Spikes { n: theirs, i, t }) => {
                neurons(*theirs, *n).unwrap_or_else(|| spikes(*n, windows, i, t))
            }
            (Self::Counts { n, band }, Evidence::Spikes { n: theirs, i, .. }) => neurons(*theirs, *n)
                .unwrap_or_else(|| {
                    let mut counts = vec![0.0; *n];
                    i.iter().for_each(|i| {
                        if let Some(count) = counts.get_mut(*i) {
                            *count += 1.0;
                        }
                    });
                    let x: Vec<f64> = (0..*n).map(|k| k as f64).collect();
                    within("the number of spikes", &x, &counts, band, "neuron ", "", true)
                        .drawn("neuron index", "spikes")
                }),
            (
                Self::Connectivity { n_source, n_target, low, high },
                Evidence::Connectivity { n_source: from, n_target: to, source_part, target_part, i, .. },
            ) => match i.len() {
                _ if (from, to) != (n_source, n_target)
                    && (source_part.map_or(*from, |p| p.of), target_part.map_or(*to, |p| p.of))
                        != (*n_source, *n_target) =>
                {
                    wrong(format!(
                        "leads from {from} to {to} neurons, it should from {n_source} to {n_target}"
                    ))
                }
                0 => wrong("there are no synapses: `connect` makes them"),
                count if count < *low => wrong(format!("there are {count} synapses: too few")),
                count if count > *high => wrong(format!("there are {count} synapses: too many")),
                count => right(format!("there are {count} synapses, about as many as expected")),
            },
            (Self::Group { n, of }, Evidence::Group { n: theirs, variables }) => neurons(*theirs, *n)
                .unwrap_or_else(|| match of {
                    None => right(format!("has {n} neurons")),
                    Some((of, band)) => match variables.get(of) {
                        None => wrong(format!("the neurons have no `{of}`")),
                        Some(row) => {
                            let x: Vec<f64> = (0..row.0.len()).map(|k| k as f64).collect();
                            within(&format!("`{of}`"), &x, &row.0, band, "neuron ", "", true)
                                .drawn("neuron index", of)
                        }
                    },
                }),
            (Self::Figure { series, labels }, Evidence::Figure { panels }) => {
                let drawn: usize = panels.iter().map(|p| p.series.len()).sum();
                let bare = panels.iter().any(|p| p.xlabel.trim().is_empty() || p.ylabel.trim().is_empty());
                if drawn < *series {
                    wrong(format!("shows {drawn} of {series} curves or sets of points"))
                } else if *labels && bare {
                    wrong("an axis has no text: `.xlabel(…)` and `.ylabel(…)`")
                } else {
                    right("shows as many curves as expected; whether they are the right ones is marked later")
                }
            }
            // A figure that cannot be drawn is its own error.
            (Self::Figure { .. }, Evidence::Text { value }) => {
                wrong(value.trim_start_matches("Error: ").to_owned())
            }
            (Self::Answer, Evidence::Text { value }) => match value.trim() {
                "" => wrong("there is no answer yet"),
                blank if blank.contains("____") => wrong("there is no answer yet"),
                answer => right(format!("`{answer}`; whether it is right is told with the marks")),
            },
            _ => return None,
        })
    }
}

/// A wrong unit.
fn unit(theirs: &str, wanted: &str) -> Option<Verdict> {
    let word =
        |d: &str| if d == "1" { "a plain number without a unit".to_owned() } else { format!("in {d}") };
    (theirs != wanted).then(|| wrong(format!("should be {}, but it is {}", word(wanted), word(theirs))))
}

fn neurons(theirs: usize, wanted: usize) -> Option<Verdict> {
    (theirs != wanted).then(|| wrong(format!("has {theirs} neurons, {wanted} are needed")))
}

fn number(value: f64, theirs: &str, dimension: &str, low: f64, high: f64) -> Verdict {
    if let Some(off) = unit(theirs, dimension) {
        return off;
    }
    let shown = parse_unit(dimension)
        .map_or_else(|_| value.to_string(), |u| Quantity::new(value, u.dimension()).to_string());
    if value.is_nan() {
        wrong("is no number (NaN)")
    } else if value < low {
        wrong(format!("is {shown}: too small"))
    } else if value > high {
        wrong(format!("is {shown}: too large"))
    } else {
        right(format!("is {shown}, of the expected kind and size"))
    }
}

/// Values over places in a band, and what to draw.
struct Within {
    verdict: Verdict,
    figure: Figure,
}

impl Within {
    fn drawn(self, xlabel: &str, ylabel: &str) -> Verdict {
        let figure = self.figure.xlabel(xlabel).ylabel(ylabel).legend().size(520, 260);
        Verdict { picture: Some(figure), ..self.verdict }
    }
}

fn within(what: &str, x: &[f64], y: &[f64], band: &Band, place: &str, unit: &str, dots: bool) -> Within {
    let mut off: Vec<(f64, bool)> = Vec::new();
    for (&x, &y) in x.iter().zip(y) {
        let Some((low, high)) = band.at(x) else { continue };
        // Rounding of the last digit is no mistake.
        let room = 1e-9 * low.abs().max(high.abs());
        if y < low - room || y.is_nan() {
            off.push((x, false));
        } else if y > high + room {
            off.push((x, true));
        }
    }
    let figure = band.drawn(Figure::new());
    let figure = if dots && x.len() <= 200 { figure.scatter(x, y) } else { figure.plot(x, y) }.label("yours");
    let verdict = match off[..] {
        [] => right("lies in the expected band"),
        [(first, above), ..] => {
            let side = if above { "above" } else { "below" };
            let many =
                if off.len() == 1 { String::new() } else { format!(" ({} in all are outside)", off.len()) };
            wrong(format!(
                "{what} leave the expected band {side} it, first at {place}{}{unit}{many}",
                short(first)
            ))
        }
    };
    Within { verdict, figure }
}

impl Band {
    fn drawn(&self, figure: Figure) -> Figure {
        figure.fill_between(&self.x[..], &self.low[..], &self.high[..]).in_grey().label("expected")
    }
}

fn trace(of: &str, bands: &[(usize, Band)], t: &[f64], indices: &[usize], set: &TraceSet) -> Verdict {
    let ms: Vec<f64> = t.iter().map(|t| t * 1e3).collect();
    let mut shown: Option<Verdict> = None;
    for (neuron, band) in bands {
        let row = indices.iter().position(|i| i == neuron).and_then(|k| set.rows.get(k));
        let Some(row) = row.filter(|row| row.0.len() == ms.len()) else {
            return wrong(format!("neuron {neuron} is not recorded"));
        };
        let end = band.x.last().copied().unwrap_or(0.0);
        let what = if bands.len() > 1 {
            format!("neuron {neuron}: the values of `{of}`")
        } else {
            format!("the values of `{of}`")
        };
        let found = within(&what, &ms, &row.0, band, "", " ms", false).drawn("Time (ms)", of);
        let last = ms.last().copied().unwrap_or(0.0);
        if last < 0.9 * end {
            return wrong(format!("the record ends at {} ms, it should go on", short(last)));
        }
        if !found.passed {
            return found;
        }
        shown.get_or_insert(found);
    }
    shown.unwrap_or_else(|| right("is recorded"))
}

fn spikes(n: usize, windows: &[(usize, f64, f64)], i: &[usize], t: &[f64]) -> Verdict {
    let ms: Vec<f64> = t.iter().map(|t| t * 1e3).collect();
    let mut figure = Figure::new();
    for (k, (neuron, from, to)) in windows.iter().enumerate() {
        let (low, high) = (*neuron as f64 - 0.4, *neuron as f64 + 0.4);
        figure = figure.fill_between([*from, *to], [low, low], [high, high]).in_grey();
        figure = if k == 0 { figure.label("expected") } else { figure };
    }
    let dots: Vec<f64> = i.iter().map(|i| *i as f64).collect();
    let figure = figure.scatter(&ms, dots).label("yours").xlabel("Time (ms)").ylabel("neuron index").legend();
    let picture = Some(figure.ylim(-0.8, n as f64 - 0.2).size(520, if n > 2 { 260 } else { 200 }));
    for neuron in 0..n {
        let mut wanted: Vec<(f64, f64)> =
            windows.iter().filter(|w| w.0 == neuron).map(|w| (w.1, w.2)).collect();
        let mut got: Vec<f64> = i.iter().zip(&ms).filter(|(i, _)| **i == neuron).map(|(_, t)| *t).collect();
        wanted.sort_by(|a, b| a.0.total_cmp(&b.0));
        got.sort_by(f64::total_cmp);
        let who = if n > 1 { format!("neuron {neuron} ") } else { String::new() };
        let message = if got.len() < wanted.len() {
            format!("{who}fires too seldom: {} spikes", got.len())
        } else if got.len() > wanted.len() {
            format!("{who}fires too often: {} spikes", got.len())
        } else if let Some((t, _)) = got.iter().zip(&wanted).find(|(t, w)| **t < w.0 || **t > w.1) {
            format!("{who}fires at {} ms, outside of the expected times", short(*t))
        } else {
            continue;
        };
        return Verdict { passed: false, message, picture };
    }
    Verdict { picture, ..right("every spike comes when it is expected") }
}

/// A number as people write it.
fn short(x: f64) -> String {
    let text = format!("{x:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expect: Expect) -> PublicCheck {
        PublicCheck { title: "T".into(), variable: "x".into(), hint: Some("think".into()), expect }
    }

    fn number_of(value: f64, dimension: &str) -> Evidence {
        Evidence::Number { value, dimension: dimension.into() }
    }

    #[test]
    fn numbers_are_held_against_unit_and_size() {
        let check = check(Expect::Number { dimension: "second".into(), low: 0.005, high: 0.02 });
        let found = check.find(Some(&number_of(0.01, "second")));
        assert!(found.passed && found.hint.is_none(), "{found:?}");
        assert!(found.message.contains("10 ms"), "{}", found.message);
        let large = check.find(Some(&number_of(10.0, "second")));
        assert!(!large.passed && large.message.contains("too large") && large.hint.is_some());
        let bare = check.find(Some(&number_of(10.0, "1")));
        assert_eq!(bare.message, "should be in second, but it is a plain number without a unit");
        assert_eq!(check.find(None).message, "there is no `x` yet");
        let text = Evidence::Text { value: "a".into() };
        assert_eq!(check.find(Some(&text)).message, "`x` should be a number, but it is a text");
    }

    #[test]
    fn a_trace_outside_of_its_band_is_placed_and_drawn() {
        let band = Band { x: vec![0.0, 1.0], low: vec![0.0, 0.0], high: vec![1.0, 1.0] };
        let check = check(Expect::Trace { of: "v".into(), dimension: "1".into(), bands: vec![(0, band)] });
        let traces = |v: f64, last: f64| Evidence::Traces {
            t: vec![0.0, last],
            indices: vec![0],
            variables: [(
                "v".to_owned(),
                TraceSet { dimension: "1".into(), rows: vec![crate::evidence::Row(vec![0.5, v])] },
            )]
            .into(),
        };
        assert!(check.find(Some(&traces(1.0, 0.001))).passed);
        let off = check.find(Some(&traces(2.0, 0.001)));
        assert_eq!(off.message, "the values of `v` leave the expected band above it, first at 1 ms");
        assert!(off.picture.unwrap().to_svg().unwrap().contains("yours"));
        assert!(check.find(Some(&traces(1.0, 0.0005))).message.contains("ends at 0.5 ms"));
        assert!(!check.find(Some(&traces(f64::NAN, 0.001))).passed);
    }

    #[test]
    fn spikes_are_counted_and_timed() {
        let check = check(Expect::Spikes { n: 2, windows: vec![(0, 1.0, 3.0), (1, 5.0, 7.0)] });
        let spikes = |i: &[usize], t: &[f64]| Evidence::Spikes { n: 2, i: i.into(), t: t.into() };
        assert!(check.find(Some(&spikes(&[0, 1], &[0.002, 0.006]))).passed);
        let message = |i: &[usize], t: &[f64]| check.find(Some(&spikes(i, t))).message;
        assert_eq!(message(&[0], &[0.002]), "neuron 1 fires too seldom: 0 spikes");
        assert_eq!(message(&[0, 0, 1], &[0.001, 0.002, 0.006]), "neuron 0 fires too often: 2 spikes");
        assert!(message(&[0, 1], &[0.004, 0.006]).contains("at 4 ms, outside"));
    }

    #[test]
    fn an_answer_is_never_judged() {
        let check = check(Expect::Answer);
        let text = |value: &str| check.find(Some(&Evidence::Text { value: value.into() }));
        assert!(text("a").passed && text("z").passed && !text("____").passed && !text(" ").passed);
    }
}
