//! Runs one notebook cell by cell and takes the graded variables out of the kernel as data.
//! Knows a kernel only by what it can do (`Kernel`), so that its own rules are tested without one.

mod evidence;
mod joint;
mod limits;
mod message;
mod piece;
mod plan;
mod run;
#[cfg(test)]
mod samples;
mod suspicion;
mod together;

pub use limits::Limits;
pub use plan::{CodeCell, Kind, Wanted, WantedVariable};
pub use run::run_notebook;
pub use together::{Pieces, run_together};

use std::time::Duration;

use crate::outcome::CellStatus;

/// What a kernel tells about one cell.
#[derive(Clone, Debug)]
pub struct CellRun {
    /// How it ended.
    pub status: CellStatus,
    /// Wall-clock seconds.
    pub seconds: f64,
    /// Seconds of computing, compilation included.
    pub cpu_seconds: f64,
    /// The first error in full, or which limit was reached; plain text.
    pub message: Option<String>,
    /// What it printed, as far as that is kept.
    pub output: String,
    /// True if more was printed than may be.
    pub output_cut: bool,
    /// True if the kernel itself ended, and not only the process in which cells run.
    pub kernel_gone: bool,
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

/// What a probe cell left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probed {
    /// The bytes of its file. The student's process wrote them: data to be read with care and compared, never believed.
    File(Vec<u8>),
    /// No file, because the cell failed or the value could not be written.
    Nothing,
    /// No file, because the kernel ended over it.
    Lost,
    /// Something that only meddling explains, such as a file under the probe's number before the probe ran.
    Tampered(String),
}

/// The files that several probes wrote, in the order in which they were asked for, as far as they are there.
pub type Files = Vec<Option<Vec<u8>>>;

/// What the runner needs of a kernel.
pub trait Kernel: Send {
    /// Runs one cell, stopped after `limit` of computing. After [`CellStatus::TimedOut`], [`CellStatus::OverLimit`] and
    /// [`CellStatus::Died`] the kernel is of no more use until [`Kernel::restart`].
    fn execute(
        &mut self,
        code: &str,
        limit: Duration,
    ) -> impl Future<Output = Result<CellRun, KernelFailure>> + Send;

    /// The variables that exist now.
    fn variables(&mut self) -> impl Future<Output = Result<Vec<Variable>, KernelFailure>> + Send;

    /// The path, as cells see it, that the probe under this number writes its file to.
    fn probe_path(&self, nonce: &str) -> String;

    /// Runs a probe cell and hands out the file that it wrote at [`Kernel::probe_path`].
    fn probe(
        &mut self,
        code: &str,
        nonce: &str,
    ) -> impl Future<Output = Result<Probed, KernelFailure>> + Send;

    /// Runs code that writes a file under each number, and hands out those files that are there; no files if something
    /// only meddling explains.
    fn probe_all(
        &mut self,
        code: &str,
        nonces: &[String],
        limit: Duration,
    ) -> impl Future<Output = Result<(CellRun, Files), KernelFailure>> + Send;

    /// Ends the kernel with all it started and starts a fresh one, without any variables.
    fn restart(&mut self) -> impl Future<Output = Result<(), KernelFailure>> + Send;

    /// The same with a kernel that knows no types: it can keep no variables from one cell to the next, and is there sooner.
    fn restart_plain(&mut self) -> impl Future<Output = Result<(), KernelFailure>> + Send;
}
