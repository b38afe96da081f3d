//! `grader verify`: is the course in order? What CI runs, and an instructor after every change.
//! Solutions earn full marks, blanks earn none, released notebooks and stored values are in step.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::expect::{faults, solved};
use super::release::{differences, make};
use super::{Outcome, runtime};
use crate::course::{CheckSpec, Course, Expected, Rubric};
use crate::judge::judge;
use crate::kernel::KernelEnvironment;
use crate::outcome::Isolation;
use crate::{Error, Result, executor, model};

/// One line of what was checked: of what, what, and what is wrong about it.
type Line = (String, &'static str, Vec<String>);

/// Checks every exercise and prints one line for each check. With `quick` the small submissions are left out.
///
/// # Errors
/// A course that cannot be read, a kernel that cannot be prepared.
pub fn verify(course: Option<&Path>, isolation: Isolation, quick: bool) -> Result<Outcome> {
    let course = Arc::new(Course::find(course)?);
    let names = course.names(&[])?;
    let mut wrong = 0;
    let mut tell = |name: &str, what: &str, faults: &[String]| {
        println!("{} {name}: {what}", if faults.is_empty() { "ok  " } else { "FAIL" });
        faults.iter().for_each(|f| println!("       {f}"));
        wrong += usize::from(!faults.is_empty());
    };
    runtime()?.block_on(async {
        let environment = KernelEnvironment::prepare(isolation).await?;
        let places = Arc::new(Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from)));
        let tasks: Vec<_> = names
            .iter()
            .map(|name| {
                let (environment, course) = (environment.clone(), Arc::clone(&course));
                let (places, name) = (Arc::clone(&places), name.clone());
                tokio::spawn(async move { exercise(&environment, &course, &name, &places).await })
            })
            .collect();
        for task in tasks {
            for (name, what, faults) in task.await.map_err(|e| Error::new(e, "please report it"))?? {
                tell(&name, what, &faults);
            }
        }
        if !quick {
            let tally = super::verdicts::verdicts(&environment, &course, &names).await?;
            let all: Vec<String> =
                tally.accepts.iter().chain(&tally.rejects).chain(&tally.unnamed).cloned().collect();
            tell(
                "verdicts",
                &format!(
                    "{} submissions, {} false accepts, {} false rejects, {} mistakes not named",
                    tally.submissions,
                    tally.accepts.len(),
                    tally.rejects.len(),
                    tally.unnamed.len()
                ),
                &all,
            );
        }
        Ok::<(), Error>(())
    })?;
    if wrong == 0 {
        println!("{} exercises in order", names.len());
        return Ok(Outcome::Done);
    }
    println!("{wrong} checks failed");
    Ok(Outcome::Incomplete)
}

/// All checks of one exercise, which waits for a place before each run of a notebook.
async fn exercise(
    environment: &KernelEnvironment,
    course: &Course,
    name: &str,
    places: &Semaphore,
) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    let mut tell = |what, faults| lines.push((name.to_owned(), what, faults));
    let rubric = course.rubric(name)?;
    let released = differences(course, name).unwrap_or_else(|e| vec![e.to_string()]);
    tell("the released notebook is in step with the solution", released);
    let expected = match Expected::load(&course.expected(name), &rubric) {
        Ok(expected) => expected,
        Err(e) => {
            tell("the expected values are stored", vec![e.to_string()]);
            return Ok(lines);
        }
    };
    let place = places.acquire().await;
    let marks = match solved(environment, course, name, &rubric).await {
        Ok(transcript) => faults(&expected, &rubric, &transcript),
        Err(e) => vec![e.to_string()],
    };
    drop(place);
    tell("the solution earns full marks", marks);
    let place = places.acquire().await;
    let blank = executor::run(environment, &make(course, name)?, &rubric)
        .await
        .map_err(|e| Error::new(e, "try again"))?;
    drop(place);
    let earned = judge(&rubric, &expected, &blank).into_iter().filter(|q| q.earned > 0.0);
    tell(
        "the blank notebook earns nothing",
        earned.map(|q| format!("{} earns {}", q.id, q.earned)).collect(),
    );
    tell("its variations and mistakes tell models apart", models(&rubric, &expected));
    Ok(lines)
}

/// Variations that change nothing in the reference, mistakes that are no mistakes.
fn models(rubric: &Rubric, expected: &Expected) -> Vec<String> {
    let mut out = Vec::new();
    for question in &rubric.questions {
        let (Some(models), Some(values)) =
            (expected.models.get(&question.id), expected.questions.get(&question.id))
        else {
            continue;
        };
        let checks: Vec<&CheckSpec> = question.checks.iter().filter(|c| c.is_modelled()).collect();
        for check in &question.checks {
            if let CheckSpec::Model(model) = check {
                let faults = model::variation_faults(model, &checks, models, values);
                out.extend(faults.into_iter().map(|f| format!("{}: {f}", question.id)));
            }
        }
        for mistake in &question.mistakes {
            if let Some(fault) = model::mistake_fault(question, mistake, &expected.mistaken, models, values) {
                out.push(format!("{} / {}: {fault}", question.id, mistake.id));
            }
        }
    }
    out
}
