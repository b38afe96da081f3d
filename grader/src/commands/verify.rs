//! `grader verify`: is the course in order? What CI runs, and an instructor after every change.
//! Solutions earn full marks, blanks earn none, released notebooks and stored values are in step.

use std::path::Path;

use super::expect::{faults, solved};
use super::release::{differences, make};
use super::{Outcome, runtime};
use crate::course::{Course, Expected};
use crate::judge::judge;
use crate::kernel::KernelEnvironment;
use crate::outcome::Isolation;
use crate::{Error, Result, pipeline};

/// Checks every exercise and prints one line for each check.
///
/// # Errors
/// A course that cannot be read, a kernel that cannot be prepared.
pub fn verify(course: Option<&Path>, isolation: Isolation) -> Result<Outcome> {
    let course = Course::find(course)?;
    let names = course.names(&[])?;
    let mut wrong = 0;
    let mut tell = |name: &str, what: &str, faults: &[String]| {
        println!("{} {name}: {what}", if faults.is_empty() { "ok  " } else { "FAIL" });
        faults.iter().for_each(|f| println!("       {f}"));
        wrong += usize::from(!faults.is_empty());
    };
    runtime()?.block_on(async {
        let environment = KernelEnvironment::prepare(isolation).await?;
        for name in &names {
            let rubric = course.rubric(name)?;
            let released = differences(&course, name).unwrap_or_else(|e| vec![e.to_string()]);
            tell(name, "the released notebook is in step with the solution", &released);
            let expected = match Expected::load(&course.expected(name), &rubric) {
                Ok(expected) => expected,
                Err(e) => {
                    tell(name, "the expected values are stored", &[e.to_string()]);
                    continue;
                }
            };
            let marks = match solved(&environment, &course, name, &rubric).await {
                Ok(transcript) => faults(&expected, &rubric, &transcript),
                Err(e) => vec![e.to_string()],
            };
            tell(name, "the solution earns full marks", &marks);
            let blank = pipeline::run(&environment, &make(&course, name)?, &rubric)
                .await
                .map_err(|e| Error::new(e, "try again"))?;
            let earned = judge(&rubric, &expected, &blank).into_iter().filter(|q| q.earned > 0.0);
            let earned: Vec<String> = earned.map(|q| format!("{} earns {}", q.id, q.earned)).collect();
            tell(name, "the blank notebook earns nothing", &earned);
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
