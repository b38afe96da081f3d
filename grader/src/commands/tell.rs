//! What a run tells: on the terminal, as JSON or Markdown, to GitHub, to a JUnit file; and by its exit code.
//! Standard output holds what was asked for and nothing else, so that scripts can read it.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use super::Outcome;
use crate::gradebook::Gradebook;
use crate::pipeline::Done;
use crate::report::{self, Written, class::Class, github, junit, markdown, terminal::Row};
use crate::{Error, Result, files};

/// The form in which marks are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// A table for people.
    #[default]
    Table,
    /// What `grades.json` has, of this run's submissions.
    Json,
    /// Tables for wikis and pull requests.
    Markdown,
    /// Annotations at the notebooks' cells, and Markdown for the step's summary.
    Github,
}

/// How to tell.
#[derive(Clone, Debug, Default)]
pub struct Telling {
    /// The form.
    pub format: Format,
    /// Say nothing that was not asked for.
    pub quiet: bool,
    /// Also write JUnit XML here.
    pub junit: Option<PathBuf>,
    /// Submissions with fewer percent of their points fail the run.
    pub fail_under: Option<f64>,
}

impl Telling {
    /// Whether progress and closing words are wanted.
    pub(super) fn is_for_people(&self) -> bool {
        !self.quiet && self.format == Format::Table
    }
}

/// Tells of a run, and how it ended.
pub(super) fn tell(how: &Telling, book: &Gradebook, done: &[Done], written: &Written) -> Result<Outcome> {
    let mut rows = Vec::with_capacity(done.len());
    let mut class = Class::default();
    let mut annotations = github::Annotations::default();
    let mut document = junit::Document::default();
    let mut below = 0_usize;
    for one in done {
        let report = book.report(one.grading)?;
        let row = Row::of(&report, one.origin);
        below += usize::from(row.is_below(how.fail_under));
        rows.push(row);
        match how.format {
            Format::Markdown => class.add(&report),
            Format::Github => {
                class.add(&report);
                annotations.add(&report, how.fail_under);
            }
            Format::Table | Format::Json => {}
        }
        if how.junit.is_some() {
            document.add(&report);
        }
    }
    let mut out = std::io::stdout().lock();
    let written = match how.format {
        Format::Json => report::json(&mut out, book, done.iter().map(|d| d.grading)),
        Format::Markdown => print(&mut out, &markdown::summary(&rows, &class.finished())),
        Format::Github => {
            let text = markdown::summary(&rows, &class.finished());
            annotate(&mut out, annotations, &text, &rows)
        }
        Format::Table if how.quiet => Ok(()),
        Format::Table => {
            let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            let mut text = report::terminal::table(&rows, colour);
            if rows.len() > 1 {
                text.push_str(&report::overview::overview(&written.class, colour));
            }
            print(&mut out, &text)
        }
    };
    drop(out);
    // A reader that has seen enough, such as `head`, is no failure of grading.
    written?;
    if let Some(path) = &how.junit {
        let mut bytes = Vec::new();
        document.write(&mut bytes)?;
        files::write_whole(path, &bytes).map_err(|e| {
            let next = "is the folder there and yours to write? The marks are safe in the gradebook";
            Error::new(format!("cannot write {}: {e}", path.display()), next)
        })?;
    }
    if !rows.iter().all(Row::is_graded) {
        return Ok(Outcome::Incomplete);
    }
    if below > 0 {
        let least = how.fail_under.unwrap_or_default();
        let one = below == 1;
        let (what, has) = if one { ("submission", "has") } else { ("submissions", "have") };
        eprintln!("{below} {what} {has} less than {least} % of the points, which `--fail-under` asks for");
        return Ok(Outcome::Below);
    }
    Ok(Outcome::Done)
}

fn print(out: &mut impl Write, text: &str) -> Result<()> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::new(format!("cannot print: {e}"), "the marks are safe in the gradebook"))
        }
        _ => Ok(()),
    }
}

fn annotate(
    out: &mut impl Write,
    annotations: github::Annotations,
    summary: &str,
    rows: &[Row],
) -> Result<()> {
    let mut text: String = annotations.lines().into_iter().map(|line| line + "\n").collect();
    text.push_str("::group::marks\n");
    // The table's words are made harmless, but a line of it must not begin like a command.
    text.extend(report::terminal::table(rows, false).lines().map(|line| format!(" {line}\n")));
    text.push_str("::endgroup::\n");
    print(out, &text)?;
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|p| !p.is_empty()).map(PathBuf::from)
    else {
        return Ok(());
    };
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .and_then(|mut file| file.write_all(summary.as_bytes()))
        .map_err(|e| {
            let next = "GITHUB_STEP_SUMMARY names the file; the marks are safe in the gradebook";
            Error::new(format!("cannot write the step's summary to {}: {e}", path.display()), next)
        })
}
