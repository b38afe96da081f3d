//! The picture of a check: expected and got in one panel, drawn by the library's own figures.
//! Vertical lines of both sides keep apart by their colours.

use std::borrow::Cow;

use spikelab::Figure;

use crate::outcome::{CheckPlot, Curve};

/// So many points of a curve are drawn; more than a picture of this size can show.
const POINTS: usize = 8_000;
/// So many curves are drawn.
const CURVES: usize = 40;

/// The picture as SVG, if there is anything to draw.
pub(super) fn svg(plot: &CheckPlot) -> Option<String> {
    if plot.expected.is_empty() && plot.got.is_empty() {
        return None;
    }
    let figure = Figure::new().size(640, 300).xlabel(&plot.xlabel).ylabel(&plot.ylabel);
    let drawn = plot.expected.iter().take(CURVES).chain(plot.got.iter().take(CURVES));
    let figure = drawn.fold(figure, |figure, curve| draw(figure, &thinned(curve)));
    figure.legend().to_svg().ok()
}

fn draw(figure: Figure, curve: &Curve) -> Figure {
    let drawn = match curve.style.as_str() {
        "points" => figure.scatter(&curve.x, &curve.y),
        "vlines" => figure.vlines(&curve.x),
        "hlines" => figure.hline(&curve.y),
        _ => figure.plot(&curve.x, &curve.y),
    };
    drawn.label(&curve.label)
}

/// A curve of few enough points: the highest and lowest of each stretch of a line, every so many of anything else.
fn thinned(curve: &Curve) -> Cow<'_, Curve> {
    let length = curve.x.len().max(curve.y.len());
    if length <= POINTS {
        return Cow::Borrowed(curve);
    }
    let kept: Vec<usize> = if curve.style == "line" && curve.y.len() == curve.x.len() {
        let stretch = (2 * length).div_ceil(POINTS);
        let ends = |from: usize| {
            let places = || from..(from + stretch).min(length);
            let by_height = |a: &usize, b: &usize| curve.y[*a].total_cmp(&curve.y[*b]);
            let (low, high) = (places().min_by(by_height), places().max_by(by_height));
            let (low, high) = (low.unwrap_or(from), high.unwrap_or(from));
            [low.min(high), low.max(high)]
        };
        (0..length).step_by(stretch).flat_map(ends).collect()
    } else {
        (0..length).step_by(length.div_ceil(POINTS)).collect()
    };
    let pick = |values: &[f64]| kept.iter().filter_map(|k| values.get(*k).copied()).collect::<Vec<f64>>();
    let label = format!("{} ({} of {length} points)", curve.label, kept.len());
    Cow::Owned(Curve { label, style: curve.style.clone(), x: pick(&curve.x), y: pick(&curve.y) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(style: &str, length: u32) -> Curve {
        let x: Vec<f64> = (0..length).map(f64::from).collect();
        let mut y = vec![0.0; x.len()];
        y[x.len() / 2] = 7.0;
        Curve { label: "v".into(), style: style.into(), x, y }
    }

    #[test]
    fn long_curves_are_thinned_and_keep_their_peaks() {
        assert_eq!(thinned(&curve("line", 8_000)).label, "v");
        let line = thinned(&curve("line", 100_000)).into_owned();
        assert!(line.x.len() <= POINTS + 2 && line.y.contains(&7.0), "{}", line.x.len());
        assert!(line.x.is_sorted() && line.label.contains("of 100000 points"), "{}", line.label);
        let points = thinned(&curve("points", 1_000_000)).into_owned();
        assert!(points.x.len() <= POINTS && points.x.len() == points.y.len());
        let plot = CheckPlot { got: vec![curve("points", 1_000_000)], ..CheckPlot::default() };
        assert!(svg(&plot).unwrap().len() < 4 << 20);
    }
}
