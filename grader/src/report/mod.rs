//! Results for people and programs: tables, a spreadsheet, JSON of everything, a page for each student.
//! Files are written whole, so that an interrupted run leaves no half marks behind.

pub mod class;
mod diff;
mod feedback;
pub mod github;
mod grades;
pub mod junit;
pub mod markdown;
pub mod overview;
mod picture;
mod site;
mod tables;
pub mod terminal;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::files;
use crate::gradebook::{Gradebook, Line};
use crate::notebook::Notebook;
use crate::outcome::SubmissionReport;
use crate::{Error, Result};

pub use tables::json;

/// What was written, for the terminal.
#[derive(Clone, Debug)]
pub struct Written {
    /// How many submissions the gradebook holds.
    pub submissions: usize,
    /// What they did, exercise by exercise.
    pub class: Vec<class::Exercise>,
}

/// Writes `grades.csv`, `grades.json`, the page of the class and the feedback pages of all that the gradebook holds, one after the other;
/// `released` holds the blank notebooks by name.
///
/// # Errors
/// A file that cannot be written, a damaged gradebook.
pub fn write_all(out: &Path, book: &Gradebook, released: &BTreeMap<String, Notebook>) -> Result<Written> {
    let lines = book.lines()?;
    let places = places(&lines);
    let (class, entries) = tables::write(out, book, &lines, &places)?;
    write(&out.join("index.html"), site::page(&class, &entries)?.as_bytes())?;
    let next = AtomicUsize::new(0);
    let failure = Mutex::new(None);
    // Drawing is what takes the time, so it is done on all cores.
    let draw = || {
        while let Some(k) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|k| *k < lines.len()) {
            let written = book.report(lines[k].grading).and_then(|report| {
                let page = feedback::page(&report, released.get(&report.assignment))?;
                write(&out.join(&places[k]).join("feedback.html"), page.as_bytes())
            });
            if let Err(e) = written {
                next.store(lines.len(), Ordering::Relaxed);
                if let Ok(mut failure) = failure.lock() {
                    *failure = Some(e);
                }
            }
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(draw);
        }
    });
    match failure.into_inner() {
        Ok(Some(e)) => Err(e),
        _ => Ok(Written { submissions: lines.len(), class }),
    }
}

/// The folder of each page: the student, and the exercise below if the student has several.
pub(crate) fn places(lines: &[Line]) -> Vec<PathBuf> {
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    lines.iter().for_each(|l| *count.entry(&l.student).or_default() += 1);
    // A student may be called like one of our own files.
    let ours = ["index.html", "grades.csv", "grades.json", "gradebook.db", "gradebook.db.lock"];
    let mut taken: BTreeSet<_> = ours.iter().map(|name| files::folded(Path::new(name))).collect();
    lines
        .iter()
        .map(|l| {
            let mut place = PathBuf::from(files::safe_name(&l.student));
            if count.get(l.student.as_str()).is_some_and(|n| *n > 1) {
                let name = if l.assignment.is_empty() { "unknown" } else { &l.assignment };
                place.push(files::safe_name(name));
            }
            // Two files for one exercise, or names that differ only in what some file system does not tell apart.
            let mut free = place.clone();
            let mut k = 2;
            while !taken.insert(files::folded(&free)) {
                free = PathBuf::from(format!("{}-{k}", place.display()));
                k += 1;
            }
            free
        })
        .collect()
}

/// The class's page with other addresses behind the names, from the gradebook as it is now.
pub(crate) fn class_page(book: &Gradebook, address: impl Fn(&Line) -> String) -> Result<String> {
    let mut class = class::Class::default();
    let mut entries = Vec::new();
    for line in book.lines()? {
        let report = book.report(line.grading)?;
        class.add(&report);
        entries.push(site::Entry::of(&report, address(&line)));
    }
    site::page(&class.finished(), &entries)
}

/// The page that a student gets back.
pub(crate) fn feedback_page(report: &SubmissionReport, released: Option<&Notebook>) -> Result<String> {
    feedback::page(report, released)
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    path.parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| files::write_if_new(path, bytes))
        .map_err(|e| cannot_write(path, &e))
}

fn cannot_write(path: &Path, e: &dyn std::fmt::Display) -> Error {
    let next = "make room or name another folder by `--out DIR`; the marks are safe in the gradebook";
    Error::new(format!("cannot write {}: {e}", path.display()), next)
}

/// Points as people write them.
pub(crate) fn points(x: f64) -> String {
    let text = format!("{x:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::gradebook::tests::{book, grading};
    use crate::outcome::{
        CellOutcome, CellStatus, CheckResult, GradingStatus, Isolation, QuestionResult, Verdict,
    };

    /// A report in which every text is hostile.
    pub(crate) fn report(student: &str, assignment: &str) -> SubmissionReport {
        let evil = "<script>alert(1)</script>";
        let check = CheckResult {
            id: "c".into(),
            title: evil.into(),
            points: 2.0,
            earned: 0.5,
            verdict: Verdict::Differs,
            message: evil.into(),
            hint: Some(evil.into()),
            measures: [(evil.to_owned(), 1.5)].into(),
            plot: None,
        };
        let question = QuestionResult {
            id: "q".into(),
            title: evil.into(),
            points: 2.0,
            earned: 0.5,
            checks: vec![check],
            cause: Some(evil.into()),
            manual: None,
            mistake: None,
            comments: Vec::new(),
        };
        let cell = CellOutcome {
            index: 0,
            grade_id: Some("q".into()),
            source: format!("let x = \"{evil}\";"),
            status: CellStatus::Panicked,
            seconds: 0.25,
            message: Some(evil.into()),
            output: String::new(),
        };
        SubmissionReport {
            student: student.into(),
            assignment: assignment.into(),
            file: evil.into(),
            status: GradingStatus::Graded,
            questions: vec![question],
            cells: vec![cell],
            remarks: vec![evil.into()],
            seconds: 1.0,
            sandbox: Isolation::None,
            late: None,
            comments: Vec::new(),
            attempt: 1,
        }
    }

    fn line(student: &str, assignment: &str) -> Line {
        Line { grading: 1, student: student.into(), assignment: assignment.into(), slot: 0 }
    }

    #[test]
    fn every_report_has_a_place_of_its_own() {
        let list = [
            line("a/b", "e1"),
            line("a/b", "e2"),
            line("c", "e1"),
            line("a_b", "e1"),
            line("C/..", ""),
            line("C", "e1"),
            line("index.html", "e1"),
            line("e\u{301}", "e1"),
            line("\u{e9}", "e1"),
        ];
        let places = places(&list);
        assert_eq!(places[2], PathBuf::from("c"));
        assert_eq!(places[6], PathBuf::from("index.html-2"));
        let folded: BTreeSet<_> = places.iter().map(|p| files::folded(p)).collect();
        assert_eq!(folded.len(), list.len(), "{places:?}");
        assert!(places.iter().all(|p| !p.to_string_lossy().contains("..")), "{places:?}");
    }

    #[test]
    fn everything_is_written() {
        let (folder, book) = book();
        let run = book.begin("grade", 1).unwrap();
        book.add_grading(run, &grading("a", "e1", "n", 0.5)).unwrap();
        let out = folder.path().join("out");
        std::fs::create_dir(&out).unwrap();
        let written = write_all(&out, &book, &BTreeMap::new()).unwrap();
        assert_eq!((written.submissions, written.class[0].graded), (1, 1));
        for file in ["grades.csv", "grades.json", "index.html", "a/feedback.html"] {
            assert!(out.join(file).exists(), "{file}");
        }
        let json = std::fs::read(out.join("grades.json")).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        let back: Vec<SubmissionReport> = serde_json::from_value(json["submissions"].clone()).unwrap();
        assert_eq!(back[0].earned(), 0.5);
        assert_eq!(json["class"][0]["questions"][0]["checks"][0]["differs"], 1);
    }
}
