//! The text of the one program: each cell in a block of its own inside of the block before.
//! So later cells see the names of earlier ones and may use them anew, and earlier cells never see later names.

use spikelab::checks::PublicChecks;

use super::cell::Cell;

/// What the program says of itself while it runs, in files beside it.
const HEAD: &str = "\
#![allow(warnings)]
mod spikelab_preview {
    pub fn say(file: &str, text: String) { let _ = std::fs::write(place(file), text); }
    pub fn place(file: &str) -> String { format!(\"{}/{file}\", std::env::var(\"SPIKELAB_PREVIEW\").unwrap_or_default()) }
    pub fn at(cell: usize) { say(\"cell\", cell.to_string()); }
}
fn main() {
    std::panic::set_hook(Box::new(|panic| {
        let words = panic.payload().downcast_ref::<&str>().map(|s| (*s).to_owned());
        let words = words.or_else(|| panic.payload().downcast_ref::<String>().cloned()).unwrap_or_default();
        let line = panic.location().filter(|l| l.file().ends_with(\"main.rs\")).map_or(0, |l| l.line());
        spikelab_preview::say(\"panic\", format!(\"{line}\\n{words}\"));
    }));
    match spikelab_preview_cells() {
        Ok(()) => spikelab_preview::say(\"done\", String::new()),
        Err(error) => spikelab_preview::say(\"error\", error.to_string()),
    }
}
fn spikelab_preview_cells() -> Result<(), Box<dyn std::error::Error>> {
";
/// Put in front of a cell's last expression.
const TAIL: &str = "let _ = ";

/// A program and what its lines are.
#[derive(Debug, Default)]
pub(super) struct Program {
    pub(super) text: String,
    lines: Vec<Line>,
}

/// What one line of the program is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Our own.
    Frame,
    /// A line of a cell: its place among the cells, the line from 1, and where columns are moved from and by how much.
    Cell { place: usize, line: usize, moved: (usize, usize) },
    /// Takes out a variable of a question.
    Probe { question: usize, variable: String },
}

impl Program {
    fn push(&mut self, line: &str, what: Line) {
        self.text.push_str(line);
        self.text.push('\n');
        self.lines.push(what);
    }

    /// What a line of the program is, counted from 1.
    pub(super) fn line(&self, number: usize) -> &Line {
        number.checked_sub(1).and_then(|k| self.lines.get(k)).unwrap_or(&Line::Frame)
    }

    /// A panic's text, which begins with its line, in words of the cell.
    pub(super) fn placed(&self, message: &str) -> String {
        match message.split_once('\n').map(|(line, text)| (line.parse::<usize>(), text)) {
            Some((Ok(number), text)) => match self.line(number) {
                Line::Cell { line, .. } => format!("line {line}: {text}"),
                _ => text.to_owned(),
            },
            _ => message.to_owned(),
        }
    }
}

/// The program of all cells that nothing is known against; `refused` variables of questions are left out.
pub(super) fn write(cells: &[Cell], checks: &PublicChecks, refused: &[(usize, String)]) -> Program {
    let mut out = Program::default();
    HEAD.lines().for_each(|line| out.push(line, Line::Frame));
    let mut depth = 0;
    let mut known: Vec<&str> = Vec::new();
    for (place, cell) in cells.iter().enumerate() {
        if cell.state.is_none() {
            depth += 1;
            out.push(&format!("{{ spikelab_preview::at({place});"), Line::Frame);
            for (k, line) in cell.code.source.lines().enumerate() {
                let tail = cell.tail.filter(|tail| tail.line == k + 1);
                let Some(tail) = tail else {
                    out.push(line, Line::Cell { place, line: k + 1, moved: (usize::MAX, 0) });
                    continue;
                };
                // Columns are counted in characters.
                let at = line.char_indices().nth(tail.column).map_or(line.len(), |(at, _)| at);
                let (before, from) = line.split_at(at);
                let moved = (tail.column, TAIL.len());
                out.push(&format!("{before}{TAIL}{from}"), Line::Cell { place, line: k + 1, moved });
            }
            out.push(";", Line::Frame);
            known.extend(cell.variables.iter().map(String::as_str));
        }
        for (number, question) in checks.questions.iter().enumerate() {
            let is_own = |c: &Cell| c.code.grade_id.as_ref().is_some_and(|id| question.cells.contains(id));
            if cells.iter().rposition(is_own) != Some(place) {
                continue;
            }
            let mut names: Vec<&str> = question.checks.iter().map(|c| c.variable.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            for name in names.into_iter().filter(|name| known.contains(name)) {
                let variable = name.to_owned();
                if refused.contains(&(number, variable.clone())) {
                    continue;
                }
                let probe = format!(
                    "::spikelab::evidence::Probe::new(\"\").add({name:?}, &{name}).write(&spikelab_preview::place(\"{number}.{name}.json\"));"
                );
                out.push(&probe, Line::Probe { question: number, variable });
            }
        }
    }
    out.push("return Ok(());", Line::Frame);
    (0..depth).for_each(|_| out.push("}", Line::Frame));
    out.push("}", Line::Frame);
    out
}

/// One cell by itself, for what rustc says about its form.
pub(super) fn alone(source: &str) -> Program {
    let mut out = Program::default();
    out.push("fn cell() {", Line::Frame);
    for (k, line) in source.lines().enumerate() {
        out.push(line, Line::Cell { place: 0, line: k + 1, moved: (usize::MAX, 0) });
    }
    out.push("}", Line::Frame);
    out
}
