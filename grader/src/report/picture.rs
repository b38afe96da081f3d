//! The picture of a check: expected and got in one panel, drawn by the library's own figures.
//! Vertical lines of both sides keep apart by their colours.

use spikelab::Figure;

use crate::outcome::{CheckPlot, Curve};

/// The picture as SVG, if there is anything to draw.
pub(super) fn svg(plot: &CheckPlot) -> Option<String> {
    if plot.expected.is_empty() && plot.got.is_empty() {
        return None;
    }
    let figure = Figure::new().size(640, 300).xlabel(&plot.xlabel).ylabel(&plot.ylabel);
    let figure = plot.expected.iter().chain(&plot.got).fold(figure, draw);
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
