//! A course on disk: its rubrics, what its solutions gave, and where its notebooks are.
//! Everything read here is checked before anything is graded.

mod catalog;
mod checks;
mod expected;
mod models;
mod rubric;
mod verdicts;

pub use catalog::{Assignment, Course};
pub use checks::{
    Array, CheckSpec, Choice, Connectivity, Figure, Group, Mode, Model, Number, Reproduces, Spikes, Trace,
    Undescribed,
};
pub use expected::{Computed, Expected, Mistaken};
pub use models::{Amount, Edit, Field, Mistake, Scalar, Vary};
pub use rubric::{Question, Rubric, SCHEMA_FILE, SCHEMA_LINE};
pub use verdicts::{Replaced, Submission as VerdictSubmission, Verdicts};
