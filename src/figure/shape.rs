//! Geometry between data and ink: runs without gaps, clipping to the panel, thinning without losing spikes.
//! Used by `draw`; everything here is in pixels.

use std::collections::HashSet;

/// A point in pixels, y downwards.
pub(super) type Point = (f64, f64);

/// Runs longer than this are thinned.
const LONG: usize = 4000;
/// More strokes than this make a cloud too heavy for a page.
const MANY_STROKES: usize = 30_000;

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rect {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Rect {
    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(super) fn height(&self) -> f64 {
        self.bottom - self.top
    }

    /// The part of it within another, if there is any.
    pub(super) fn cut(&self, other: &Self) -> Option<Self> {
        let (left, right) = (self.left.max(other.left), self.right.min(other.right));
        let (top, bottom) = (self.top.max(other.top), self.bottom.min(other.bottom));
        (left < right && top < bottom).then_some(Self { left, top, right, bottom })
    }

    pub(super) fn contains(&self, (x, y): Point) -> bool {
        const EDGE: f64 = 0.01;
        (self.left - EDGE..=self.right + EDGE).contains(&x)
            && (self.top - EDGE..=self.bottom + EDGE).contains(&y)
    }
}

/// The points cut at every value that is not finite.
pub(super) fn runs(points: impl Iterator<Item = Point>) -> Vec<Vec<Point>> {
    let mut runs = vec![Vec::new()];
    for (x, y) in points {
        if x.is_finite() && y.is_finite() {
            if let Some(run) = runs.last_mut() {
                run.push((x, y));
            }
        } else {
            runs.push(Vec::new());
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

/// Keeps of every column of pixels what can be seen: where the line enters, its lowest and highest points, where it
/// leaves. Columns are `wide` pixels: more than one where there are so many lines that none can be followed.
pub(super) fn thinned(run: Vec<Point>, wide: f64) -> Vec<Point> {
    if run.len() <= LONG && wide <= 1.0 {
        return run;
    }
    let mut kept = Vec::with_capacity(LONG.min(run.len()));
    for column in run.chunk_by(|a, b| (a.0 / wide).floor() == (b.0 / wide).floor()) {
        let lowest = extreme(column, |a, b| a < b);
        let highest = extreme(column, |a, b| a > b);
        let mut picks = [0, lowest, highest, column.len() - 1];
        picks.sort_unstable();
        for (k, &pick) in picks.iter().enumerate() {
            if k == 0 || picks[k - 1] != pick {
                kept.push(column[pick]);
            }
        }
    }
    kept
}

fn extreme(column: &[Point], better: fn(f64, f64) -> bool) -> usize {
    let mut best = 0;
    for (k, point) in column.iter().enumerate() {
        if better(point.1, column[best].1) {
            best = k;
        }
    }
    best
}

/// The parts of a run inside the rectangle.
pub(super) fn clipped(run: &[Point], area: &Rect) -> Vec<Vec<Point>> {
    if run.iter().all(|&p| area.contains(p)) {
        return vec![run.to_vec()];
    }
    let mut parts: Vec<Vec<Point>> = Vec::new();
    for pair in run.windows(2) {
        let Some((from, to)) = clipped_segment(pair[0], pair[1], area) else { continue };
        match parts.last_mut() {
            Some(part) if part.last() == Some(&from) => part.push(to),
            _ => parts.push(vec![from, to]),
        }
    }
    parts
}

/// The part of a segment inside the rectangle, by narrowing its parameter edge by edge (Liang and Barsky).
fn clipped_segment(from: Point, to: Point, area: &Rect) -> Option<(Point, Point)> {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let edges = [
        (-dx, from.0 - area.left),
        (dx, area.right - from.0),
        (-dy, from.1 - area.top),
        (dy, area.bottom - from.1),
    ];
    let (mut start, mut end) = (0.0_f64, 1.0_f64);
    for (slope, room) in edges {
        if slope == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if slope < 0.0 {
            start = start.max(room / slope);
        } else {
            end = end.min(room / slope);
        }
    }
    // The untouched ends are handed back bit for bit, so that neighbouring segments stay joined.
    let at = |t: f64| match t {
        0.0 => from,
        1.0 => to,
        _ => (from.0 + t * dx, from.1 + t * dy),
    };
    (start <= end).then(|| (at(start), at(end)))
}

/// Dots inside the rectangle, one for each half pixel: the others would lie exactly on top.
pub(super) fn distinct(points: impl Iterator<Item = Point>, area: &Rect) -> Vec<Point> {
    let mut seen = HashSet::new();
    points
        .filter(|&p| area.contains(p))
        .filter(|&(x, y)| seen.insert(((x * 2.0).round() as i64, (y * 2.0).round() as i64)))
        .collect()
}

/// Dots too many to draw one by one, as horizontal strokes over neighbours: on a grid of pixels, made coarser until the
/// strokes are few enough. Returns the width of the grid with them.
pub(super) fn strokes(points: &[Point]) -> (f64, Vec<(Point, Point)>) {
    let mut grid = 1.0;
    loop {
        let mut places: Vec<(i64, i64)> =
            points.iter().map(|(x, y)| ((y / grid).floor() as i64, (x / grid).floor() as i64)).collect();
        places.sort_unstable();
        places.dedup();
        let runs = places.chunk_by(|a, b| a.0 == b.0 && a.1 + 1 == b.1);
        let middle = |(y, x): (i64, i64)| ((x as f64 + 0.5) * grid, (y as f64 + 0.5) * grid);
        let strokes: Vec<_> = runs.map(|run| (middle(run[0]), middle(run[run.len() - 1]))).collect();
        if strokes.len() <= MANY_STROKES {
            return (grid, strokes);
        }
        grid *= 1.5;
    }
}

/// The dashes of a straight line.
pub(super) fn dashes(from: Point, to: Point, dash: f64, gap: f64) -> Vec<(Point, Point)> {
    let length = (to.0 - from.0).hypot(to.1 - from.1);
    let at = |s: f64| {
        let t = (s / length).min(1.0);
        (from.0 + t * (to.0 - from.0), from.1 + t * (to.1 - from.1))
    };
    let count = if length > 0.0 { (length / (dash + gap)).ceil() as u32 } else { 0 };
    (0..count).map(|k| f64::from(k) * (dash + gap)).map(|start| (at(start), at(start + dash))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Rect = Rect { left: 0.0, top: 0.0, right: 100.0, bottom: 50.0 };

    #[test]
    fn gaps_cut_a_line() {
        let points = [(0.0, 1.0), (1.0, f64::NAN), (2.0, 1.0), (3.0, 2.0), (f64::INFINITY, 0.0)];
        assert_eq!(runs(points.into_iter()), [vec![(0.0, 1.0)], vec![(2.0, 1.0), (3.0, 2.0)]]);
    }

    #[test]
    fn thinning_keeps_every_spike() {
        let spikes = [17_usize, 40_001, 40_003, 99_998];
        let points: Vec<Point> = (0..100_000)
            .map(|k| (k as f64 / 200.0, if spikes.contains(&k) { 500.0 + k as f64 } else { (k % 7) as f64 }))
            .collect();
        let kept = thinned(points.clone(), 1.0);
        assert!(kept.len() < 2500, "{} points", kept.len());
        for column in [17_usize, 40_003, 99_998] {
            assert!(kept.contains(&points[column]), "the spike at {column} is lost");
        }
        assert_eq!((kept.first(), kept.last()), (points.first(), points.last()));
        let positions: Vec<_> = kept.iter().map(|p| points.iter().position(|q| q == p).unwrap()).collect();
        assert!(positions.is_sorted(), "thinning keeps the order");
    }

    #[test]
    fn short_lines_are_left_alone() {
        let points: Vec<Point> = (0..4000).map(|k| (f64::from(k) / 1000.0, 1.0)).collect();
        assert_eq!(thinned(points.clone(), 1.0), points);
    }

    #[test]
    fn clipping_cuts_at_the_edge() {
        let run = [(-10.0, 10.0), (50.0, 10.0), (50.0, 200.0), (60.0, 200.0), (60.0, 20.0)];
        let parts = clipped(&run, &AREA);
        assert_eq!(parts, [vec![(0.0, 10.0), (50.0, 10.0), (50.0, 50.0)], vec![(60.0, 50.0), (60.0, 20.0)]]);
        assert!(clipped(&[(-5.0, -5.0), (-1.0, 80.0)], &AREA).is_empty());
        let across = clipped(&[(-1e12, 25.0), (1e12, 25.0)], &AREA);
        assert_eq!(across.len(), 1);
        assert!(across[0].iter().all(|&p| AREA.contains(p)), "{across:?}");
    }

    #[test]
    fn dots_on_top_of_each_other_are_drawn_once() {
        let dots = [(1.0, 1.0), (1.0, 1.1), (1.0, 2.0), (500.0, 1.0), (f64::NAN, 1.0)];
        assert_eq!(distinct(dots.into_iter(), &AREA), [(1.0, 1.0), (1.0, 2.0)]);
    }

    #[test]
    fn clouds_become_few_strokes_that_cover_every_dot() {
        let cloud: Vec<Point> = (0..1_000_000_u64)
            .map(|k| ((k * 7919 % 100_003) as f64 / 180.0, (k * k % 100_019) as f64 / 300.0))
            .collect();
        let (grid, strokes) = strokes(&cloud);
        assert!(strokes.len() <= MANY_STROKES, "{}", strokes.len());
        let near = |p: Point| {
            let reach = 0.51 * grid;
            strokes
                .iter()
                .any(|(a, b)| (p.1 - a.1).abs() <= reach && (a.0 - reach..=b.0 + reach).contains(&p.0))
        };
        assert!(cloud.iter().step_by(9973).all(|&p| near(p)));
        let (grid, row) = super::strokes(&[(1.2, 5.5), (2.9, 5.1), (0.1, 5.9), (9.0, 5.0)]);
        assert_eq!((grid, row), (1.0, vec![((0.5, 5.5), (2.5, 5.5)), ((9.5, 5.5), (9.5, 5.5))]));
    }

    #[test]
    fn dashes_stay_within_the_line() {
        let drawn = dashes((0.0, 0.0), (0.0, 25.0), 6.0, 4.0);
        assert_eq!(drawn, [((0.0, 0.0), (0.0, 6.0)), ((0.0, 10.0), (0.0, 16.0)), ((0.0, 20.0), (0.0, 25.0))]);
        assert!(dashes((1.0, 1.0), (1.0, 1.0), 6.0, 4.0).is_empty());
    }
}
