//! The evcxr kernel: built and prepared once, started for each notebook, spoken to over the Jupyter protocol.
//! Everything here has a time limit, and whatever is started is ended with its whole process group.

mod environment;
mod identity;
mod install;
mod prepare;
mod process;
mod session;
mod standard_library;
mod thin;
mod toolchain;
mod words;

pub use environment::KernelEnvironment;
pub use identity::identity;
pub use install::{install, run_kernel};
pub use process::KernelProcess;
pub use session::Session;

/// Something about the kernel that stops the work; says what to do next.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{what}\n  help: {next}")]
pub struct KernelError {
    what: String,
    next: String,
}

impl KernelError {
    pub(crate) fn new(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { what: what.into(), next: next.into() }
    }

    pub(crate) fn io(doing: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::new(
            format!("cannot {doing} {}: {error}", path.display()),
            "check that the place exists, is yours to write, and that the disk is not full",
        )
    }
}
