//! The grader's one error: what went wrong, with which file or option, and what to do next.
//! Rooms with their own error types hand them over as text through `Error::new`.

use std::fmt;

/// Something that stops a command.
#[derive(Clone, Debug)]
pub struct Error {
    what: String,
    next: String,
    code: u8,
}

impl Error {
    /// What went wrong and what to do about it.
    #[must_use]
    pub fn new(what: impl fmt::Display, next: impl fmt::Display) -> Self {
        Self { what: what.to_string(), next: next.to_string(), code: 1 }
    }

    /// A wrong way to call the program.
    #[must_use]
    pub fn usage(what: impl fmt::Display, next: impl fmt::Display) -> Self {
        Self { code: 2, ..Self::new(what, next) }
    }

    /// The sandbox cannot be had, so nothing was run.
    #[must_use]
    pub fn sandbox(what: impl fmt::Display, next: impl fmt::Display) -> Self {
        Self { code: 3, ..Self::new(what, next) }
    }

    /// 2 for wrong usage, 3 if there is no sandbox, else 1.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        self.code
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.what)?;
        if self.next.is_empty() { Ok(()) } else { write!(f, "\n  help: {}", self.next) }
    }
}

impl std::error::Error for Error {}

/// Result with the grader's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;
