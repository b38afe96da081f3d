//! What can be wrong with a notebook file, said in three parts: what, where, what next.
//! Used wherever a file enters the grader; the text goes to instructors and students unchanged.

use std::fmt;
use std::path::{Path, PathBuf};

/// A file that could not be read or written as a notebook.
#[derive(Debug)]
pub struct NotebookError {
    path: Option<PathBuf>,
    problem: Box<Problem>,
}

/// The kinds of trouble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The operating system refused.
    Io(String),
    /// The path is a folder, a device or a pipe.
    NotAFile(&'static str),
    /// More bytes than a notebook of a course can have.
    TooLarge {
        /// Size found, at least.
        bytes: u64,
        /// Size allowed.
        most: u64,
    },
    /// Nothing in it.
    Empty,
    /// Another format, recognised by its first bytes.
    OtherFormat(&'static str),
    /// Not text in UTF-8.
    NotUtf8 {
        /// First bad byte.
        byte: usize,
    },
    /// Text, but not JSON.
    NotJson {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What the JSON reader says.
        detail: String,
        /// The text stops in the middle.
        cut_off: bool,
    },
    /// JSON, but not a notebook.
    NotANotebook(String),
    /// A notebook of another major version.
    Version(i64),
    /// A notebook with a cell that breaks the format.
    BadCell {
        /// Position, from 1.
        number: usize,
        /// What is wrong with it.
        detail: String,
    },
}

impl NotebookError {
    pub(super) fn new(problem: Problem) -> Self {
        Self { path: None, problem: Box::new(problem) }
    }

    pub(super) fn at(mut self, path: &Path) -> Self {
        self.path = Some(path.to_owned());
        self
    }

    /// What is wrong, as data.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

impl fmt::Display for NotebookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(f, "{}: ", path.display())?;
        }
        self.problem.fmt(f)
    }
}

impl std::error::Error for NotebookError {}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(detail) => write!(f, "{detail}; check the path and the rights on it"),
            Self::NotAFile(what) => write!(f, "is {what}, not a notebook; hand in the .ipynb file itself"),
            Self::TooLarge { bytes, most } => write!(
                f,
                "is too large ({:.1} MB, at most {:.0} MB); clear all outputs, save and hand in again",
                megabytes(*bytes),
                megabytes(*most)
            ),
            Self::Empty => write!(f, "the file is empty; save the notebook in Jupyter and hand in again"),
            Self::OtherFormat(what) => write!(f, "is {what}, not a notebook; hand in the .ipynb file itself"),
            Self::NotUtf8 { byte } => {
                write!(
                    f,
                    "is not text in UTF-8 (byte {byte}), so not a notebook; hand in the .ipynb file itself"
                )
            }
            Self::NotJson { line, column, cut_off: true, .. } => write!(
                f,
                "ends in the middle (line {line}, column {column}); it was probably cut off on its way, hand in again"
            ),
            Self::NotJson { line, column, detail, .. } => write!(
                f,
                "is not JSON at line {line}, column {column} ({detail}); \
                 check that it opens in Jupyter, save it there and hand in again"
            ),
            Self::NotANotebook(detail) => {
                write!(f, "is JSON but not a notebook: {detail}; hand in the .ipynb file that Jupyter saved")
            }
            Self::Version(major) => write!(
                f,
                "has notebook format {major}, and format 4 is needed; open it in JupyterLab, save it and hand in again"
            ),
            Self::BadCell { number, detail } => write!(
                f,
                "cell {number}: {detail}; check that it opens in Jupyter, save it there and hand in again"
            ),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a size for people to read")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(problem: Problem, expected: &str) {
        let error = NotebookError::new(problem).at(Path::new("bob/exercise1.ipynb"));
        assert_eq!(error.to_string(), format!("bob/exercise1.ipynb: {expected}"));
    }

    #[test]
    fn every_message_says_what_where_and_what_next() {
        check(
            Problem::TooLarge { bytes: 80 << 20, most: 64 << 20 },
            "is too large (80.0 MB, at most 64 MB); clear all outputs, save and hand in again",
        );
        check(
            Problem::NotJson { line: 3, column: 7, detail: "expected value".into(), cut_off: false },
            "is not JSON at line 3, column 7 (expected value); check that it opens in Jupyter, save it there and hand in again",
        );
        check(
            Problem::Version(3),
            "has notebook format 3, and format 4 is needed; open it in JupyterLab, save it and hand in again",
        );
        check(
            Problem::BadCell { number: 2, detail: "its source is a number".into() },
            "cell 2: its source is a number; check that it opens in Jupyter, save it there and hand in again",
        );
    }
}
