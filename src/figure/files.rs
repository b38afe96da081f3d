//! A figure as a file: the drawing as SVG, the same in pixels as PNG, or its data as CSV.
//! Pixels are made by a program beside the notebook, so that no student's build has to compile a renderer.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::Figure;
use crate::error::{Error, ErrorKind, Result};

/// Names the program that turns SVG into PNG; the kernel sets it.
const GRADER: &str = "SPIKELAB_GRADER";

impl Figure {
    /// Writes the figure as a file: `.svg` as it is drawn, `.png` with two pixels for each of its own, or `.csv` with
    /// the data of every series, not thinned.
    ///
    /// PNG is made by `grader png`, which notebooks have at hand; elsewhere `grader` or `rsvg-convert` has to be
    /// on `PATH`.
    ///
    /// ```
    /// use spikelab::Figure;
    /// let file = std::env::temp_dir().join(format!("spikelab-{}.csv", std::process::id()));
    /// Figure::new().plot([0, 1], [2.5, 3.0]).label("v").save(&file)?;
    /// let text = std::fs::read_to_string(&file).unwrap();
    /// # std::fs::remove_file(&file).unwrap();
    /// assert_eq!(text, "panel,series,label,style,x,y,value\n1,1,v,line,0,2.5,\n1,1,v,line,1,3,\n");
    /// # Ok::<(), spikelab::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`to_svg`](Self::to_svg), another ending, no program for PNG, and when the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        let bytes = match ending.as_deref() {
            Some("svg") | None => self.to_svg()?.into_bytes(),
            Some("png") => png(&self.to_svg()?)?,
            Some("csv") => self.data()?.into_bytes(),
            Some(ending) => {
                let text = format!("a figure cannot be saved as `.{ending}`");
                let help = "end the name with `.svg`, `.png` or `.csv`; most programs make PDF out of SVG";
                return Err(Error::new(ErrorKind::Value, text).help(help));
            }
        };
        std::fs::write(path, bytes).map_err(|e| {
            Error::new(ErrorKind::Value, format!("cannot write the figure to {}: {e}", path.display()))
                .help("check that the folder exists and may be written to")
        })
    }

    /// One line a point, in the order drawn.
    fn data(&self) -> Result<String> {
        if let Some(error) = self.fault() {
            return Err(error.clone());
        }
        let mut out = "panel,series,label,style,x,y,value\n".to_owned();
        for panel in &self.panels {
            for (k, series) in panel.series.iter().enumerate() {
                let label = quoted(&series.label);
                let style = series.style.name();
                for row in 0..series.x.len().max(series.y.len()) {
                    let _ = write!(out, "{},{},{label},{style}", panel.place.index, k + 1);
                    for column in [&series.x, &series.y, &series.z] {
                        out.push(',');
                        if let Some(value) = column.get(row) {
                            let _ = write!(out, "{value}");
                        }
                    }
                    out.push('\n');
                }
            }
        }
        Ok(out)
    }
}

/// A text as a field of CSV.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// The drawing in pixels, by the first program that can make them.
fn png(svg: &str) -> Result<Vec<u8>> {
    let own = std::env::var(GRADER).unwrap_or_default();
    let programs: [(&str, &[&str]); 3] =
        [(&own, &["png", "-"]), ("grader", &["png", "-"]), ("rsvg-convert", &["--zoom", "2"])];
    let mut why = String::new();
    for (program, arguments) in programs {
        if program.is_empty() {
            continue;
        }
        match converted(program, arguments, svg.as_bytes()) {
            Ok(bytes) => return Ok(bytes),
            Err(e) if why.is_empty() => why = format!(": {program}: {e}"),
            Err(_) => {}
        }
    }
    let help = "save it as `.svg`, which every browser shows, or put `grader` or `rsvg-convert` on PATH";
    Err(Error::new(ErrorKind::Value, format!("no program makes a PNG of the figure{why}")).help(help))
}

fn converted(program: &str, arguments: &[&str], svg: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(svg)?;
    }
    let output = child.wait_with_output()?;
    if output.status.success() && output.stdout.starts_with(b"\x89PNG") {
        return Ok(output.stdout);
    }
    Err(std::io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(ending: &str) -> std::path::PathBuf {
        std::env::temp_dir().join(format!("spikelab-figure-{}.{ending}", std::process::id()))
    }

    #[test]
    fn saving_reports_a_missing_folder() {
        let path = place("svg");
        let figure = Figure::new().plot(0..3, [1, 4, 9]);
        figure.save(&path).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), figure.to_svg().unwrap());
        std::fs::remove_file(&path).unwrap();
        let text = figure.save(path.join("a.svg")).unwrap_err().to_string();
        assert!(text.contains("check that the folder exists"), "{text}");
    }

    #[test]
    fn data_is_saved_whole_and_gaps_stay() {
        let path = place("csv");
        let figure = Figure::new()
            .plot([0.0, 0.5], [f64::NAN, 1e-3])
            .label("a, \"b\"")
            .hline(0.8)
            .subplot(1, 2, 2)
            .scatter([1], [2])
            .color_by([0.25]);
        figure.save(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let lines: Vec<&str> = text.lines().skip(1).collect();
        let wanted = [
            "1,1,\"a, \"\"b\"\"\",line,0,NaN,",
            "1,1,\"a, \"\"b\"\"\",line,0.5,0.001,",
            "1,2,,hlines,,0.8,",
            "2,1,,points,1,2,0.25",
        ];
        assert_eq!(lines, wanted);
    }

    #[test]
    fn other_endings_and_faults_are_refused() {
        let figure = Figure::new().plot(0..3, [1, 4, 9]);
        let text = figure.save("figure.pdf").unwrap_err().to_string();
        assert!(text.contains("`.pdf`") && text.contains("`.svg`, `.png` or `.csv`"), "{text}");
        let text = Figure::new().plot(0..3, 0..2).save(place("csv")).unwrap_err().to_string();
        assert!(text.contains("3 x values and 2 y values"), "{text}");
    }

    #[test]
    fn a_program_that_makes_no_picture_is_told_of() {
        assert!(converted("true", &[], b"<svg/>").is_err(), "nothing is no picture");
        assert!(converted("spikelab-no-such-program", &[], b"<svg/>").is_err());
    }
}
