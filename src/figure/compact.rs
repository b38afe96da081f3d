//! Many like elements become one path: what keeps a picture of a million spikes small and quick to show.
//! Works on the finished text of the backend, in which each element without words is a line of its own.

use std::fmt::{self, Write};

/// Fewer elements than this are left alone.
const MANY: usize = 64;

/// The same picture with long series of like dots, lines or rectangles written as one path each.
pub(super) fn compacted(svg: &str) -> String {
    let mut out = String::with_capacity(svg.len());
    let lines: Vec<(&str, Option<Shape>)> = svg.lines().map(|line| (line, shape(line))).collect();
    let alike = |a: &Option<Shape>, b: &Option<Shape>| {
        a.as_ref().zip(b.as_ref()).is_some_and(|(a, b)| a.style == b.style)
    };
    for group in lines.chunk_by(|a, b| alike(&a.1, &b.1)) {
        match &group[0].1 {
            Some(first) if group.len() >= MANY => {
                let _ = write!(out, "<path {} d=\"", first.style);
                group.iter().filter_map(|(_, shape)| shape.as_ref()).for_each(|shape| shape.path(&mut out));
                out.push_str("\"/>\n");
            }
            _ => group.iter().for_each(|(line, _)| {
                out.push_str(line);
                out.push('\n');
            }),
        }
    }
    out
}

/// An element that can be a part of a path.
struct Shape<'a> {
    style: Style<'a>,
    kind: Kind<'a>,
}

/// What the path has to look like; written as its attributes.
#[derive(PartialEq)]
enum Style<'a> {
    Dots { fill: &'a str, radius: i64 },
    Lines { stroke: &'a str, width: &'a str },
    Boxes { fill: &'a str },
}

impl fmt::Display for Style<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dots { fill, radius } => write!(
                f,
                "fill=\"none\" stroke=\"{fill}\" stroke-width=\"{}\" stroke-linecap=\"round\"",
                2 * radius
            ),
            Self::Lines { stroke, width } => {
                write!(f, "fill=\"none\" stroke=\"{stroke}\" stroke-width=\"{width}\"")
            }
            Self::Boxes { fill } => write!(f, "fill=\"{fill}\" shape-rendering=\"crispEdges\""),
        }
    }
}

enum Kind<'a> {
    Dot(i64, i64),
    Line(&'a str),
    Box(i64, i64, i64, i64),
}

impl Shape<'_> {
    /// What is added to the path; as short as possible, there are thousands.
    fn path(&self, out: &mut String) {
        let _ = match self.kind {
            // A line of next to no length and with round ends is a disc.
            Kind::Dot(x, y) => write!(out, "M{x} {y}h.1"),
            Kind::Box(x, y, width, height) => write!(out, "M{x} {y}h{width}v{height}h-{width}z"),
            Kind::Line(points) => {
                let mut before: Option<(i64, i64)> = None;
                for (x, y) in points.split_whitespace().filter_map(pair) {
                    let _ = match before {
                        None => write!(out, "M{x} {y}"),
                        Some((_, b)) if b == y => write!(out, "H{x}"),
                        Some((a, _)) if a == x => write!(out, "V{y}"),
                        Some((a, b)) => write!(out, "l{} {}", x - a, y - b),
                    };
                    before = Some((x, y));
                }
                Ok(())
            }
        };
    }
}

fn pair(text: &str) -> Option<(i64, i64)> {
    let (x, y) = text.split_once(',')?;
    Some((x.parse().ok()?, y.parse().ok()?))
}

/// What stands in a line, if it is an opaque dot, line or rectangle: only those may cover each other in any order.
fn shape(line: &str) -> Option<Shape<'_>> {
    let element = ["<circle ", "<polyline ", "<rect "].into_iter().find(|name| line.starts_with(name))?;
    // One pass over the text, because there are as many lines as dots.
    let (mut x, mut y, mut width, mut height, mut radius) = (None, None, None, None, None);
    let (mut fill, mut stroke, mut points) = (None, None, None);
    for (name, value) in attributes(line) {
        let place = match name {
            "cx" | "x" => &mut x,
            "cy" | "y" => &mut y,
            "width" | "stroke-width" => &mut width,
            "height" => &mut height,
            "r" => &mut radius,
            "fill" => &mut fill,
            "stroke" => &mut stroke,
            "points" => &mut points,
            "opacity" => return None,
            _ => continue,
        };
        *place = Some(value);
    }
    let number = |text: Option<&str>| text?.parse::<i64>().ok();
    Some(match element {
        "<circle " => Shape {
            style: Style::Dots { fill: fill?, radius: number(radius)? },
            kind: Kind::Dot(number(x)?, number(y)?),
        },
        "<polyline " => {
            Shape { style: Style::Lines { stroke: stroke?, width: width? }, kind: Kind::Line(points?) }
        }
        _ => Shape {
            style: Style::Boxes { fill: fill? },
            kind: Kind::Box(number(x)?, number(y)?, number(width)?, number(height)?),
        },
    })
}

/// Names and values of an element's attributes.
fn attributes(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut pieces = line.split('"');
    std::iter::from_fn(move || {
        let before = pieces.next()?.strip_suffix('=')?;
        Some((before.rsplit(' ').next()?, pieces.next()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_elements_are_left_alone() {
        let svg = "<svg>\n<circle cx=\"1\" cy=\"2\" r=\"3\" fill=\"#000000\"/>\n<text x=\"1\">\n<circle\n</text>\n</svg>\n";
        assert_eq!(compacted(svg), svg);
    }

    #[test]
    fn many_elements_become_one_path_in_their_place() {
        let dots: String =
            (0..100).map(|k| format!("<circle cx=\"{k}\" cy=\"7\" r=\"11\" fill=\"#0072B2\"/>\n")).collect();
        let lines: String = (0..100)
            .map(|k| format!("<polyline fill=\"none\" stroke=\"#000000\" stroke-width=\"8\" points=\"{k},5 {k},9 10,11 \"/>\n"))
            .collect();
        let boxes: String = (0..100)
            .map(|k| {
                format!(
                    "<rect x=\"{k}\" y=\"2\" width=\"3\" height=\"4\" fill=\"#111111\" stroke=\"none\"/>\n"
                )
            })
            .collect();
        let out = compacted(&format!("<svg>\n{dots}{lines}{boxes}<rect/>\n</svg>\n"));
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines.len(), 6, "{out}");
        assert!(
            lines[1].contains("stroke-width=\"22\" stroke-linecap=\"round\" d=\"M0 7h.1M1 7h.1"),
            "{}",
            lines[1]
        );
        assert!(lines[2].contains("d=\"M0 5V9l10 2M1 5V9l9 2"), "{}", lines[2]);
        assert!(lines[3].contains("d=\"M0 2h3v4h-3zM1 2h3v4h-3z"), "{}", lines[3]);
    }

    #[test]
    fn what_shines_through_is_left_alone() {
        let line = "<polyline fill=\"none\" opacity=\"0.25\" stroke=\"#000000\" stroke-width=\"8\" points=\"1,2 3,4 \"/>\n";
        let svg = line.repeat(200);
        assert_eq!(compacted(&svg), svg);
    }
}
