//! Figures by their data: every curve of the reference must be drawn, in any panel and under any name.
//! Colours and order are the student's own affair; texts on the axes are asked for.

use spikelab::evidence::{Evidence, PanelData, SeriesData};

use super::trace::at;
use super::{Comparison, float, line, points};
use crate::course::Figure;
use crate::outcome::{CheckPlot, Curve};

/// What a missing axis text costs of the points.
const LABELS: f64 = 0.25;

pub(super) fn compare(check: &Figure, expected: &Evidence, got: &Evidence) -> Option<Comparison> {
    let (Evidence::Figure { panels: ours }, Evidence::Figure { panels: theirs }) = (expected, got) else {
        return None;
    };
    let all =
        |panels: &[PanelData]| panels.iter().flat_map(|p| p.series.clone()).collect::<Vec<SeriesData>>();
    let (wanted, mut drawn) = (all(ours), all(theirs));
    let plot = CheckPlot {
        xlabel: ours.first().map(|p| p.xlabel.clone()).unwrap_or_default(),
        ylabel: ours.first().map(|p| p.ylabel.clone()).unwrap_or_default(),
        expected: wanted.iter().map(|s| curve("expected", s)).collect(),
        got: drawn.iter().map(|s| curve("yours", s)).collect(),
    };
    let mut missing = Vec::new();
    for series in &wanted {
        // Curves of the same name go together, so that the one that is missing is called by its own.
        let named = drawn.iter().position(|d| d.label == series.label && same(series, d, check.relative));
        match named.or_else(|| drawn.iter().position(|d| same(series, d, check.relative))) {
            Some(k) => drop(drawn.swap_remove(k)),
            None => missing.push(name(series)),
        }
    }
    let found = wanted.len() - missing.len();
    let part = if wanted.is_empty() { 1.0 } else { float(found) / float(wanted.len()) };
    let bare = |p: &PanelData| p.xlabel.trim().is_empty() || p.ylabel.trim().is_empty();
    let unlabelled = check.labels && (theirs.is_empty() || theirs.iter().any(bare));
    let mut message = match (missing.is_empty(), found) {
        (true, n) => format!("all {n} curves are there"),
        (false, 0) => format!("none of the {} curves is as expected: {}", wanted.len(), missing.join(", ")),
        (false, n) => format!("{n} of {} curves are there, missing: {}", wanted.len(), missing.join(", ")),
    };
    if unlabelled {
        message.push_str("; an axis has no text");
    }
    let fraction = part * if unlabelled { 1.0 - LABELS } else { 1.0 };
    let out = Comparison { fraction, message, ..Comparison::default() };
    Some(out.with("curves found", float(found)).plotted(plot))
}

fn name(series: &SeriesData) -> String {
    let what = match series.style.as_str() {
        "line" => "a line",
        "points" => "points",
        "hlines" => "horizontal lines",
        "bars" => "bars",
        "cells" => "coloured cells",
        _ => "vertical lines",
    };
    if series.label.is_empty() {
        format!("{what} of {}", series.x.len())
    } else {
        format!("{what} `{}`", series.label)
    }
}

/// Lines and points are the same if their data are.
fn same(a: &SeriesData, b: &SeriesData, relative: f64) -> bool {
    let shape = |s: &SeriesData| match s.style.as_str() {
        "vlines" => 1,
        "hlines" => 2,
        "bars" => 3,
        "cells" => 4,
        _ => 0,
    };
    let close = |a: &[f64], b: &[f64]| {
        let bound = relative * a.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        a.len() == b.len()
            && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= bound || a == b || (a.is_nan() && b.is_nan()))
    };
    // A line sampled on other times is the same line if it passes through the same points.
    if shape(a) == 0
        && a.x.len() != b.x.len()
        && a.style == "line"
        && b.x.is_sorted()
        && b.x.len() == b.y.len()
    {
        let covers = |x: &f64| b.x.first().is_some_and(|f| f <= x) && b.x.last().is_some_and(|l| l >= x);
        let inside = a.x.iter().zip(&a.y).filter(|(x, _)| covers(x));
        let (ours, theirs): (Vec<f64>, Vec<f64>) = inside.map(|(x, y)| (*y, at(&b.x, &b.y, *x))).unzip();
        return ours.len() * 100 >= a.x.len() * 98 && !ours.is_empty() && close(&ours, &theirs);
    }
    shape(a) == shape(b)
        && (shape(a) == 2 || close(&a.x, &b.x))
        && (shape(a) == 1 || close(&a.y, &b.y))
        && close(&a.z, &b.z)
}

fn curve(who: &str, s: &SeriesData) -> Curve {
    let label = if s.label.is_empty() { who.to_owned() } else { format!("{who}: {}", s.label) };
    match s.style.as_str() {
        "line" => line(&label, &s.x, &s.y),
        "points" | "bars" | "cells" => points(&label, &s.x, &s.y),
        _ => Curve {
            label,
            style: "vlines".to_owned(),
            x: s.x.iter().take(500).copied().collect(),
            y: Vec::new(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(xlabel: &str, series: &[(&str, &[f64], &[f64])]) -> Evidence {
        let one = |(style, x, y): &(&str, &[f64], &[f64])| SeriesData {
            label: String::new(),
            style: (*style).to_owned(),
            x: x.to_vec(),
            y: y.to_vec(),
            z: Vec::new(),
        };
        let series = series.iter().map(one).collect();
        let panel = PanelData { title: String::new(), xlabel: xlabel.into(), ylabel: "v".into(), series };
        Evidence::Figure { panels: vec![panel] }
    }

    #[test]
    fn a_line_on_other_times_is_the_same_line() {
        let check: Figure = serde_yaml::from_str("{variable: f, points: 1}").unwrap();
        let ours = figure("t", &[("line", &[0.0, 1.0, 2.0], &[0.0, 2.0, 4.0])]);
        let finer = figure("t", &[("line", &[0.0, 0.5, 1.0, 1.5, 2.0], &[0.0, 1.0, 2.0, 3.0, 4.0])]);
        assert_eq!(compare(&check, &ours, &finer).unwrap().fraction, 1.0);
        let other = figure("t", &[("line", &[0.0, 0.5, 1.0, 1.5, 2.0], &[0.0, 1.0, 2.5, 3.0, 4.0])]);
        assert_eq!(compare(&check, &ours, &other).unwrap().fraction, 0.0);
        let short = figure("t", &[("line", &[0.0, 1.0], &[0.0, 2.0])]);
        assert_eq!(compare(&check, &ours, &short).unwrap().fraction, 0.0);
    }

    #[test]
    fn values_shown_as_colours_count() {
        let check: Figure = serde_yaml::from_str("{variable: f, points: 1}").unwrap();
        let matrix = |z: &[f64]| {
            let mut figure = figure("Source", &[("cells", &[0.0, 1.0], &[1.0, 0.0])]);
            if let Evidence::Figure { panels } = &mut figure {
                panels[0].series[0].z = z.to_vec();
            }
            figure
        };
        let ours = matrix(&[0.5, 0.25]);
        assert_eq!(compare(&check, &ours, &matrix(&[0.5, 0.25])).unwrap().fraction, 1.0);
        let other = compare(&check, &ours, &matrix(&[0.5, 0.5])).unwrap();
        assert!(other.fraction == 0.0 && other.message.contains("coloured cells"), "{}", other.message);
    }

    #[test]
    fn curves_are_found_in_any_order() {
        let check: Figure = serde_yaml::from_str("{variable: f, points: 1}").unwrap();
        let (a, b) = (("line", &[0.0, 1.0][..], &[2.0, 3.0][..]), ("vlines", &[0.5][..], &[][..]));
        let ours = figure("Time (ms)", &[a, b]);
        let grade = |got: &Evidence| compare(&check, &ours, got).unwrap();
        assert_eq!(grade(&figure("t", &[b, a, a])).fraction, 1.0);
        assert_eq!(grade(&figure("t", &[a])).fraction, 0.5);
        let bare = grade(&figure("", &[a, b]));
        assert!(bare.fraction == 0.75 && bare.message.contains("no text"), "{}", bare.message);
        assert_eq!(grade(&Evidence::Figure { panels: vec![] }).fraction, 0.0);
    }
}
