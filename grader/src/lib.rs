//! Grades spikelab notebooks: runs them through the evcxr kernel, takes results out as data, compares, reports.
//! The binary in `main.rs` is a thin shell around this library.

pub mod commands;
mod error;
pub mod kernel;
pub mod outcome;
pub mod runner;

pub use error::{Error, Result};
