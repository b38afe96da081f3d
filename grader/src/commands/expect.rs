//! `grader expect`: runs the solutions and stores the graded values, or checks that they are still the same.
//! A solution with a failing cell or a missing variable is an error, never a stored value.

use std::path::Path;

use super::{Outcome, runtime};
use crate::course::{Course, Expected, Rubric};
use crate::judge::judge;
use crate::kernel::KernelEnvironment;
use crate::notebook::Notebook;
use crate::outcome::{CellStatus, Isolation, Transcript};
use crate::{Error, Result, executor};

/// Writes or checks `solutions/expected/*.json`.
///
/// # Errors
/// A solution that fails, a file that cannot be read or written.
pub fn expect(
    names: &[String],
    check_only: bool,
    course: Option<&Path>,
    isolation: Isolation,
) -> Result<Outcome> {
    let course = Course::find(course)?;
    let names = course.names(names)?;
    // A mistake in a rubric is told before the kernel is prepared.
    let rubrics = names.iter().map(|name| course.rubric(name)).collect::<Result<Vec<Rubric>>>()?;
    let mut outcome = Outcome::Done;
    runtime()?.block_on(async {
        let environment = KernelEnvironment::prepare(isolation).await?;
        for (name, rubric) in names.into_iter().zip(rubrics) {
            let transcript = solved(&environment, &course, &name, &rubric).await?;
            let target = course.expected(&name);
            if check_only {
                let faults = faults(&Expected::load(&target, &rubric)?, &rubric, &transcript);
                if faults.is_empty() {
                    println!("{name}: the solution gives what is stored");
                } else {
                    outcome = Outcome::Incomplete;
                    println!("{name}: the solution gives something else than {}", target.display());
                    faults.iter().for_each(|f| println!("  {f}"));
                }
            } else {
                if let Some(folder) = target.parent() {
                    std::fs::create_dir_all(folder)
                        .map_err(|e| Error::new(format!("cannot make {}: {e}", folder.display()), ""))?;
                }
                Expected::new(&name, transcript.evidence).with_models(transcript.models).save(&target)?;
                println!("{name}: wrote {}", target.display());
            }
        }
        Ok::<(), Error>(())
    })?;
    Ok(outcome)
}

/// The run of a solution in which nothing failed and nothing is missing.
pub(super) async fn solved(
    environment: &KernelEnvironment,
    course: &Course,
    name: &str,
    rubric: &Rubric,
) -> Result<Transcript> {
    let path = course.solution(name);
    let notebook: Notebook = course.notebook(&path)?;
    let next = "mend the solution notebook";
    let transcript = executor::run(environment, &notebook, rubric)
        .await
        .map_err(|e| Error::new(format!("{}: {e}", path.display()), "try again"))?;
    if let Some(cell) = transcript.cells.iter().find(|c| c.status != CellStatus::Ok) {
        let what = cell.message.clone().unwrap_or_default();
        return Err(Error::new(format!("{}, cell {}: {what}", path.display(), cell.index + 1), next));
    }
    let found = Expected::new(name, transcript.evidence.clone());
    if let Some((question, variable)) = found.missing(rubric).first() {
        return Err(Error::new(
            format!("{}: question `{question}` has no variable `{variable}`", path.display()),
            next,
        ));
    }
    match transcript.remarks.first() {
        Some(remark) => Err(Error::new(format!("{}: {remark}", path.display()), next)),
        None => Ok(transcript),
    }
}

/// Every check in which a run of the solution does not earn all points.
pub(super) fn faults(expected: &Expected, rubric: &Rubric, transcript: &Transcript) -> Vec<String> {
    let results = judge(rubric, expected, transcript);
    let checks = results.iter().flat_map(|q| q.checks.iter().map(move |c| (q, c)));
    checks
        .filter(|(_, c)| c.earned < c.points)
        .map(|(q, c)| format!("{} / {}: {} of {}: {}", q.id, c.id, c.earned, c.points, c.message))
        .collect()
}
