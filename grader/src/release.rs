//! Solution notebook → student notebook: blanks for answers, no outputs, nbgrader metadata with checksums.
//! Used by `grader release`; invariant: no line of an answer region and no mark of one leaves the house.

use std::fmt;

use serde_json::{Map, Value};

use crate::notebook::{Cell, CellKind, Nbgrader, Notebook, SCHEMA_VERSION, rule_violations};

/// Stands in an answer region without `// BLANK:` lines. `____` is no name, so the cell fails until it is filled in.
pub const DEFAULT_BLANK: [&str; 2] = ["// YOUR CODE HERE", "____;"];
/// Stands in a written answer.
pub const DEFAULT_ANSWER: &str = "*Your answer here*";

const BEGIN: &str = "BEGIN SOLUTION";
const END: &str = "END SOLUTION";
const BLANK: &str = "BLANK:";
/// Marks of nbgrader's that mean "not for students" and that this release does not take out.
const UNSUPPORTED: [&str; 2] = ["BEGIN HIDDEN TESTS", "BEGIN MARK SCHEME"];

/// A solution notebook that cannot be released as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseError {
    /// Cell from 1, if one cell is to blame.
    pub cell: Option<usize>,
    /// Its `grade_id`, if it has one.
    pub grade_id: Option<String>,
    /// Line in the cell from 1, if one line is to blame.
    pub line: Option<usize>,
    /// What is wrong and what would make it right.
    pub message: String,
}

impl fmt::Display for ReleaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(cell) = self.cell {
            write!(f, "cell {cell}")?;
            if let Some(grade_id) = &self.grade_id {
                write!(f, " (`{grade_id}`)")?;
            }
            if let Some(line) = self.line {
                write!(f, ", line {line}")?;
            }
            write!(f, ": ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for ReleaseError {}

/// Makes the student's notebook of the assignment called `assignment`.
///
/// - Code between `// BEGIN SOLUTION` and `// END SOLUTION` gives way to the lines that stand as
///   `// BLANK: <code>` right after BEGIN, or to [`DEFAULT_BLANK`]; the indent of the BEGIN line stays.
/// - A code answer without marks is replaced whole, a markdown answer (nbgrader `grade` and `solution`) by
///   [`DEFAULT_ANSWER`], as nbgrader does.
/// - Outputs go; nbgrader metadata becomes schema 3 with `checksum` and `cell_type`; cells that must stay are marked
///   so for Jupyter; the assignment's name is kept in `metadata.spikelab.assignment`.
///
/// # Errors
/// If a mark is stray, unbalanced or not alone on its line, or if a rule of nbgrader's is broken.
pub fn release(solution: &Notebook, assignment: &str) -> Result<Notebook, ReleaseError> {
    let mut released = solution.clone();
    let needs_ids = solution.minor_version() >= 5;
    for (index, cell) in released.cells_mut().iter_mut().enumerate() {
        let blame = |(line, message): (Option<usize>, String)| ReleaseError {
            cell: Some(index + 1),
            grade_id: solution.cells()[index].grade_id(),
            line,
            message,
        };
        release_cell(cell).map_err(blame)?;
        if needs_ids && cell.id().is_none() {
            let id = cell.grade_id().unwrap_or_else(|| format!("cell-{}", index + 1));
            cell.set_id(&id);
        }
    }
    released.set_assignment(assignment);
    name_the_kernel(&mut released);
    match rule_violations(&released).into_iter().next() {
        None => Ok(released),
        Some(message) => Err(ReleaseError { cell: None, grade_id: None, line: None, message }),
    }
}

type Blame = (Option<usize>, String);

fn release_cell(cell: &mut Cell) -> Result<(), Blame> {
    let source = cell.source();
    let metadata = cell.nbgrader();
    let is_answer = metadata.as_ref().is_some_and(|metadata| metadata.solution);
    match cell.kind() {
        CellKind::Code => {
            let blanked = blank_regions(&source)?;
            match (blanked, is_answer) {
                (Some((_, first)), false) => return Err((Some(first), outside_an_answer())),
                (Some((blank, _)), true) => cell.set_source(&blank),
                (None, true) => cell.set_source(&DEFAULT_BLANK.join("\n")),
                (None, false) => {}
            }
        }
        CellKind::Markdown if is_answer => {
            cell.set_source(DEFAULT_ANSWER);
            cell.drop_attachments();
        }
        CellKind::Markdown | CellKind::Raw => {}
    }
    refuse_leftovers(&cell.source())?;
    cell.clear_outputs();
    if let Some(metadata) = metadata {
        write_metadata(cell, &metadata);
    }
    Ok(())
}

fn outside_an_answer() -> String {
    "an answer region stands in a cell that is no answer; set `solution` to true and give a `grade_id` \
     in the cell's nbgrader metadata"
        .into()
}

/// Replaces every region; `None` if there is none, else the new text and the line of the first BEGIN.
fn blank_regions(source: &str) -> Result<Option<(String, usize)>, Blame> {
    let mut kept: Vec<String> = Vec::new();
    let mut first = None;
    let mut open: Option<Region> = None;
    for (number, line) in source.lines().enumerate().map(|(index, line)| (index + 1, line)) {
        let fail = |message: &str| Err((Some(number), message.to_owned()));
        match (mark(line), &mut open) {
            (Mark::Mangled, _) => {
                return fail(
                    "write `// BEGIN SOLUTION` and `// END SOLUTION` exactly so, alone on their line",
                );
            }
            (Mark::Begin, Some(region)) => {
                let begun = region.begun;
                return fail(&format!("a second BEGIN SOLUTION; end the one of line {begun} first"));
            }
            (Mark::Begin, None) => {
                first.get_or_insert(number);
                open = Some(Region::begin(number, line));
            }
            (Mark::End, None) => return fail("END SOLUTION without BEGIN SOLUTION; add or remove one"),
            (Mark::End, Some(region)) => {
                kept.append(&mut region.replacement());
                open = None;
            }
            (Mark::Blank(_), None) => {
                return fail("a BLANK line outside an answer region; put it right after BEGIN");
            }
            (Mark::Blank(_), Some(region)) if region.has_code => {
                return fail("a BLANK line after code of the answer; move it up, right after BEGIN SOLUTION");
            }
            (Mark::Blank(code), Some(region)) => region.blank.push(code.to_owned()),
            (Mark::None, Some(region)) => region.has_code = true,
            (Mark::None, None) => kept.push(line.to_owned()),
        }
    }
    if let Some(region) = open {
        return Err((
            Some(region.begun),
            "BEGIN SOLUTION without END SOLUTION; add one below the answer".into(),
        ));
    }
    let text = kept.join("\n");
    Ok(first.map(|first| (if source.ends_with('\n') { text + "\n" } else { text }, first)))
}

/// An answer region while its lines go by.
struct Region {
    begun: usize,
    indent: String,
    blank: Vec<String>,
    has_code: bool,
}

impl Region {
    fn begin(number: usize, line: &str) -> Self {
        let indent = line[..line.len() - line.trim_start().len()].to_owned();
        Self { begun: number, indent, blank: Vec::new(), has_code: false }
    }

    fn replacement(&self) -> Vec<String> {
        let indented = |line: &str| format!("{}{line}", self.indent).trim_end().to_owned();
        match self.blank.as_slice() {
            [] => DEFAULT_BLANK.iter().map(|line| indented(line)).collect(),
            lines => lines.iter().map(|line| indented(line)).collect(),
        }
    }
}

enum Mark<'a> {
    None,
    Begin,
    End,
    Blank(&'a str),
    /// Looks like a mark and is none: taken for a typing error, since it would let an answer out.
    Mangled,
}

fn mark(line: &str) -> Mark<'_> {
    let comment = line.trim().strip_prefix("//").map(str::trim_start);
    match comment {
        Some(BEGIN) => return Mark::Begin,
        Some(END) => return Mark::End,
        Some(comment) => {
            if let Some(code) = comment.strip_prefix(BLANK) {
                // One space belongs to the mark; what follows is indent of the student's line.
                return Mark::Blank(code.strip_prefix(' ').unwrap_or(code));
            }
        }
        None => {}
    }
    if holds_a_mark(line) { Mark::Mangled } else { Mark::None }
}

/// A solution's source as a student would write it: without the lines that are marks.
#[must_use]
pub fn solved(source: &str) -> String {
    source.lines().filter(|line| matches!(mark(line), Mark::None)).collect::<Vec<_>>().join("\n")
}

fn holds_a_mark(line: &str) -> bool {
    let spaced = line.to_uppercase().replace(['_', '-'], " ");
    let words = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    words.contains(BEGIN) || words.contains(END)
}

/// The last look before a cell leaves.
fn refuse_leftovers(source: &str) -> Result<(), Blame> {
    for (index, line) in source.lines().enumerate() {
        if holds_a_mark(line) {
            let message = "a mark of an answer region where none is taken out; reword or remove it";
            return Err((Some(index + 1), message.into()));
        }
        if let Some(mark) = UNSUPPORTED.iter().find(|mark| line.contains(**mark)) {
            let message =
                format!("`{mark}` is nbgrader's; tests and mark schemes belong into the rubric file");
            return Err((Some(index + 1), message));
        }
    }
    Ok(())
}

/// Brings nbgrader's metadata to schema 3, with the checksum of the cell as it is now, and locks the cell in Jupyter.
fn write_metadata(cell: &mut Cell, read: &Nbgrader) {
    let checksum = cell.compute_checksum();
    let cell_type = cell.kind().as_str();
    let metadata = cell.metadata_mut();
    let mut fields = match metadata.get_mut("nbgrader").map(Value::take) {
        Some(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    fields.retain(|key, _| {
        ["grade", "grade_id", "locked", "points", "schema_version", "solution", "task"]
            .contains(&key.as_str())
    });
    for (key, flag) in [("grade", read.grade), ("locked", read.locked), ("solution", read.solution)] {
        fields.insert(key.into(), flag.into());
    }
    fields.insert("schema_version".into(), SCHEMA_VERSION.into());
    fields.insert("cell_type".into(), cell_type.into());
    if let Some(checksum) = checksum {
        fields.insert("checksum".into(), checksum.into());
    }
    fields.sort_keys();
    metadata.insert("nbgrader".into(), fields.into());
    if read.grade || read.solution || read.locked {
        metadata.insert("deletable".into(), false.into());
    }
    if read.is_locked() {
        metadata.insert("editable".into(), false.into());
    }
}

/// nbgrader takes a notebook without a language for Python.
fn name_the_kernel(notebook: &mut Notebook) {
    let metadata = notebook.metadata_mut();
    let kernel = metadata
        .entry("kernelspec")
        .or_insert_with(|| serde_json::json!({ "display_name": "Rust", "language": "rust", "name": "rust" }));
    if let Value::Object(kernel) = kernel {
        kernel.entry("language").or_insert_with(|| "rust".into());
    }
}

/// A place where the notebook on disk is not what release would write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Cell from 1; `None` for the notebook's own metadata or the number of cells.
    pub cell: Option<usize>,
    /// Its `grade_id`, if it has one.
    pub grade_id: Option<String>,
    /// What differs.
    pub what: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.cell, &self.grade_id) {
            (Some(cell), Some(grade_id)) => write!(f, "cell {cell} (`{grade_id}`): {}", self.what),
            (Some(cell), None) => write!(f, "cell {cell}: {}", self.what),
            (None, _) => f.write_str(&self.what),
        }
    }
}

/// Compares what release yields with the notebook on disk; empty if that one is up to date.
///
/// Outputs, run counts and cell ids do not count, so a released notebook that was opened and run is still the same.
#[must_use]
pub fn check(released: &Notebook, on_disk: &Notebook) -> Vec<Difference> {
    let mut differences = Vec::new();
    let (wanted, found) = (released.cells(), on_disk.cells());
    for (index, (wanted, found)) in wanted.iter().zip(found).enumerate() {
        if let Some(what) = cell_difference(wanted, found) {
            differences.push(Difference { cell: Some(index + 1), grade_id: wanted.grade_id(), what });
        }
    }
    if wanted.len() != found.len() {
        let what = format!("{} cells on disk, {} expected", found.len(), wanted.len());
        differences.push(Difference { cell: None, grade_id: None, what });
    }
    if released.assignment() != on_disk.assignment() {
        let what = format!(
            "the assignment on disk is `{}`, expected `{}`",
            on_disk.assignment().unwrap_or(""),
            released.assignment().unwrap_or("")
        );
        differences.push(Difference { cell: None, grade_id: None, what });
    }
    if released.public_checks() != on_disk.public_checks() {
        let what = "its public checks are not those of the rubric and the expected values".to_owned();
        differences.push(Difference { cell: None, grade_id: None, what });
    }
    differences
}

fn cell_difference(wanted: &Cell, found: &Cell) -> Option<String> {
    if wanted.kind() != found.kind() {
        return Some(format!("is {}, expected {}", found.kind().as_str(), wanted.kind().as_str()));
    }
    let (expected, actual) = (wanted.source(), found.source());
    if expected != actual {
        let same = expected.lines().zip(actual.lines()).take_while(|(a, b)| a == b).count();
        let line = |text: &str| {
            text.lines().nth(same).map_or("no line".to_owned(), |line| format!("`{}`", line.trim()))
        };
        return Some(format!("line {} is {}, expected {}", same + 1, line(&actual), line(&expected)));
    }
    let nbgrader = |cell: &Cell| cell.metadata().and_then(|metadata| metadata.get("nbgrader").cloned());
    (nbgrader(wanted) != nbgrader(found)).then(|| "its nbgrader metadata differs".to_owned())
}

#[cfg(test)]
#[path = "release_tests.rs"]
mod tests;
