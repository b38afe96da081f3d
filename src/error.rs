//! The one public error: what is wrong, where in the student's text, and what to do next.
//! Display and Debug print the same full report, because a notebook shows either.

use std::fmt;
use std::ops::Range;

use ariadne::{CharSet, Config, IndexType, Label, Report, ReportKind, Source};

/// Result with the library's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of mistake an [`Error`] reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The text does not follow the grammar.
    Syntax,
    /// A blank (`____`) was left in.
    Blank,
    /// A name that nothing explains.
    UnknownName,
    /// Units do not fit.
    Dimension,
    /// A wrong type: a condition where a number is needed, or the other way round.
    Type,
    /// The integration method cannot be used for these equations.
    Method,
    /// A wrong index or an impossible connection.
    Index,
    /// A wrong number of values.
    Shape,
    /// An object that was not yet added to a network, or was added to another one.
    Detached,
    /// A value that makes no sense here.
    Value,
    /// A description that cannot be read.
    Description,
    /// A run that was interrupted from a notebook; the network stands where it stopped.
    Interrupted,
}

/// A mistake in a model, with everything needed to mend it.
///
/// ```
/// use spikelab::prelude::*;
/// let mut net = Network::new();
/// let error = net.add(NeuronGroup::new(1, "dv/dt = (1 - v)/tua : 1").with("tau", 10.0 * ms)).unwrap_err();
/// let text = error.to_string();
/// assert!(text.contains("`tua`") && text.contains("did you mean `tau`?"));
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    source: Option<(String, String)>,
    /// The name of the object that the text or the value is for.
    object: Option<String>,
    labels: Vec<(Range<usize>, String)>,
    help: Option<String>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            source: None,
            object: None,
            labels: Vec::new(),
            help: None,
        }))
    }

    /// Adds a mark under a part of the text, with a word on it.
    pub(crate) fn label(mut self, span: Range<usize>, text: impl Into<String>) -> Self {
        self.0.labels.push((span, text.into()));
        self
    }

    /// Adds what to do next; the first advice given is kept.
    pub(crate) fn help(mut self, text: impl Into<String>) -> Self {
        self.0.help.get_or_insert(text.into());
        self
    }

    /// Says which text the marks belong to; the innermost text is kept.
    pub(crate) fn in_text(mut self, name: &str, text: &str) -> Self {
        self.0.source.get_or_insert_with(|| (name.to_owned(), text.to_owned()));
        self
    }

    /// Says which object the mistake is in; the innermost is kept.
    pub(crate) fn of(mut self, object: &str) -> Self {
        self.0.object.get_or_insert_with(|| object.to_owned());
        self
    }

    /// What kind of mistake this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The first line alone.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { message, source, object, labels, help, .. } = &*self.0;
        let source = source.as_ref().map(|(name, text)| match object {
            Some(object) => (format!("{name} of {object}"), text),
            None => (name.clone(), text),
        });
        let (Some((name, text)), false) = (&source, labels.is_empty()) else {
            write!(f, "Error: {message}")?;
            match (&source, object) {
                (Some((name, text)), _) => write!(f, "\n  in {name}: {text}")?,
                (None, Some(object)) if !message.contains(&format!("`{object}`")) => {
                    write!(f, "\n  in {object}")?;
                }
                _ => {}
            }
            if let Some(help) = help {
                write!(f, "\n  help: {}", wrapped(help, "\n        "))?;
            }
            return Ok(());
        };
        // ariadne cannot mark the empty place after the last character, so the text gets one blank more.
        let text = format!("{text} ");
        let fit = |span: &Range<usize>| {
            let start = span.start.min(text.len() - 1);
            (name.as_str(), start..span.end.clamp(start + 1, text.len()))
        };
        let config = Config::default()
            .with_color(false)
            .with_char_set(CharSet::Unicode)
            .with_index_type(IndexType::Byte);
        let mut report =
            Report::build(ReportKind::Error, fit(&labels[0].0)).with_config(config).with_message(message);
        for (span, text) in labels {
            report = report.with_label(Label::new(fit(span)).with_message(text));
        }
        if let Some(help) = help {
            report = report.with_help(wrapped(help, "\n"));
        }
        let mut bytes = Vec::new();
        let written = report.finish().write((name.as_str(), Source::from(text.as_str())), &mut bytes);
        if written.is_err() {
            return write!(f, "Error: {message}");
        }
        let drawn = String::from_utf8_lossy(&bytes);
        f.write_str(drawn.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim_end())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}

/// A sentence in lines that fit a terminal of 80 columns, beside what stands before them. A space inside of
/// backticks is code's and breaks no line.
fn wrapped(text: &str, line_end: &str) -> String {
    const WIDTH: usize = 66;
    let (mut out, mut used, mut in_code) = (String::new(), 0, false);
    let words = text.split_inclusive(|c: char| {
        in_code ^= c == '`';
        c == ' ' && !in_code
    });
    for word in words {
        let length = word.trim_end().chars().count();
        if used > 0 && used + length > WIDTH {
            out.truncate(out.trim_end().len());
            out.push_str(line_end);
            used = 0;
        }
        out.push_str(word);
        used += word.chars().count();
    }
    out
}

/// The known name most like a mistyped one, if any is near enough.
pub(crate) fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .filter(|k| *k != name)
        .map(|k| (if k.eq_ignore_ascii_case(name) { 0 } else { distance(name, k) }, k))
        .filter(|(d, k)| {
            // One letter is like any other: too short to guess.
            let (a, b) = (k.chars().count(), name.chars().count());
            *d == 0 || (a.min(b) > 1 && *d <= 1.max(a.max(b) / 3))
        })
        .min_by_key(|(d, _)| *d)
        .map(|(_, k)| k)
}

/// Edit distance that counts a swap of neighbours as one.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut d = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in d.iter_mut().enumerate() {
        row[0] = i;
    }
    d[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let change = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (d[i - 1][j] + 1).min(d[i][j - 1] + 1).min(d[i - 1][j - 1] + change);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(d[i - 2][j - 2] + 1);
            }
            d[i][j] = best;
        }
    }
    d[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_shows_text_caret_and_help() {
        let error = Error::new(ErrorKind::UnknownName, "unknown name `tua`")
            .label(11..14, "did you mean `tau`?")
            .in_text("equations", "dv/dt = -v/tua : volt")
            .help("hand the value over with `.with(\"tua\", …)`");
        let text = error.to_string();
        assert!(text.contains("dv/dt = -v/tua : volt"), "{text}");
        assert!(text.contains("did you mean `tau`?"), "{text}");
        assert!(!text.contains('\u{1b}'), "no colour codes");
        assert_eq!(text, format!("{error:?}"));
    }

    #[test]
    fn long_advice_fits_a_terminal() {
        let advice = "hand the value over with `.with(\"tau\", 10.0 * ms)`, or give it an equation of its own, \
                      or a parameter line such as `tau : second (constant, shared)` that is set later";
        let plain = Error::new(ErrorKind::Value, "no").help(advice);
        for error in [plain.clone(), plain.label(0..3, "here").in_text("equations", "abc")] {
            let text = error.to_string();
            assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
            for code in ["`.with(\"tau\", 10.0 * ms)`", "`tau : second (constant, shared)`"] {
                assert!(text.contains(code), "{code} is broken in {text}");
            }
        }
    }

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        assert_eq!(did_you_mean("tua", ["tau", "v"]), Some("tau"));
        assert_eq!(did_you_mean("gleak", ["tau", "v"]), None);
        assert_eq!(did_you_mean("x", ["yy"]), None);
    }
}
