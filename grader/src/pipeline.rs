//! From a notebook to its report: opened, recognised, run, judged; many at a time.
//! Whatever goes wrong with one submission stays in its own report.

use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::Semaphore;

use crate::collect::{Submission, identify};
use crate::course::{Assignment, Rubric};
use crate::judge::judge;
use crate::kernel::{KernelEnvironment, Session};
use crate::notebook::Notebook;
use crate::outcome::{GradingStatus, SubmissionReport, Transcript};
use crate::runner::{CodeCell, KernelFailure, Limits, run_notebook};

/// Runs a notebook in a kernel of its own, in an empty folder.
///
/// # Errors
/// If the kernel fails twice.
pub async fn run(
    environment: &KernelEnvironment,
    notebook: &Notebook,
    rubric: &Rubric,
) -> Result<Transcript, KernelFailure> {
    match run_once(environment, notebook, rubric).await {
        // A kernel that fails is not the student's doing and seldom fails again.
        Err(_) => run_once(environment, notebook, rubric).await,
        done => done,
    }
}

async fn run_once(
    environment: &KernelEnvironment,
    notebook: &Notebook,
    rubric: &Rubric,
) -> Result<Transcript, KernelFailure> {
    let failed = |e: &dyn std::fmt::Display| KernelFailure(e.to_string());
    let folder = tempfile::tempdir().map_err(|e| failed(&e))?;
    let mut session = Session::start(environment, folder.path()).await.map_err(|e| failed(&e))?;
    let limits = Limits { cell: Duration::from_secs(rubric.timeout), ..Limits::default() };
    run_notebook(&mut session, &code_cells(notebook), &rubric.wanted(), limits).await
}

fn code_cells(notebook: &Notebook) -> Vec<CodeCell> {
    let cells =
        notebook.cells().iter().enumerate().filter(|(_, c)| c.is_code() && !c.source().trim().is_empty());
    cells
        .map(|(index, c)| CodeCell {
            index,
            grade_id: c.grade_id(),
            source: c.source(),
            execution_count: c.execution_count(),
        })
        .collect()
}

/// Grades all submissions, `jobs` at a time, and returns their reports in the same order.
pub async fn grade_all(
    environment: KernelEnvironment,
    assignments: Vec<Assignment>,
    submissions: Vec<Submission>,
    jobs: usize,
) -> Vec<SubmissionReport> {
    let bar = progress(submissions.len());
    let shared = Arc::new((environment, assignments));
    let places = Arc::new(Semaphore::new(jobs));
    let tasks: Vec<_> = submissions
        .into_iter()
        .map(|submission| {
            let (shared, places, bar) = (Arc::clone(&shared), Arc::clone(&places), bar.clone());
            let known = submission.clone();
            let task = tokio::spawn(async move {
                let _place = places.acquire_owned().await;
                bar.set_message(submission.student.clone());
                let report = grade_one(&shared.0, &shared.1, &submission).await;
                bar.inc(1);
                report
            });
            (known, task)
        })
        .collect();
    let mut reports = Vec::new();
    for (submission, task) in tasks {
        reports.push(match task.await {
            Ok(report) => report,
            Err(e) => not_graded(
                &submission,
                String::new(),
                format!("the grader itself failed ({e}); please report it"),
            ),
        });
    }
    bar.finish_and_clear();
    reports
}

async fn grade_one(
    environment: &KernelEnvironment,
    assignments: &[Assignment],
    submission: &Submission,
) -> SubmissionReport {
    let started = Instant::now();
    let notebook = match submission.load() {
        Ok(notebook) => notebook,
        Err(why) => return not_graded(submission, submission.assignment.clone().unwrap_or_default(), why),
    };
    let known: Vec<_> = assignments.iter().map(Assignment::known).collect();
    let name = submission.assignment.clone().or_else(|| identify(&notebook, &submission.path, &known));
    let Some(assignment) = name.as_ref().and_then(|name| assignments.iter().find(|a| a.name == *name)) else {
        let names: Vec<&str> = assignments.iter().map(|a| a.name.as_str()).collect();
        let why = format!(
            "which exercise this answers cannot be told; name the file after one of {}",
            names.join(", ")
        );
        return not_graded(submission, name.unwrap_or_default(), why);
    };
    match run(environment, &notebook, &assignment.rubric).await {
        Ok(transcript) => SubmissionReport {
            questions: judge(&assignment.rubric, &assignment.expected, &transcript),
            cells: transcript.cells,
            remarks: transcript.remarks,
            seconds: started.elapsed().as_secs_f64(),
            status: GradingStatus::Graded,
            ..blank(submission, assignment.name.clone())
        },
        Err(e) => not_graded(submission, assignment.name.clone(), format!("the kernel failed: {e}")),
    }
}

fn blank(submission: &Submission, assignment: String) -> SubmissionReport {
    SubmissionReport {
        student: submission.student.clone(),
        assignment,
        file: submission.path.display().to_string(),
        status: GradingStatus::Graded,
        questions: Vec::new(),
        cells: Vec::new(),
        remarks: Vec::new(),
        seconds: 0.0,
    }
}

fn not_graded(submission: &Submission, assignment: String, why: String) -> SubmissionReport {
    SubmissionReport { status: GradingStatus::NotGraded(why), ..blank(submission, assignment) }
}

fn progress(length: usize) -> ProgressBar {
    let bar = ProgressBar::new(length as u64);
    if let Ok(style) = ProgressStyle::with_template("grading [{bar:25}] {pos}/{len} {elapsed} {wide_msg}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}
