//! Runs the small submissions of `tests/verdicts/` and holds their marks against those they must get.
//! A false accept earns more than it should, a false reject less; both are told with every check's own words.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::course::{Course, Expected, Rubric, VerdictSubmission, Verdicts};
use crate::judge::judge;
use crate::kernel::KernelEnvironment;
use crate::notebook::Notebook;
use crate::outcome::QuestionResult;
use crate::{Error, Result, executor};

/// How a set of submissions was marked.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) submissions: usize,
    pub(super) accepts: Vec<String>,
    pub(super) rejects: Vec<String>,
    /// A mistake that was not named.
    pub(super) unnamed: Vec<String>,
}

/// Marks every submission of the exercises, as many at a time as there are cores.
///
/// # Errors
/// A file with a mistake in it, a kernel that fails.
pub(super) async fn verdicts(
    environment: &KernelEnvironment,
    course: &Course,
    names: &[String],
) -> Result<Tally> {
    let places = Arc::new(Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from)));
    let mut tasks = Vec::new();
    for name in names {
        let path = course.verdicts(name);
        if !path.exists() {
            continue;
        }
        let set = Verdicts::load(&path)?;
        let rubric = course.rubric(name)?;
        let expected = Expected::load(&course.expected(name), &rubric)?;
        let solution = course.notebook(&course.solution(name))?;
        for submission in &set.submissions {
            let job = Job {
                name: format!("{name} {}", submission.id),
                notebook: set.notebook(submission, &solution)?,
                rubric: only(&rubric, submission)?,
                expected: expected.clone(),
                submission: submission.clone(),
            };
            let (environment, places) = (environment.clone(), Arc::clone(&places));
            tasks.push(tokio::spawn(async move {
                let _place = places.acquire_owned().await;
                let marks = job.run(&environment).await?;
                Ok::<(Job, Vec<QuestionResult>), Error>((job, marks))
            }));
        }
    }
    let mut tally = Tally::default();
    for task in tasks {
        let (job, marks) = task.await.map_err(|e| Error::new(e, "please report it"))??;
        job.hold_against(&marks, &mut tally);
    }
    Ok(tally)
}

/// The rubric with the questions that the submission answers.
fn only(rubric: &Rubric, submission: &VerdictSubmission) -> Result<Rubric> {
    let mut rubric = rubric.clone();
    if let Some(id) = submission.questions().find(|id| !rubric.questions.iter().any(|q| q.id == **id)) {
        let what = format!("`{}` is to earn points in `{id}`", submission.id);
        return Err(Error::new(what, "the rubric has no such question"));
    }
    rubric.questions.retain(|q| submission.questions().any(|id| *id == q.id));
    Ok(rubric)
}

struct Job {
    name: String,
    notebook: Notebook,
    rubric: Rubric,
    expected: Expected,
    submission: VerdictSubmission,
}

impl Job {
    async fn run(&self, environment: &KernelEnvironment) -> Result<Vec<QuestionResult>> {
        let transcript = executor::run(environment, &self.notebook, &self.rubric)
            .await
            .map_err(|e| Error::new(format!("{}: {e}", self.name), "try again"))?;
        Ok(judge(&self.rubric, &self.expected, &transcript))
    }

    fn hold_against(&self, marks: &[QuestionResult], tally: &mut Tally) {
        tally.submissions += 1;
        for question in marks {
            let exact = self.submission.earns.get(&question.id);
            let most = exact.or(self.submission.at_most.get(&question.id)).copied().unwrap_or(0.0);
            let least = exact.copied().unwrap_or(0.0);
            let told = || {
                let checks = question
                    .checks
                    .iter()
                    .map(|c| format!("{} {} of {}: {}", c.id, c.earned, c.points, c.message));
                let cause = question.cause.iter().map(|c| c.lines().take(3).collect::<Vec<_>>().join(" "));
                format!(
                    "{} earns {} in {}, should be {most} ({})\n         {}",
                    self.name,
                    question.earned,
                    question.id,
                    self.submission.why,
                    checks.chain(cause).collect::<Vec<_>>().join("\n         ")
                )
            };
            if question.earned > most + 1e-6 {
                tally.accepts.push(told());
            } else if question.earned < least - 1e-6 {
                tally.rejects.push(told());
            }
        }
        let named = marks.iter().find_map(|q| q.mistake.as_ref()).map(|m| m.id.clone());
        if self.submission.mistake.is_some() && named != self.submission.mistake {
            let wanted = self.submission.mistake.clone().unwrap_or_default();
            let got = named.unwrap_or_else(|| "none".to_owned());
            tally.unnamed.push(format!("{}: the mistake named is {got}, should be {wanted}", self.name));
        }
    }
}
