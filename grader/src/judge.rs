//! Marks one submission: every check of every question, with what it earned and why.
//! What is missing is explained by the cell that should have made it.

use crate::compare::compare;
use crate::course::{CheckSpec, Expected, Question, Rubric};
use crate::outcome::{CellOutcome, CellStatus, CheckResult, QuestionResult, Transcript, Verdict};

/// The results of all questions in the order of the rubric.
#[must_use]
pub fn judge(rubric: &Rubric, expected: &Expected, transcript: &Transcript) -> Vec<QuestionResult> {
    rubric.questions.iter().map(|question| mark(question, expected, transcript)).collect()
}

fn mark(question: &Question, expected: &Expected, transcript: &Transcript) -> QuestionResult {
    let cause = cause(question, transcript);
    let checks: Vec<CheckResult> = question
        .checks
        .iter()
        .map(|check| one(question, check, expected, transcript, cause.as_deref()))
        .collect();
    let earned = rounded(checks.iter().map(|c| c.earned).sum::<f64>()).min(question.points);
    QuestionResult {
        id: question.id.clone(),
        title: question.title.clone(),
        points: question.points,
        earned,
        // A value that is there and wrong has no cell to blame.
        cause: cause.filter(|_| checks.iter().any(|c| c.verdict == Verdict::NoEvidence)),
        checks,
        manual: None,
    }
}

fn one(
    question: &Question,
    check: &CheckSpec,
    expected: &Expected,
    transcript: &Transcript,
    cause: Option<&str>,
) -> CheckResult {
    let title = if check.title().is_empty() { own_title(check) } else { check.title().to_owned() };
    let mut result = CheckResult {
        id: check.id().to_owned(),
        title,
        points: check.points(),
        earned: 0.0,
        verdict: Verdict::NoEvidence,
        message: String::new(),
        hint: None,
        measures: std::collections::BTreeMap::new(),
        plot: None,
    };
    let got = transcript.evidence.get(&question.id).and_then(|values| values.get(check.variable()));
    match (expected.get(&question.id, check.variable()), got) {
        (Some(ours), Some(theirs)) => {
            let comparison = compare(check, ours, theirs);
            result.earned = rounded(check.points() * comparison.fraction.clamp(0.0, 1.0));
            result.verdict = if comparison.fraction >= 1.0 { Verdict::Correct } else { Verdict::Differs };
            result.message = comparison.message;
            result.measures = comparison.measures;
            result.plot = comparison.plot;
        }
        (_, None) => {
            let why =
                cause.and_then(|c| c.lines().next()).map(|line| format!(": {line}")).unwrap_or_default();
            result.message = format!("there is no `{}` after this question's cell{why}", check.variable());
        }
        (None, Some(_)) => {
            result.message = format!("the reference has no `{}`; run `grader expect`", check.variable());
        }
    }
    if result.earned < check.points() {
        result.hint = check.hint().or(question.hint.as_deref()).map(str::to_owned);
    }
    result
}

fn own_title(check: &CheckSpec) -> String {
    let what = match check {
        CheckSpec::Spikes(_) => "spikes recorded by",
        CheckSpec::Trace(_) => "the trace in",
        CheckSpec::Number(_) => "the value of",
        CheckSpec::Array(_) => "the values in",
        CheckSpec::Connectivity(_) => "the connections of",
        CheckSpec::Figure(_) => "what is drawn in",
        CheckSpec::Group(_) => "the neurons of",
        CheckSpec::Choice(_) => "the answer in",
    };
    format!("{what} {}", check.variable())
}

/// Why the question's variables may be missing: its own failing cell, or else the first one before it.
fn cause(question: &Question, transcript: &Transcript) -> Option<String> {
    let is_own = |c: &&CellOutcome| c.grade_id.as_ref().is_some_and(|id| question.cells.contains(id));
    let failed = |c: &&CellOutcome| c.status != CellStatus::Ok;
    let own = transcript.cells.iter().filter(is_own).find(failed);
    let last = transcript.cells.iter().rposition(|c| is_own(&c));
    let earlier = || transcript.cells[..last.unwrap_or(transcript.cells.len())].iter().find(failed);
    own.or_else(earlier).map(|cell| {
        let what = match cell.status {
            CellStatus::Ok => "ran",
            CellStatus::CompileError => "does not compile",
            CellStatus::Panicked => "panicked",
            CellStatus::ReturnedError => "ended with an error",
            CellStatus::TimedOut => "took too long",
            CellStatus::OverLimit => "went over a limit",
            CellStatus::Died => "ended the process",
            CellStatus::Refused | CellStatus::NotRun => "was not run",
        };
        let message = cell.message.as_deref().unwrap_or_default();
        format!("cell {} {what}\n{message}", cell.index + 1)
    })
}

/// Marks without the dust of binary fractions.
fn rounded(points: f64) -> f64 {
    (points * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use spikelab::evidence::Evidence;

    use super::*;

    fn rubric() -> Rubric {
        let text = "
assignment: e
title: E
questions:
  - id: q
    title: Q
    points: 3
    hint: think
    checks:
      - number: {variable: x, points: 1}
      - choice: {variable: answer, points: 2, answer: b, hint: read}
";
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Rubric::load(file.path()).unwrap()
    }

    fn transcript(values: &[(&str, Evidence)]) -> Transcript {
        let cell = CellOutcome {
            index: 4,
            grade_id: Some("q".into()),
            source: String::new(),
            status: CellStatus::Panicked,
            seconds: 0.1,
            message: Some("index out of bounds".into()),
        };
        let values = values.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect();
        Transcript { cells: vec![cell], evidence: [("q".to_owned(), values)].into(), ..Transcript::default() }
    }

    #[test]
    fn each_check_earns_its_own_points() {
        let x = Evidence::Number { value: 1.0, dimension: "1".into() };
        let answer = Evidence::Text { value: "b".into() };
        let expected = Expected::new(
            "e",
            [("q".to_owned(), [("x".to_owned(), x.clone()), ("answer".to_owned(), answer)].into())].into(),
        );
        let results = judge(&rubric(), &expected, &transcript(&[("x", x)]));
        let question = &results[0];
        assert_eq!((question.earned, question.points), (1.0, 3.0));
        assert_eq!(question.checks[0].verdict, Verdict::Correct);
        assert_eq!(question.checks[0].hint, None);
        let missing = &question.checks[1];
        assert_eq!(missing.verdict, Verdict::NoEvidence);
        assert_eq!(missing.message, "there is no `answer` after this question's cell: cell 5 panicked");
        assert_eq!(missing.hint.as_deref(), Some("read"));
        assert_eq!(question.cause.as_deref(), Some("cell 5 panicked\nindex out of bounds"));
    }
}
