//! Marks in other programs' formats: nbgrader's gradebook, tables of learning platforms, documents of other graders.
//! Reads the gradebook and reports only; nothing here decides about a mark.

pub mod autograder;
mod documents;
pub mod nbgrader;
pub mod platform;

pub use documents::{gradescope, otter};
