//! Draws a figure: grid, series, axes, words, legend, in that order; what stands around the series is in `surround`.
//! Used by `Figure::to_svg`. Long lines are thinned here and nowhere else.

use super::Figure;
use super::canvas::{Anchor, Canvas, Ink, Lettering, fitted};
use super::layout::{Frame, SUPTITLE_SIZE, frames};
use super::panel::{Panel, Rgb, Series, Style};
use super::shape::{Point, Rect, clipped, dashes, distinct, runs, strokes, thinned};
use super::{legend, mosaic, surround};
use crate::error::Result;

pub(super) const TEXT: Rgb = (38, 38, 38);
pub(super) const SPINE: Ink = Ink::new((90, 90, 90), 1.0);
/// Beyond this many vertical or horizontal lines they are drawn thin and whole.
const MANY_LINES: usize = 60;
/// Beyond this many dots those that touch are drawn as one.
const MANY_DOTS: usize = 20_000;
/// Not more points than about this in all lines of a panel.
const MANY_POINTS: f64 = 200_000.0;

/// The figure as SVG.
pub(super) fn svg(figure: &Figure) -> Result<String> {
    let empty;
    let figure = if figure.panels.is_empty() {
        empty = figure.clone().subplot(1, 1, 1);
        &empty
    } else {
        figure
    };
    let (svg, crowded) = painted(figure, &[])?;
    // Only what has been drawn says which legends would hide something.
    if crowded.contains(&true) { Ok(painted(figure, &crowded)?.0) } else { Ok(svg) }
}

/// The figure with the legends of some panels above them, and which legends found no place in their panels.
fn painted(figure: &Figure, above: &[bool]) -> Result<(String, Vec<bool>)> {
    let mut crowded = Vec::new();
    let svg = Canvas::paint(figure.pixels(), &spoken(figure), |canvas| {
        let width = f64::from(figure.pixels().0);
        if !figure.suptitle.is_empty() {
            let (text, size) = fitted(&figure.suptitle, SUPTITLE_SIZE, width - 20.0);
            let lettering = Lettering { bold: true, ..Lettering::new(size, TEXT, Anchor::Middle) };
            canvas.text(&text, (width / 2.0, 24.0), lettering)?;
        }
        for frame in frames(figure, above) {
            crowded.push(draw_panel(canvas, &frame)?);
        }
        Ok(())
    })?;
    Ok((svg, crowded))
}

/// What the figure is called where it cannot be seen.
fn spoken(figure: &Figure) -> String {
    let mut words = vec![figure.suptitle.clone()];
    for panel in &figure.panels {
        let axes = [panel.y.label.as_str(), panel.x.label.as_str()];
        words.push(if panel.title.is_empty() { axes.join(" over ") } else { panel.title.clone() });
    }
    words.retain(|w| !w.is_empty() && w != " over ");
    if words.is_empty() { "figure".to_owned() } else { words.join(", ") }
}

/// Draws a panel; true if its legend found no place in it.
fn draw_panel(canvas: &mut Canvas<'_>, frame: &Frame<'_>) -> Result<bool> {
    surround::grid(canvas, frame)?;
    let mut covered = Vec::new();
    for (k, series) in frame.panel.series.iter().enumerate() {
        let ink = stroke(frame.panel, k);
        match series.style {
            Style::Line => line(canvas, frame, series, ink, &mut covered)?,
            Style::Bars => bars(canvas, frame, series, ink, &mut covered)?,
            Style::Area => area(canvas, frame, series, ink)?,
            Style::Cells => covered.extend(mosaic::cells(canvas, frame, series)?),
            Style::Points => points(canvas, frame, series, ink, &mut covered)?,
            Style::VLines | Style::HLines => straight(canvas, frame, series, ink, &mut covered)?,
        }
    }
    surround::axes(canvas, frame)?;
    surround::words(canvas, frame)?;
    if let Some(label) = &frame.panel.colourbar {
        mosaic::colour_bar(canvas, frame, label)?;
    }
    if frame.legend_above > 0.0 {
        legend::draw_above(canvas, frame)?;
    } else if frame.panel.legend {
        return Ok(!legend::draw_inside(canvas, frame, &covered)?);
    }
    Ok(false)
}

/// Colour, width and opacity of a series.
pub(super) fn stroke(panel: &Panel, series: usize) -> Ink {
    let look = panel.series[series].look;
    let usual = if panel.series[series].style == Style::Area { 0.25 } else { 1.0 };
    Ink {
        colour: panel.colour(series),
        opacity: look.opacity.unwrap_or(usual),
        width: look.width.unwrap_or(1.6),
    }
}

fn line(
    canvas: &mut Canvas<'_>,
    frame: &Frame<'_>,
    series: &Series,
    ink: Ink,
    covered: &mut Vec<Point>,
) -> Result<()> {
    let points = series.x.iter().zip(&series.y).map(|(&x, &y)| (frame.x(x), frame.y(y)));
    let wide = column_width(frame);
    for run in runs(points) {
        if let [lone] = run[..] {
            // A single value between two gaps would have no length to see.
            if frame.area.contains(lone) {
                canvas.disc(lone, 1.3 * ink.width, Ink { width: 1.0, ..ink })?;
            }
            continue;
        }
        for part in clipped(&thinned(run, wide), &frame.area) {
            canvas.line(&part, ink)?;
            part.windows(2).for_each(|pair| sample(pair[0], pair[1], covered));
        }
    }
    Ok(())
}

/// The width of the columns that lines are thinned to: so that all lines of the panel together stay light.
fn column_width(frame: &Frame<'_>) -> f64 {
    let lines = frame.panel.series.iter().filter(|s| s.style == Style::Line);
    // Four points are kept in each column.
    let points: f64 = lines.map(|s| (s.x.len() as f64).min(4.0 * frame.area.width())).sum();
    (points / MANY_POINTS).max(1.0)
}

fn bars(
    canvas: &mut Canvas<'_>,
    frame: &Frame<'_>,
    series: &Series,
    ink: Ink,
    covered: &mut Vec<Point>,
) -> Result<()> {
    let half = series.half_width();
    let foot = frame.y(0.0);
    for (&x, &y) in series.x.iter().zip(&series.y) {
        if !(x.is_finite() && y.is_finite()) {
            continue;
        }
        let (left, right, head) = (frame.x(x - half), frame.x(x + half), frame.y(y));
        // A little air between neighbours, where there is room for it.
        let air = if right - left > 4.0 { 0.5 } else { 0.0 };
        let bar = Rect { left: left + air, right: right - air, top: head.min(foot), bottom: head.max(foot) };
        let Some(bar) = bar.cut(&frame.area) else { continue };
        canvas.fill(&bar, ink)?;
        sample((bar.left, bar.top), (bar.left, bar.bottom), covered);
        sample((bar.right, bar.top), (bar.right, bar.bottom), covered);
    }
    Ok(())
}

/// An area hides nothing, so a legend may stand on it.
fn area(canvas: &mut Canvas<'_>, frame: &Frame<'_>, series: &Series, ink: Ink) -> Result<()> {
    let points = series.x.iter().zip(&series.y).filter(|(x, y)| x.is_finite() && y.is_finite());
    let (left, right, top, bottom) = (frame.area.left, frame.area.right, frame.area.top, frame.area.bottom);
    let inside = points.map(|(&x, &y)| (frame.x(x).clamp(left, right), frame.y(y).clamp(top, bottom)));
    canvas.polygon(&inside.collect::<Vec<Point>>(), ink)
}

fn points(
    canvas: &mut Canvas<'_>,
    frame: &Frame<'_>,
    series: &Series,
    ink: Ink,
    covered: &mut Vec<Point>,
) -> Result<()> {
    let radius = series.look.radius.unwrap_or_else(|| usual_radius(series.x.len()));
    let points = series.x.iter().zip(&series.y).map(|(&x, &y)| (frame.x(x), frame.y(y)));
    let ink = Ink { width: 1.0, ..ink };
    if !series.z.is_empty() {
        if series.z.len() > MANY_DOTS {
            covered.extend(mosaic::cloud(canvas, frame, series)?);
            return Ok(());
        }
        let scale = frame.panel.colours();
        for (point, &z) in points.zip(&series.z) {
            if frame.area.contains(point) && z.is_finite() {
                canvas.disc(point, radius, Ink { colour: scale.colour(scale.shade(z)), ..ink })?;
                covered.push(point);
            }
        }
        return Ok(());
    }
    let dots = distinct(points, &frame.area);
    if dots.len() > MANY_DOTS {
        let (grid, strokes) = strokes(&dots);
        let radius = radius.max(grid / 2.0);
        for (from, to) in strokes {
            let ink = Ink { width: 2.0 * radius, opacity: 1.0, ..ink };
            canvas.line(&[(from.0 - radius, from.1), (to.0 + radius, to.1)], ink)?;
            covered.push(from);
        }
        return Ok(());
    }
    for point in dots {
        canvas.disc(point, radius, ink)?;
        covered.push(point);
    }
    Ok(())
}

/// The more dots, the smaller.
pub(super) fn usual_radius(count: usize) -> f64 {
    match count {
        0..=60 => 3.0,
        61..=500 => 2.2,
        501..=3000 => 1.6,
        _ => 1.1,
    }
}

fn straight(
    canvas: &mut Canvas<'_>,
    frame: &Frame<'_>,
    series: &Series,
    ink: Ink,
    covered: &mut Vec<Point>,
) -> Result<()> {
    let area = &frame.area;
    let ends: Vec<(Point, Point)> = if series.style == Style::VLines {
        let inside = series.x.iter().filter(|&&x| frame.x.contains(x)).map(|&x| (frame.x(x), area.bottom));
        distinct(inside, area).into_iter().map(|(x, _)| ((x, area.bottom), (x, area.top))).collect()
    } else {
        let inside = series.y.iter().filter(|&&y| frame.y.contains(y)).map(|&y| (area.left, frame.y(y)));
        distinct(inside, area).into_iter().map(|(_, y)| ((area.left, y), (area.right, y))).collect()
    };
    let many = ends.len() > MANY_LINES;
    for (from, to) in ends {
        sample(from, to, covered);
        if many {
            canvas.line(&[from, to], Ink { width: ink.width.min(0.8), opacity: ink.opacity * 0.6, ..ink })?;
        } else {
            for (from, to) in dashes(from, to, 6.0, 4.0) {
                canvas.line(&[from, to], ink)?;
            }
        }
    }
    Ok(())
}

/// Points along a segment, close enough together that no legend slips between them.
fn sample(from: Point, to: Point, covered: &mut Vec<Point>) {
    let steps = ((to.0 - from.0).hypot(to.1 - from.1) / 6.0).ceil().clamp(1.0, 1000.0) as u32;
    covered.extend((0..=steps).map(|k| {
        let t = f64::from(k) / f64::from(steps);
        (from.0 + t * (to.0 - from.0), from.1 + t * (to.1 - from.1))
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The points of every polyline in the given colour, in pixels.
    fn polylines(svg: &str, colour: &str) -> Vec<Vec<Point>> {
        let lines = svg.lines().filter(|l| l.starts_with("<polyline") && l.contains(colour));
        lines
            .map(|line| {
                let text = line.split("points=\"").nth(1).unwrap().split('"').next().unwrap();
                let pairs = text.split_whitespace().map(|p| p.split_once(',').unwrap());
                pairs
                    .map(|(x, y)| (x.parse::<f64>().unwrap() / 10.0, y.parse::<f64>().unwrap() / 10.0))
                    .collect()
            })
            .collect()
    }

    const BLUE: &str = "#0072B2";

    #[test]
    fn the_words_are_in_the_picture_and_escaped() {
        let svg = Figure::new()
            .plot(0..3, [1, 4, 9])
            .label("v < 0 & w")
            .title("Title")
            .suptitle("Over all")
            .xlabel("Time (ms)")
            .ylabel("<v>")
            .legend()
            .to_svg()
            .unwrap();
        for words in ["v &lt; 0 &amp; w", "Title", "Over all", "Time (ms)", "&lt;v&gt;"] {
            assert!(svg.contains(words), "{words} is missing from {svg}");
        }
        assert!(!svg.contains("<v>"));
    }

    #[test]
    fn labels_wait_for_the_legend() {
        let figure = Figure::new().plot(0..3, [1, 4, 9]).label("quiet");
        assert!(!figure.to_svg().unwrap().contains("quiet"));
        assert!(figure.legend().to_svg().unwrap().contains("quiet"));
    }

    #[test]
    fn points_are_mapped_into_the_area_in_proportion() {
        let figure = Figure::new().plot([0.0, 5.0, 10.0], [0.0, 1.0, 0.5]);
        let drawn = polylines(&figure.to_svg().unwrap(), BLUE).remove(0);
        let area = frames(&figure, &[])[0].area;
        assert_eq!(drawn.len(), 3);
        assert!(drawn.iter().all(|&p| area.contains(p)), "{drawn:?} in {area:?}");
        assert!((drawn[1].0 - (drawn[0].0 + drawn[2].0) / 2.0).abs() < 0.11, "{drawn:?}");
        assert!((drawn[2].1 - (drawn[0].1 + drawn[1].1) / 2.0).abs() < 0.11, "{drawn:?}");
        assert!(drawn[0].1 > drawn[1].1, "y grows upwards");
    }

    #[test]
    fn the_spikes_of_a_long_trace_survive_in_the_picture() {
        let mut v: Vec<f64> = (0..100_000).map(|k| f64::from(k % 10) * 0.01).collect();
        v[31_415] = 2.0;
        v[70_000] = -1.0;
        let figure = Figure::new().plot(0..100_000, &v);
        let svg = figure.to_svg().unwrap();
        let drawn = polylines(&svg, BLUE).remove(0);
        let frame = &frames(&figure, &[])[0];
        assert!(drawn.len() < 3000, "{} points", drawn.len());
        for (x, y) in [(31_415.0, 2.0), (70_000.0, -1.0)] {
            let at = (frame.x(x), frame.y(y));
            assert!(drawn.iter().any(|p| (p.0 - at.0).abs() < 0.1 && (p.1 - at.1).abs() < 0.1), "{at:?}");
        }
    }

    #[test]
    fn shared_powers_of_ten_stand_within_the_sheet() {
        let figure = Figure::new().plot([0.0, 3e7], [0.0, 4e-9]);
        let svg = figure.to_svg().unwrap();
        assert!(svg.contains("×10⁶") && svg.contains("×10⁻⁹"), "{svg}");
        let frame = &frames(&figure, &[])[0];
        assert!(crate::figure::surround::x_label_baseline(frame) < frame.cell.bottom - 2.0);
    }

    #[test]
    fn gaps_split_and_limits_cut() {
        let svg = Figure::new().plot(0..5, [1.0, 2.0, f64::NAN, 2.0, 1.0]).to_svg().unwrap();
        assert_eq!(polylines(&svg, BLUE).len(), 2);
        let figure = Figure::new().plot(0..100, 0..100).xlim(10, 20).ylim(0, 15);
        let area = frames(&figure, &[])[0].area;
        let drawn = polylines(&figure.to_svg().unwrap(), BLUE);
        assert_eq!(drawn.len(), 1);
        assert!(drawn[0].iter().all(|&p| area.contains(p)), "{drawn:?}");
    }

    #[test]
    fn poor_data_still_makes_a_picture() {
        let none: [f64; 0] = [];
        let figures = [
            Figure::new(),
            Figure::new().plot(none, none).label("nothing").legend(),
            Figure::new().plot(1.0, 2.0),
            Figure::new().scatter(f64::NAN, f64::INFINITY),
            Figure::new().plot([0, 1], [3, 3]),
            Figure::new().plot([0.0, 1e308], [-1e308, f64::MAX]),
            Figure::new().vlines(none).hline(none),
            Figure::new().vlines(0..500),
        ];
        for figure in figures {
            let svg = figure.to_svg().unwrap();
            assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{svg}");
            assert!(!svg.contains("NaN") && !svg.contains("inf,"), "{svg}");
        }
    }

    #[test]
    fn vertical_lines_are_dashed_over_the_whole_height() {
        let figure = Figure::new().vlines([1.0]).ylim(0, 1);
        let area = frames(&figure, &[])[0].area;
        let dashes = polylines(&figure.to_svg().unwrap(), BLUE);
        let lowest = dashes.iter().flatten().map(|p| p.1).fold(f64::MIN, f64::max);
        assert!(dashes.len() > 20 && dashes.iter().all(|d| d[0].0 == d[1].0));
        assert!((lowest - area.bottom).abs() < 0.1);
    }
}
