//! Many like elements become one path: what keeps a picture of a million spikes small and quick to show.
//! Works on the finished text of the backend, in which each element without words is a line of its own.

use std::fmt::Write;

/// Fewer elements than this are left alone.
const MANY: usize = 64;

/// The same picture with long series of like dots, lines or rectangles written as one path each.
pub(super) fn compacted(svg: &str) -> String {
    let mut out = String::with_capacity(svg.len());
    let lines: Vec<&str> = svg.lines().collect();
    for group in lines.chunk_by(|a, b| shape(a).is_some_and(|a| shape(b).is_some_and(|b| a.style == b.style)))
    {
        let shapes: Vec<Shape> = group.iter().filter_map(|line| shape(line)).collect();
        match shapes.first() {
            Some(first) if shapes.len() >= MANY => {
                let _ = write!(out, "<path {} d=\"", first.style);
                shapes.iter().for_each(|shape| shape.path(&mut out));
                out.push_str("\"/>\n");
            }
            _ => group.iter().for_each(|line| {
                out.push_str(line);
                out.push('\n');
            }),
        }
    }
    out
}

/// An element that can be a part of a path.
struct Shape<'a> {
    /// The attributes that the path needs.
    style: String,
    kind: Kind<'a>,
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
    if line.contains(" opacity=") {
        return None;
    }
    let number = |name: &str| attribute(line, name)?.parse::<i64>().ok();
    if line.starts_with("<circle ") {
        let (fill, radius) = (attribute(line, "fill")?, number("r")?);
        let style = format!(
            "fill=\"none\" stroke=\"{fill}\" stroke-width=\"{}\" stroke-linecap=\"round\"",
            2 * radius
        );
        return Some(Shape { style, kind: Kind::Dot(number("cx")?, number("cy")?) });
    }
    if line.starts_with("<polyline ") {
        let (stroke, width) = (attribute(line, "stroke")?, attribute(line, "stroke-width")?);
        let style = format!("fill=\"none\" stroke=\"{stroke}\" stroke-width=\"{width}\"");
        return Some(Shape { style, kind: Kind::Line(attribute(line, "points")?) });
    }
    if line.starts_with("<rect ") {
        let fill = attribute(line, "fill")?;
        let style = format!("fill=\"{fill}\" shape-rendering=\"crispEdges\"");
        let (width, height) = (number("width")?, number("height")?);
        return Some(Shape { style, kind: Kind::Box(number("x")?, number("y")?, width, height) });
    }
    None
}

fn attribute<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let start = line.find(&format!(" {name}=\""))? + name.len() + 3;
    let length = line[start..].find('"')?;
    Some(&line[start..start + length])
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
