//! The evcxr kernel in its sandbox: built and prepared once, started for each notebook, spoken to over two pipes.
//! Everything here has a time limit, and whatever is started is ended with its box.

mod ahead;
mod build;
mod cells;
mod environment;
mod identity;
mod idle;
mod install;
mod layout;
mod messages;
mod prepare;
mod process;
mod sandbox;
mod session;
mod shell;
mod standard_library;
mod thin;
mod toolchain;
mod vendor;

pub use environment::KernelEnvironment;
pub use identity::identity;
pub use install::{install, run_kernel};
pub(crate) use messages::follow;
pub(crate) use prepare::{CARGO as PROFILES, spinner};
pub use sandbox::{Finding, examine};
pub use session::Session;
pub(crate) use toolchain::{Tools, grader};

/// Something about the kernel that stops the work; says what to do next.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{what}\n  help: {next}")]
pub struct KernelError {
    what: String,
    next: String,
    sandbox: bool,
}

impl KernelError {
    pub(crate) fn new(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { what: what.into(), next: next.into(), sandbox: false }
    }

    /// What went wrong, and what to do about it.
    pub(crate) fn parts(&self) -> (&str, &str) {
        (&self.what, &self.next)
    }

    /// True if the sandbox cannot be had.
    pub(crate) const fn is_sandbox(&self) -> bool {
        self.sandbox
    }

    /// The sandbox cannot be had.
    pub(crate) fn sandbox(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { sandbox: true, ..Self::new(what, next) }
    }

    pub(crate) fn io(doing: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::new(
            format!("cannot {doing} {}: {error}", path.display()),
            "check that the place exists, is yours to write, and that the disk is not full",
        )
    }
}
