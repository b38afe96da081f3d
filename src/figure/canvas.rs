//! Ink on SVG: the one room that speaks to plotters.
//! The backend counts whole pixels, so it draws ten times as large and the picture is scaled back: lines are exact to 0.1 px.

use plotters::prelude::{
    Color, DrawingBackend, FontStyle, FontTransform, IntoFont, RGBColor, SVGBackend, ShapeStyle, TextStyle,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::compact::compacted;
use super::panel::Rgb;
use super::shape::{Point, Rect};
use crate::error::{Error, ErrorKind, Result};

const SCALE: f64 = 10.0;

/// Colour, opacity and width of a stroke, or of a filled area.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ink {
    pub(super) colour: Rgb,
    pub(super) opacity: f64,
    pub(super) width: f64,
}

impl Ink {
    pub(super) const fn new(colour: Rgb, width: f64) -> Self {
        Self { colour, opacity: 1.0, width }
    }

    fn style(self, filled: bool) -> ShapeStyle {
        let (r, g, b) = self.colour;
        let stroke_width = (self.width * SCALE).round().max(1.0) as u32;
        ShapeStyle { color: RGBColor(r, g, b).mix(self.opacity), filled, stroke_width }
    }
}

/// The part of a text that stands at the given place.
#[derive(Clone, Copy, Debug)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text stands: size in pixels, which end is fixed, and whether it runs upwards.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lettering {
    pub(super) size: f64,
    pub(super) colour: Rgb,
    pub(super) anchor: Anchor,
    pub(super) upwards: bool,
    pub(super) bold: bool,
}

impl Lettering {
    pub(super) const fn new(size: f64, colour: Rgb, anchor: Anchor) -> Self {
        Self { size, colour, anchor, upwards: false, bold: false }
    }
}

/// A white sheet of SVG.
pub(super) struct Canvas<'a> {
    backend: SVGBackend<'a>,
}

impl Canvas<'_> {
    /// Draws with `paint` on a new sheet and returns the SVG text; `name` is what a screen reader says.
    pub(super) fn paint(
        (width, height): (u32, u32),
        name: &str,
        paint: impl FnOnce(&mut Canvas<'_>) -> Result<()>,
    ) -> Result<String> {
        let mut text = String::new();
        let large = (width * SCALE as u32, height * SCALE as u32);
        let mut canvas = Canvas { backend: SVGBackend::with_string(&mut text, large) };
        let sheet = Rect { left: 0.0, top: 0.0, right: f64::from(width), bottom: f64::from(height) };
        canvas.fill(&sheet, Ink::new((255, 255, 255), 1.0))?;
        paint(&mut canvas)?;
        canvas.backend.present().map_err(undrawn)?;
        drop(canvas);
        Ok(finished(&text, (width, height), name))
    }

    /// Strokes a line through the points.
    pub(super) fn line(&mut self, points: &[Point], ink: Ink) -> Result<()> {
        let mut places: Vec<_> = points.iter().copied().map(place).collect();
        places.dedup();
        self.backend.draw_path(places, &ink.style(false)).map_err(undrawn)
    }

    /// Fills a disc.
    pub(super) fn disc(&mut self, centre: Point, radius: f64, ink: Ink) -> Result<()> {
        let radius = (radius * SCALE).round().max(1.0) as u32;
        self.backend.draw_circle(place(centre), radius, &ink.style(true), true).map_err(undrawn)
    }

    /// Fills a rectangle.
    pub(super) fn fill(&mut self, area: &Rect, ink: Ink) -> Result<()> {
        let (from, to) = (place((area.left, area.top)), place((area.right, area.bottom)));
        self.backend.draw_rect(from, to, &ink.style(true), true).map_err(undrawn)
    }

    /// Fills what a closed line encloses.
    pub(super) fn polygon(&mut self, points: &[Point], ink: Ink) -> Result<()> {
        let places: Vec<_> = points.iter().copied().map(place).collect();
        if places.len() < 3 {
            return Ok(());
        }
        self.backend.fill_polygon(places, &ink.style(true)).map_err(undrawn)
    }

    /// Writes a text with its baseline at `at`.
    pub(super) fn text(&mut self, text: &str, at: Point, lettering: Lettering) -> Result<()> {
        // The backend lowers "centred" text by half an x-height, about 0.265 of its size; this takes it back.
        let shift = 0.265 * lettering.size;
        let at = if lettering.upwards { (at.0 - shift, at.1) } else { (at.0, at.1 - shift) };
        // It also divides the size by 1.24, the height of a line.
        let mut font = ("sans-serif", lettering.size * SCALE * 1.24).into_font();
        if lettering.bold {
            font = font.style(FontStyle::Bold);
        }
        if lettering.upwards {
            font = font.transform(FontTransform::Rotate270);
        }
        let (r, g, b) = lettering.colour;
        let colour = RGBColor(r, g, b);
        let horizontal = match lettering.anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let style = TextStyle::from(font).color(&colour).pos(Pos::new(horizontal, VPos::Center));
        // XML has no place for control characters, not even escaped.
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.backend.draw_text(&text, &style, place(at)).map_err(undrawn)
    }
}

fn place((x, y): Point) -> (i32, i32) {
    let whole = |v: f64| (v * SCALE).round().clamp(-1e6, 1e6) as i32;
    (whole(x), whole(y))
}

fn undrawn(error: impl std::error::Error) -> Error {
    Error::new(ErrorKind::Value, format!("the figure could not be drawn: {error}"))
}

/// Puts our own opening tag in place of the backend's, and leaves out what says the obvious.
fn finished(text: &str, (width, height): (u32, u32), name: &str) -> String {
    let body = text.find('>').map_or("", |end| &text[end + 1..]);
    // Quotes inside of texts are escaped by the backend, so these patterns are attributes only.
    let body = body.replace(" stroke=\"none\" stroke-width=\"10\"", "").replace(" opacity=\"1\"", "");
    let body = compacted(&body);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"{}\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {} {}\" style=\"max-width:100%;height:auto\" stroke-linejoin=\"round\">{body}",
        escaped(name),
        width * SCALE as u32,
        height * SCALE as u32,
    )
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// About how wide a text will be; on the wide side, as the reader's font is unknown.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    let ems: f64 = text
        .chars()
        .map(|c| match c {
            'i' | 'j' | 'l' | 't' | 'f' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' | '('
            | ')' => 0.34,
            '⁰'..='⁹' | '⁻' | '¹' | '²' | '³' => 0.42,
            'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.92,
            'A'..='Z' => 0.7,
            '\u{2e80}'.. => 1.05,
            _ => 0.6,
        })
        .sum();
    ems * size
}

/// Makes a text fit: first smaller letters, then fewer of them.
pub(super) fn fitted(text: &str, size: f64, room: f64) -> (String, f64) {
    let smaller = (size * room / text_width(text, size).max(1.0)).clamp(size * 0.75, size);
    let mut short = text.to_owned();
    while text_width(&short, smaller) > room * 1.001 && short.chars().count() > 2 {
        short.truncate(short.trim_end_matches('…').char_indices().next_back().map_or(0, |(k, _)| k));
        short.truncate(short.trim_end().len());
        short.push('…');
    }
    (short, smaller)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_titles_are_made_to_fit() {
        assert_eq!(fitted("short", 14.0, 400.0), ("short".to_owned(), 14.0));
        let (text, size) = fitted("a rather long title for so small a panel", 14.0, 120.0);
        assert!(text_width(&text, size) <= 121.0 && text.ends_with('…'), "{text}");
        assert_eq!(fitted("äöüäöü", 14.0, 1.0).0.chars().last(), Some('…'));
    }

    #[test]
    fn texts_cannot_break_out_of_the_picture() {
        let svg = Canvas::paint((100, 100), "a\"<b>", |canvas| {
            canvas.text("</text><b> & \u{1b}\n\"", (1.0, 1.0), Lettering::new(12.0, (0, 0, 0), Anchor::Start))
        })
        .unwrap();
        assert!(svg.contains("&lt;/text&gt;&lt;b&gt; &amp;   &quot;"), "{svg}");
        assert!(svg.contains("aria-label=\"a&quot;&lt;b&gt;\""), "{svg}");
        assert!(!svg.contains("<b>") && !svg.contains('\u{1b}'), "{svg}");
    }
}
