//! `grades.csv`: one line a submission, in the columns of nbgrader's export and one more for each question.
//! Spreadsheets run cells that begin like formulas; such texts get an apostrophe in front.

use std::collections::BTreeSet;

use super::points;
use crate::outcome::{GradingStatus, SubmissionReport};
use crate::{Error, Result};

pub(super) fn csv(reports: &[SubmissionReport]) -> Result<Vec<u8>> {
    let questions: BTreeSet<&str> =
        reports.iter().flat_map(|r| r.questions.iter().map(|q| q.id.as_str())).collect();
    let mut out = csv::Writer::from_writer(Vec::new());
    let failed = |e: csv::Error| Error::new(format!("grades.csv: {e}"), "");
    let head = ["assignment", "student_id", "score", "max_score", "status", "reason", "file"];
    out.write_record(head.into_iter().chain(questions.iter().copied())).map_err(failed)?;
    for r in reports {
        let (score, most, status, reason) = match &r.status {
            GradingStatus::Graded => (points(r.earned()), points(r.points()), "graded", ""),
            // No score, so that nobody takes it for a zero.
            GradingStatus::NotGraded(why) => (String::new(), String::new(), "not graded", why.as_str()),
        };
        let mut row = vec![harmless(&r.assignment), harmless(&r.student), score, most, status.to_owned()];
        row.extend([harmless(reason), harmless(&r.file)]);
        let earned = |id: &str| r.questions.iter().find(|q| q.id == id).map(|q| points(q.earned));
        row.extend(questions.iter().map(|id| earned(id).unwrap_or_default()));
        out.write_record(row).map_err(failed)?;
    }
    out.into_inner().map_err(|e| Error::new(format!("grades.csv: {e}"), ""))
}

fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use super::*;

    #[test]
    fn formulas_are_disarmed_and_failures_have_no_score() {
        let mut broken = report("=cmd()", "e1");
        broken.status = GradingStatus::NotGraded("not a notebook, sorry".into());
        broken.questions.clear();
        let text = String::from_utf8(csv(&[report("a", "e1"), broken]).unwrap()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "assignment,student_id,score,max_score,status,reason,file,q");
        assert!(lines[1].starts_with("e1,a,0.5,2,graded,,"), "{}", lines[1]);
        assert!(lines[2].starts_with("e1,'=cmd(),,,not graded,\"not a notebook, sorry\","), "{}", lines[2]);
    }
}
