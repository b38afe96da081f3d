//! `grader png`: pictures in pixels from SVG files, two for each of the drawing's own.
//! `Figure::save` calls it with `-`, so that no student's build has to compile a renderer; its letters come with it.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use super::Outcome;
use crate::{Error, Result, text};

/// Larger drawings are refused, in bytes and in pixels a side.
const LARGEST: u64 = 64 << 20;
const LONGEST: f32 = 16_000.0;
/// Pixels for each of the drawing's.
const SCALE: f32 = 2.0;

/// Writes `NAME.png` beside each `NAME.svg`; `-` reads a drawing from standard input and writes the picture to standard output.
///
/// # Errors
/// A file that cannot be read, is no drawing, is too large, or whose picture cannot be written.
pub fn png(files: &[PathBuf]) -> Result<Outcome> {
    for file in files {
        if file == Path::new("-") {
            let mut drawing = Vec::new();
            let read = std::io::stdin().lock().take(LARGEST).read_to_end(&mut drawing);
            read.map_err(|e| Error::new(format!("cannot read the drawing: {e}"), "pipe an SVG file in"))?;
            let picture = picture(&drawing, "standard input")?;
            let written = std::io::stdout().lock().write_all(&picture);
            written
                .map_err(|e| Error::new(format!("cannot write the picture: {e}"), "redirect it to a file"))?;
            continue;
        }
        let name = text::one_line(&file.display().to_string());
        let drawing = std::fs::read(file).map_err(|e| {
            Error::usage(format!("cannot read {name}: {e}"), "name an SVG file, as `Figure::save` writes it")
        })?;
        let target = file.with_extension("png");
        std::fs::write(&target, picture(&drawing, &name)?).map_err(|e| {
            Error::new(format!("cannot write {}: {e}", target.display()), "may you write there?")
        })?;
        println!("{}", text::one_line(&target.display().to_string()));
    }
    Ok(Outcome::Done)
}

/// A drawing in pixels.
fn picture(drawing: &[u8], name: &str) -> Result<Vec<u8>> {
    let bad = |why: String| {
        Error::usage(
            format!("{name} cannot be drawn: {why}"),
            "give an SVG file, as `Figure::save` writes it",
        )
    };
    let mut fonts = fontdb::Database::new();
    // The first has the letters, the second those that the first does not have.
    for font in [epaint_default_fonts::UBUNTU_LIGHT, epaint_default_fonts::HACK_REGULAR] {
        fonts.load_font_data(font.to_vec());
    }
    fonts.set_sans_serif_family("Ubuntu");
    let options =
        Options { font_family: "sans-serif".to_owned(), fontdb: Arc::new(fonts), ..Options::default() };
    let tree = Tree::from_data(drawing, &options).map_err(|e| bad(e.to_string()))?;
    let size = tree.size();
    let (width, height) = (size.width() * SCALE, size.height() * SCALE);
    if width > LONGEST || height > LONGEST {
        return Err(bad(format!("{width} × {height} pixels are too many")));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive, and bounded just above"
    )]
    let sides = (width.ceil() as u32, height.ceil() as u32);
    let mut pixels = Pixmap::new(sides.0, sides.1).ok_or_else(|| bad("it has no size".to_owned()))?;
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    pixels.encode_png().map_err(|e| bad(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use spikelab::Figure;

    #[test]
    fn lines_and_letters_become_pixels() {
        let dark = |figure: Figure| {
            let svg = figure.size(300, 200).to_svg().unwrap();
            let picture = Pixmap::decode_png(&picture(svg.as_bytes(), "it").unwrap()).unwrap();
            assert_eq!((picture.width(), picture.height()), (600, 400));
            picture.pixels().iter().filter(|p| p.red() < 128).count()
        };
        let plain = dark(Figure::new().plot([0, 1], [0, 1]));
        let named = dark(Figure::new().plot([0, 1], [0, 1]).xlabel("τ → µΩ ×10⁻⁹ Time (ms)"));
        assert!(plain > 500 && named > plain + 300, "{plain} and {named}");
    }

    #[test]
    fn what_is_no_drawing_is_refused() {
        for drawing in ["", "<svg", "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1e6\" height=\"9\"/>"]
        {
            let text = picture(drawing.as_bytes(), "a.svg").unwrap_err().to_string();
            assert!(text.contains("a.svg cannot be drawn"), "{text}");
        }
        let missing = png(&[PathBuf::from("/no/such.svg")]).unwrap_err().to_string();
        assert!(missing.contains("/no/such.svg"), "{missing}");
    }
}
