//! `grader check`: the public checks of one's own notebook from a terminal, without a kernel and without marks.
//! With `--watch` again whenever the notebook is saved.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use spikelab::checks::PublicChecks;

use super::Outcome;
use crate::course::Course;
use crate::notebook::Notebook;
use crate::preview::{CellState, Mistake, Preview, Workshop, preview};
use crate::{Error, Result, text};

/// Columns of a terminal that texts are wrapped to.
const COLUMNS: usize = 80;
/// How often a watched notebook is looked at.
const GLANCE: Duration = Duration::from_millis(250);

/// Checks a notebook, or goes on checking it.
///
/// # Errors
/// A file that is no notebook, a library that cannot be built.
pub fn check(file: &Path, watch: bool, seconds: u64) -> Result<Outcome> {
    let workshop = Workshop::open()?;
    if !watch {
        let (page, passed) = once(&workshop, file, seconds)?;
        print(&page);
        return Ok(if passed { Outcome::Done } else { Outcome::Incomplete });
    }
    let saved = || std::fs::metadata(file).and_then(|m| m.modified()).ok();
    let mut seen: Option<Option<SystemTime>> = None;
    loop {
        let now = saved();
        if seen.as_ref() != Some(&now) {
            seen = Some(now);
            // An editor may be half way through saving; the next glance sees the rest.
            let page = match once(&workshop, file, seconds) {
                Ok((page, _)) => page,
                Err(e) if seen.is_some() => format!("{e}\n"),
                Err(e) => return Err(e),
            };
            let clear = if std::io::stdout().is_terminal() { "\u{1b}[2J\u{1b}[H" } else { "" };
            print(&format!("{clear}{page}\nchecked again whenever {} is saved; Ctrl-C ends\n", name(file)));
        }
        std::thread::sleep(GLANCE);
    }
}

/// A reader that went away is no error.
fn print(page: &str) {
    drop(std::io::stdout().write_all(page.as_bytes()));
}

fn name(file: &Path) -> String {
    text::one_line(&file.file_name().unwrap_or_default().to_string_lossy())
}

fn once(workshop: &Workshop, file: &Path, seconds: u64) -> Result<(String, bool)> {
    let started = Instant::now();
    let notebook = Notebook::load(file).map_err(|e| Error::new(e, ""))?;
    let checks = public_checks(&notebook);
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let found = preview(
        workshop,
        &notebook,
        checks.as_ref().unwrap_or(&PublicChecks::default()),
        folder,
        Duration::from_secs(seconds),
    )?;
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let mut page = Page { out: String::new(), colour };
    let _ = writeln!(page.out, "{}: public checks, no marks", name(file));
    let (passed, all) = page.questions(&found);
    let wrong = page.cells(&found);
    if checks.is_none() {
        page.line(
            0,
            "this notebook has no public checks of its own, and no course here knows it; only its cells were tried",
        );
    }
    let seconds = started.elapsed().as_secs_f64();
    let _ = writeln!(page.out, "\n{passed} of {all} checks pass ({seconds:.1} s); the marks look closer.");
    Ok((page.out, passed == all && !wrong))
}

/// Those that came with the notebook, or those of the course around.
fn public_checks(notebook: &Notebook) -> Option<PublicChecks> {
    notebook.public_checks().or_else(|| {
        let course = Course::find(None).ok()?;
        let ids = notebook.grade_ids();
        let names = course.names(&[]).ok()?;
        let own = |name: &String| course.notebook(&course.released(name)).ok();
        let same = |other: &Notebook| other.grade_ids().iter().any(|id| ids.contains(id));
        let named = notebook.assignment().map(str::to_owned).filter(|name| names.contains(name));
        let found = named.and_then(|name| own(&name));
        found.or_else(|| names.iter().filter_map(own).find(same))?.public_checks()
    })
}

/// What is shown.
struct Page {
    out: String,
    colour: bool,
}

impl Page {
    /// Words wrapped to the terminal, all lines with the same indent.
    fn line(&mut self, indent: usize, words: &str) {
        for part in text::visible(words).lines() {
            // A report with a caret stands as it is.
            let drawn = part.starts_with(' ') || part.contains(['│', '╭', '╰', '─']);
            if drawn || part.chars().count() + indent <= COLUMNS {
                let _ = writeln!(self.out, "{:indent$}{part}", "");
                continue;
            }
            let mut column = 0;
            for word in part.split_whitespace() {
                let width = word.chars().count();
                if column > 0 && column + 1 + width > COLUMNS {
                    self.out.push('\n');
                    column = 0;
                }
                if column == 0 {
                    let _ = write!(self.out, "{:indent$}{word}", "");
                    column = indent + width;
                } else {
                    let _ = write!(self.out, " {word}");
                    column += 1 + width;
                }
            }
            self.out.push('\n');
        }
    }

    fn mark(&self, passed: bool) -> &'static str {
        match (passed, self.colour) {
            (true, true) => "\u{1b}[32m✓\u{1b}[0m",
            (false, true) => "\u{1b}[31m✗\u{1b}[0m",
            (true, false) => "✓",
            (false, false) => "✗",
        }
    }

    /// How many checks passed, of how many.
    fn questions(&mut self, found: &Preview) -> (usize, usize) {
        let (mut passed, mut all) = (0, 0);
        for question in &found.questions {
            all += question.findings.len();
            let _ = writeln!(self.out, "\n{}", text::line(&question.title, COLUMNS));
            let reason = question.held_up.and_then(|place| found.cells.get(place));
            if let Some((number, _, state)) = reason {
                let why = short(state);
                self.line(2, &format!("not checked: cell {number} {why}"));
                continue;
            }
            for finding in &question.findings {
                passed += usize::from(finding.passed);
                let words = format!("{}: {}", finding.title, finding.message);
                let before = self.out.len();
                self.line(4, &words);
                let mark = self.mark(finding.passed);
                self.out.replace_range(before..before + 4, &format!("  {mark} "));
                if let Some(hint) = &finding.hint {
                    self.line(6, hint);
                }
            }
        }
        (passed, all)
    }

    /// What is wrong with cells; true if anything is.
    fn cells(&mut self, found: &Preview) -> bool {
        let before = self.out.len();
        for (number, _, state) in &found.cells {
            match state {
                CellState::Wrong(mistake) => self.mistake(*number, mistake),
                CellState::Failed(why) => {
                    let _ = writeln!(self.out, "\ncell {number} stopped");
                    self.line(2, why);
                }
                CellState::KernelOnly(what) => {
                    self.out.push('\n');
                    let words = format!(
                        "cell {number} was left out: {what} works in Jupyter only. Run the notebook there to be sure."
                    );
                    self.line(0, &words);
                }
                CellState::Ran | CellState::Blank(_) | CellState::Needs(..) => {}
            }
        }
        self.out.len() > before
    }

    fn mistake(&mut self, number: usize, mistake: &Mistake) {
        let Mistake { line, columns: (from, to), text, message, label, help } = mistake;
        let _ = writeln!(self.out, "\ncell {number}, line {line}");
        self.line(2, message);
        // A long line is shown around the mark.
        let skip = if *to + 8 > COLUMNS { from.saturating_sub(20) } else { 0 };
        let shown: String = text::one_line(text).chars().skip(skip).take(COLUMNS - 10).collect();
        let _ = writeln!(self.out, "{line:>5} | {shown}");
        let width = to.saturating_sub(*from).clamp(1, COLUMNS - 10);
        let marks = format!("      | {:pad$}{}", "", "^".repeat(width), pad = from.saturating_sub(skip + 1));
        let fits = marks.chars().count() + 1 + label.chars().count() <= COLUMNS;
        let _ = writeln!(
            self.out,
            "{}",
            if fits && !label.is_empty() { format!("{marks} {label}") } else { marks }
        );
        if !fits {
            self.line(8, label);
        }
        for words in help {
            self.line(8, &format!("help: {words}"));
        }
    }
}

/// Why a question is not checked, after "cell 3".
fn short(state: &CellState) -> String {
    match state {
        CellState::Ran => "ran".to_owned(),
        CellState::Blank(line) => format!("has a blank in line {line}"),
        CellState::Needs(name, Some(number)) => format!("needs `{name}` of cell {number}"),
        CellState::Needs(name, None) => format!("needs `{name}`"),
        CellState::Wrong(mistake) => format!("has a mistake in line {}, see below", mistake.line),
        CellState::Failed(_) => "stopped, see below".to_owned(),
        CellState::KernelOnly(_) => "needs Jupyter".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_fits_a_terminal() {
        let mut page = Page { out: String::new(), colour: false };
        page.line(6, &"word ".repeat(40));
        page.mistake(
            3,
            &Mistake {
                line: 2,
                columns: (100, 104),
                text: format!("{}oops", "x".repeat(99)),
                message: "there is no `oops` here".into(),
                label: "a label that is so long that it does not stand beside the mark any more, I am afraid"
                    .into(),
                help: vec!["did you mean `oop`?".into()],
            },
        );
        assert!(page.out.lines().all(|l| l.chars().count() <= COLUMNS), "{}", page.out);
        let mark = page.out.lines().position(|l| l.contains("^^^^")).unwrap();
        let lines: Vec<&str> = page.out.lines().collect();
        assert_eq!(lines[mark].find('^'), lines[mark - 1].find("oops"), "{}", page.out);
    }
}
