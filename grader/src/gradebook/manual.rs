//! Points that a person sets: with a name and a reason, kept for ever, and stronger than the grader's own.
//! Taking them back is another entry, after which the grader's points count again.

use rusqlite::params;

use super::Gradebook;
use crate::{Error, Result};

/// Points of one question, set by hand.
#[derive(Clone, Debug, PartialEq)]
pub struct Override {
    /// Whose.
    pub student: String,
    /// The exercise; needed only if several have a question of this name.
    pub assignment: Option<String>,
    /// The question.
    pub question: String,
    /// The points; none takes an earlier change back.
    pub points: Option<f64>,
    /// Who decided.
    pub author: String,
    /// Why.
    pub reason: String,
}

/// What an override did.
#[derive(Clone, Debug, PartialEq)]
pub struct Overridden {
    /// The exercise.
    pub assignment: String,
    /// Points before, whoever gave them.
    pub before: f64,
    /// Points now.
    pub now: f64,
    /// Points possible.
    pub possible: f64,
}

impl Gradebook {
    /// Sets the points of one question, or takes that back.
    ///
    /// # Errors
    /// A student or question that is not in the gradebook, points that make no sense, no reason or author.
    pub fn set(&self, new: &Override) -> Result<Overridden> {
        needed(&[("reason", &new.reason), ("author", &new.author)])?;
        let lines = self.lines()?;
        let of_student: Vec<_> = lines.iter().filter(|l| l.student == new.student).collect();
        if of_student.is_empty() {
            return Err(self.unknown_student(&new.student));
        }
        let mut found = Vec::new();
        let mut known = Vec::new();
        for line in of_student {
            if new.assignment.as_ref().is_some_and(|a| *a != line.assignment) || line.slot > 0 {
                continue;
            }
            for q in self.report(line.grading)?.questions {
                if q.id == new.question {
                    found.push((line, q));
                } else {
                    known.push(q.id);
                }
            }
        }
        let (line, question) = match &found[..] {
            [one] => one,
            [] => {
                let next = match nearest(&new.question, &known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if known.is_empty() => "nothing of this student has marks yet".to_owned(),
                    None => format!("there are {}", known.join(", ")),
                };
                let what = format!("{} has no question `{}`", new.student, new.question);
                return Err(Error::usage(what, next));
            }
            several => {
                let names: Vec<&str> = several.iter().map(|(l, _)| l.assignment.as_str()).collect();
                return Err(Error::usage(
                    format!("`{}` is in several exercises: {}", new.question, names.join(", ")),
                    "say which by `--assignment NAME`",
                ));
            }
        };
        let automatic = question.manual.as_ref().map_or(question.earned, |m| m.automatic);
        match new.points {
            Some(points) if !points.is_finite() || points < 0.0 => {
                return Err(Error::usage(format!("{points} points make no sense"), "give a number from 0"));
            }
            None if question.manual.is_none() => {
                let what = format!("nobody has set points for `{}` of {}", new.question, new.student);
                return Err(Error::usage(what, "`grader history` shows what was done"));
            }
            _ => {}
        }
        self.change(|t| {
            t.execute(
                "INSERT INTO manual (student, assignment, question, points, author, reason, grading)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    new.student,
                    line.assignment,
                    new.question,
                    new.points,
                    new.author.trim(),
                    new.reason.trim(),
                    line.grading
                ],
            )
        })?;
        Ok(Overridden {
            assignment: line.assignment.clone(),
            before: question.earned,
            now: new.points.unwrap_or(automatic),
            possible: question.points,
        })
    }

    /// The error for a student whom the gradebook does not know.
    #[must_use]
    pub fn unknown_student(&self, student: &str) -> Error {
        let known = self.students().unwrap_or_default();
        let next = match nearest(student, &known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "the first column of the table shows the names".to_owned(),
        };
        Error::usage(format!("{} knows no student `{student}`", self.path().display()), next)
    }
}

/// What a person does by hand has a name and a reason.
pub(super) fn needed(fields: &[(&str, &str)]) -> Result<()> {
    match fields.iter().find(|(_, text)| text.trim().is_empty()) {
        Some((what, _)) => {
            Err(Error::usage(format!("the {what} is empty"), format!("say it by `--{what} TEXT`")))
        }
        None => Ok(()),
    }
}

fn nearest<'a>(word: &str, known: &'a [String]) -> Option<&'a String> {
    let close = |k: &String| similar::TextDiff::from_chars(word, k.as_str()).ratio();
    let best = known.iter().map(|k| (close(k), k)).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > 0.6).then_some(best.1)
}
