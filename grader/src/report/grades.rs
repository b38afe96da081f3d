//! `grades.csv`: one line a submission, in the columns of nbgrader's export and one more for each question.
//! Spreadsheets run cells that begin like formulas; such texts get an apostrophe in front.

use std::io::Write;

use super::points;
use crate::outcome::{GradingStatus, SubmissionReport};
use crate::{Error, Result, text};

/// The table while it is written.
pub(super) struct Table<W: Write> {
    out: csv::Writer<W>,
    questions: Vec<String>,
}

impl<W: Write> Table<W> {
    /// Writes the head; one column for each question.
    pub(super) fn begin(to: W, questions: Vec<String>) -> Result<Self> {
        let mut out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(to);
        let head = ["assignment", "student_id", "score", "max_score", "status", "reason", "file", "by_hand"];
        let late = ["raw_score", "late_submission_penalty", "timestamp"];
        let columns = questions.iter().map(|q| harmless(q));
        out.write_record(head.into_iter().chain(late).map(str::to_owned).chain(columns))
            .map_err(|e| failed(&e))?;
        Ok(Self { out, questions })
    }

    /// Adds the line of one submission.
    pub(super) fn add(&mut self, r: &SubmissionReport) -> Result<()> {
        let (score, most, status, reason) = match &r.status {
            GradingStatus::Graded => (points(r.earned()), points(r.points()), "graded", ""),
            // No score, so that nobody takes it for a zero.
            GradingStatus::NotGraded(why) => (String::new(), String::new(), "not graded", why.as_str()),
        };
        let by_hand: Vec<&str> =
            r.questions.iter().filter(|q| q.manual.is_some()).map(|q| q.id.as_str()).collect();
        let mut row = vec![harmless(&r.assignment), harmless(&r.student), score, most, status.to_owned()];
        row.extend([harmless(reason), harmless(&r.file), harmless(&by_hand.join(" "))]);
        let late = r.late.as_ref().filter(|_| r.status == GradingStatus::Graded);
        let raw = if r.status == GradingStatus::Graded { points(r.raw()) } else { String::new() };
        row.extend([raw, late.map(|l| points(l.points)).unwrap_or_default()]);
        row.push(late.and_then(|l| l.handed_in).map(|at| at.to_string()).unwrap_or_default());
        let earned = |id: &String| r.questions.iter().find(|q| q.id == *id).map(|q| points(q.earned));
        row.extend(self.questions.iter().map(|id| earned(id).unwrap_or_default()));
        self.out.write_record(row).map_err(|e| failed(&e))
    }

    /// Writes what is still held back.
    pub(super) fn end(mut self) -> Result<()> {
        self.out.flush().map_err(|e| failed(&e))
    }
}

fn failed(e: &dyn std::fmt::Display) -> Error {
    Error::new(
        format!("cannot write grades.csv: {e}"),
        "is the disk full? The marks are safe in the gradebook",
    )
}

/// Text that no spreadsheet takes for a formula, whatever width its first letter has.
fn harmless(text: &str) -> String {
    let clean = text::one_line(text);
    let first = clean.trim_start().chars().next();
    let is_formula =
        |c: char| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '﹦' | '﹢' | '﹣' | '﹫');
    // Tabs and line ends at the start lead spreadsheets to the same; they are shown as `\t` and `\n` by now.
    if first.is_some_and(is_formula) || text.starts_with(['\t', '\r', '\n']) {
        format!("'{clean}")
    } else {
        clean
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use super::*;

    fn csv(reports: &[SubmissionReport]) -> String {
        let mut out = Vec::new();
        let mut table = Table::begin(&mut out, vec!["q".to_owned()]).unwrap();
        reports.iter().for_each(|r| table.add(r).unwrap());
        table.end().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn formulas_are_disarmed_and_failures_have_no_score() {
        let mut broken = report("=cmd()", "e1");
        broken.status = GradingStatus::NotGraded("not a notebook, sorry".into());
        broken.questions.clear();
        let text = csv(&[report("a", "e1"), broken]);
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!(
            lines[0],
            "assignment,student_id,score,max_score,status,reason,file,by_hand,raw_score,late_submission_penalty,timestamp,q"
        );
        assert!(lines[1].starts_with("e1,a,0.5,2,graded,,"), "{}", lines[1]);
        assert!(lines[2].starts_with("e1,'=cmd(),,,not graded,\"not a notebook, sorry\","), "{}", lines[2]);
    }

    #[test]
    fn no_cell_can_become_a_formula_or_another_line() {
        for evil in ["=1", "+1", "-1", "@a", "\t=1", "\r=1", "\n=1", " =1", "＝1", "＋1", "－1", "＠a"] {
            assert!(harmless(evil).starts_with('\''), "{evil:?}");
        }
        let text = csv(&[report("two\r\nlines, \"quoted\"", "e1")]);
        let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(std::result::Result::unwrap).collect();
        assert_eq!(rows.len(), 1);
        assert_eq!(&rows[0][1], "two\\nlines, \"quoted\"");
        assert_eq!(&rows[0][2], "0.5", "numbers stay numbers");
    }
}
