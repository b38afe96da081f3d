//! Figures that the course needs again and again: spike rasters and connectivity.
//! They take plain data here; the monitors and synapses hand theirs over.

use super::Figure;
use super::draw::usual_radius;
use super::panel::Look;
use super::series::IntoSeries;
use crate::error::{Error, ErrorKind, Result};
use crate::units::{Dimension, QuantityArray, ms};

/// More connections than this would make one grey patch: then only some are drawn as lines.
const MANY_LINES: usize = 2000;
/// Space beyond the first and last neuron: less than one index, so that no tick names a neuron that is not there.
const ROOM: f64 = 0.8;

/// A spike raster: a dot for every spike, at its time and neuron index.
///
/// Times may be a `QuantityArray` in seconds, or plain numbers that are milliseconds.
///
/// ```
/// use spikelab::figure::raster_of;
/// use spikelab::units::ms;
/// let svg = raster_of([1.0, 2.5, 4.0] * ms, [0, 1, 0]).to_svg()?;
/// assert!(svg.contains("Time (ms)") && svg.contains("Neuron index"));
/// # Ok::<(), spikelab::Error>(())
/// ```
pub fn raster_of(t: impl IntoSeries, i: impl IntoSeries) -> Figure {
    let t: Result<QuantityArray> =
        t.into_series().map(|t| if t.dimension() == Dimension::TIME { t / ms } else { t });
    Figure::new().scatter(t, i).xlabel("Time (ms)").ylabel("Neuron index")
}

/// Two views of the same synapses: lines from sources to targets, and target index over source index.
///
/// ```
/// use spikelab::figure::connectivity_of;
/// let svg = connectivity_of(10, 10, &[0, 0, 3], &[1, 2, 7]).to_svg()?;
/// assert!(svg.contains("Source neuron index"));
/// # Ok::<(), spikelab::Error>(())
/// ```
pub fn connectivity_of(n_source: usize, n_target: usize, i: &[usize], j: &[usize]) -> Figure {
    let every = i.len().div_ceil(MANY_LINES).max(1);
    let lines = i.iter().zip(j).step_by(every).map(|(&i, &j)| (i as f64, j as f64));
    // One series with a gap after every line.
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for (from, to) in lines {
        x.extend([0.0, 1.0, f64::NAN]);
        y.extend([from, to, f64::NAN]);
    }
    let drawn = x.len() / 3;
    let tallest = n_source.max(n_target).max(1);
    let dots = Look { radius: Some(usual_dot(tallest)), ..Look::default() };
    let threads = Look {
        colour: Some((110, 110, 110)),
        opacity: Some(if drawn > 300 { 0.25 } else { 0.6 }),
        width: Some(if drawn > 100 { 0.6 } else { 1.0 }),
        ..Look::default()
    };
    let title = if every > 1 { format!("1 in {every} connections shown") } else { String::new() };
    let mut figure = Figure::new()
        .subplot(1, 2, 1)
        .plot(x, y)
        .look(threads)
        .scatter(vec![0.0; n_source], 0..n_source)
        .look(dots)
        .scatter(vec![1.0; n_target], 0..n_target)
        .look(dots)
        .title(title)
        .xlim(-0.15, 1.15)
        .ylim(-ROOM, tallest as f64 - 1.0 + ROOM)
        .xticks([0, 1], ["Source", "Target"])
        .ylabel("Neuron index")
        .subplot(1, 2, 2)
        .scatter(i, j)
        .look(Look { radius: Some(usual_dot(tallest).min(usual_radius(i.len()))), ..Look::default() })
        .xlim(-ROOM, n_source.max(1) as f64 - 1.0 + ROOM)
        .ylim(-ROOM, n_target.max(1) as f64 - 1.0 + ROOM)
        .xlabel("Source neuron index")
        .ylabel("Target neuron index");
    let mistakes = [outside("starts", "source", n_source, i), outside("ends", "target", n_target, j)];
    mistakes.into_iter().flatten().for_each(|error| figure.keep(error));
    figure
}

/// Dots in a column of this many neurons, so that they rarely touch.
fn usual_dot(neurons: usize) -> f64 {
    (110.0 / neurons as f64).clamp(1.1, 4.5)
}

fn outside(verb: &str, side: &str, count: usize, indices: &[usize]) -> Option<Error> {
    let (synapse, index) = indices.iter().enumerate().find(|(_, index)| **index >= count)?;
    let text = format!("synapse {synapse} {verb} at neuron {index}, but the {side} has {count} neurons");
    Some(Error::new(ErrorKind::Index, text).help("neurons are numbered from 0"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Evidence, PanelData, ToEvidence};
    use crate::units::mV;

    fn panels(figure: &Figure) -> Vec<PanelData> {
        match figure.to_evidence() {
            Evidence::Figure { panels } => panels,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_raster_takes_seconds_or_milliseconds() {
        let in_units = panels(&raster_of([1.0, 2.0] * ms, [0, 1]));
        let plain = panels(&raster_of([1.0, 2.0], vec![0_usize, 1]));
        assert_eq!(in_units, plain);
        assert_eq!(in_units[0].series[0].x, [1.0, 2.0]);
        assert!(raster_of([1.0] * mV, [0]).to_svg().is_err());
    }

    #[test]
    fn connectivity_has_lines_on_the_left_and_dots_on_the_right() {
        let panels = panels(&connectivity_of(3, 2, &[0, 2], &[1, 0]));
        assert_eq!(panels[0].series[0].y.len(), 6);
        assert_eq!(panels[0].series[1].y, [0.0, 1.0, 2.0]);
        assert_eq!(panels[0].series[2].y, [0.0, 1.0]);
        assert_eq!((&panels[1].series[0].x, &panels[1].series[0].y), (&vec![0.0, 2.0], &vec![1.0, 0.0]));
    }

    #[test]
    fn thousands_of_connections_stay_a_small_picture() {
        let i: Vec<usize> = (0..50_000).map(|k| k % 500).collect();
        let j: Vec<usize> = (0..50_000).map(|k| (k * 7) % 400).collect();
        let figure = connectivity_of(500, 400, &i, &j);
        assert_eq!(panels(&figure)[1].series[0].x.len(), 50_000);
        let svg = figure.to_svg().unwrap();
        assert!(svg.contains("1 in 25 connections shown"));
        assert!(svg.len() < 3_000_000, "{} bytes", svg.len());
    }

    #[test]
    fn indices_beyond_the_group_are_reported() {
        let text = connectivity_of(3, 3, &[0, 5], &[1, 1]).to_svg().unwrap_err().to_string();
        assert!(text.contains("synapse 1 starts at neuron 5, but the source has 3 neurons"), "{text}");
        assert!(connectivity_of(3, 3, &[0], &[1, 2]).to_svg().is_err());
    }
}
