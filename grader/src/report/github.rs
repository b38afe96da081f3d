//! Annotations of GitHub Actions: what could not be graded and what lost points, at the cell in the notebook's file.
//! Ten of a kind are shown by GitHub for each step, so the worst come first and the rest is counted.

use std::path::Path;

use super::points;
use super::terminal::reason;
use crate::files;
use crate::outcome::{CellStatus, GradingStatus, SubmissionReport, Verdict};
use crate::text;

/// GitHub shows so many of a kind for each step.
const SHOWN: usize = 10;
/// In larger notebooks no line is looked for.
const NOTEBOOK: u64 = 8 << 20;

/// Collects annotations, one submission after the other.
#[derive(Debug, Default)]
pub struct Annotations {
    errors: Vec<String>,
    /// With the share of points, the worst first.
    warnings: Vec<(f64, String)>,
}

impl Annotations {
    /// Looks at one submission; with full marks it needs no annotation. Below `least` percent it is an error.
    pub fn add(&mut self, report: &SubmissionReport, least: Option<f64>) {
        let who = if report.assignment.is_empty() {
            report.student.clone()
        } else {
            format!("{} · {}", report.student, report.assignment)
        };
        if let GradingStatus::NotGraded(why) = &report.status {
            self.errors.push(command("error", &report.file, None, &format!("{who}: not graded"), why));
            return;
        }
        let (earned, possible) = (report.earned(), report.points());
        if earned >= possible {
            return;
        }
        let share = if possible > 0.0 { earned / possible } else { 0.0 };
        let title = format!("{who}: {} of {}", points(earned), points(possible));
        let is_error = least.is_some_and(|least| 100.0 * share < least);
        let kind = if is_error { "error" } else { "warning" };
        let line = cell(report).and_then(|id| line_of(Path::new(&report.file), &id));
        let text = command(kind, &report.file, line, &title, &reason(report));
        if is_error { self.errors.push(text) } else { self.warnings.push((share, text)) }
    }

    /// The lines for standard output.
    #[must_use]
    pub fn lines(mut self) -> Vec<String> {
        self.warnings.sort_by(|a, b| a.0.total_cmp(&b.0));
        let warnings: Vec<String> = self.warnings.into_iter().map(|(_, text)| text).collect();
        let mut lines = Vec::new();
        for (list, what) in [(self.errors, "errors"), (warnings, "warnings")] {
            let more = list.len().saturating_sub(SHOWN);
            lines.extend(list.into_iter().take(SHOWN));
            if more > 0 {
                lines.push(format!("::notice::{more} more {what} are in the summary"));
            }
        }
        lines
    }
}

/// The cell to look at: the first that failed, or that of the first question with a wrong check.
fn cell(report: &SubmissionReport) -> Option<String> {
    let failed = report.cells.iter().find(|c| c.status != CellStatus::Ok);
    let wrong = || report.questions.iter().find(|q| q.checks.iter().any(|c| c.verdict != Verdict::Correct));
    failed.map_or_else(|| wrong().map(|q| q.id.clone()), |c| c.grade_id.clone())
}

/// The line of the notebook's file on which a cell has its id.
fn line_of(file: &Path, grade_id: &str) -> Option<usize> {
    let bytes = files::read_regular(file, NOTEBOOK).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let id = serde_json::to_string(grade_id).ok()?;
    text.lines().position(|line| line.contains("\"grade_id\"") && line.contains(&id)).map(|k| k + 1)
}

fn command(kind: &str, file: &str, line: Option<usize>, title: &str, message: &str) -> String {
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    let line = line.map_or_else(String::new, |n| format!(",line={n}"));
    let title = text::line(title, 120);
    format!(
        "::{kind} file={}{line},title={}::{}",
        property(file),
        property(&title),
        data(&text::line(message, 400))
    )
}

/// Text as a workflow command takes it.
fn data(text: &str) -> String {
    text::visible(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use super::*;

    #[test]
    fn an_annotation_names_file_line_and_reason() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a,b.ipynb");
        std::fs::write(&file, "{\n \"nbgrader\": {\n  \"grade_id\": \"q\"\n }\n}").unwrap();
        let mut one = report("anna", "exercise1");
        one.file = file.display().to_string();
        one.cells[0].message = Some("50% wrong\n::error::forged".into());
        let mut all = Annotations::default();
        all.add(&one, None);
        one.student = "a\n::error::forged".into();
        one.status = GradingStatus::NotGraded("no\n::error::forged".into());
        all.add(&one, None);
        let lines = all.lines();
        assert!(
            lines[1].starts_with("::warning file=") && lines[1].contains("a%2Cb.ipynb,line=3,"),
            "{lines:?}"
        );
        assert!(
            lines[1].ends_with("title=anna · exercise1%3A 0.5 of 2::cell 1 panicked: 50%25 wrong"),
            "{lines:?}"
        );
        assert!(lines[0].starts_with("::error file="), "{lines:?}");
        assert!(lines.iter().all(|l| l.lines().count() == 1), "{lines:?}");
    }

    #[test]
    fn the_worst_ten_are_shown_and_the_rest_counted() {
        let mut all = Annotations::default();
        for k in 0..30 {
            let mut one = report(&format!("s{k}"), "e");
            one.questions[0].earned = f64::from(k % 4) / 2.0;
            all.add(&one, Some(50.0));
        }
        let lines = all.lines();
        let count = |kind: &str| lines.iter().filter(|l| l.starts_with(kind)).count();
        assert_eq!((count("::error"), count("::warning"), count("::notice")), (10, 10, 2), "{lines:?}");
        assert!(lines.iter().any(|l| l == "::notice::6 more errors are in the summary"), "{lines:?}");
    }
}
