//! Where everything goes: the grid of panels, and in each the area left over by titles, labels and numbers.
//! Used by `draw`. All panels share their margins, so that axes line up.

use super::Figure;
use super::axis::{Axis, interval, numbered, shared_exponent, tight};
use super::canvas::text_width;
use super::legend::height_above;
use super::panel::{Panel, Place, Style};
use super::shape::Rect;

pub(super) const TICK_SIZE: f64 = 12.0;
pub(super) const LABEL_SIZE: f64 = 13.0;
pub(super) const TITLE_SIZE: f64 = 14.0;
pub(super) const SUPTITLE_SIZE: f64 = 16.0;
/// From the axis to the tick labels: the tick and a little air.
pub(super) const TICK_SPACE: f64 = 8.0;
/// From the panel to the bar that explains its colours, and the width of that bar.
pub(super) const BAR_GAP: f64 = 12.0;
pub(super) const BAR_WIDTH: f64 = 14.0;

const SUPTITLE_HEIGHT: f64 = 30.0;
/// No panel is drawn smaller than this, even where margins leave nothing.
const SMALLEST: f64 = 12.0;

/// A panel with its place on the sheet and its finished axes.
pub(super) struct Frame<'a> {
    pub(super) panel: &'a Panel,
    pub(super) cell: Rect,
    pub(super) area: Rect,
    pub(super) x: Axis,
    pub(super) y: Axis,
    /// The axis of the colour bar, where there is one.
    pub(super) colours: Option<Axis>,
    /// Room for a legend between title and panel; none where the legend stands within.
    pub(super) legend_above: f64,
}

impl Frame<'_> {
    pub(super) fn x(&self, value: f64) -> f64 {
        self.area.left + self.x.fraction(value) * self.area.width()
    }

    pub(super) fn y(&self, value: f64) -> f64 {
        self.area.bottom - self.y.fraction(value) * self.area.height()
    }
}

/// The size of a figure when none is set.
pub(super) fn usual_size(panels: &[Panel]) -> (u32, u32) {
    let columns = panels.iter().map(|p| p.place.columns).max().unwrap_or(1);
    let rows = panels.iter().map(|p| p.place.rows).max().unwrap_or(1) as u32;
    let width = match columns {
        1 => 640,
        2 => 900,
        n => 1000.max(n as u32 * 220).min(5000),
    };
    let height = if rows == 1 { 400 } else { (rows * 260).min(5000) };
    (width, if columns > 2 && rows == 1 { 320 } else { height })
}

/// Lays out every panel of the figure; `outside` says which of them have their legends above.
pub(super) fn frames<'a>(figure: &'a Figure, outside: &[bool]) -> Vec<Frame<'a>> {
    let (width, height) = figure.pixels();
    let top = if figure.suptitle.is_empty() { 0.0 } else { SUPTITLE_HEIGHT };
    let sheet = Rect { left: 0.0, top, right: f64::from(width), bottom: f64::from(height) };
    let panels = &figure.panels;
    let cells: Vec<Rect> = panels.iter().map(|p| cell(&sheet, p.place)).collect();
    let outside = outside.iter().copied().chain(std::iter::repeat(false));
    let legends = panels.iter().zip(&cells).zip(outside);
    let legends: Vec<f64> =
        legends.map(|((p, c), out)| if out { height_above(p, c.width()) } else { 0.0 }).collect();
    let above = vertical_margin_above(panels) + legends.iter().copied().fold(0.0, f64::max);
    let below = vertical_margin_below(panels);

    // Heights come first: they decide the y ticks, whose labels decide the left margin, which decides the x ticks.
    let y_axes: Vec<Axis> =
        panels.iter().zip(&cells).map(|(p, c)| y_axis(p, c.height() - above - below)).collect();
    let left = y_axes.iter().map(widest_label).fold(0.0, f64::max) + left_margin(panels);
    let bars: Vec<Option<Axis>> =
        panels.iter().zip(&cells).map(|(p, c)| colour_axis(p, c.height() - above - below)).collect();
    let bar = bars.iter().flatten().map(colour_margin).fold(0.0, f64::max);
    let room = |c: &Rect| c.width() - left - bar - 16.0;
    let x_axes: Vec<Axis> = panels.iter().zip(&cells).map(|(p, c)| x_axis(p, room(c))).collect();
    let right = x_axes.iter().zip(&cells).map(|(axis, c)| overhang(axis, room(c))).fold(16.0, f64::max);
    let right = right.max(16.0 + bar);

    let mut frames = Vec::with_capacity(panels.len());
    let axes = y_axes.into_iter().zip(x_axes).zip(bars);
    for (((panel, cell), ((y, x), colours)), legend_above) in panels.iter().zip(cells).zip(axes).zip(legends)
    {
        let (area_left, area_top) = (cell.left + left, cell.top + above);
        let area = Rect {
            left: area_left,
            top: area_top,
            right: (cell.right - right).max(area_left + SMALLEST),
            bottom: (cell.bottom - below).max(area_top + SMALLEST),
        };
        frames.push(Frame { panel, cell, area, x, y, colours, legend_above });
    }
    frames
}

fn colour_axis(panel: &Panel, height: f64) -> Option<Axis> {
    panel.colourbar.as_ref()?;
    let scale = panel.colours();
    Some(numbered(scale.low, scale.high, (height / 42.0).clamp(2.0, 9.0), false))
}

/// What the bar that explains the colours needs at the right of its panel: itself, its numbers, its text.
fn colour_margin(axis: &Axis) -> f64 {
    BAR_GAP + BAR_WIDTH + 7.0 + widest_label(axis) + 4.0 + LABEL_SIZE
}

fn cell(sheet: &Rect, place: Place) -> Rect {
    let (row, column) = ((place.index - 1) / place.columns, (place.index - 1) % place.columns);
    let (width, height) = (sheet.width() / place.columns as f64, sheet.height() / place.rows as f64);
    let (left, top) = (sheet.left + column as f64 * width, sheet.top + row as f64 * height);
    Rect { left, top, right: left + width, bottom: top + height }
}

fn vertical_margin_above(panels: &[Panel]) -> f64 {
    if panels.iter().any(|p| !p.title.is_empty()) { 34.0 } else { 18.0 }
}

fn vertical_margin_below(panels: &[Panel]) -> f64 {
    let has_factor = |p: &Panel| {
        let (low, high) = x_interval(p);
        p.x.ticks.is_none() && shared_exponent(low, high) != 0
    };
    let labels = if panels.iter().any(|p| !p.x.label.is_empty() || has_factor(p)) { 22.0 } else { 0.0 };
    TICK_SPACE + TICK_SIZE + 10.0 + labels
}

fn left_margin(panels: &[Panel]) -> f64 {
    let labels = if panels.iter().any(|p| !p.y.label.is_empty()) { 24.0 } else { 0.0 };
    labels + TICK_SPACE + 8.0
}

fn widest_label(axis: &Axis) -> f64 {
    // A student's own words may be long: beyond this they are shortened.
    axis.ticks.iter().map(|(_, text)| text_width(text, TICK_SIZE)).fold(0.0, f64::max).min(120.0)
}

/// How far the last x label reaches beyond the right end of the axis.
fn overhang(axis: &Axis, width: f64) -> f64 {
    axis.ticks
        .iter()
        .filter(|(value, _)| axis.contains(*value))
        .map(|(value, text)| text_width(text, TICK_SIZE) / 2.0 - (1.0 - axis.fraction(*value)) * width + 6.0)
        .fold(0.0, f64::max)
        .min(80.0)
}

fn y_axis(panel: &Panel, height: f64) -> Axis {
    let (low, high) = panel.y.limits.unwrap_or_else(|| y_interval(panel));
    if let Some(ticks) = &panel.y.ticks {
        return Axis { low, high, ticks: ticks.clone(), factor: String::new() };
    }
    numbered(low, high, (height / 42.0).clamp(2.0, 9.0), panel.counts(|s| &s.y))
}

fn y_interval(panel: &Panel) -> (f64, f64) {
    let values = panel.series.iter().flat_map(|s| {
        let reach = if s.style == Style::Cells { 0.5 } else { 0.0 };
        s.y.iter().flat_map(move |y| [y - reach, y + reach])
    });
    if only(panel, Style::Cells) {
        return tight(values);
    }
    if !only(panel, Style::Bars) {
        return interval(values);
    }
    // Bars stand on the axis.
    let below = panel.series.iter().any(|s| s.y.iter().any(|y| *y < 0.0));
    let (low, high) = interval(values.chain([0.0]));
    if below { (low, high) } else { (0.0, high) }
}

fn x_interval(panel: &Panel) -> (f64, f64) {
    let values = panel.series.iter().flat_map(|s| {
        let reach = s.half_width();
        s.x.iter().flat_map(move |x| [x - reach, x + reach])
    });
    panel.x.limits.unwrap_or_else(|| if only(panel, Style::Cells) { tight(values) } else { interval(values) })
}

/// Cells fill their panel to the edge, and bars stand on the axis, where nothing else is drawn.
fn only(panel: &Panel, style: Style) -> bool {
    !panel.series.is_empty() && panel.series.iter().all(|s| s.style == style)
}

fn x_axis(panel: &Panel, width: f64) -> Axis {
    let (low, high) = x_interval(panel);
    if let Some(ticks) = &panel.x.ticks {
        return Axis { low, high, ticks: ticks.clone(), factor: String::new() };
    }
    let whole = panel.counts(|s| &s.x);
    let mut wanted = (width / 64.0).clamp(2.0, 11.0);
    loop {
        let axis = numbered(low, high, wanted, whole);
        if wanted < 2.0 || fits(&axis, width) {
            return axis;
        }
        wanted -= 1.0;
    }
}

/// True if neighbouring labels leave room between them.
fn fits(axis: &Axis, width: f64) -> bool {
    axis.ticks.windows(2).all(|pair| {
        let apart = (axis.fraction(pair[1].0) - axis.fraction(pair[0].0)) * width;
        let needed = (text_width(&pair[0].1, TICK_SIZE) + text_width(&pair[1].1, TICK_SIZE)) / 2.0;
        apart > needed + 10.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn inside(figure: &Figure) {
        for frame in frames(figure, &[]) {
            let (area, cell) = (frame.area, frame.cell);
            assert!(area.left > cell.left && area.top > cell.top, "{area:?} in {cell:?}");
            assert!(area.right < cell.right && area.bottom < cell.bottom, "{area:?} in {cell:?}");
        }
    }

    #[test]
    fn areas_lie_within_their_cells_and_line_up() {
        let figure = Figure::new()
            .subplot(2, 1, 1)
            .plot([0, 1], [0.0, 1e-7])
            .title("a")
            .subplot(2, 1, 2)
            .plot([0, 1], [1000.0001, 1000.0002])
            .ylabel("b");
        inside(&figure);
        let frames = frames(&figure, &[]);
        assert_eq!(frames[0].area.left, frames[1].area.left);
        assert!(frames[0].area.bottom < frames[1].area.top);
    }

    #[test]
    fn the_last_label_is_not_cut_off() {
        let figure =
            Figure::new().plot([0, 1], [0, 1]).xlim(0, 1).xticks([0, 1], ["first", "a long last word"]);
        inside(&figure);
        let frame = &frames(&figure, &[])[0];
        assert!(frame.area.right + text_width("a long last word", TICK_SIZE) / 2.0 <= frame.cell.right);
    }

    #[test]
    fn tiny_sheets_with_many_panels_still_have_areas() {
        let figure = Figure::new().size(100, 100).subplot(10, 10, 100).plot([0, 1], [0, 1]);
        assert!(frames(&figure, &[]).iter().all(|f| f.area.width() > 0.0 && f.area.height() > 0.0));
    }
}
