//! Runs one notebook cell by cell and takes the graded variables out of the kernel as data.
//! Knows a kernel only by what it can do (`Kernel`), so that its own rules are tested without one.

mod evidence;
mod plan;
mod run;

pub use plan::{CodeCell, Kind, Wanted, WantedVariable};
pub use run::{Limits, run_notebook};

use std::time::Duration;

use crate::outcome::CellStatus;

/// What a kernel tells about one cell.
#[derive(Clone, Debug)]
pub struct CellRun {
    /// How it ended.
    pub status: CellStatus,
    /// Wall-clock seconds.
    pub seconds: f64,
    /// The first error in full, plain text.
    pub message: Option<String>,
}

/// A variable that exists in the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its type as the kernel writes it.
    pub type_name: String,
}

/// The kernel itself failed: not the student's doing.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct KernelFailure(pub String);

/// What the runner needs of a kernel.
pub trait Kernel: Send {
    /// Runs one cell, interrupted after `limit`.
    fn execute(
        &mut self,
        code: &str,
        limit: Duration,
    ) -> impl Future<Output = Result<CellRun, KernelFailure>> + Send;

    /// The variables that exist now.
    fn variables(&mut self) -> impl Future<Output = Result<Vec<Variable>, KernelFailure>> + Send;
}
