//! Small submissions with the points that each must earn: a solution in which some cells are replaced.
//! They stand in `tests/verdicts/NAME.yaml`, right ones and wrong ones, and `grader verify` runs them.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::notebook::{Cell, CellKind, Notebook};
use crate::{Error, Result};

/// The submissions of one exercise.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdicts {
    /// The exercise.
    pub assignment: String,
    /// Cells of the solution with which every submission begins.
    #[serde(default)]
    pub keep: Vec<String>,
    /// A cell that comes next, unless the submission has one of its own.
    #[serde(default)]
    pub before: Option<String>,
    /// The submissions.
    pub submissions: Vec<Submission>,
}

/// One submission and what it must earn.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// Its name.
    pub id: String,
    /// What it does and why that earns so much.
    pub why: String,
    /// A cell before all others.
    #[serde(default)]
    pub before: Option<String>,
    /// The cells in order.
    pub cells: Vec<Replaced>,
    /// Question id → points, exactly.
    #[serde(default)]
    pub earns: BTreeMap<String, f64>,
    /// Question id → points at most, for what a draw may let pass in part.
    #[serde(default)]
    pub at_most: BTreeMap<String, f64>,
    /// The mistake that must be named.
    #[serde(default)]
    pub mistake: Option<String>,
}

/// One cell of a submission.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replaced {
    /// The cell of the assignment; a cell of the student's own if left out.
    #[serde(default)]
    pub id: Option<String>,
    /// Its text; the solution's if left out.
    #[serde(default)]
    pub source: Option<String>,
    /// Changes of nbgrader's metadata.
    #[serde(default)]
    pub metadata: serde_json::Map<String, serde_json::Value>,
}

impl Verdicts {
    /// Reads a file of submissions.
    ///
    /// # Errors
    /// A file that cannot be read or has a mistake in it.
    pub fn load(path: &Path) -> Result<Self> {
        let name = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|e| Error::new(format!("cannot read {name}: {e}"), "is the file yours to read?"))?;
        serde_yaml::from_str(&text).map_err(|e| {
            let place = e.location().map_or_else(String::new, |l| format!(":{}:{}", l.line(), l.column()));
            Error::new(format!("{name}{place}: {e}"), "see tests/verdicts/exercise1.yaml")
        })
    }

    /// The notebook of one submission.
    ///
    /// # Errors
    /// A cell that the solution does not have.
    pub fn notebook(&self, submission: &Submission, solution: &Notebook) -> Result<Notebook> {
        let of = |id: &str| {
            solution.cell_by_grade_id(id).map(|(_, cell)| cell.clone()).ok_or_else(|| {
                Error::new(
                    format!("`{}`: {} has no cell `{id}`", submission.id, self.assignment),
                    "use the grade_id of a cell of the solution",
                )
            })
        };
        let mut cells = self.keep.iter().map(|id| of(id)).collect::<Result<Vec<Cell>>>()?;
        if let Some(before) = submission.before.as_ref().or(self.before.as_ref()) {
            cells.push(Cell::new(CellKind::Code, before));
        }
        for replaced in &submission.cells {
            let mut cell = match &replaced.id {
                Some(id) => of(id)?,
                None => Cell::new(CellKind::Code, ""),
            };
            if let Some(source) = &replaced.source {
                cell.set_source(source);
            }
            if !replaced.metadata.is_empty()
                && let Some(serde_json::Value::Object(own)) = cell.metadata_mut().get_mut("nbgrader")
            {
                own.extend(replaced.metadata.clone());
            }
            cells.push(cell);
        }
        let mut notebook = Notebook::new(cells);
        notebook.set_assignment(&self.assignment);
        Ok(notebook)
    }
}

impl Submission {
    /// The questions that are marked.
    pub fn questions(&self) -> impl Iterator<Item = &String> {
        self.earns.keys().chain(self.at_most.keys())
    }
}
