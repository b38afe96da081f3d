//! Everything that happened to a student's marks: given, set by hand, deadlines moved, comments; in order.
//! Nothing of it is ever removed from a gradebook.

use rusqlite::Row;

use super::Gradebook;
use super::read::{json, status};
use crate::Result;
use crate::late::{Lateness, Rule};
use crate::outcome::{GradingStatus, Isolation};

/// One thing that happened to a student's marks.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When, in UTC.
    pub at: String,
    /// The exercise.
    pub assignment: String,
    /// 0, or more for further files of the same student and exercise.
    pub slot: u32,
    /// What happened.
    pub what: Happening,
}

/// The kinds of events.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// The grader gave marks, or could not.
    Grading {
        /// Which version of the notebook.
        attempt: u32,
        /// SHA-256 of the file.
        notebook: String,
        /// Points earned and possible, or why there are none.
        marks: std::result::Result<(f64, f64), String>,
        /// Judged from stored values, without a kernel.
        stored: bool,
        /// These marks stand.
        stands: bool,
        /// How the notebook was run.
        sandbox: Isolation,
    },
    /// A person set points, or took that back.
    Manual {
        /// The question.
        question: String,
        /// The points; none if taken back.
        points: Option<f64>,
        /// Who.
        author: String,
        /// Why.
        reason: String,
    },
    /// A person granted a deadline of the student's own, or took that back.
    Extension {
        /// A time, or a length after everybody's deadline; none if taken back.
        until: Option<String>,
        /// Who.
        author: String,
        /// Why.
        reason: String,
    },
    /// A person commented, or took that back.
    Comment {
        /// The question; empty for all of it.
        question: String,
        /// The words; none if taken back.
        text: Option<String>,
        /// Who.
        author: String,
    },
}

impl Gradebook {
    /// Everything that happened to the marks of a student, in order.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn history(&self, student: &str) -> Result<Vec<Event>> {
        let mut events: Vec<Event> = self.ask(|c| {
            let mut find = c.prepare(
                "SELECT g.at, s.assignment, s.slot, g.attempt, g.notebook, g.status, g.reason, g.earned, g.points,
                        coalesce(e.run <> g.run, 0), s.current = g.id, g.sandbox, g.handed_in, g.late
                 FROM grading g JOIN submission s ON s.id = g.submission
                 LEFT JOIN execution e ON e.id = g.execution WHERE s.student = ?1 ORDER BY g.id",
            )?;
            let rows = find.query_map([student], |row| {
                let (earned, possible): (f64, f64) = (row.get(7)?, row.get(8)?);
                let rule: Option<Rule> = json(row, 13)?;
                let own = super::extension::standing(c, student, &row.get::<_, String>(1)?)?;
                let handed_in = json(row, 12)?;
                let off = |rule| Lateness::of(&rule, handed_in, own).off(earned, possible);
                let marks = match status(row, 5, 6)? {
                    GradingStatus::Graded => Ok((earned - rule.map_or(0.0, off), possible)),
                    GradingStatus::NotGraded(why) => Err(why),
                };
                let what = Happening::Grading {
                    attempt: row.get(3)?,
                    notebook: row.get(4)?,
                    marks,
                    stored: row.get(9)?,
                    stands: row.get(10)?,
                    sandbox: Isolation::of_word(&row.get::<_, String>(11)?),
                };
                Ok(Event { at: row.get(0)?, assignment: row.get(1)?, slot: row.get(2)?, what })
            })?;
            rows.collect()
        })?;
        let by_hand: Vec<Event> = self.ask(|c| {
            let mut find = c.prepare(
                "SELECT at, assignment, question, points, author, reason FROM manual WHERE student = ?1 ORDER BY id",
            )?;
            let rows = find.query_map([student], |row| {
                let what = Happening::Manual {
                    question: row.get(2)?,
                    points: row.get(3)?,
                    author: row.get(4)?,
                    reason: row.get(5)?,
                };
                Ok(Event { at: row.get(0)?, assignment: row.get(1)?, slot: 0, what })
            })?;
            rows.collect()
        })?;
        events.extend(by_hand);
        let of = |row: &Row<'_>, what| Ok(Event { at: row.get(0)?, assignment: row.get(1)?, slot: 0, what });
        let others: Vec<Event> = self.ask(|c| {
            let mut find = c.prepare(
                "SELECT at, assignment, until, author, reason FROM extension WHERE student = ?1 ORDER BY id",
            )?;
            let granted = find.query_map([student], |row| {
                let (until, author, reason) = (row.get(2)?, row.get(3)?, row.get(4)?);
                of(row, Happening::Extension { until, author, reason })
            })?;
            let mut all = granted.collect::<rusqlite::Result<Vec<Event>>>()?;
            let mut find = c.prepare(
                "SELECT at, assignment, question, CASE WHEN withdrawn IS NULL THEN text END, author FROM comment
                 WHERE student = ?1 ORDER BY id",
            )?;
            let said = find.query_map([student], |row| {
                let (question, text, author) = (row.get(2)?, row.get(3)?, row.get(4)?);
                of(row, Happening::Comment { question, text, author })
            })?;
            all.extend(said.collect::<rusqlite::Result<Vec<Event>>>()?);
            Ok(all)
        })?;
        events.extend(others);
        events.sort_by(|a, b| a.at.cmp(&b.at));
        Ok(events)
    }
}
