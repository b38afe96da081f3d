//! `grader kernel`: be the kernel that Jupyter starts, or register it.
//! Preparing is the same as for grading, so a student and the grader have the same kernel.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::Outcome;
use crate::kernel::KernelError;
use crate::outcome::Isolation;
use crate::{Error, Result, kernel};

impl From<KernelError> for Error {
    fn from(e: KernelError) -> Self {
        let (what, next) = e.parts();
        if e.is_sandbox() { Self::sandbox(what, next) } else { Self::new(what, next) }
    }
}

/// The kernel itself, with the connection file that Jupyter made.
///
/// # Errors
/// A kernel that cannot be prepared or started.
pub fn run_kernel(file: &Path) -> Result<Outcome> {
    super::runtime()?.block_on(kernel::run_kernel(file))?;
    Ok(Outcome::Done)
}

/// Makes what a kernel needs, as its first start would.
///
/// # Errors
/// A kernel that cannot be prepared.
pub fn prepare_kernel() -> Result<Outcome> {
    super::runtime()?.block_on(kernel::KernelEnvironment::prepare(Isolation::None))?;
    // Who asked may be gone by now.
    drop(writeln!(
        std::io::stdout(),
        "The kernel is ready. `grader kernel install` makes it known to Jupyter."
    ));
    Ok(Outcome::Done)
}

/// Prepares the kernel and registers it with Jupyter.
///
/// # Errors
/// A kernel that cannot be prepared, a folder that cannot be written.
pub fn install_kernel(prefix: Option<PathBuf>) -> Result<Outcome> {
    super::runtime()?.block_on(kernel::KernelEnvironment::prepare(Isolation::None))?;
    let folder = kernel::install(prefix)?;
    println!("Jupyter knows the kernel `Rust (spikelab)` now: {}", folder.display());
    println!("Start it with `jupyter lab`, or from the command line with `jupyter execute NOTEBOOK`.");
    Ok(Outcome::Done)
}
