//! What a class did, exercise by exercise: marks, questions, checks, named mistakes, failures, all as counts.
//! Reports are added one at a time, so that a class of any size fits into memory; terminal, JSON and pages show the same.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::outcome::{CellStatus, GradingStatus, QuestionResult, SubmissionReport, Verdict};
use crate::text;

/// So many kinds of failures are told of an exercise, the commonest first.
const FAILURES: usize = 20;
/// So much of a message tells two kinds of failures apart.
const MESSAGE: usize = 160;

/// All exercises, by name.
#[derive(Clone, Debug, Default)]
pub struct Class {
    exercises: BTreeMap<String, Exercise>,
}

/// What a class did in one exercise.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Exercise {
    /// Its name; empty for what could not be told.
    pub assignment: String,
    /// Submissions, graded or not.
    pub submissions: usize,
    /// Those with marks; everything below is about them.
    pub graded: usize,
    /// Points possible.
    pub points: f64,
    /// Points earned on average.
    pub mean: Option<f64>,
    /// Half of the submissions have at least so many points.
    pub median: Option<f64>,
    /// Fewest points.
    pub lowest: Option<f64>,
    /// Most points.
    pub highest: Option<f64>,
    /// Submissions by tenths of the points possible; full marks are in the last.
    pub distribution: [usize; 10],
    /// Question by question.
    pub questions: Vec<Question>,
    /// What stopped cells, and why submissions were not graded; the commonest first.
    pub failures: Vec<Failure>,
    #[serde(skip)]
    earned: Vec<f64>,
    #[serde(skip)]
    failed: BTreeMap<(&'static str, String, String), usize>,
}

/// What a class did in one question.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Question {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Points possible.
    pub points: f64,
    /// Points earned on average.
    pub mean: f64,
    /// Submissions with all points.
    pub full: usize,
    /// Submissions with some.
    pub part: usize,
    /// Submissions with none.
    pub none: usize,
    /// Submissions whose points a person set.
    pub by_hand: usize,
    /// Check by check.
    pub checks: Vec<Check>,
    /// The rubric's mistakes that were recognised, the commonest first.
    pub mistakes: Vec<Mistake>,
    #[serde(skip)]
    earned: f64,
}

/// What a class did in one check.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Check {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Points possible.
    pub points: f64,
    /// It agreed.
    pub correct: usize,
    /// A value was there and differed.
    pub differs: usize,
    /// There was no value.
    pub missing: usize,
    /// It may have agreed, but the model behind it did not.
    pub withheld: usize,
}

/// How often a named mistake was recognised.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Mistake {
    /// Its id in the question.
    pub id: String,
    /// What was done.
    pub title: String,
    /// Submissions.
    pub count: usize,
}

/// How often something went wrong in the same way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// What happened.
    pub what: &'static str,
    /// The `grade_id` of the cell, if it has one.
    pub cell: String,
    /// The first line of the message, its numbers left out.
    pub message: String,
    /// Submissions.
    pub count: usize,
}

impl Class {
    /// Counts one submission.
    pub fn add(&mut self, report: &SubmissionReport) {
        let exercise = self.exercises.entry(report.assignment.clone()).or_default();
        exercise.assignment.clone_from(&report.assignment);
        exercise.add(report);
    }

    /// The exercises in order, ready to be shown.
    #[must_use]
    pub fn finished(self) -> Vec<Exercise> {
        let mut all: Vec<Exercise> = self.exercises.into_values().map(Exercise::finished).collect();
        // What belongs to no exercise comes after them.
        all.sort_by_key(|e| e.assignment.is_empty());
        all
    }
}

impl Exercise {
    fn add(&mut self, report: &SubmissionReport) {
        self.submissions += 1;
        if let GradingStatus::NotGraded(why) = &report.status {
            self.fail("not graded", "", why);
            return;
        }
        self.graded += 1;
        let (earned, points) = (report.earned(), report.points());
        self.points = self.points.max(points);
        self.earned.push(earned);
        let share = if points > 0.0 { earned / points } else { 0.0 };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 9")]
        let tenth = (share * 10.0 + 1e-9).floor().clamp(0.0, 9.0) as usize;
        self.distribution[tenth] += 1;
        // What fails later is mostly a consequence.
        if let Some(cell) = report.cells.iter().find(|c| c.status != CellStatus::Ok) {
            let id = cell.grade_id.as_deref().unwrap_or_default();
            self.fail(cell.status.words(), id, cell.message.as_deref().unwrap_or_default());
        }
        for question in &report.questions {
            entry(&mut self.questions, |q| q.id == question.id).add(question);
        }
    }

    fn fail(&mut self, what: &'static str, cell: &str, message: &str) {
        let key = (what, text::line(cell, 60), kind(message));
        *self.failed.entry(key).or_default() += 1;
    }

    fn finished(mut self) -> Self {
        self.earned.sort_by(f64::total_cmp);
        let earned = std::mem::take(&mut self.earned);
        self.lowest = earned.first().copied();
        self.highest = earned.last().copied();
        self.mean = (!earned.is_empty()).then(|| earned.iter().sum::<f64>() / count(earned.len()));
        let half = earned.len() / 2;
        self.median = match earned.len() {
            0 => None,
            odd if odd % 2 == 1 => Some(earned[half]),
            _ => Some(f64::midpoint(earned[half - 1], earned[half])),
        };
        let failed = std::mem::take(&mut self.failed);
        self.failures = failed
            .into_iter()
            .map(|((what, cell, message), count)| Failure { what, cell, message, count })
            .collect();
        self.failures.sort_by_key(|f| std::cmp::Reverse(f.count));
        self.failures.truncate(FAILURES);
        for q in &mut self.questions {
            q.mean = q.earned / count((q.full + q.part + q.none).max(1));
            q.mistakes.sort_by_key(|m| std::cmp::Reverse(m.count));
        }
        self
    }

    /// The name to show.
    #[must_use]
    pub fn name(&self) -> &str {
        if self.assignment.is_empty() { "unknown exercise" } else { &self.assignment }
    }
}

impl Question {
    fn add(&mut self, q: &QuestionResult) {
        (self.id, self.title, self.points) = (q.id.clone(), q.title.clone(), q.points);
        self.earned += q.earned;
        if q.earned >= q.points {
            self.full += 1;
        } else if q.earned > 0.0 {
            self.part += 1;
        } else {
            self.none += 1;
        }
        self.by_hand += usize::from(q.manual.is_some());
        for c in &q.checks {
            let check = entry(&mut self.checks, |known| known.id == c.id);
            (check.id, check.title, check.points) = (c.id.clone(), c.title.clone(), c.points);
            match c.verdict {
                Verdict::Correct => check.correct += 1,
                Verdict::Differs => check.differs += 1,
                Verdict::NoEvidence => check.missing += 1,
                Verdict::Withheld => check.withheld += 1,
            }
        }
        if let Some(m) = &q.mistake {
            let mistake = entry(&mut self.mistakes, |known| known.id == m.id);
            (mistake.id, mistake.title) = (m.id.clone(), m.title.clone());
            mistake.count += 1;
        }
    }
}

/// The one that is meant, added at the end if it is new.
fn entry<T: Default>(list: &mut Vec<T>, is: impl Fn(&T) -> bool) -> &mut T {
    let place = list.iter().position(is).unwrap_or_else(|| {
        list.push(T::default());
        list.len() - 1
    });
    &mut list[place]
}

/// The first line of a message; every number is a `#`, because two students seldom fail at the same one.
fn kind(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default().trim();
    let first = first.strip_prefix("Error: ").unwrap_or(first);
    let mut out = String::new();
    for c in text::line(first, MESSAGE).chars() {
        if c.is_ascii_digit() {
            if !out.ends_with('#') {
                out.push('#');
            }
        } else {
            out.push(c);
        }
    }
    out
}

#[expect(clippy::cast_precision_loss, reason = "a number of submissions")]
const fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::tests::report;
    use super::*;
    use crate::outcome::NamedMistake;

    /// Ten submissions of one exercise: five with full marks, three with the same mistake, two not graded.
    pub(in super::super) fn class() -> Vec<Exercise> {
        let mut class = Class::default();
        for k in 0..10 {
            let mut one = report(&format!("s{k}"), "exercise1");
            let question = &mut one.questions[0];
            question.title = "The spiking neuron".into();
            question.checks[0].title = "The spike times".into();
            one.cells[0].message = Some(format!("Error: index {k} out of bounds\nmore"));
            match k {
                0..5 => {
                    question.earned = 2.0;
                    question.checks[0].earned = 2.0;
                    question.checks[0].verdict = Verdict::Correct;
                    one.cells[0].status = CellStatus::Ok;
                }
                5..8 => {
                    question.mistake = Some(NamedMistake {
                        id: "no-reset".into(),
                        title: "There is no reset".into(),
                        hint: String::new(),
                    });
                }
                _ => {
                    one.status = GradingStatus::NotGraded("this is not a notebook".into());
                    one.questions.clear();
                    one.cells.clear();
                }
            }
            class.add(&one);
        }
        class.finished()
    }

    #[test]
    fn everything_is_counted_once() {
        let exercises = class();
        let [e] = &exercises[..] else { panic!("{exercises:?}") };
        assert_eq!((e.submissions, e.graded, e.points), (10, 8, 2.0));
        assert_eq!(
            (e.mean, e.median, e.lowest, e.highest),
            (Some(11.5 / 8.0), Some(2.0), Some(0.5), Some(2.0))
        );
        assert_eq!(e.distribution, [0, 0, 3, 0, 0, 0, 0, 0, 0, 5]);
        let q = &e.questions[0];
        assert_eq!((q.full, q.part, q.none), (5, 3, 0));
        assert_eq!(
            q.mistakes,
            [Mistake { id: "no-reset".into(), title: "There is no reset".into(), count: 3 }]
        );
        let c = &q.checks[0];
        assert_eq!((c.correct, c.differs, c.missing, c.withheld), (5, 3, 0, 0));
        let failures: Vec<(&str, &str, usize)> =
            e.failures.iter().map(|f| (f.what, f.message.as_str(), f.count)).collect();
        let panics = ("panicked", "index # out of bounds", 3);
        assert_eq!(failures, [panics, ("not graded", "this is not a notebook", 2)]);
    }

    #[test]
    fn a_class_without_marks_has_no_average() {
        let mut class = Class::default();
        let mut one = report("a", "");
        one.status = GradingStatus::NotGraded("no".into());
        class.add(&one);
        let e = &class.finished()[0];
        assert_eq!((e.mean, e.median, e.graded, e.name()), (None, None, 0, "unknown exercise"));
    }
}
