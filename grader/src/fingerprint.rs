//! What decides about a result: by these a stored run or mark is known to be still good.
//! A run depends on the notebook, the exercise's variables and the kernel; a mark on the rubric as well.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::course::{Assignment, CheckSpec, Question, Rubric};
use crate::gradebook::{Candidate, Fingerprint};
use crate::runner::Limits;

/// SHA-256 in hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is taken out of a notebook for one question.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Asked {
    /// After which cells.
    cells: Vec<String>,
    /// Variable → what it is.
    variables: BTreeMap<String, String>,
    /// Whether the networks behind them are taken as well; older programs did not.
    #[serde(default)]
    models: bool,
}

type Wanted = BTreeMap<String, Asked>;

fn wanted(rubric: &Rubric) -> Wanted {
    let of = |w: crate::runner::Wanted| {
        let variables = w.variables.into_iter().map(|v| (v.name, format!("{:?}", v.kind))).collect();
        let question = rubric.questions.iter().find(|q| q.id == w.question);
        let models = question.is_some_and(|q| q.checks.iter().any(CheckSpec::is_about_model));
        (w.question, Asked { cells: w.cells, variables, models })
    };
    rubric.wanted().into_iter().map(of).collect()
}

/// The fingerprint of a run of `notebook` (a SHA-256) for an exercise.
#[must_use]
pub fn of_run(notebook: &str, rubric: &Rubric, environment: &str) -> Fingerprint {
    let json = |value: serde_json::Result<String>| value.unwrap_or_default();
    let mut taken = wanted(rubric);
    // This program takes them whether they are asked for or not, so that a rubric may ask later.
    taken.values_mut().for_each(|asked| asked.models = true);
    Fingerprint {
        notebook: notebook.to_owned(),
        assignment: rubric.assignment.clone(),
        environment: environment.to_owned(),
        wanted: json(serde_json::to_string(&taken)),
        limits: json(serde_json::to_string(&rubric.limits)),
    }
}

/// Whether a stored run holds everything that the rubric asks for now, under limits that change nothing about it.
#[must_use]
pub fn serves(stored: &Candidate, rubric: &Rubric) -> bool {
    let Ok(had) = serde_json::from_str::<Wanted>(&stored.wanted) else { return false };
    let Ok(limits) = serde_json::from_str::<Limits>(&stored.limits) else { return false };
    let has = |(question, asked): (String, Asked)| {
        had.get(&question).is_some_and(|h| {
            h.cells == asked.cells
                && (h.models || !asked.models)
                && asked.variables.iter().all(|(name, kind)| h.variables.get(name) == Some(kind))
        })
    };
    let allowed = rubric.limits.cell().as_secs_f64();
    // A run that never met a limit is the same under any limit of time that it would not have met.
    let but_for_time = Limits { cell_seconds: rubric.limits.cell_seconds, ..limits };
    let same_limits = limits == rubric.limits
        || (but_for_time == rubric.limits && stored.unhindered && stored.longest < allowed);
    same_limits && wanted(rubric).into_iter().all(has)
}

/// By what marks of an exercise are given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedBy {
    /// Rubric, expected values and this program.
    pub all: String,
    /// What of them decides about each question, in the order of the rubric.
    pub questions: Vec<String>,
}

/// This program, the library within it, as opposed to any other build.
#[must_use]
pub fn program() -> String {
    // Each build may judge otherwise; judging once too often costs milliseconds.
    let file = std::env::current_exe().and_then(std::fs::metadata);
    let built = file.ok().map(|m| (m.len(), m.modified().ok()));
    format!("{} {built:?}", env!("CARGO_PKG_VERSION"))
}

/// By what this program gives marks for an exercise.
#[must_use]
pub fn of_judge(assignment: &Assignment) -> JudgedBy {
    let Assignment { rubric, expected, .. } = assignment;
    let program = program();
    let hash = |parts: serde_json::Result<Vec<u8>>| {
        sha256(&[parts.unwrap_or_default(), program.clone().into_bytes()].concat())
    };
    let of = |question: &Question| {
        let id = &question.id;
        hash(serde_json::to_vec(&(question, expected.questions.get(id), expected.models.get(id))))
    };
    let questions: Vec<String> = rubric.questions.iter().map(of).collect();
    // Expected values are part of the questions' own.
    JudgedBy { all: hash(serde_json::to_vec(&(rubric, &questions))), questions }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rubric(text: &str) -> Rubric {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Rubric::load(file.path()).unwrap()
    }

    const TWO: &str = "
assignment: e
title: E
timeout: 20
questions:
  - {id: a, title: A, points: 2, checks: [{number: {variable: x, points: 1}}, {number: {variable: y, points: 1}}]}
  - {id: b, title: B, points: 1, checks: [{choice: {variable: answer, points: 1, answer: b}}]}
";

    fn stored(rubric: &Rubric, unhindered: bool) -> Candidate {
        let of = of_run("n", rubric, "k");
        Candidate {
            execution: 1,
            wanted: of.wanted,
            limits: of.limits,
            unhindered,
            longest: 5.0,
            seconds: 9.0,
        }
    }

    #[test]
    fn a_rubric_that_asks_for_less_or_otherwise_needs_no_new_run() {
        let run = stored(&rubric(TWO), true);
        assert!(serves(&run, &rubric(TWO)));
        let tolerance = TWO.replace(
            "{number: {variable: y, points: 1}}",
            "{number: {variable: y, points: 1, relative: 0.1}}",
        );
        assert!(serves(&run, &rubric(&tolerance)));
        let fewer = TWO.replace(", {number: {variable: y, points: 1}}", "").replace("points: 2", "points: 1");
        assert!(serves(&run, &rubric(&fewer)));
        assert!(!serves(&stored(&rubric(&fewer), true), &rubric(TWO)), "y was never taken out");
        let other_kind = TWO.replace("number: {variable: y", "spikes: {variable: y");
        assert!(!serves(&run, &rubric(&other_kind)));
    }

    #[test]
    fn a_run_of_a_program_that_took_no_models_serves_no_question_about_them() {
        let about = TWO.replace(
            "{number: {variable: y, points: 1}}",
            "{number: {variable: y, points: 0.5}}, {reproduces: {points: 0.5}}",
        );
        let mut run = stored(&rubric(TWO), true);
        assert!(serves(&run, &rubric(&about)), "they are always taken");
        run.wanted = run.wanted.replace(",\"models\":true", "");
        assert!(serves(&run, &rubric(TWO)) && !serves(&run, &rubric(&about)));
    }

    #[test]
    fn limits_count_only_where_they_were_met() {
        let (longer, shorter) = (TWO.replace("20", "30"), TWO.replace("20", "4"));
        assert!(serves(&stored(&rubric(TWO), true), &rubric(&longer)));
        assert!(!serves(&stored(&rubric(TWO), false), &rubric(&longer)), "more time may help");
        assert!(!serves(&stored(&rubric(TWO), true), &rubric(&shorter)), "a cell of 5 s would be cut off");
    }
}
