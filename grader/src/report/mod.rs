//! Results for people and programs: a table, a spreadsheet, JSON of everything, and a page for each student.
//! Files are written whole, so that an interrupted run leaves no half marks behind.

mod diff;
mod feedback;
mod grades;
mod picture;
pub mod terminal;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::notebook::Notebook;
use crate::outcome::SubmissionReport;
use crate::{Error, Result, files};

/// Writes `grades.csv`, `grades.json` and the feedback pages; `released` holds the blank notebooks by name.
///
/// # Errors
/// A file that cannot be written.
pub fn write_all(
    out: &Path,
    reports: &[SubmissionReport],
    released: &BTreeMap<String, Notebook>,
) -> Result<()> {
    write(&out.join("grades.csv"), &grades::csv(reports)?)?;
    let json = serde_json::to_vec_pretty(reports).map_err(|e| Error::new(format!("grades.json: {e}"), ""))?;
    write(&out.join("grades.json"), &json)?;
    for (report, place) in reports.iter().zip(places(reports)) {
        let page = feedback::page(report, released.get(&report.assignment))?;
        write(&out.join(place).join("feedback.html"), page.as_bytes())?;
    }
    Ok(())
}

/// The folder of each page: the student, and the exercise below if the student has several.
fn places(reports: &[SubmissionReport]) -> Vec<PathBuf> {
    let count = |r: &SubmissionReport| reports.iter().filter(|o| o.student == r.student).count();
    let mut taken = BTreeSet::new();
    reports
        .iter()
        .map(|r| {
            let mut place = PathBuf::from(files::safe_name(&r.student));
            if count(r) > 1 {
                let name = if r.assignment.is_empty() { "unknown" } else { &r.assignment };
                place.push(files::safe_name(name));
            }
            // Two files for one exercise, or names that differ only in what a file system forbids.
            let mut free = place.clone();
            let mut k = 2;
            while !taken.insert(free.clone()) {
                free = PathBuf::from(format!("{}-{k}", place.display()));
                k += 1;
            }
            free
        })
        .collect()
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    path.parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| files::write_whole(path, bytes))
        .map_err(|e| {
            Error::new(format!("cannot write {}: {e}", path.display()), "name another folder by `--out DIR`")
        })
}

/// Points as people write them.
fn points(x: f64) -> String {
    let text = format!("{x:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{CellOutcome, CellStatus, CheckResult, GradingStatus, QuestionResult, Verdict};

    /// A report in which every text is hostile.
    pub(super) fn report(student: &str, assignment: &str) -> SubmissionReport {
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
        };
        let cell = CellOutcome {
            index: 0,
            grade_id: Some("q".into()),
            source: format!("let x = \"{evil}\";"),
            status: CellStatus::Panicked,
            seconds: 0.25,
            message: Some(evil.into()),
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
        }
    }

    #[test]
    fn every_report_has_a_place_of_its_own() {
        let list = [
            report("a/b", "e1"),
            report("a/b", "e2"),
            report("c", "e1"),
            report("a_b", "e1"),
            report("C/..", ""),
        ];
        let places = places(&list);
        assert_eq!(places[2], PathBuf::from("c"));
        assert_eq!(places.iter().collect::<BTreeSet<_>>().len(), 5, "{places:?}");
        assert!(places.iter().all(|p| !p.to_string_lossy().contains("..")), "{places:?}");
    }

    #[test]
    fn everything_is_written() {
        let out = tempfile::tempdir().unwrap();
        write_all(out.path(), &[report("a", "e1")], &BTreeMap::new()).unwrap();
        for file in ["grades.csv", "grades.json", "a/feedback.html"] {
            assert!(out.path().join(file).exists(), "{file}");
        }
        let json = std::fs::read(out.path().join("grades.json")).unwrap();
        let back: Vec<SubmissionReport> = serde_json::from_slice(&json).unwrap();
        assert_eq!(back[0].earned(), 0.5);
    }
}
