//! What a run adds to a gradebook: itself, what kernels made of notebooks, and marks.
//! One submission's marks are one transaction; marks that repeat what stands are not added again.

use rusqlite::{OptionalExtension, Transaction, params};

use super::pack::pack;
use super::{Gradebook, Holder};
use crate::Result;
use crate::fingerprint::JudgedBy;
use crate::late::{HandedIn, Lateness, Rule};
use crate::outcome::{CellOutcome, Isolation, QuestionResult, Transcript};

/// What decides about what a kernel makes of a notebook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// SHA-256 of the file.
    pub notebook: String,
    /// The exercise.
    pub assignment: String,
    /// Library, kernel and compiler.
    pub environment: String,
    /// JSON of the variables taken out.
    pub wanted: String,
    /// JSON of the limits.
    pub limits: String,
}

/// How a grading ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// With marks.
    Graded,
    /// The file is nothing that could be graded.
    NotGraded(String),
    /// Kernel, sandbox or grader failed; tried again by the next run.
    Fault(String),
}

impl Verdict {
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Graded => "graded",
            Self::NotGraded(_) => "not_graded",
            Self::Fault(_) => "fault",
        }
    }

    fn reason(&self) -> Option<&str> {
        match self {
            Self::Graded => None,
            Self::NotGraded(why) | Self::Fault(why) => Some(why),
        }
    }
}

/// The marks of one submission, to be added.
#[derive(Clone, Debug)]
pub struct NewGrading {
    /// Whose it is.
    pub student: String,
    /// The exercise; empty if it cannot be told.
    pub assignment: String,
    /// 0, or more for further files of the same student and exercise.
    pub slot: u32,
    /// The file.
    pub file: String,
    /// SHA-256 of the file; empty if it could not be read.
    pub notebook: String,
    /// The run of the notebook that was judged.
    pub execution: Option<i64>,
    /// By what it was judged; nothing if it was not.
    pub judge: Option<JudgedBy>,
    /// How it ended.
    pub verdict: Verdict,
    /// Question by question.
    pub questions: Vec<QuestionResult>,
    /// For student and instructor.
    pub remarks: Vec<String>,
    /// Wall-clock seconds.
    pub seconds: f64,
    /// How the notebook was run.
    pub sandbox: Isolation,
    /// When it was handed in.
    pub handed_in: HandedIn,
    /// The deadline and its rule.
    pub rule: Option<Rule>,
}

/// What a new grading changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// The first one.
    New,
    /// Nothing; the marks stand as they were.
    Same,
    /// There are other marks now; the ones before were these, if there were any.
    From(Option<f64>),
    /// Marks of the same notebook stand, because this time the grader failed.
    Kept,
}

struct Before {
    grading: i64,
    status: String,
    reason: Option<String>,
    notebook: String,
    execution: Option<i64>,
    earned: f64,
    points: f64,
    questions: Vec<u8>,
    remarks: Vec<String>,
    handed_in: HandedIn,
    rule: Option<Rule>,
}

impl Gradebook {
    /// Begins a run and returns its number.
    ///
    /// # Errors
    /// A disk that is full or fails.
    pub fn begin(&self, command: &str, submissions: usize) -> Result<i64> {
        let Holder { pid, host } = Holder::here();
        let count = i64::try_from(submissions).unwrap_or(i64::MAX);
        self.change(|t| {
            t.execute(
                "INSERT INTO run (command, grader, host, pid, submissions) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![command, env!("CARGO_PKG_VERSION"), host, pid, count],
            )?;
            Ok(t.last_insert_rowid())
        })
    }

    /// Says how a run ended: `done`, `interrupted` or `failed`.
    ///
    /// # Errors
    /// A disk that is full or fails.
    pub fn end(&self, run: i64, ending: &str) -> Result<()> {
        self.change(|t| {
            t.execute(
                "UPDATE run SET ending = ?2, ended = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = ?1",
                params![run, ending],
            )
        })?;
        Ok(())
    }

    /// Stores what a kernel made of a notebook.
    ///
    /// # Errors
    /// A disk that is full or fails.
    pub fn add_execution(
        &self,
        run: i64,
        of: &Fingerprint,
        transcript: &Transcript,
        seconds: f64,
    ) -> Result<i64> {
        let failed = |e| crate::Error::new(format!("a notebook's values cannot be stored: {e}"), "");
        let cells = pack(&transcript.cells).map_err(failed)?;
        // The cells have a place of their own, from where reports take them without unpacking values.
        let rest = Transcript { cells: Vec::new(), ..transcript.clone() };
        let rest = pack(&rest).map_err(failed)?;
        self.change(|t| {
            t.execute(
                "INSERT INTO execution
                 (run, notebook, assignment, environment, wanted, limits, sandbox, seconds, cells, transcript)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                params![
                    run,
                    of.notebook,
                    of.assignment,
                    of.environment,
                    of.wanted,
                    of.limits,
                    transcript.isolation.word(),
                    seconds,
                    cells,
                    rest
                ],
            )?;
            let id = t.last_insert_rowid();
            for (position, cell) in (0_i64..).zip(&transcript.cells) {
                add_cell(t, id, position, cell)?;
            }
            Ok(id)
        })
    }

    /// Adds the marks of one submission, if they are others than those that stand.
    /// Returns the grading that stands now, and what changed.
    ///
    /// # Errors
    /// A disk that is full or fails.
    pub fn add_grading(&self, run: i64, new: &NewGrading) -> Result<(i64, Change)> {
        let questions = pack(&new.questions).map_err(|e| {
            crate::Error::new(format!("the marks of {} cannot be stored: {e}", new.student), "")
        })?;
        self.change(|t| {
            let submission = seen(t, run, &new.student, &new.assignment, new.slot, &new.file)?;
            let before = before(t, submission)?;
            let known = before.as_ref().filter(|b| b.notebook == new.notebook).map(|b| b.handed_in);
            let handed_in = new.handed_in.or(known);
            let add = || insert(t, submission, run, new, handed_in, &questions);
            let (grading, change) = match before {
                Some(b) if b.repeats(new, handed_in, &questions) => {
                    judged_by(t, b.grading, new)?;
                    (b.grading, Change::Same)
                }
                Some(b) if b.outlasts(new) => {
                    add()?;
                    return Ok((b.grading, Change::Kept));
                }
                Some(b) => {
                    let extension = super::extension::standing(t, &new.student, &new.assignment)?;
                    let off = b.rule.map_or(0.0, |rule| {
                        Lateness::of(&rule, b.handed_in, extension).off(b.earned, b.points)
                    });
                    let earned = (b.status == "graded").then_some(b.earned - off);
                    (add()?, Change::From(earned))
                }
                None => (add()?, Change::New),
            };
            t.execute(
                "UPDATE submission SET current = ?2, judge = ?3 WHERE id = ?1",
                params![submission, grading, new.judge.as_ref().map_or("", |by| by.all.as_str())],
            )?;
            Ok((grading, change))
        })
    }

    /// Notes that a run saw a submission whose marks stand as they are.
    ///
    /// # Errors
    /// A disk that is full or fails.
    pub fn saw(&self, run: i64, submission: i64, file: &str) -> Result<()> {
        self.change(|t| {
            t.execute(
                "UPDATE submission SET run = ?2, file = ?3 WHERE id = ?1",
                params![submission, run, file],
            )
        })?;
        Ok(())
    }
}

impl Before {
    /// The same bytes with the same marks for the same reasons.
    fn repeats(&self, new: &NewGrading, handed_in: HandedIn, questions: &[u8]) -> bool {
        self.status == new.verdict.word()
            && self.reason.as_deref() == new.verdict.reason()
            && self.notebook == new.notebook
            && self.execution == new.execution
            && self.questions == questions
            && self.remarks == new.remarks
            && self.rule == new.rule
            && !handed_in.matters(self.handed_in, new.rule.is_some())
    }

    /// Marks of these very bytes are not given up for a failure of the grader.
    fn outlasts(&self, new: &NewGrading) -> bool {
        matches!(new.verdict, Verdict::Fault(_)) && self.status == "graded" && self.notebook == new.notebook
    }
}

fn add_cell(t: &Transaction<'_>, execution: i64, position: i64, cell: &CellOutcome) -> rusqlite::Result<()> {
    let mut add = t.prepare_cached(
        "INSERT INTO cell (execution, position, notebook_index, grade_id, status, seconds, message)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let index = i64::try_from(cell.index).unwrap_or(i64::MAX);
    // Here for a look with other tools; in full it is among the cells.
    let message: Option<String> = cell.message.as_ref().map(|m| m.chars().take(400).collect());
    add.execute(params![
        execution,
        position,
        index,
        cell.grade_id,
        word(&cell.status),
        cell.seconds,
        message
    ])?;
    Ok(())
}

/// The submission's number, made if it is new.
fn seen(
    t: &Transaction<'_>,
    run: i64,
    student: &str,
    assignment: &str,
    slot: u32,
    file: &str,
) -> rusqlite::Result<i64> {
    t.query_row(
        "INSERT INTO submission (student, assignment, slot, file, run) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (student, assignment, slot) DO UPDATE SET file = excluded.file, run = excluded.run
         RETURNING id",
        params![student, assignment, slot, file, run],
        |row| row.get(0),
    )
}

fn before(t: &Transaction<'_>, submission: i64) -> rusqlite::Result<Option<Before>> {
    let found = t
        .query_row(
            "SELECT g.id, g.status, g.reason, g.notebook, g.execution, g.earned, g.questions, g.points, g.handed_in, g.late
             FROM submission s JOIN grading g ON g.id = s.current WHERE s.id = ?1",
            [submission],
            |row| {
                Ok(Before {
                    grading: row.get(0)?,
                    status: row.get(1)?,
                    reason: row.get(2)?,
                    notebook: row.get(3)?,
                    execution: row.get(4)?,
                    earned: row.get(5)?,
                    questions: row.get(6)?,
                    remarks: Vec::new(),
                    points: row.get(7)?,
                    handed_in: super::read::json(row, 8)?,
                    rule: super::read::json(row, 9)?,
                })
            },
        )
        .optional()?;
    found
        .map(|mut b| {
            b.remarks = super::read::remarks(t, b.grading)?;
            Ok(b)
        })
        .transpose()
}

fn insert(
    t: &Transaction<'_>,
    submission: i64,
    run: i64,
    new: &NewGrading,
    handed_in: HandedIn,
    questions: &[u8],
) -> rusqlite::Result<i64> {
    let sum = |of: fn(&QuestionResult) -> f64| new.questions.iter().map(of).sum::<f64>();
    // The same file again is the same attempt.
    t.execute(
        "INSERT INTO grading
         (submission, run, execution, attempt, notebook, status, reason, earned, points, seconds, sandbox, questions,
          handed_in, late)
         VALUES (?1, ?2, ?3, coalesce(
             (SELECT attempt FROM grading WHERE submission = ?1 AND notebook = ?4 ORDER BY id DESC LIMIT 1),
             (SELECT max(attempt) + 1 FROM grading WHERE submission = ?1), 1),
           ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        params![
            submission,
            run,
            new.execution,
            new.notebook,
            new.verdict.word(),
            new.verdict.reason(),
            sum(|q| q.earned),
            sum(|q| q.points),
            new.seconds,
            new.sandbox.word(),
            questions,
            (handed_in != HandedIn::default()).then(|| serde_json::to_string(&handed_in).ok()).flatten(),
            new.rule.and_then(|rule| serde_json::to_string(&rule).ok())
        ],
    )?;
    let grading = t.last_insert_rowid();
    let mut add_question = t.prepare_cached(
        "INSERT INTO question (grading, position, id, points, earned, cause) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let mut add_check = t.prepare_cached(
        "INSERT INTO check_result (grading, question, position, id, points, earned, verdict, message)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for (position, q) in (0_i64..).zip(&new.questions) {
        add_question.execute(params![grading, position, q.id, q.points, q.earned, q.cause])?;
        for (position, c) in (0_i64..).zip(&q.checks) {
            let verdict = word(&c.verdict);
            add_check
                .execute(params![grading, q.id, position, c.id, c.points, c.earned, verdict, c.message])?;
        }
    }
    judged_by(t, grading, new)?;
    let mut add_remark =
        t.prepare_cached("INSERT INTO remark (grading, position, text) VALUES (?1, ?2, ?3)")?;
    for (position, text) in (0_i64..).zip(&new.remarks) {
        add_remark.execute(params![grading, position, text])?;
    }
    Ok(grading)
}

/// Notes by what each question was judged.
fn judged_by(t: &Transaction<'_>, grading: i64, new: &NewGrading) -> rusqlite::Result<()> {
    let mut note = t.prepare_cached("UPDATE question SET judge = ?3 WHERE grading = ?1 AND position = ?2")?;
    for (position, judge) in (0_i64..).zip(new.judge.iter().flat_map(|by| &by.questions)) {
        note.execute(params![grading, position, judge])?;
    }
    Ok(())
}

/// The word by which JSON knows a status or verdict.
fn word<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}
