//! `grader grade`: submissions in, marks out; `grader regrade`: marks anew from what is stored.
//! The course is read in full before the first submission runs, so that a mistake in it costs no time.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::tell::{Telling, tell};
use super::{Outcome, runtime};
use crate::collect::collect;
use crate::course::{Assignment, Course};
use crate::executor::{Executor, KernelExecutor};
use crate::gradebook::Gradebook;
use crate::intake;
use crate::notebook::Notebook;
use crate::outcome::Isolation;
use crate::pipeline::{self, Manner};
use crate::regrade;
use crate::report;
use crate::{Error, Result, text};

/// What to grade, and where the results go.
#[derive(Clone, Debug)]
pub struct Request {
    /// Notebooks, or folders of them.
    pub paths: Vec<PathBuf>,
    /// Where reports go.
    pub place: Place,
    /// Submissions worked on at the same time; one for each core if left out.
    pub jobs: Option<u16>,
    /// Run every notebook, also those whose results are stored.
    pub force: bool,
    /// Larger notebooks are refused; in bytes.
    pub largest: u64,
    /// In the sandbox, or with the grader's own rights.
    pub isolation: Isolation,
    /// How marks are told.
    pub telling: Telling,
}

/// Where a course and the results of its grading are.
#[derive(Clone, Debug)]
pub struct Place {
    /// The folder of the reports.
    pub out: PathBuf,
    /// The gradebook, if it is not in that folder.
    pub gradebook: Option<PathBuf>,
    /// The course, if it is not above the present folder.
    pub course: Option<PathBuf>,
}

impl Place {
    /// The gradebook's file.
    #[must_use]
    pub fn book(&self) -> PathBuf {
        self.gradebook.clone().unwrap_or_else(|| self.out.join("gradebook.db"))
    }

    pub(super) fn assignments(&self) -> Result<(Vec<String>, Vec<Assignment>)> {
        let course = Course::find(self.course.as_deref())?;
        let names = course.names(&[])?;
        let assignments = names.iter().map(|n| course.assignment(n)).collect::<Result<_>>()?;
        Ok((names, assignments))
    }

    /// Opens the gradebook to write, made with its folder if there is none.
    pub(super) fn open(&self) -> Result<Gradebook> {
        self.make_folder()?;
        Gradebook::open(&self.book())
    }

    fn make_folder(&self) -> Result<()> {
        std::fs::create_dir_all(&self.out).map_err(|e| {
            let what = format!("cannot make {}: {e}", self.out.display());
            Error::new(what, "name another folder by `--out DIR`")
        })
    }
}

/// Grades everything that is asked for through the kernel.
///
/// # Errors
/// As [`grade_by`].
pub fn grade(request: &Request) -> Result<Outcome> {
    grade_by(KernelExecutor::new(request.isolation), request)
}

/// Grades everything that is asked for.
///
/// # Errors
/// A path that does not exist, a course that cannot be read, a kernel that cannot be prepared, another grader in the
/// gradebook, results that cannot be written.
pub fn grade_by<E: Executor>(executor: E, request: &Request) -> Result<Outcome> {
    let (names, assignments) = request.place.assignments()?;
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    let submissions = collect(&request.paths, &known).map_err(|e| Error::usage(e, ""))?;
    if submissions.is_empty() {
        return Err(Error::usage(
            "there are no notebooks below the paths given",
            "name notebooks, or folders of them",
        ));
    }
    request.place.make_folder()?;
    let book = Arc::new(open(&request.place)?);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let quiet = request.telling.quiet;
    let manner = Manner { force: request.force, jobs: request.jobs.map_or(cores, usize::from), quiet };
    let released = blanks(&assignments);
    let intakes = intake::look(submissions, &assignments, request.largest);
    let total = intakes.len();
    let runtime = runtime()?;
    let finished = runtime.block_on(pipeline::grade_all(
        executor,
        Arc::clone(&book),
        assignments,
        intakes,
        manner,
        stopped(),
    ))?;
    // Waits until no task and no kernel is left.
    drop(runtime);
    let written = report::write_all(&request.place.out, &book, &released)?;
    if finished.interrupted {
        eprintln!(
            "\ninterrupted: {} of {total} submissions are finished and stored\n  help: run the same command again \
             to go on; nothing finished is run twice",
            finished.count
        );
        return Ok(Outcome::Interrupted);
    }
    let outcome = tell(&request.telling, &book, &finished.done, &written)?;
    if !request.telling.is_for_people() {
        return Ok(outcome);
    }
    println!("\nResults: {}", request.place.out.display());
    let all = written.submissions;
    if all > total {
        println!(
            "Its reports hold all {all} submissions of the gradebook, {} from earlier runs.",
            all - total
        );
    }
    Ok(outcome)
}

/// Judges everything in the gradebook again, without a kernel.
///
/// # Errors
/// No gradebook, a course that cannot be read, results that cannot be written.
pub fn regrade(place: &Place, jobs: Option<u16>, telling: &Telling) -> Result<Outcome> {
    let (_, assignments) = place.assignments()?;
    if !place.book().is_file() {
        return Gradebook::look(&place.book()).map(|_| Outcome::Done);
    }
    place.make_folder()?;
    let book = open(place)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let regraded = regrade::regrade(&book, &assignments, jobs.map_or(cores, usize::from), telling.quiet)?;
    let written = report::write_all(&place.out, &book, &blanks(&assignments))?;
    let outcome = tell(telling, &book, &regraded.done, &written)?;
    if !regraded.left.is_empty() {
        let mut left = String::from("\nNot judged again, because that needs `grader grade`:\n");
        for (line, why) in &regraded.left {
            let (student, exercise) = (text::line(&line.student, 24), text::line(&line.assignment, 16));
            left.push_str(&format!("  {student} {exercise}: {why}\n"));
        }
        if telling.is_for_people() { print!("{left}") } else { eprint!("{left}") }
    }
    if telling.is_for_people() {
        println!("\nResults: {}", place.out.display());
    }
    Ok(if regraded.left.is_empty() { outcome } else { Outcome::Incomplete })
}

/// Writes the reports anew, after something was changed by hand.
pub(super) fn rewrite(place: &Place, book: &Gradebook) -> Result<()> {
    let (_, assignments) = place.assignments()?;
    place.make_folder()?;
    report::write_all(&place.out, book, &blanks(&assignments)).map(|_| ())
}

/// The blank notebooks of the course, by name.
pub(super) fn released(place: &Place) -> Result<BTreeMap<String, Notebook>> {
    place.assignments().map(|(_, assignments)| blanks(&assignments))
}

fn open(place: &Place) -> Result<Gradebook> {
    let book = Gradebook::open(&place.book())?;
    if let Some(holder) = book.left_by() {
        eprintln!(
            "the grader before (process {} on {}) was ended in the middle; going on from what it had stored",
            holder.pid,
            text::line(&holder.host, 40)
        );
    }
    Ok(book)
}

fn blanks(assignments: &[Assignment]) -> BTreeMap<String, Notebook> {
    assignments.iter().map(|a| (a.name.clone(), a.released.clone())).collect()
}

/// Waits for ctrl-C, or for the word to end by which systems stop programs.
async fn stopped() {
    let term = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut term) => term.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        result = tokio::signal::ctrl_c() => if result.is_err() { std::future::pending::<()>().await },
        _ = term => {}
    }
    // Whoever asks twice does not want to wait for reports; the gradebook can be left at any instant.
    tokio::spawn(async {
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(130);
        }
    });
}
