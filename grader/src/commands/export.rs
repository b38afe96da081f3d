//! `grader export`: the marks that stand, in the form that another program reads.
//! What has no marks is told and never becomes a zero.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Outcome;
use crate::course::Course;
use crate::gradebook::{Gradebook, Line};
use crate::interchange::platform::{self, Marks, Platform};
use crate::interchange::{self, nbgrader};
use crate::kernel::Tools;
use crate::outcome::GradingStatus;
use crate::report::places;
use crate::{Error, Result, files, text};

/// Where marks go.
#[derive(Clone, Debug)]
pub enum Export {
    /// nbgrader's gradebook.
    Nbgrader(PathBuf),
    /// A learning platform's own table.
    Table {
        /// Which platform.
        platform: Platform,
        /// As it was handed out.
        table: PathBuf,
        /// The filled one.
        to: Option<PathBuf>,
        /// The exercise.
        assignment: Option<String>,
        /// The column of the marks.
        column: Option<String>,
    },
    /// `results.json`, one for each submission.
    Gradescope {
        /// The folder.
        folder: PathBuf,
        /// One exercise's submission alone, as a single file.
        only: Option<String>,
    },
    /// One list for all submissions.
    Otter(PathBuf),
}

/// Writes marks for another program.
///
/// # Errors
/// No gradebook, a table or file that cannot be read or written.
pub fn export(book: &Path, to: &Export) -> Result<Outcome> {
    let book = Gradebook::look(book)?;
    match to {
        Export::Nbgrader(file) => {
            let done = nbgrader::write(file, &book)?;
            println!("{}: {} submissions with marks", file.display(), done.graded);
            if done.waiting > 0 {
                println!("{} have no marks; nbgrader shows them as waiting for a person", done.waiting);
            }
            if done.left_out > 0 {
                println!("{} left out: a second file of a student, or an unknown exercise", done.left_out);
            }
            Ok(ended(done.left_out + done.waiting))
        }
        Export::Table { platform, table, to, assignment, column } => {
            fill(&book, *platform, table, to.as_deref(), assignment.as_deref(), column.as_deref())
        }
        Export::Gradescope { folder, only: Some(only) } => single(&book, folder, only),
        Export::Gradescope { folder, only: None } => {
            let lines = book.lines()?;
            let places = if lines.len() == 1 { vec![PathBuf::new()] } else { places(&lines) };
            for (line, place) in lines.iter().zip(places) {
                let value = interchange::gradescope(&book.report(line.grading)?);
                let place = folder.join(place);
                std::fs::create_dir_all(&place).map_err(|e| cannot(&place, &e))?;
                save(&place.join("results.json"), &value)?;
            }
            println!("{}: results.json of {} submissions", folder.display(), lines.len());
            Ok(Outcome::Done)
        }
        Export::Otter(file) => {
            let lines = book.lines()?;
            let one = |l: &Line| book.report(l.grading).map(|r| interchange::otter(&r));
            let list = lines.iter().map(one).collect::<Result<Vec<Value>>>()?;
            save(file, &Value::Array(list))?;
            println!("{}: {} submissions", file.display(), lines.len());
            Ok(Outcome::Done)
        }
    }
}

/// Writes `results.json` of the one submission to an exercise, or why there is none.
fn single(book: &Gradebook, folder: &Path, exercise: &str) -> Result<Outcome> {
    let lines = book.lines()?;
    if lines.is_empty() {
        return Err(Error::usage("the gradebook has no submission", "grade something first"));
    }
    let of = |l: &Line| book.report(l.grading);
    // A notebook that cannot be told to be of any exercise is the one to explain.
    let line = lines.iter().find(|l| l.assignment == exercise).or_else(|| lines.first());
    let report =
        line.map(of).transpose()?.filter(|r| r.assignment == exercise || r.status != GradingStatus::Graded);
    let value = report.map_or_else(
        || {
            let why = format!("There is no notebook of {exercise} in this submission. Nothing was counted.");
            serde_json::json!({"output": why, "output_format": "text", "visibility": "visible"})
        },
        |report| interchange::gradescope(&report),
    );
    std::fs::create_dir_all(folder).map_err(|e| cannot(folder, &e))?;
    save(&folder.join("results.json"), &value)?;
    println!("{}", folder.join("results.json").display());
    Ok(Outcome::Done)
}

/// Writes the zip of which Gradescope makes an autograder.
///
/// # Errors
/// An exercise that does not exist, sources that are not here, a full disk.
pub fn autograder(course: Option<&Path>, exercise: &str, file: &Path, sandbox: bool) -> Result<Outcome> {
    let course = Course::find(course)?;
    let tools = Tools::find()?;
    course.names(&[exercise.to_owned()])?;
    let count = interchange::autograder::write(file, &tools.workspace, &course, exercise, sandbox)?;
    println!("{}: an autograder of {count} files for {exercise}", file.display());
    println!("In Gradescope: a Programming Assignment, Configure Autograder, Zip file upload.");
    Ok(Outcome::Done)
}

fn ended(without: usize) -> Outcome {
    if without > 0 { Outcome::Incomplete } else { Outcome::Done }
}

fn fill(
    book: &Gradebook,
    platform: Platform,
    table: &Path,
    to: Option<&Path>,
    assignment: Option<&str>,
    column: Option<&str>,
) -> Result<Outcome> {
    let (marks, without) = marks(book, assignment)?;
    let bytes = std::fs::read(table).map_err(|e| {
        let next = match platform {
            Platform::Moodle => {
                "download it: the assignment, View all submissions, Download grading worksheet"
            }
            Platform::Canvas => "download it: Grades, Export",
        };
        Error::usage(format!("cannot read {}: {e}", table.display()), next)
    })?;
    let filled = platform::fill(platform, &bytes, &marks, column)?;
    let stem = table.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned());
    let to = to.map_or_else(|| table.with_file_name(format!("{stem}-marked.csv")), Path::to_owned);
    files::write_whole(&to, &filled.table).map_err(|e| cannot(&to, &e))?;
    println!("{}: {} of {} marks of {}", to.display(), filled.rows, marks.earned.len(), marks.assignment);
    for warning in &filled.warnings {
        println!("  note: {}", text::line(warning, 72));
    }
    for student in &filled.nowhere {
        println!("  {} is in no row of the table", text::line(student, 40));
    }
    for student in &without {
        println!("  {} has no marks, the row stays as it is", text::line(student, 40));
    }
    Ok(ended(filled.nowhere.len() + without.len()))
}

/// The marks of an exercise by student, and the students who have handed in something that could not be graded.
fn marks(book: &Gradebook, assignment: Option<&str>) -> Result<(Marks, Vec<String>)> {
    let lines = book.lines()?;
    let names: BTreeSet<&str> =
        lines.iter().map(|l| l.assignment.as_str()).filter(|n| !n.is_empty()).collect();
    let known = || names.iter().copied().collect::<Vec<_>>().join(", ");
    let name = match (assignment, names.len()) {
        (Some(name), _) if names.contains(name) => name,
        (Some(name), _) => {
            return Err(Error::usage(
                format!("the gradebook has no marks of `{name}`"),
                format!("there are {}", known()),
            ));
        }
        (None, 1) => names.first().copied().unwrap_or_default(),
        (None, 0) => return Err(Error::usage("the gradebook has no marks", "grade something first")),
        (None, _) => {
            let what = format!("the gradebook has several exercises: {}", known());
            return Err(Error::usage(what, "say which by `--assignment NAME`"));
        }
    };
    let mut marks = Marks { assignment: name.to_owned(), points: 0.0, earned: BTreeMap::new() };
    let mut without = Vec::new();
    for line in lines.iter().filter(|l| l.assignment == name && l.slot == 0) {
        let report = book.report(line.grading)?;
        if report.status == GradingStatus::Graded {
            marks.points = marks.points.max(report.points());
            marks.earned.insert(report.student.clone(), report.earned());
        } else {
            without.push(report.student);
        }
    }
    Ok((marks, without))
}

fn save(path: &Path, value: &Value) -> Result<()> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|e| cannot(path, &e))?;
    bytes.push(b'\n');
    files::write_whole(path, &bytes).map_err(|e| cannot(path, &e))
}

fn cannot(path: &Path, e: &dyn std::fmt::Display) -> Error {
    Error::new(
        format!("cannot write {}: {e}", path.display()),
        "is the folder there, yours to write, and the disk not full?",
    )
}
