//! Marks one submission: every check of every question, with what it earned and why.
//! What is missing is explained by the cell that should have made it.

use std::collections::BTreeMap;

use spikelab::evidence::{Evidence, Models};

use crate::compare::compare;
use crate::course::{CheckSpec, Expected, Model, Question, Reproduces, Rubric, Undescribed};
use crate::model::{self, Failure, Reproduced};
use crate::outcome::{
    CellOutcome, CellStatus, CheckResult, NamedMistake, QuestionResult, Transcript, Verdict,
};

/// The results of all questions in the order of the rubric.
#[must_use]
pub fn judge(rubric: &Rubric, expected: &Expected, transcript: &Transcript) -> Vec<QuestionResult> {
    judge_others(rubric, expected, transcript, |_| None)
}

/// Likewise, but a question whose result is known, by its place in the rubric, is not judged.
pub fn judge_others(
    rubric: &Rubric,
    expected: &Expected,
    transcript: &Transcript,
    mut known: impl FnMut(usize) -> Option<QuestionResult>,
) -> Vec<QuestionResult> {
    let result = |(k, question)| known(k).unwrap_or_else(|| mark(question, expected, transcript));
    rubric.questions.iter().enumerate().map(result).collect()
}

fn mark(question: &Question, expected: &Expected, transcript: &Transcript) -> QuestionResult {
    let cause = cause(question, transcript);
    let mut checks: Vec<CheckResult> = question
        .checks
        .iter()
        .map(|check| match check.is_about_model() {
            true => blank(check),
            false => one(question, check, expected, transcript, cause.as_deref()),
        })
        .collect();
    let behind = Behind::new(question, expected, transcript);
    // Before anything is withheld, because that changes what the results seem to be.
    let mistake = behind.mistake(&checks);
    behind.mark(&mut checks);
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
        mistake,
        comments: Vec::new(),
    }
}

/// A result that says nothing yet.
fn blank(check: &CheckSpec) -> CheckResult {
    let title = if check.title().is_empty() { own_title(check) } else { check.title().to_owned() };
    CheckResult {
        id: check.id().to_owned(),
        title,
        points: check.points(),
        earned: 0.0,
        verdict: Verdict::NoEvidence,
        message: String::new(),
        hint: None,
        measures: BTreeMap::new(),
        plot: None,
    }
}

/// The networks behind the values of one question.
struct Behind<'a> {
    question: &'a Question,
    expected: &'a BTreeMap<String, Evidence>,
    claimed: &'a BTreeMap<String, Evidence>,
    reference: &'a Models,
    course: &'a Expected,
    models: &'a Models,
    seed: u64,
}

static NO_VALUES: BTreeMap<String, Evidence> = BTreeMap::new();
static NO_MODELS: Models = Models { networks: Vec::new(), objects: BTreeMap::new() };

impl<'a> Behind<'a> {
    fn new(question: &'a Question, expected: &'a Expected, transcript: &'a Transcript) -> Self {
        Self {
            question,
            expected: expected.questions.get(&question.id).unwrap_or(&NO_VALUES),
            claimed: transcript.evidence.get(&question.id).unwrap_or(&NO_VALUES),
            reference: expected.models.get(&question.id).unwrap_or(&NO_MODELS),
            course: expected,
            models: transcript.models.get(&question.id).unwrap_or(&NO_MODELS),
            seed: seed(question, transcript),
        }
    }

    /// The typical mistake that explains the results, if they are wrong.
    fn mistake(&self, checks: &[CheckResult]) -> Option<NamedMistake> {
        let each = self.question.checks.iter().zip(checks);
        let wrong = each.into_iter().any(|(c, r)| c.is_modelled() && r.verdict == Verdict::Differs);
        if !wrong {
            return None;
        }
        let found = model::find_mistake(
            self.question,
            &self.course.mistaken,
            self.reference,
            self.expected,
            self.claimed,
        )?;
        Some(NamedMistake { id: found.id.clone(), title: found.title.clone(), hint: found.hint.clone() })
    }

    /// Marks the checks of the model, and takes back what it does not bear out.
    fn mark(&self, results: &mut [CheckResult]) {
        if !self.question.checks.iter().any(CheckSpec::is_about_model) {
            return;
        }
        let again = model::reproduce(self.models, self.claimed);
        let mut withheld: Option<String> = None;
        for (k, check) in self.question.checks.iter().enumerate() {
            let why = match check {
                CheckSpec::Reproduces(c) => self.reproduces(c, &again, &mut results[k]),
                CheckSpec::Model(c) => self.model(c, &again, k, results),
                _ => None,
            };
            if let Some(why) = why {
                withheld.get_or_insert(why);
            }
            if check.is_about_model() && results[k].earned < check.points() {
                results[k].hint = check.hint().or(self.question.hint.as_deref()).map(str::to_owned);
            }
        }
        let Some(why) = withheld else { return };
        for (check, result) in self.question.checks.iter().zip(results) {
            if check.is_modelled() && result.earned > 0.0 {
                result.earned = 0.0;
                result.verdict = Verdict::Withheld;
                result.message = format!("earns nothing: {why} (compared alone: {})", result.message);
            }
        }
    }

    /// Fills in the result; what it says is the reason to withhold other points.
    fn reproduces(&self, check: &Reproduces, again: &Reproduced, result: &mut CheckResult) -> Option<String> {
        let (verdict, message) = if let Some((variable, what)) = again.forged.first() {
            let why =
                format!("simulated again, the network behind `{variable}` gives something else: {what}");
            (Verdict::Differs, why)
        } else if let Some((variable, why)) = again.unable.first() {
            let message = format!("the network behind `{variable}` cannot be simulated again: {why}");
            (if matches!(why, Failure::Refused(_)) { Verdict::Differs } else { Verdict::NoEvidence }, message)
        } else if again.same == 0 {
            (Verdict::NoEvidence, "there is no network to simulate again".to_owned())
        } else {
            (Verdict::Correct, "simulated again, the network gives these results".to_owned())
        };
        result.verdict = verdict;
        result.message.clone_from(&message);
        if verdict == Verdict::Correct {
            result.earned = check.points;
            return None;
        }
        let doubtful = verdict == Verdict::NoEvidence && check.undescribed == Undescribed::Believe;
        (check.withhold && !doubtful && again.same + again.forged.len() + again.unable.len() > 0)
            .then_some(message)
    }

    fn model(
        &self,
        check: &Model,
        again: &Reproduced,
        k: usize,
        results: &mut [CheckResult],
    ) -> Option<String> {
        let siblings: Vec<(usize, &CheckSpec)> = self
            .question
            .checks
            .iter()
            .enumerate()
            .filter(|(_, c)| c.is_modelled() && self.claimed.contains_key(c.variable()))
            .filter(|(_, c)| check.variable.is_empty() || check.variable == c.variable())
            .collect();
        if siblings.is_empty() {
            results[k].message = "there is no model to look at".to_owned();
            return None;
        }
        if siblings.iter().any(|(place, _)| results[*place].verdict != Verdict::Correct) {
            results[k].verdict = Verdict::Differs;
            results[k].message = "not that of the reference: its results differ as they are".to_owned();
            return None;
        }
        if let Some((_, why)) = again.unable.first() {
            results[k].message = format!("cannot be tried with other values: {why}");
            return None;
        }
        let checks: Vec<&CheckSpec> = siblings.into_iter().map(|(_, c)| c).collect();
        let varied = model::vary(check, &checks, self.reference, again, self.claimed, self.seed);
        let result = &mut results[k];
        result.verdict = if varied.passed { Verdict::Correct } else { Verdict::Differs };
        result.earned = if varied.passed { check.points } else { 0.0 };
        result.message.clone_from(&varied.message);
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        {
            result.measures.insert("changes tried".to_owned(), varied.tried as f64);
            result.measures.insert("changes followed".to_owned(), varied.agreed as f64);
        }
        varied.written_down.then_some(varied.message)
    }
}

/// Drawn for each submission alone, and the same whenever it is judged again.
fn seed(question: &Question, transcript: &Transcript) -> u64 {
    let cells = transcript.cells.iter().flat_map(|c| c.source.bytes());
    question
        .id
        .bytes()
        .chain(cells)
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn one(
    question: &Question,
    check: &CheckSpec,
    expected: &Expected,
    transcript: &Transcript,
    cause: Option<&str>,
) -> CheckResult {
    let mut result = blank(check);
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
        CheckSpec::Reproduces(_) => return "the results come from the model".to_owned(),
        CheckSpec::Model(_) => return "the model itself".to_owned(),
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
            output: String::new(),
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
