//! Jupyter notebooks in and out: nbformat 4 documents, their cells, and nbgrader's cell metadata.
//! Used by release, collect, the runner and the reports; invariant: what is not understood is kept as it was.

mod cell;
mod document;
mod error;
mod nbgrader;
mod oddities;
mod rules;
mod strict;
mod upgrade;

pub use cell::{Cell, CellKind};
pub use document::{MAX_BYTES, Notebook};
pub use error::{NotebookError, Problem};
pub use nbgrader::{Nbgrader, SCHEMA_VERSION};
pub use oddities::oddities;
pub use rules::rule_violations;
