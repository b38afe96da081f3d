//! The legend: sized to its words, within its panel where it hides nothing, else in lines above it.
//! Used by `draw` after the series, with a list of the places they cover, and by `layout` for the room above.

use super::canvas::{Anchor, Canvas, Ink, Lettering, fitted, text_width};
use super::draw::{TEXT, stroke};
use super::layout::{Frame, TICK_SIZE};
use super::panel::{Panel, Style};
use super::shape::{Point, Rect, dashes};
use crate::error::Result;

const ROW: f64 = 18.0;
const SAMPLE: f64 = 22.0;
const AIR: f64 = 7.0;
/// Distance from the edge of the panel.
const INSET: f64 = 8.0;

/// The part of a cell's width that lines above a panel may take; the axis has its power of ten at the left of them.
const STRIP: f64 = 0.75;
const STRIP_LINES: usize = 3;

/// Draws the legend within its panel, unless it would hide one of the points in `covered`: then nothing, and `false`.
pub(super) fn draw_inside(canvas: &mut Canvas<'_>, frame: &Frame<'_>, covered: &[Point]) -> Result<bool> {
    let room = ((frame.area.height() - 2.0 * INSET - AIR) / ROW).max(1.0) as usize;
    let rows = rows(frame.panel, room);
    if rows.is_empty() {
        return Ok(true);
    }
    let Some(area) = free_place(&frame.area, size(frame, &rows), covered) else { return Ok(false) };
    canvas.fill(&area, Ink { colour: (255, 255, 255), opacity: 0.8, width: 1.0 })?;
    let (l, t, r, b) = (area.left, area.top, area.right, area.bottom);
    canvas.line(&[(l, t), (r, t), (r, b), (l, b), (l, t)], Ink::new((204, 204, 204), 0.8))?;
    for (k, row) in rows.iter().enumerate() {
        let middle = t + AIR / 2.0 + (k as f64 + 0.5) * ROW;
        entry(canvas, frame, row, (l + AIR, middle), r - AIR)?;
    }
    Ok(true)
}

/// Draws the legend in lines that end with the panel, directly above it.
pub(super) fn draw_above(canvas: &mut Canvas<'_>, frame: &Frame<'_>) -> Result<()> {
    let lines = lines(frame.panel, frame.cell.width());
    for (k, line) in lines.iter().rev().enumerate() {
        let middle = frame.area.top - AIR / 2.0 - (k as f64 + 0.5) * ROW;
        let whole: f64 = line.iter().map(width).sum();
        let mut left = (frame.area.right - whole).max(frame.cell.left);
        for row in line {
            let right = left + width(row);
            entry(canvas, frame, row, (left, middle), right)?;
            left = right;
        }
    }
    Ok(())
}

/// The height that `draw_above` takes in a cell of this width.
pub(super) fn height_above(panel: &Panel, cell: f64) -> f64 {
    match lines(panel, cell).len() {
        0 => 0.0,
        n => n as f64 * ROW + AIR,
    }
}

/// A sample and its words, from `at` on; the words end at `right` at the latest.
fn entry(canvas: &mut Canvas<'_>, frame: &Frame<'_>, row: &Row, at: Point, right: f64) -> Result<()> {
    if let Some(series) = row.series {
        sample(canvas, frame, series, at)?;
    }
    let start = at.0 + SAMPLE + AIR;
    let (text, size) = fitted(&row.text, TICK_SIZE, (right - start).max(20.0) + 1.0);
    canvas.text(&text, (start, at.1 + 0.36 * size), Lettering::new(size, TEXT, Anchor::Start))
}

struct Row {
    series: Option<usize>,
    text: String,
}

/// The labelled series, as many as there is room for.
fn rows(panel: &Panel, room: usize) -> Vec<Row> {
    let series = panel.series.iter().enumerate();
    let mut rows: Vec<Row> = series
        .filter(|(_, s)| !s.label.is_empty())
        .map(|(k, s)| Row { series: Some(k), text: s.label.clone() })
        .collect();
    if rows.len() > room {
        let hidden = rows.len() - (room - 1);
        rows.truncate(room - 1);
        rows.push(Row { series: None, text: format!("… and {hidden} more") });
    }
    rows
}

/// What an entry takes in a line.
fn width(row: &Row) -> f64 {
    SAMPLE + 3.0 * AIR + text_width(&row.text, TICK_SIZE)
}

/// The entries in lines above a panel, as many as a few lines hold.
fn lines(panel: &Panel, cell: f64) -> Vec<Vec<Row>> {
    let mut room = panel.series.len().max(1);
    loop {
        let mut lines: Vec<Vec<Row>> = Vec::new();
        let mut left = 0.0;
        for row in rows(panel, room) {
            let width = width(&row);
            match lines.last_mut() {
                Some(line) if width <= left => line.push(row),
                _ => {
                    lines.push(vec![row]);
                    left = STRIP * cell;
                }
            }
            left -= width;
        }
        if lines.len() <= STRIP_LINES || room == 1 {
            return lines;
        }
        room -= 1;
    }
}

fn size(frame: &Frame<'_>, rows: &[Row]) -> (f64, f64) {
    let words = rows.iter().map(|row| text_width(&row.text, TICK_SIZE)).fold(0.0, f64::max);
    let width = (3.0 * AIR + SAMPLE + words).min(frame.area.width() - 2.0 * INSET);
    (width, rows.len() as f64 * ROW + AIR)
}

/// Of the corners, then the middles of the edges, the first that covers no point.
fn free_place(area: &Rect, (width, height): (f64, f64), covered: &[Point]) -> Option<Rect> {
    let (left, top) = (area.left + INSET, area.top + INSET);
    let (right, bottom) = (area.right - INSET - width, area.bottom - INSET - height);
    let (centre, middle) = ((left + right) / 2.0, (top + bottom) / 2.0);
    let corners = [(right, top), (left, top), (right, bottom), (left, bottom)];
    let edges = [(centre, top), (centre, bottom), (right, middle), (left, middle)];
    let at = |(left, top): Point| Rect { left, top, right: left + width, bottom: top + height };
    corners.into_iter().chain(edges).map(at).find(|place| !covered.iter().any(|&p| place.contains(p)))
}

/// A short piece of the series, starting at `at`.
fn sample(canvas: &mut Canvas<'_>, frame: &Frame<'_>, series: usize, at: Point) -> Result<()> {
    let ink = stroke(frame.panel, series);
    let end = (at.0 + SAMPLE, at.1);
    match frame.panel.series[series].style {
        Style::Line => canvas.line(&[at, end], ink),
        Style::Bars | Style::Area => {
            let swatch = Rect { left: at.0 + 4.0, right: end.0 - 4.0, top: at.1 - 5.0, bottom: at.1 + 5.0 };
            canvas.fill(&swatch, ink)
        }
        // Cells have their colour bar.
        Style::Cells => Ok(()),
        Style::Points => canvas.disc((at.0 + SAMPLE / 2.0, at.1), 3.0, ink),
        Style::VLines | Style::HLines => {
            dashes(at, end, 6.0, 3.0).into_iter().try_for_each(|(from, to)| canvas.line(&[from, to], ink))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Figure;

    const AREA: Rect = Rect { left: 0.0, top: 0.0, right: 300.0, bottom: 200.0 };

    #[track_caller]
    fn chosen(covered: &[Point]) -> Option<(f64, f64)> {
        free_place(&AREA, (80.0, 40.0), covered).map(|place| (place.left, place.top))
    }

    #[test]
    fn the_first_free_place_is_taken() {
        assert_eq!(chosen(&[]), Some((212.0, 8.0)));
        assert_eq!(chosen(&[(250.0, 20.0)]), Some((8.0, 8.0)));
        assert_eq!(chosen(&[(250.0, 20.0), (20.0, 20.0)]), Some((212.0, 152.0)));
        let corners = [(250.0, 20.0), (20.0, 20.0), (250.0, 180.0), (20.0, 180.0)];
        assert_eq!(chosen(&corners), Some((110.0, 8.0)), "an edge where all corners are taken");
        let everywhere: Vec<Point> = (0..300).map(|k| (f64::from(k), f64::from(k * 37 % 200))).collect();
        assert_eq!(chosen(&everywhere), None);
    }

    #[test]
    fn a_legend_that_would_hide_dots_stands_above_them() {
        let dots = |n: i32| {
            let x: Vec<i32> = (0..n).collect();
            let y: Vec<i32> = x.iter().map(|k| k * 37 % 100).collect();
            Figure::new().scatter(x, y).label("each spike").title("Spikes").legend()
        };
        // The line of a text begins with its place: the legend's words against the panel's highest grid line.
        let height = |figure: &Figure| {
            let svg = figure.to_svg().unwrap();
            let words = svg.split("<text").find(|t| t.contains("each spike")).unwrap().to_owned();
            let y = words.split(" y=\"").nth(1).unwrap().split('"').next().unwrap().parse::<f64>().unwrap();
            y / 10.0
        };
        let few = dots(3);
        assert!(height(&few) > 34.0, "within the panel: {}", height(&few));
        let many = dots(2000);
        let above = height(&many);
        assert!(above > 34.0 && above < 34.0 + ROW, "between title and panel: {above}");
    }

    #[test]
    fn many_entries_above_a_panel_are_cut_to_a_few_lines() {
        let figure = (0..40).fold(Figure::new(), |figure, k| {
            let y: Vec<i32> = (0..500).map(|x| (x * 37 + k) % 100).collect();
            figure.scatter(0..500, y).label(format!("neuron {k}"))
        });
        let lines = lines(&figure.panels[0], 640.0);
        assert_eq!(lines.len(), STRIP_LINES);
        assert!(lines.last().unwrap().last().unwrap().text.ends_with("more"));
        assert!(height_above(&figure.panels[0], 640.0) < 64.0);
        assert!(figure.legend().to_svg().unwrap().contains("more"));
    }
}
