//! What the command line can ask for, one file a command; each returns whether everything could be done.
//! Errors are those that stop the command; what concerns one submission is in its report.

mod check;
mod doctor;
mod expect;
mod export;
mod grade;
mod kernel;
mod lab;
mod marks;
mod new;
mod png;
mod release;
mod review;
mod schema;
mod similar;
mod tell;
mod verdicts;
mod verify;

pub use check::check;
pub use doctor::doctor;
pub use expect::expect;
pub use export::{Export, autograder, export};
pub use grade::{Place, Request, grade, grade_by, regrade};
pub use kernel::{install_kernel, prepare_kernel, run_kernel};
pub use lab::{Lab, lab};
pub use marks::{Extend, extend, history, override_points};
pub use new::new_course;
pub use png::png;
pub use release::release;
pub use review::review;
pub use schema::{network_schema, rubric_schema};
pub use similar::similar;
pub use tell::{Format, Telling};
pub use verify::verify;

use crate::{Error, Result};

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was done and is in order.
    Done,
    /// Something could not be graded, or a check failed; it was said what.
    Incomplete,
    /// Everything was graded, and something has fewer points than was asked for.
    Below,
    /// Stopped by the user; what was finished is stored.
    Interrupted,
}

/// The runtime on which everything that waits is run.
fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|e| {
        Error::new(format!("the system gives no threads: {e}"), "close some programs and try again")
    })
}
