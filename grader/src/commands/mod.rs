//! What the command line can ask for, one file a command; each returns whether everything could be done.
//! Errors are those that stop the command; what concerns one submission is in its report.

mod kernel;

pub use kernel::{install_kernel, run_kernel};

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was done and is in order.
    Done,
    /// Something could not be graded, or a check failed; it was said what.
    Incomplete,
}
use std::path::{Path, PathBuf};
pub fn grade(_: &[PathBuf], _: &Path, _: Option<u16>, _: Option<&Path>) -> crate::Result<Outcome> {
    todo!()
}
pub fn release(_: &[String], _: bool, _: Option<&Path>) -> crate::Result<Outcome> {
    todo!()
}
pub fn expect(_: &[String], _: bool, _: Option<&Path>) -> crate::Result<Outcome> {
    todo!()
}
pub fn verify(_: Option<&Path>) -> crate::Result<Outcome> {
    todo!()
}

/// The runtime on which everything that waits is run.
fn runtime() -> crate::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|e| {
        crate::Error::new(format!("the system gives no threads: {e}"), "close some programs and try again")
    })
}
