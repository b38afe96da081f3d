//! A course on disk: its rubrics, what its solutions gave, and where its notebooks are.
//! Everything read here is checked before anything is graded.

mod catalog;
mod checks;
mod expected;
mod rubric;

pub use catalog::{Assignment, Course};
pub use checks::{Array, CheckSpec, Choice, Connectivity, Figure, Group, Mode, Number, Spikes, Trace};
pub use expected::Expected;
pub use rubric::{Question, Rubric};
