//! What a gradebook tells: which marks stand, the whole report of a submission, stored runs.
//! Reports are put together one at a time, so that a class of any size fits into memory.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::pack::unpack;
use super::{Fingerprint, Gradebook};
use crate::late::{HandedIn, Lateness, Rule};
use crate::outcome::{
    CellOutcome, GradingStatus, Isolation, Manual, QuestionResult, SubmissionReport, Transcript,
};
use crate::{Error, Result};

/// A submission whose marks stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The marks, for [`Gradebook::report`].
    pub grading: i64,
    /// The student.
    pub student: String,
    /// The exercise; empty if it cannot be told.
    pub assignment: String,
    /// 0, or more for further files of the same student and exercise.
    pub slot: u32,
}

/// What is known of a submission before it is graded again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its number.
    pub submission: i64,
    /// The marks that stand.
    pub grading: i64,
    /// SHA-256 of the file that earned them.
    pub notebook: String,
    /// The run that was judged.
    pub execution: Option<i64>,
    /// By what it was judged last.
    pub judge: String,
    /// Whether there are marks.
    pub graded: bool,
    /// When it was handed in.
    pub handed_in: HandedIn,
}

/// A stored run that may serve again.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Its number, for [`Gradebook::transcript`].
    pub execution: i64,
    /// JSON of the variables taken out.
    pub wanted: String,
    /// JSON of the limits.
    pub limits: String,
    /// Whether every cell came to its end by itself.
    pub unhindered: bool,
    /// Seconds of the longest cell.
    pub longest: f64,
    /// Wall-clock seconds.
    pub seconds: f64,
}

impl Gradebook {
    /// What is known of a submission, if it was seen before.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn standing(&self, student: &str, assignment: &str, slot: u32) -> Result<Option<Standing>> {
        self.ask(|c| {
            c.prepare_cached(
                "SELECT s.id, g.id, g.notebook, g.execution, s.judge, g.status = 'graded', g.handed_in
                 FROM submission s JOIN grading g ON g.id = s.current
                 WHERE s.student = ?1 AND s.assignment = ?2 AND s.slot = ?3",
            )?
            .query_row(params![student, assignment, slot], |row| {
                Ok(Standing {
                    submission: row.get(0)?,
                    grading: row.get(1)?,
                    notebook: row.get(2)?,
                    execution: row.get(3)?,
                    judge: row.get(4)?,
                    graded: row.get(5)?,
                    handed_in: json(row, 6)?,
                })
            })
            .optional()
        })
    }

    /// Stored runs of a notebook, the latest first; those of any environment if none is given.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn candidates(&self, of: &Fingerprint, any_environment: bool) -> Result<Vec<Candidate>> {
        self.ask(|c| {
            let mut find = c.prepare_cached(
                "SELECT e.id, e.wanted, e.limits, e.seconds,
                   NOT EXISTS (SELECT 1 FROM cell WHERE execution = e.id
                               AND status IN ('timed_out', 'over_limit', 'died', 'not_run')),
                   coalesce((SELECT max(seconds) FROM cell WHERE execution = e.id), 0.0)
                 FROM execution e
                 WHERE notebook = ?1 AND assignment = ?2 AND (?4 OR environment = ?3)
                 ORDER BY e.id DESC",
            )?;
            let found = find.query_map(
                params![of.notebook, of.assignment, of.environment, any_environment],
                |row| {
                    Ok(Candidate {
                        execution: row.get(0)?,
                        wanted: row.get(1)?,
                        limits: row.get(2)?,
                        seconds: row.get(3)?,
                        unhindered: row.get(4)?,
                        longest: row.get(5)?,
                    })
                },
            )?;
            found.collect()
        })
    }

    /// A stored run in full.
    ///
    /// # Errors
    /// A gradebook that was damaged.
    pub fn transcript(&self, execution: i64) -> Result<Transcript> {
        let (cells, rest): (Vec<u8>, Vec<u8>) = self.ask(|c| {
            c.prepare_cached("SELECT cells, transcript FROM execution WHERE id = ?1")?
                .query_row([execution], |row| Ok((row.get(0)?, row.get(1)?)))
        })?;
        let cells: Vec<CellOutcome> = unpack(&cells).map_err(|e| self.damaged(&e))?;
        let rest: Transcript = unpack(&rest).map_err(|e| self.damaged(&e))?;
        Ok(Transcript { cells, ..rest })
    }

    /// Every submission whose marks stand, by student, exercise and file: in whatever order they were finished.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn lines(&self) -> Result<Vec<Line>> {
        struct Found {
            line: Line,
            file: String,
            run: i64,
            sure: bool,
        }
        let found: Vec<Found> = self.ask(|c| {
            let mut find = c.prepare_cached(
                "SELECT s.current, s.student, s.assignment, s.slot, s.file, s.run, g.status = 'graded'
                 FROM submission s JOIN grading g ON g.id = s.current
                 ORDER BY s.student, s.assignment, s.slot",
            )?;
            let rows = find.query_map([], |row| {
                let line = Line {
                    grading: row.get(0)?,
                    student: row.get(1)?,
                    assignment: row.get(2)?,
                    slot: row.get(3)?,
                };
                let graded: bool = row.get(6)?;
                let sure = graded && line.slot == 0;
                Ok(Found { line, file: row.get(4)?, run: row.get(5)?, sure })
            })?;
            rows.collect()
        })?;
        let mut latest: BTreeMap<&str, i64> = BTreeMap::new();
        for f in &found {
            let run = latest.entry(&f.line.student).or_default();
            *run = f.run.max(*run);
        }
        // What could not be graded is listed until something else came in its place.
        let replaced = |f: &Found| {
            let later = |o: &&Found| o.run > f.run && o.line.student == f.line.student;
            !f.sure
                && latest.get(f.line.student.as_str()).is_some_and(|run| *run > f.run)
                && (found.iter().filter(later).any(|o| o.file == f.file) || !Path::new(&f.file).exists())
        };
        Ok(found.iter().filter(|f| !replaced(f)).map(|f| f.line.clone()).collect())
    }

    /// The questions that any of the standing marks have, in order of the alphabet.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn questions(&self) -> Result<Vec<String>> {
        self.ask(|c| {
            let mut find = c.prepare(
                "SELECT DISTINCT q.id FROM submission s JOIN question q ON q.grading = s.current ORDER BY q.id",
            )?;
            find.query_map([], |row| row.get(0))?.collect()
        })
    }

    /// The whole report of one grading, with points set by hand in it.
    ///
    /// # Errors
    /// A gradebook that was damaged.
    pub fn report(&self, grading: i64) -> Result<SubmissionReport> {
        struct Raw {
            report: SubmissionReport,
            notebook: String,
            questions: Vec<u8>,
            cells: Option<Vec<u8>>,
            handed_in: HandedIn,
            rule: Option<Rule>,
        }
        let (raw, manual, extension, comments) = self.ask(|c| {
            let mut raw = c
                .prepare_cached(
                    "SELECT s.student, s.assignment, s.file, g.status, g.reason, g.seconds, g.sandbox, g.attempt,
                            g.notebook, g.questions, e.cells, g.handed_in, g.late
                     FROM grading g JOIN submission s ON s.id = g.submission
                     LEFT JOIN execution e ON e.id = g.execution WHERE g.id = ?1",
                )?
                .query_row([grading], |row| {
                    let report = SubmissionReport {
                        student: row.get(0)?,
                        assignment: row.get(1)?,
                        file: row.get(2)?,
                        status: status(row, 3, 4)?,
                        questions: Vec::new(),
                        cells: Vec::new(),
                        remarks: Vec::new(),
                        seconds: row.get(5)?,
                        sandbox: Isolation::of_word(&row.get::<_, String>(6)?),
                        late: None,
                        comments: Vec::new(),
                        attempt: row.get(7)?,
                    };
                    Ok(Raw {
                        report,
                        notebook: row.get(8)?,
                        questions: row.get(9)?,
                        cells: row.get(10)?,
                        handed_in: json(row, 11)?,
                        rule: json(row, 12)?,
                    })
                })?;
            raw.report.remarks = remarks(c, grading)?;
            let (student, assignment) = (&raw.report.student, &raw.report.assignment);
            let manual = manual(c, student, assignment)?;
            let extension = super::extension::standing(c, student, assignment)?;
            let comments = super::comment::standing(c, student, assignment)?;
            Ok((raw, manual, extension, comments))
        })?;
        let mut report = raw.report;
        report.questions = unpack(&raw.questions).map_err(|e| self.damaged(&e))?;
        if let Some(cells) = &raw.cells {
            report.cells = unpack(cells).map_err(|e| self.damaged(&e))?;
        }
        for (question, set) in manual {
            if let Some(q) = report.questions.iter_mut().find(|q| q.id == question) {
                apply(q, set, &raw.notebook);
            }
        }
        for (question, comment) in comments {
            let place = report.questions.iter_mut().find(|q| q.id == question);
            place.map_or(&mut report.comments, |q| &mut q.comments).push(comment);
        }
        report.late = raw.rule.map(|rule| {
            let late = Lateness::of(&rule, raw.handed_in, extension);
            Lateness { points: late.taken(&report.questions), ..late }
        });
        Ok(report)
    }

    /// The questions of a grading as they were judged, without points set by hand, each with what it was judged by.
    ///
    /// # Errors
    /// A gradebook that was damaged.
    pub fn judged(&self, grading: i64) -> Result<Vec<(String, QuestionResult)>> {
        let (packed, by): (Vec<u8>, Vec<String>) = self.ask(|c| {
            let packed = c
                .prepare_cached("SELECT questions FROM grading WHERE id = ?1")?
                .query_row([grading], |row| row.get(0))?;
            let mut find =
                c.prepare_cached("SELECT judge FROM question WHERE grading = ?1 ORDER BY position")?;
            let by = find.query_map([grading], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
            Ok((packed, by))
        })?;
        let questions: Vec<QuestionResult> = unpack(&packed).map_err(|e| self.damaged(&e))?;
        Ok(by.into_iter().zip(questions).collect())
    }

    /// All students, in order of the alphabet.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn students(&self) -> Result<Vec<String>> {
        self.ask(|c| {
            c.prepare("SELECT DISTINCT student FROM submission ORDER BY student")?
                .query_map([], |row| row.get(0))?
                .collect()
        })
    }

    fn damaged(&self, error: &std::io::Error) -> Error {
        Error::new(
            format!("the gradebook {} is damaged: {error}", self.path.display()),
            "put a copy of it back, or grade into another one by `--gradebook FILE`",
        )
    }
}

/// What a column holds as JSON; nothing if it is empty or of a newer kind.
pub(super) fn json<T: Default + serde::de::DeserializeOwned>(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<T> {
    let text: Option<String> = row.get(column)?;
    Ok(text.and_then(|t| serde_json::from_str(&t).ok()).unwrap_or_default())
}

pub(super) fn status(row: &Row<'_>, word: usize, reason: usize) -> rusqlite::Result<GradingStatus> {
    Ok(match row.get::<_, String>(word)?.as_str() {
        "graded" => GradingStatus::Graded,
        _ => GradingStatus::NotGraded(row.get::<_, Option<String>>(reason)?.unwrap_or_default()),
    })
}

pub(super) fn remarks(c: &Connection, grading: i64) -> rusqlite::Result<Vec<String>> {
    c.prepare_cached("SELECT text FROM remark WHERE grading = ?1 ORDER BY position")?
        .query_map([grading], |row| row.get(0))?
        .collect()
}

/// Points set by hand, with the notebook for which they were set.
struct SetByHand {
    points: f64,
    manual: Manual,
    notebook: String,
}

/// What persons set, question by question; only the last word on each.
fn manual(c: &Connection, student: &str, assignment: &str) -> rusqlite::Result<Vec<(String, SetByHand)>> {
    let mut find = c.prepare_cached(
        "SELECT m.question, m.points, m.author, m.reason, m.at, g.notebook
         FROM manual m JOIN grading g ON g.id = m.grading
         WHERE m.student = ?1 AND m.assignment = ?2 AND m.points IS NOT NULL
           AND m.id = (SELECT max(id) FROM manual WHERE student = m.student AND assignment = m.assignment
                       AND question = m.question)",
    )?;
    let rows = find.query_map([student, assignment], |row| {
        let manual = Manual {
            automatic: 0.0,
            author: row.get(2)?,
            reason: row.get(3)?,
            at: row.get(4)?,
            earlier_version: false,
        };
        Ok((row.get(0)?, SetByHand { points: row.get(1)?, manual, notebook: row.get(5)? }))
    })?;
    rows.collect()
}

fn apply(question: &mut QuestionResult, set: SetByHand, notebook: &str) {
    question.manual =
        Some(Manual { automatic: question.earned, earlier_version: set.notebook != notebook, ..set.manual });
    question.earned = set.points;
}
