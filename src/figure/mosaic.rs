//! Values shown as colours: cells of a matrix, dots beyond number, and the bar that explains the colours.
//! Used by `draw`. Bounded: where cells are smaller than a few pixels, each square drawn shows the mean of those below it.

use super::canvas::{Anchor, Canvas, Ink, Lettering, fitted, text_width};
use super::colours::SHADES;
use super::draw::{SPINE, TEXT};
use super::layout::{BAR_GAP, BAR_WIDTH, Frame, LABEL_SIZE, TICK_SIZE};
use super::panel::Series;
use super::shape::{Point, Rect};
use crate::error::Result;

/// No square is drawn smaller than this, in pixels.
const SMALLEST: f64 = 3.0;
/// Not more squares than this.
const MOST: f64 = 20_000.0;

/// Unit squares about whole x and y.
pub(super) fn cells(canvas: &mut Canvas<'_>, frame: &Frame<'_>, series: &Series) -> Result<Vec<Point>> {
    let (across, along) = (frame.x.high - frame.x.low, frame.y.high - frame.y.low);
    let area = &frame.area;
    let least = (area.width() * area.height() / MOST).sqrt().max(SMALLEST);
    let every = |pixels: f64| (least / pixels).ceil().max(1.0);
    let (dx, dy) = (every(area.width() / across), every(area.height() / along));
    let places =
        series.x.iter().zip(&series.y).map(|(&x, &y)| ((x.round() / dx).floor(), (y.round() / dy).floor()));
    squares(canvas, frame, &means(places, &series.z), |(column, row)| {
        let (left, low) = (column * dx - 0.5, row * dy - 0.5);
        Rect { left: frame.x(left), right: frame.x(left + dx), top: frame.y(low + dy), bottom: frame.y(low) }
    })
}

/// Dots with a colour each, too many to draw one by one.
pub(super) fn cloud(canvas: &mut Canvas<'_>, frame: &Frame<'_>, series: &Series) -> Result<Vec<Point>> {
    let area = frame.area;
    let size = (area.width() * area.height() / MOST).sqrt().max(SMALLEST);
    let places = series.x.iter().zip(&series.y).map(|(&x, &y)| {
        let at = (frame.x(x), frame.y(y));
        if !area.contains(at) {
            return (f64::NAN, f64::NAN);
        }
        (((at.0 - area.left) / size).floor(), ((at.1 - area.top) / size).floor())
    });
    squares(canvas, frame, &means(places, &series.z), |(column, row)| {
        let (left, top) = (area.left + column * size, area.top + row * size);
        Rect { left, top, right: left + size, bottom: top + size }
    })
}

/// The mean of the values at each place, by row and column.
fn means(places: impl Iterator<Item = Point>, values: &[f64]) -> Vec<((i64, i64), f64)> {
    let mut found = Vec::new();
    for (k, ((column, row), value)) in places.zip(values).enumerate() {
        if column.is_finite() && row.is_finite() && value.is_finite() {
            found.push(((row as i64, column as i64), k));
        }
    }
    // By place, then as they came.
    found.sort_unstable();
    let mean = |same: &[((i64, i64), usize)]| {
        let (mut sum, mut count) = (0.0, 0.0);
        for (_, k) in same {
            sum += values[*k];
            count += 1.0;
        }
        (same[0].0, sum / count)
    };
    found.chunk_by(|a, b| a.0 == b.0).map(mean).collect()
}

/// Draws a square for each place, shade by shade, neighbours of one shade in one piece.
fn squares(
    canvas: &mut Canvas<'_>,
    frame: &Frame<'_>,
    means: &[((i64, i64), f64)],
    square: impl Fn(Point) -> Rect,
) -> Result<Vec<Point>> {
    let scale = frame.panel.colours();
    let mut by_shade: Vec<Vec<(i64, i64)>> = vec![Vec::new(); SHADES];
    for (place, value) in means {
        by_shade[scale.shade(*value)].push(*place);
    }
    let mut covered = Vec::new();
    for (shade, places) in by_shade.iter().enumerate() {
        let ink = Ink::new(scale.colour(shade), 1.0);
        for run in places.chunk_by(|a, b| a.0 == b.0 && a.1 + 1 == b.1) {
            let (first, last) = (run[0], run[run.len() - 1]);
            let (a, b) = (square((first.1 as f64, first.0 as f64)), square((last.1 as f64, last.0 as f64)));
            let whole = Rect { left: a.left, top: a.top, right: b.right, bottom: a.bottom };
            let Some(inside) = whole.cut(&frame.area) else { continue };
            canvas.fill(&inside, ink)?;
            covered.push(((inside.left + inside.right) / 2.0, (inside.top + inside.bottom) / 2.0));
        }
    }
    Ok(covered)
}

/// The bar right of a panel that explains its colours.
pub(super) fn colour_bar(canvas: &mut Canvas<'_>, frame: &Frame<'_>, label: &str) -> Result<()> {
    let Some(axis) = &frame.colours else { return Ok(()) };
    let (scale, area) = (frame.panel.colours(), &frame.area);
    let (left, right) = (area.right + BAR_GAP, area.right + BAR_GAP + BAR_WIDTH);
    let height = area.height() / SHADES as f64;
    for shade in 0..SHADES {
        let bottom = area.bottom - shade as f64 * height;
        // Each lies over the upper part of the one before, so that no light shines through between them.
        let piece = Rect { left, right, top: area.top, bottom };
        canvas.fill(&piece, Ink::new(scale.colour(shade), 1.0))?;
    }
    let (l, t, r, b) = (left, area.top, right, area.bottom);
    canvas.line(&[(l, t), (r, t), (r, b), (l, b), (l, t)], Ink { width: 0.8, ..SPINE })?;
    for (value, text) in axis.ticks.iter().filter(|tick| axis.contains(tick.0)) {
        let y = area.bottom - axis.fraction(*value) * area.height();
        canvas.line(&[(right, y), (right + 4.0, y)], SPINE)?;
        let at = (right + 7.0, y + 0.36 * TICK_SIZE);
        canvas.text(text, at, Lettering::new(TICK_SIZE, TEXT, Anchor::Start))?;
    }
    if !axis.factor.is_empty() {
        let lettering = Lettering::new(TICK_SIZE, TEXT, Anchor::Start);
        canvas.text(&axis.factor, (left, area.top - 5.0), lettering)?;
    }
    let words = axis.ticks.iter().map(|(_, text)| text_width(text, TICK_SIZE)).fold(0.0, f64::max);
    let (text, size) = fitted(label, LABEL_SIZE, area.height());
    let lettering = Lettering { upwards: true, ..Lettering::new(size, TEXT, Anchor::Middle) };
    canvas.text(&text, (right + 7.0 + words + 4.0 + LABEL_SIZE, (area.top + area.bottom) / 2.0), lettering)
}

#[cfg(test)]
mod tests {
    use super::super::Figure;

    /// The squares drawn, bar and sheet apart: their places and colours.
    fn drawn(svg: &str) -> usize {
        svg.matches("<rect ").count() + svg.matches("h-").count()
    }

    #[test]
    fn a_small_matrix_shows_each_of_its_cells() {
        let svg = Figure::new().heatmap([0, 1, 0, 1], [0, 0, 1, 1], [1.0, 2.0, 3.0, 4.0]).to_svg().unwrap();
        assert_eq!(drawn(&svg), 4 + 1, "four cells and the sheet: {svg}");
        let two = Figure::new().heatmap([0, 0], [0, 0], [1.0, 3.0]).clim(0.0, 4.0).to_svg().unwrap();
        let one = Figure::new().heatmap([0], [0], [2.0]).clim(0.0, 4.0).to_svg().unwrap();
        assert_eq!(two, one, "values of one cell show their mean");
    }

    #[test]
    fn a_million_values_stay_a_small_picture() {
        let x: Vec<f64> = (0..1_000_000).map(|k| f64::from(k % 1000)).collect();
        let y: Vec<f64> = (0..1_000_000).map(|k| f64::from(k / 1000)).collect();
        let z: Vec<f64> = (0..1_000_000_u64).map(|k| (k * k % 1013) as f64).collect();
        for figure in [Figure::new().heatmap(&x, &y, &z), Figure::new().scatter(&x, &y).color_by(&z)] {
            let svg = figure.colorbar("w").to_svg().unwrap();
            assert!(svg.len() < 1_000_000, "{} bytes", svg.len());
            assert!(drawn(&svg) > 5000, "{}", drawn(&svg));
        }
    }
}
