//! The legend: sized to its words, put where it hides the least.
//! Used by `draw` after the series, with a list of the places they cover.

use super::canvas::{Anchor, Canvas, Ink, Lettering, fitted, text_width};
use super::draw::{TEXT, stroke};
use super::layout::{Frame, TICK_SIZE};
use super::panel::Style;
use super::shape::{Point, Rect, dashes};
use crate::error::Result;

const ROW: f64 = 18.0;
const SAMPLE: f64 = 22.0;
const AIR: f64 = 7.0;
/// Distance from the edge of the panel.
const INSET: f64 = 8.0;

/// Draws the legend of a panel; `covered` are points that should stay visible.
pub(super) fn draw(canvas: &mut Canvas<'_>, frame: &Frame<'_>, covered: &[Point]) -> Result<()> {
    let rows = rows(frame);
    if rows.is_empty() {
        return Ok(());
    }
    let area = best_place(&frame.area, size(frame, &rows), covered);
    canvas.fill(&area, Ink { colour: (255, 255, 255), opacity: 0.8, width: 1.0 })?;
    let (l, t, r, b) = (area.left, area.top, area.right, area.bottom);
    canvas.line(&[(l, t), (r, t), (r, b), (l, b), (l, t)], Ink::new((204, 204, 204), 0.8))?;
    for (k, row) in rows.iter().enumerate() {
        let middle = t + AIR / 2.0 + (k as f64 + 0.5) * ROW;
        if let Some(series) = row.series {
            sample(canvas, frame, series, (l + AIR, middle))?;
        }
        let start = l + AIR + SAMPLE + AIR;
        let (text, size) = fitted(&row.text, TICK_SIZE, (r - AIR - start).max(20.0) + 1.0);
        canvas.text(&text, (start, middle + 0.36 * size), Lettering::new(size, TEXT, Anchor::Start))?;
    }
    Ok(())
}

struct Row {
    series: Option<usize>,
    text: String,
}

/// The labelled series, as many as the panel has room for.
fn rows(frame: &Frame<'_>) -> Vec<Row> {
    let series = frame.panel.series.iter().enumerate();
    let mut rows: Vec<Row> = series
        .filter(|(_, s)| !s.label.is_empty())
        .map(|(k, s)| Row { series: Some(k), text: s.label.clone() })
        .collect();
    let room = ((frame.area.height() - 2.0 * INSET - AIR) / ROW).max(1.0) as usize;
    if rows.len() > room {
        let hidden = rows.len() - (room - 1);
        rows.truncate(room - 1);
        rows.push(Row { series: None, text: format!("… and {hidden} more") });
    }
    rows
}

fn size(frame: &Frame<'_>, rows: &[Row]) -> (f64, f64) {
    let words = rows.iter().map(|row| text_width(&row.text, TICK_SIZE)).fold(0.0, f64::max);
    let width = (3.0 * AIR + SAMPLE + words).min(frame.area.width() - 2.0 * INSET);
    (width, rows.len() as f64 * ROW + AIR)
}

/// Of the corners, then the middles of the edges, the first that covers the fewest points.
fn best_place(area: &Rect, (width, height): (f64, f64), covered: &[Point]) -> Rect {
    let (left, top) = (area.left + INSET, area.top + INSET);
    let (right, bottom) = (area.right - INSET - width, area.bottom - INSET - height);
    let (centre, middle) = ((left + right) / 2.0, (top + bottom) / 2.0);
    let corners = [(right, top), (left, top), (right, bottom), (left, bottom)];
    let edges = [(centre, top), (centre, bottom), (right, middle), (left, middle)];
    let at = |(left, top): Point| Rect { left, top, right: left + width, bottom: top + height };
    let hidden = |place: &Rect| covered.iter().filter(|&&p| place.contains(p)).count();
    let first = at(corners[0]);
    corners.into_iter().chain(edges).map(at).min_by_key(hidden).unwrap_or(first)
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

    const AREA: Rect = Rect { left: 0.0, top: 0.0, right: 300.0, bottom: 200.0 };

    #[track_caller]
    fn chosen(covered: &[Point]) -> (f64, f64) {
        let place = best_place(&AREA, (80.0, 40.0), covered);
        (place.left, place.top)
    }

    #[test]
    fn the_emptiest_corner_is_taken() {
        assert_eq!(chosen(&[]), (212.0, 8.0));
        assert_eq!(chosen(&[(250.0, 20.0)]), (8.0, 8.0));
        assert_eq!(chosen(&[(250.0, 20.0), (20.0, 20.0)]), (212.0, 152.0));
        let two = [(250.0, 20.0), (20.0, 20.0), (20.0, 20.0), (250.0, 180.0), (260.0, 180.0), (20.0, 180.0)];
        assert_eq!(chosen(&two), (110.0, 8.0), "an edge where all corners are taken");
    }
}
