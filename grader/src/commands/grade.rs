//! `grader grade`: submissions in, marks out.
//! The course is read in full before the first submission runs, so that a mistake in it costs no time.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use super::{Outcome, runtime};
use crate::collect::collect;
use crate::course::{Assignment, Course};
use crate::kernel::KernelEnvironment;
use crate::outcome::GradingStatus;
use crate::{Error, Result, pipeline, report};

/// Grades everything below `paths` and writes the results to `out`.
///
/// # Errors
/// A path that does not exist, a course that cannot be read, a kernel that cannot be prepared, results that cannot be
/// written.
pub fn grade(paths: &[PathBuf], out: &Path, jobs: Option<u16>, course: Option<&Path>) -> Result<Outcome> {
    let course = Course::find(course)?;
    let names = course.names(&[])?;
    let assignments = names.iter().map(|n| course.assignment(n)).collect::<Result<Vec<Assignment>>>()?;
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    let submissions = collect(paths, &known).map_err(|e| Error::usage(e, ""))?;
    if submissions.is_empty() {
        return Err(Error::usage(
            "there are no notebooks below the paths given",
            "name notebooks, or folders of them",
        ));
    }
    std::fs::create_dir_all(out).map_err(|e| {
        Error::new(format!("cannot make {}: {e}", out.display()), "name another folder by `--out DIR`")
    })?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = jobs.map_or(cores, usize::from);
    let released = assignments.iter().map(|a| (a.name.clone(), a.released.clone())).collect();
    let reports = runtime()?.block_on(async {
        let environment = KernelEnvironment::prepare().await?;
        Ok::<_, Error>(pipeline::grade_all(environment, assignments, submissions, jobs).await)
    })?;
    report::write_all(out, &reports, &released)?;
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    print!("{}", report::terminal::table(&reports, colour));
    println!("\nResults: {}", out.display());
    let all = reports.iter().all(|r| r.status == GradingStatus::Graded);
    Ok(if all { Outcome::Done } else { Outcome::Incomplete })
}
