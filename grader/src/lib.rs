//! Grades spikelab notebooks: runs them through the evcxr kernel, takes results out as data, compares, reports.
//! The binary in `main.rs` is a thin shell around this library.

pub mod archive;
pub mod book;
pub mod collect;
pub mod commands;
pub mod compare;
pub mod course;
mod error;
pub mod executor;
pub mod files;
pub mod fingerprint;
pub mod gradebook;
mod handed_in;
mod identify;
pub mod intake;
pub mod interchange;
pub mod judge;
pub mod kernel;
pub mod late;
pub mod model;
pub mod names;
pub mod notebook;
pub mod outcome;
pub mod pipeline;
pub mod preview;
mod progress;
pub mod public;
pub mod regrade;
pub mod release;
pub mod report;
pub mod review;
pub mod runner;
pub mod similarity;
pub mod text;

pub use error::{Error, Result};
