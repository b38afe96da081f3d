//! A notebook run as one program, without a kernel: for its owner alone, who wants an answer within a second.
//! What rustc or a run refuses is taken out cell by cell, as a kernel goes on past a failing cell.

mod advice;
mod build;
mod cell;
mod explain;
mod program;
mod run;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use spikelab::checks::{Finding, PublicChecks};
use spikelab::evidence::Evidence;

use crate::kernel::KernelError;
use crate::notebook::Notebook;
use crate::runner::CodeCell;
use cell::Cell;

pub use build::Workshop;

/// How often cells are taken out and the rest is tried again.
const ROUNDS: usize = 12;

/// How a cell ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CellState {
    /// It ran, or there is nothing in it.
    Ran,
    /// Blanks are left: the line of the first, from 1.
    Blank(usize),
    /// It uses what another cell should have made: the name, and that cell's number if there is one.
    Needs(String, Option<usize>),
    /// A mistake in its text, with the place.
    Wrong(Mistake),
    /// It panicked, a `?` met an error, or it took too long.
    Failed(String),
    /// It asks for what the kernel alone can do.
    KernelOnly(String),
}

/// A mistake that rustc found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Line in the cell, from 1.
    pub line: usize,
    /// Columns, from 1 and up to but not with the second.
    pub columns: (usize, usize),
    /// The line's text.
    pub text: String,
    /// What is wrong.
    pub message: String,
    /// What stands below the mark.
    pub label: String,
    /// What to do.
    pub help: Vec<String>,
}

/// What a preview found out.
#[derive(Debug)]
pub struct Preview {
    /// Number of each code cell in the notebook, from 1, its `grade_id`, and how it ended.
    pub cells: Vec<(usize, Option<String>, CellState)>,
    /// Each question's title, its findings, and the number of the cell that keeps it from being checked.
    pub questions: Vec<QuestionPreview>,
}

/// One question after a preview.
#[derive(Debug)]
pub struct QuestionPreview {
    /// Its title.
    pub title: String,
    /// Check by check.
    pub findings: Vec<Finding>,
    /// Place in [`Preview::cells`] of its own cell that did not run.
    pub held_up: Option<usize>,
}

/// Runs the notebook as a program of the user's own.
///
/// # Errors
/// A library that cannot be built; what is wrong with the notebook is in the preview.
pub fn preview(
    workshop: &Workshop,
    notebook: &Notebook,
    checks: &PublicChecks,
    folder: &Path,
    patience: Duration,
) -> Result<Preview, KernelError> {
    let mut cells: Vec<Cell> = code_cells(notebook).into_iter().map(Cell::new).collect();
    for cell in &mut cells {
        if cell.state.is_none() && !cell.parses() {
            cell.state = Some(CellState::Wrong(workshop.syntax(&cell.code.source)?));
        }
    }
    let mut refused: Vec<(usize, String)> = Vec::new();
    let mut values = BTreeMap::new();
    for _ in 0..ROUNDS {
        cell::spread(&mut cells);
        let program = program::write(&cells, checks, &refused);
        let (binary, place) = match workshop.compile(&program)? {
            build::Compiled::Program(binary, place) => (binary, place),
            build::Compiled::Refused(found) => {
                take_out(&mut cells, &mut refused, found);
                continue;
            }
        };
        let ran = run::run(&binary, place.path(), folder, patience)?;
        values = ran.values;
        match ran.failed {
            None => break,
            Some((place, message)) => {
                let message = program.placed(&message);
                match cells.get_mut(place) {
                    Some(cell) => cell.state = Some(CellState::Failed(message)),
                    None => break,
                }
            }
        }
    }
    Ok(summary(cells, checks, &values))
}

fn code_cells(notebook: &Notebook) -> Vec<CodeCell> {
    let code = notebook.cells().iter().enumerate().filter(|(_, cell)| cell.is_code());
    code.map(|(index, cell)| CodeCell {
        index,
        grade_id: cell.grade_id(),
        source: cell.source(),
        execution_count: None,
    })
    .collect()
}

/// Takes out the first cell that is wrong, and all others that are wrong by themselves.
fn take_out(cells: &mut [Cell], refused: &mut Vec<(usize, String)>, mut found: build::Refusal) {
    refused.append(&mut found.probes);
    for (place, mistake) in found.cells {
        let Some(cell) = cells.get_mut(place) else { continue };
        if cell.state.is_none() {
            cell.state = Some(CellState::Wrong(mistake));
        }
        // Others may be wrong only because of the first, which is known when it is out.
        cell::spread(cells);
    }
}

fn summary(cells: Vec<Cell>, checks: &PublicChecks, values: &BTreeMap<(usize, String), Evidence>) -> Preview {
    let questions = checks.questions.iter().enumerate().map(|(k, question)| {
        let own = |c: &Cell| c.code.grade_id.as_ref().is_some_and(|id| question.cells.contains(id));
        let held_up = cells.iter().position(|c| own(c) && c.state.is_some());
        QuestionPreview {
            title: question.title.clone(),
            findings: question.find(|name| values.get(&(k, name.to_owned()))),
            held_up,
        }
    });
    let questions = questions.collect();
    let state = |c: Cell| (c.code.index + 1, c.code.grade_id, c.state.unwrap_or(CellState::Ran));
    Preview { questions, cells: cells.into_iter().map(state).collect() }
}
