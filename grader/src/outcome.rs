//! What grading one submission yields, as plain data: the contract between runner, judge and reports.
//! The runner fills cells and evidence, the judge adds question results, the reports only read.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use spikelab::evidence::{Evidence, Models};

use crate::late::Lateness;

/// How the run of one cell ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CellStatus {
    /// The cell ran to its end.
    Ok,
    /// rustc refused the cell.
    CompileError,
    /// The cell panicked; its own new variables are lost.
    Panicked,
    /// A `?` returned early; the rest of the cell did not run and its new variables are lost.
    ReturnedError,
    /// The cell was interrupted at its time limit.
    TimedOut,
    /// The cell used more memory, processes, files or output than it may; all variables are lost. The message says which.
    OverLimit,
    /// The process that runs the cells ended (exit, abort, stack overflow); all variables are lost.
    Died,
    /// The grader refused to send the cell (kernel commands).
    Refused,
    /// The cell was not run because the kernel could not go on.
    NotRun,
}

impl CellStatus {
    /// In words, after the name of a cell.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Ok => "ran",
            Self::CompileError => "does not compile",
            Self::Panicked => "panicked",
            Self::ReturnedError => "ended with an error",
            Self::TimedOut => "took too long",
            Self::OverLimit => "went over a limit",
            Self::Died => "ended its process",
            Self::Refused => "was refused",
            Self::NotRun => "was not run",
        }
    }
}

/// One code cell of a submission after its run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CellOutcome {
    /// Position among all cells of the notebook, from 0.
    pub index: usize,
    /// nbgrader's `grade_id`, if the cell has one.
    pub grade_id: Option<String>,
    /// The source that was run.
    pub source: String,
    /// How it ended.
    pub status: CellStatus,
    /// Wall-clock seconds.
    pub seconds: f64,
    /// The first error in full (compiler or library report, plain text), if any.
    pub message: Option<String>,
    /// What it printed, as far as that is kept.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub output: String,
}

/// How far a notebook was kept away from the machine and from other notebooks while it ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// In the sandbox, whose self-test passed.
    Full,
    /// With the rights of whoever started the grader.
    #[default]
    None,
}

impl Isolation {
    /// The word in gradebooks and JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::None => "none",
        }
    }

    /// The level of a word; an unknown one promises nothing.
    #[must_use]
    pub fn of_word(word: &str) -> Self {
        if word == "full" { Self::Full } else { Self::None }
    }

    /// In words for reports.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Full => "full: run in the sandbox",
            Self::None => "none: run with the grader's own rights",
        }
    }
}

/// Everything one run of a notebook left behind.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Transcript {
    /// How the notebook was run; belongs into every report.
    #[serde(default)]
    pub isolation: Isolation,
    /// Every code cell in order.
    pub cells: Vec<CellOutcome>,
    /// Question id → variable name → its value, taken out right after the question's last cell.
    pub evidence: BTreeMap<String, BTreeMap<String, Evidence>>,
    /// Question id → the networks that its variables belong to, as they were at that moment.
    #[serde(default)]
    pub models: BTreeMap<String, Models>,
    /// What the grader noticed and mended or refused: deleted cells, renamed variables, lost metadata.
    pub remarks: Vec<String>,
}

/// Why a check earned what it earned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Agrees within the tolerances.
    Correct,
    /// A value is there and differs.
    Differs,
    /// The variable was never made, or has another type.
    NoEvidence,
    /// It may agree, but the model that should have made it does something else; it earns nothing.
    Withheld,
}

/// A curve or a set of points for the feedback plot.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Curve {
    /// Legend text.
    pub label: String,
    /// `line`, `points` (a raster or scatter) or `vlines`.
    pub style: String,
    /// Horizontal coordinates.
    #[serde(deserialize_with = "holes")]
    pub x: Vec<f64>,
    /// Vertical coordinates; empty for `vlines`.
    #[serde(deserialize_with = "holes")]
    pub y: Vec<f64>,
}

/// Expected and got in one picture.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct CheckPlot {
    /// Axis text with unit.
    pub xlabel: String,
    /// Axis text with unit.
    pub ylabel: String,
    /// From the reference solution.
    pub expected: Vec<Curve>,
    /// From the submission.
    pub got: Vec<Curve>,
}

/// The result of one check.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CheckResult {
    /// Check id, unique in its question.
    pub id: String,
    /// One line: what is checked.
    pub title: String,
    /// Points possible.
    pub points: f64,
    /// Points earned.
    pub earned: f64,
    /// The verdict.
    pub verdict: Verdict,
    /// What differs, where, by how much; or what agrees.
    pub message: String,
    /// The rubric's hint, shown when points were lost.
    pub hint: Option<String>,
    /// Named measures (distances, worst sample, counts).
    #[serde(deserialize_with = "named_holes")]
    pub measures: BTreeMap<String, f64>,
    /// Expected and got, for the feedback page.
    pub plot: Option<CheckPlot>,
}

/// The results of one question.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct QuestionResult {
    /// Question id, as in the rubric.
    pub id: String,
    /// Title, as in the rubric.
    pub title: String,
    /// Points possible.
    pub points: f64,
    /// Points earned.
    pub earned: f64,
    /// Check by check.
    pub checks: Vec<CheckResult>,
    /// Root cause when the question's cells failed: cell, line and text.
    pub cause: Option<String>,
    /// Set if a person changed the points; `earned` is what that person gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manual: Option<Manual>,
    /// The typical mistake that explains the results, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mistake: Option<NamedMistake>,
    /// What persons said about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub comments: Vec<Comment>,
}

/// What a person said about a submission, without changing its points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// Its number in the gradebook.
    pub id: i64,
    /// The words.
    pub text: String,
    /// Whose.
    pub author: String,
    /// When, in UTC.
    pub at: String,
}

/// Points that a person set instead of the grader's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manual {
    /// What the checks earned.
    pub automatic: f64,
    /// Who set the points.
    pub author: String,
    /// Why.
    pub reason: String,
    /// When, in UTC.
    pub at: String,
    /// The student has handed in another version since.
    #[serde(default)]
    pub earlier_version: bool,
}

/// A mistake of the rubric that was recognised in a submission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedMistake {
    /// Its id in the question.
    pub id: String,
    /// What was done, in words.
    pub title: String,
    /// What to think about.
    pub hint: String,
}

/// Whether the submission could be graded at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "status", content = "reason")]
pub enum GradingStatus {
    /// Marks stand.
    Graded,
    /// Not a notebook, unreadable, or the grader itself failed: a person must look. Never counted as zero.
    NotGraded(String),
}

/// All about one submission.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SubmissionReport {
    /// Student id (folder or file stem).
    pub student: String,
    /// Which assignment notebook it answers (file stem), e.g. `exercise1`; may be empty if unknown.
    pub assignment: String,
    /// The file as named on the command line.
    pub file: String,
    /// Graded or not.
    #[serde(flatten)]
    pub status: GradingStatus,
    /// Question by question; empty if not graded.
    pub questions: Vec<QuestionResult>,
    /// Cells as run.
    pub cells: Vec<CellOutcome>,
    /// Remarks for the student and the instructor.
    pub remarks: Vec<String>,
    /// Wall-clock seconds for the whole submission.
    pub seconds: f64,
    /// How the notebook was run.
    #[serde(default)]
    pub sandbox: Isolation,
    /// The deadline, when it was handed in, and what that costs; none for an exercise without a deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<Lateness>,
    /// What persons said about all of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub comments: Vec<Comment>,
    /// Which version of the notebook this is, from 1; 0 before it is in a gradebook.
    #[serde(default)]
    pub attempt: u32,
}

/// JSON has no infinite or undefined numbers and holds `null` in their place.
fn holes<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<f64>, D::Error> {
    let values = Vec::<Option<f64>>::deserialize(from)?;
    Ok(values.into_iter().map(|v| v.unwrap_or(f64::NAN)).collect())
}

fn named_holes<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, f64>, D::Error> {
    let values = BTreeMap::<String, Option<f64>>::deserialize(from)?;
    Ok(values.into_iter().map(|(name, v)| (name, v.unwrap_or(f64::NAN))).collect())
}

impl SubmissionReport {
    /// Points that count: those of all questions, less what lateness costs.
    #[must_use]
    pub fn earned(&self) -> f64 {
        self.raw() - self.late.as_ref().map_or(0.0, |l| l.points)
    }

    /// Points earned over all questions, whenever it was handed in.
    #[must_use]
    pub fn raw(&self) -> f64 {
        self.questions.iter().map(|q| q.earned).sum()
    }

    /// Points possible over all questions.
    #[must_use]
    pub fn points(&self) -> f64 {
        self.questions.iter().map(|q| q.points).sum()
    }
}
