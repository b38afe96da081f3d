//! From submissions to marks in the gradebook: looked up, run if needed, judged; many at a time.
//! Whatever goes wrong with one submission stays its own; what is finished is stored before the next one is begun.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::course::Assignment;
use crate::executor::Executor;
use crate::fingerprint::{self, JudgedBy, of_judge, of_run};
use crate::gradebook::{Change, Gradebook, NewGrading, Standing, Verdict};
use crate::intake::Intake;
use crate::notebook::oddities;
use crate::outcome::{Isolation, Transcript};
use crate::progress::Progress;
use crate::{Error, Result, regrade};

/// How to go about it.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// Run every notebook, also those whose results are stored.
    pub force: bool,
    /// Submissions worked on at the same time.
    pub jobs: usize,
    /// No progress is shown, not even on a terminal.
    pub quiet: bool,
}

/// Where the marks of one submission of this run come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Origin {
    /// They were there before and stand.
    Unchanged,
    /// Judged anew from stored values.
    Stored(Change),
    /// From a run.
    Run(Change),
}

/// One submission at the end of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Done {
    /// Its marks, for [`Gradebook::report`].
    pub grading: i64,
    /// Where they come from.
    pub origin: Origin,
}

/// A run that is over.
#[derive(Clone, Debug, Default)]
pub struct Finished {
    /// In the order of the submissions; empty if the run was interrupted.
    pub done: Vec<Done>,
    /// How many submissions were finished.
    pub count: usize,
    /// Whether it was stopped before its end.
    pub interrupted: bool,
}

/// What has to be done for one submission.
enum Plan {
    /// It cannot be graded.
    Refuse(String),
    /// Its marks stand.
    Keep(Standing),
    /// A stored run serves.
    Judge { execution: i64, seconds: f64, standing: Option<Standing> },
    /// It has to be run.
    Run,
}

/// All that the tasks of a run share.
struct Shared<E> {
    executor: E,
    book: Arc<Gradebook>,
    assignments: Vec<Assignment>,
    /// [`of_judge`] of each assignment.
    judges: Vec<JudgedBy>,
    environment: String,
    run: i64,
    progress: Progress,
}

/// Grades all submissions, `jobs` at a time, until done or until `stop` comes.
///
/// # Errors
/// A kernel that cannot be prepared, a gradebook that cannot be written. What was finished before is stored.
pub async fn grade_all<E: Executor>(
    executor: E,
    book: Arc<Gradebook>,
    assignments: Vec<Assignment>,
    intakes: Vec<Intake>,
    manner: Manner,
    stop: impl Future<Output = ()>,
) -> Result<Finished> {
    let environment = executor.environment()?;
    let run = book.begin("grade", intakes.len())?;
    let judges = assignments.iter().map(of_judge).collect();
    let progress = Progress::new(intakes.len(), manner.jobs, manner.quiet);
    let shared = Arc::new(Shared { executor, book, assignments, judges, environment, run, progress });
    tokio::pin!(stop);
    let ended = tokio::select! {
        ended = work(&shared, intakes, manner) => {
            ended.map(|done| Finished { count: done.len(), done, interrupted: false })
        }
        () = &mut stop => {
            let count = shared.progress.finished();
            Ok(Finished { done: Vec::new(), count, interrupted: true })
        }
    };
    shared.progress.end();
    let word = match &ended {
        Ok(finished) if finished.interrupted => "interrupted",
        Ok(_) => "done",
        Err(_) => "failed",
    };
    // Only a word in the list of runs: its failure must not hide what happened.
    let told = shared.book.end(run, word);
    ended.and_then(|finished| told.map(|()| finished))
}

/// Ends its tasks when dropped, and with them their kernels.
struct Tasks(Vec<JoinHandle<Result<Done>>>);

impl Drop for Tasks {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

async fn work<E: Executor>(
    shared: &Arc<Shared<E>>,
    intakes: Vec<Intake>,
    manner: Manner,
) -> Result<Vec<Done>> {
    let mut plans = Vec::new();
    for intake in &intakes {
        plans.push(shared.plan(intake, manner.force)?);
    }
    let runs = plans.iter().filter(|plan| matches!(plan, Plan::Run)).count();
    if runs > 0 {
        shared.executor.prepare().await?;
    }
    shared.progress.expect(runs);
    let places = Arc::new(Semaphore::new(manner.jobs.max(1)));
    let intakes: Vec<Arc<Intake>> = intakes.into_iter().map(Arc::new).collect();
    let tasks = intakes.iter().zip(plans).map(|(intake, plan)| {
        let (shared, places, intake) = (Arc::clone(shared), Arc::clone(&places), Arc::clone(intake));
        tokio::spawn(async move {
            let _place = places.acquire_owned().await;
            let done = shared.carry_out(&intake, plan).await;
            shared.progress.finish();
            done
        })
    });
    let mut tasks = Tasks(tasks.collect());
    let mut done = Vec::new();
    for (task, intake) in tasks.0.iter_mut().zip(&intakes) {
        done.push(match task.await {
            Ok(one) => one?,
            Err(e) => {
                let why = format!("the grader itself failed ({e}); please report it");
                shared.give_up(intake, Verdict::Fault(why))?
            }
        });
    }
    Ok(done)
}

impl<E: Executor> Shared<E> {
    fn plan(&self, intake: &Intake, force: bool) -> Result<Plan> {
        if let Some(why) = &intake.problem {
            return Ok(Plan::Refuse(why.clone()));
        }
        let Some((assignment, judge)) = self.assignment(&intake.assignment) else {
            return Ok(Plan::Refuse(format!("there is no exercise `{}`", intake.assignment)));
        };
        if force {
            return Ok(Plan::Run);
        }
        let of = of_run(&intake.notebook, &assignment.rubric, &self.environment);
        let stored = self.book.candidates(&of, false)?;
        let Some(run) = stored.into_iter().find(|run| fingerprint::serves(run, &assignment.rubric)) else {
            return Ok(Plan::Run);
        };
        let standing = self.book.standing(&intake.submission.student, &intake.assignment, intake.slot)?;
        let news = |s: &Standing| {
            let told = intake.submission.handed_in.or(Some(s.handed_in));
            told.matters(s.handed_in, assignment.rubric.due.is_some())
        };
        Ok(match standing {
            Some(s)
                if s.graded && s.execution == Some(run.execution) && s.judge == judge.all && !news(&s) =>
            {
                Plan::Keep(s)
            }
            standing => Plan::Judge { execution: run.execution, seconds: run.seconds, standing },
        })
    }

    fn assignment(&self, name: &str) -> Option<(&Assignment, &JudgedBy)> {
        self.assignments.iter().zip(&self.judges).find(|(a, _)| a.name == name)
    }

    async fn carry_out(self: &Arc<Self>, intake: &Arc<Intake>, plan: Plan) -> Result<Done> {
        match plan {
            Plan::Refuse(why) => self.give_up(intake, Verdict::NotGraded(why)),
            Plan::Keep(standing) => {
                self.book.saw(self.run, standing.submission, &intake.file())?;
                Ok(Done { grading: standing.grading, origin: Origin::Unchanged })
            }
            Plan::Judge { execution, seconds, standing } => {
                let (shared, intake) = (Arc::clone(self), Arc::clone(intake));
                let judged = blocking(move || {
                    let transcript = shared.book.transcript(execution)?;
                    shared.mark(&intake, execution, &transcript, seconds, standing.as_ref())
                });
                let (grading, change) = judged.await?;
                Ok(Done { grading, origin: Origin::Stored(change) })
            }
            Plan::Run => {
                let _running = self.progress.running(&intake.submission.student);
                let started = Instant::now();
                let notebook = match intake.load() {
                    Ok(notebook) => notebook,
                    Err(why) => return self.give_up(intake, Verdict::Fault(why)),
                };
                let Some((assignment, _)) = self.assignment(&intake.assignment) else {
                    return self.give_up(intake, Verdict::Fault("its exercise vanished".to_owned()));
                };
                let mut transcript = match self.executor.run(&notebook, &assignment.rubric).await {
                    Ok(transcript) => transcript,
                    Err(e) => {
                        return self.give_up(intake, Verdict::Fault(format!("the kernel failed: {e}")));
                    }
                };
                transcript.remarks.splice(0..0, oddities(&notebook));
                let seconds = started.elapsed().as_secs_f64();
                let of = of_run(&intake.notebook, &assignment.rubric, &self.environment);
                let (shared, intake) = (Arc::clone(self), Arc::clone(intake));
                let judged = blocking(move || {
                    // Stored before it is judged: whatever happens then, this run need not be repeated.
                    let execution = shared.book.add_execution(shared.run, &of, &transcript, seconds)?;
                    shared.mark(&intake, execution, &transcript, seconds, None)
                });
                let (grading, change) = judged.await?;
                Ok(Done { grading, origin: Origin::Run(change) })
            }
        }
    }

    fn mark(
        &self,
        intake: &Intake,
        execution: i64,
        transcript: &Transcript,
        seconds: f64,
        standing: Option<&Standing>,
    ) -> Result<(i64, Change)> {
        let (assignment, by) = self
            .assignment(&intake.assignment)
            .ok_or_else(|| Error::new(format!("there is no exercise `{}`", intake.assignment), ""))?;
        let new = NewGrading {
            execution: Some(execution),
            judge: Some(by.clone()),
            verdict: Verdict::Graded,
            questions: regrade::questions(&self.book, assignment, by, standing, execution, transcript)?,
            remarks: transcript.remarks.clone(),
            seconds,
            sandbox: transcript.isolation,
            rule: assignment.rubric.deadline(),
            ..unmarked(intake, Verdict::Graded)
        };
        self.book.add_grading(self.run, &new)
    }

    fn give_up(&self, intake: &Intake, verdict: Verdict) -> Result<Done> {
        self.progress.fail();
        let (grading, change) = self.book.add_grading(self.run, &unmarked(intake, verdict))?;
        Ok(Done { grading, origin: Origin::Run(change) })
    }
}

fn unmarked(intake: &Intake, verdict: Verdict) -> NewGrading {
    NewGrading {
        student: intake.submission.student.clone(),
        assignment: intake.assignment.clone(),
        slot: intake.slot,
        file: intake.file(),
        notebook: intake.notebook.clone(),
        execution: None,
        judge: None,
        verdict,
        questions: Vec::new(),
        remarks: Vec::new(),
        seconds: 0.0,
        sandbox: Isolation::None,
        handed_in: intake.submission.handed_in,
        rule: None,
    }
}

/// Runs what computes or waits for the disk where it holds nobody up; its panic is passed on.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(e) if e.is_panic() => std::panic::resume_unwind(e.into_panic()),
        // Only a runtime that is shutting down cancels it, and then nobody waits for this.
        Err(_) => std::future::pending().await,
    }
}
