//! What a figure holds before it is drawn: panels, and the series in them.
//! Filled by `builder`, read by `draw` and `evidence`; always the full data as given.

use super::colours::Scale;

/// A colour as red, green and blue.
pub(super) type Rgb = (u8, u8, u8);

/// Okabe and Ito's colours, told apart by colour-blind readers too; the pale yellow comes last.
const COLOURS: [Rgb; 8] = [
    (0, 114, 178),
    (213, 94, 0),
    (0, 158, 115),
    (204, 121, 167),
    (230, 159, 0),
    (86, 180, 233),
    (60, 60, 60),
    (240, 228, 66),
];

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Points joined by a line.
    Line,
    /// Dots.
    Points,
    /// A dashed line over the whole height at every x.
    VLines,
    /// A dashed line over the whole width at every y.
    HLines,
    /// A bar from 0 to y over every x.
    Bars,
    /// A unit square about every whole x and y, with a value shown as its colour.
    Cells,
    /// What lies between two curves: there along the lower one and back along the upper one.
    Area,
}

impl Style {
    /// What it is called where a figure leaves as data.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Points => "points",
            Self::VLines => "vlines",
            Self::HLines => "hlines",
            Self::Bars => "bars",
            Self::Cells => "cells",
            Self::Area => "area",
        }
    }
}

/// Changes to the usual look; `None` leaves the choice to the drawing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Look {
    /// Colour in place of the next one of the cycle.
    pub(super) colour: Option<Rgb>,
    /// 1 is opaque.
    pub(super) opacity: Option<f64>,
    /// Width of a line in pixels.
    pub(super) width: Option<f64>,
    /// Radius of a dot in pixels.
    pub(super) radius: Option<f64>,
    /// Width of a bar, on the scale of x.
    pub(super) bar: Option<f64>,
}

/// One curve, set of dots or set of straight lines.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) style: Style,
    /// Empty for `HLines`.
    pub(super) x: Vec<f64>,
    /// Empty for `VLines`; as long as `x` otherwise.
    pub(super) y: Vec<f64>,
    /// Values shown as colours, as many as `x`; empty where one colour serves all.
    pub(super) z: Vec<f64>,
    pub(super) label: String,
    pub(super) look: Look,
}

impl Series {
    /// How far bars and cells reach to both sides of their x.
    pub(super) fn half_width(&self) -> f64 {
        match self.style {
            Style::Bars => self.look.bar.unwrap_or(1.0) / 2.0,
            Style::Cells => 0.5,
            _ => 0.0,
        }
    }
}

/// Position in a grid of panels; `index` counts from 1, row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) index: usize,
}

/// Settings of one axis.
#[derive(Clone, Debug, Default)]
pub(super) struct AxisSettings {
    pub(super) label: String,
    pub(super) limits: Option<(f64, f64)>,
    pub(super) ticks: Option<Vec<(f64, String)>>,
}

/// One pair of axes with what is drawn in it.
#[derive(Clone, Debug)]
pub(super) struct Panel {
    pub(super) place: Place,
    pub(super) title: String,
    pub(super) x: AxisSettings,
    pub(super) y: AxisSettings,
    pub(super) legend: bool,
    /// Text beside the bar that explains the colours; without it there is no bar.
    pub(super) colourbar: Option<String>,
    /// Values at the ends of the colours.
    pub(super) colour_limits: Option<(f64, f64)>,
    pub(super) series: Vec<Series>,
}

impl Panel {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            title: String::new(),
            x: AxisSettings::default(),
            y: AxisSettings::default(),
            legend: false,
            colourbar: None,
            colour_limits: None,
            series: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, style: Style, x: Vec<f64>, y: Vec<f64>) {
        self.series.push(Series { style, x, y, z: Vec::new(), label: String::new(), look: Look::default() });
    }

    /// The scale of all values shown as colours.
    pub(super) fn colours(&self) -> Scale {
        Scale::new(self.series.iter().flat_map(|s| s.z.iter().copied()), self.colour_limits)
    }

    /// The colour of a series: its own, or its turn in the cycle.
    pub(super) fn colour(&self, index: usize) -> Rgb {
        let turn = self.series[..index].iter().filter(|s| s.look.colour.is_none()).count();
        self.series[index].look.colour.unwrap_or(COLOURS[turn % COLOURS.len()])
    }

    /// True where only dots, bars or cells are drawn, at whole numbers: an axis of neuron indices, which has no tick at 0.5.
    pub(super) fn counts(&self, values: impl Fn(&Series) -> &[f64]) -> bool {
        let dots = self.series.iter().any(|s| matches!(s.style, Style::Points | Style::Bars | Style::Cells));
        dots && self
            .series
            .iter()
            .all(|s| s.style != Style::Line && values(s).iter().all(|v| v.fract() == 0.0 || !v.is_finite()))
    }
}
