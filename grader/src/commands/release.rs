//! `grader release`: the students' notebooks from the solutions, or a check that they are in step.
//! Notebooks that are as they should be are left alone, so that a release changes only what changed.

use std::path::Path;

use super::Outcome;
use crate::course::{CheckSpec, Course, Expected};
use crate::notebook::Notebook;
use crate::public::public_checks;
use crate::release::{check, release as blanked};
use crate::{Error, Result};

/// Writes or checks `assignment/*.ipynb`.
///
/// # Errors
/// A solution that cannot be released, a file that cannot be written.
pub fn release(names: &[String], check_only: bool, course: Option<&Path>) -> Result<Outcome> {
    let course = Course::find(course)?;
    let mut outcome = Outcome::Done;
    for name in course.names(names)? {
        let differences = differences(&course, &name)?;
        let target = course.released(&name);
        if differences.is_empty() {
            println!("{name}: up to date");
        } else if check_only {
            outcome = Outcome::Incomplete;
            println!("{name}: {} is not what `grader release` makes of the solution", target.display());
            differences.iter().for_each(|d| println!("  {d}"));
        } else {
            make(&course, &name)?.save(&target).map_err(|e| Error::new(e, ""))?;
            println!("{name}: wrote {}", target.display());
        }
    }
    Ok(outcome)
}

/// The notebook that students should have.
pub(super) fn make(course: &Course, name: &str) -> Result<Notebook> {
    let path = course.solution(name);
    let mut notebook = blanked(&course.notebook(&path)?, name)
        .map_err(|e| Error::new(format!("{}: {e}", path.display()), "mend the solution notebook"))?;
    let rubric = course.rubric(name)?;
    let mut checks = rubric.questions.iter().flat_map(|q| &q.checks);
    if checks.any(CheckSpec::is_public) {
        let expected = Expected::load(&course.expected(name), &rubric)?;
        notebook.set_public_checks(&public_checks(&rubric, &expected));
    }
    Ok(notebook)
}

/// In what the notebook on disk differs from the one that students should have.
pub(super) fn differences(course: &Course, name: &str) -> Result<Vec<String>> {
    let target = course.released(name);
    if !target.exists() {
        return Ok(vec![format!("{} does not exist", target.display())]);
    }
    let differences = check(&make(course, name)?, &course.notebook(&target)?);
    Ok(differences.iter().map(ToString::to_string).collect())
}
