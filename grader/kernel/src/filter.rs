//! What happens to the cells' stdout on its way to evcxr, as a state machine without input or output.
//! It marks failed cells, frees evcxr's own markers from text glued to them, and caps floods.

use std::fmt::Write;

use serde_json::json;

const COMPLETE: &str = "EVCXR_EXECUTION_COMPLETE";
const PANIC: &str = "EVCXR_PANIC_NOTIFICATION";
const RETURNED_ERROR: &str = "EVCXR_ERROR_OCCURRED";
const BEGIN: &str = "EVCXR_BEGIN_CONTENT ";
const END: &str = "EVCXR_END_CONTENT";
/// The mime type that tells the grader how the cell really ended.
const OUTCOME: &str = "application/vnd.spikelab.outcome+json";
/// The same for a student: VS Code complains of types that it cannot draw.
const STOPPED: &str = "✗ This cell stopped at the error above: what comes after it did not run, and names made in this cell are not known.";

/// Plain text passed on per cell, unless told otherwise; evcxr forwards some thousand lines a second and keeps the
/// rest in memory.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// Overrides it.
const OUTPUT_LIMIT: &str = "SPIKELAB_OUTPUT_LIMIT";
const MAX_LINES: usize = 10_000;

/// Gives the text on stderr so far; its argument says whether the cell is at its end, or else has failed.
type Stderr<'a> = &'a mut dyn FnMut(bool) -> String;

/// How many bytes of plain text a cell may print.
pub(crate) fn most_bytes() -> usize {
    std::env::var(OUTPUT_LIMIT).ok().and_then(|text| text.parse().ok()).unwrap_or(MAX_BYTES)
}

/// Who is told that a cell failed.
#[derive(Clone, Copy)]
pub(crate) enum Reader {
    Grader,
    Student,
}

/// The filter's memory from one piece of output to the next.
pub(crate) struct Filter {
    most: usize,
    reader: Reader,
    partial: Vec<u8>,
    in_content: bool,
    lines: usize,
    bytes: usize,
    dropped: usize,
}

impl Filter {
    /// A filter that passes so many bytes of plain text a cell.
    pub(crate) fn new(most: usize, reader: Reader) -> Self {
        Self { most, reader, partial: Vec::new(), in_content: false, lines: 0, bytes: 0, dropped: 0 }
    }

    /// Takes bytes as they arrive and gives the whole lines to pass on.
    pub(crate) fn feed(&mut self, bytes: &[u8], stderr: Stderr) -> Vec<u8> {
        let mut out = String::new();
        let mut rest = bytes;
        while let Some(n) = rest.iter().position(|&b| b == b'\n') {
            self.partial.extend_from_slice(&rest[..n]);
            rest = &rest[n + 1..];
            let line = std::mem::take(&mut self.partial);
            // evcxr reads UTF-8 only; one foreign byte would put it out of step for good.
            self.line(&String::from_utf8_lossy(&line), &mut out, stderr);
        }
        self.partial.extend_from_slice(rest);
        if !self.in_content && self.partial.len() > self.most {
            let line = std::mem::take(&mut self.partial);
            self.text(&String::from_utf8_lossy(&line), &mut out);
        }
        out.into_bytes()
    }

    /// What was printed without a line end before the process ended.
    pub(crate) fn end(&mut self) -> Vec<u8> {
        let mut line = std::mem::take(&mut self.partial);
        if !line.is_empty() {
            line.push(b'\n');
        }
        line
    }

    fn line(&mut self, line: &str, out: &mut String, stderr: Stderr) {
        // `print!` without a line end glues the next marker to its text, and evcxr would wait for ever.
        let glued = [COMPLETE, PANIC, RETURNED_ERROR, END].into_iter().find(|marker| line.ends_with(marker));
        if let Some(marker) = glued
            && line.len() > marker.len()
            && (self.in_content || marker != END)
        {
            self.line(&line[..line.len() - marker.len()], out, stderr);
            return self.line(marker, out, stderr);
        }
        if let Some(at) = line.find(BEGIN)
            && at > 0
            && !self.in_content
        {
            self.line(&line[..at], out, stderr);
            return self.line(&line[at..], out, stderr);
        }
        match line {
            COMPLETE => {
                self.close(out);
                if self.dropped > 0 {
                    let _ = writeln!(out, "[{} more lines are not shown]", self.dropped);
                }
                *self =
                    Self { partial: std::mem::take(&mut self.partial), ..Self::new(self.most, self.reader) };
                stderr(true);
                push(out, COMPLETE);
            }
            PANIC | RETURNED_ERROR => {
                self.close(out);
                let outcome = if line == PANIC { "panicked" } else { "returned_error" };
                // Asked for in any case: it also passes on what is still on its way.
                let message = stderr(false);
                let _ = match self.reader {
                    Reader::Grader => {
                        let block = json!({ "outcome": outcome, "message": message });
                        writeln!(out, "{BEGIN}{OUTCOME}\n{block}\n{END}")
                    }
                    Reader::Student => writeln!(out, "{BEGIN}text/plain\n{STOPPED}\n{END}"),
                };
                push(out, line);
            }
            END => {
                self.in_content = false;
                push(out, line);
            }
            _ if line.starts_with(BEGIN) => {
                self.in_content = true;
                push(out, line);
            }
            _ if self.in_content || line.starts_with("EVCXR_") => push(out, line),
            _ => self.text(line, out),
        }
    }

    /// A panic half way through a display block leaves it open.
    fn close(&mut self, out: &mut String) {
        if self.in_content {
            self.in_content = false;
            push(out, END);
        }
    }

    fn text(&mut self, line: &str, out: &mut String) {
        self.lines += 1;
        self.bytes += line.len();
        // The first line may be as long as it likes: a short cell with one long line is no flood.
        if self.lines == 1 || (self.lines <= MAX_LINES && self.bytes <= self.most) {
            push(out, line);
        } else {
            self.dropped += 1;
        }
    }
}

fn push(out: &mut String, line: &str) {
    out.push_str(line);
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grader() -> Filter {
        Filter::new(MAX_BYTES, Reader::Grader)
    }

    fn run(filter: &mut Filter, text: &str) -> String {
        String::from_utf8(filter.feed(text.as_bytes(), &mut |_| "why".to_owned()))
            .expect("the filter keeps UTF-8")
    }

    #[test]
    fn failed_cells_are_marked_before_evcxr_hears_of_it() {
        for (marker, outcome) in [(PANIC, "panicked"), (RETURNED_ERROR, "returned_error")] {
            let out = run(&mut grader(), &format!("a\n{marker}\n{COMPLETE}\n"));
            let block =
                format!("{BEGIN}{OUTCOME}\n{}\n{END}\n", json!({ "outcome": outcome, "message": "why" }));
            assert_eq!(out, format!("a\n{block}{marker}\n{COMPLETE}\n"));
        }
    }

    #[test]
    fn a_student_reads_words_instead_of_data() {
        for marker in [PANIC, RETURNED_ERROR] {
            let mut filter = Filter::new(MAX_BYTES, Reader::Student);
            for _ in 0..2 {
                let out = run(&mut filter, &format!("{marker}\n{COMPLETE}\n"));
                assert_eq!(out, format!("{BEGIN}text/plain\n{STOPPED}\n{END}\n{marker}\n{COMPLETE}\n"));
            }
        }
    }

    #[test]
    fn a_marker_glued_to_text_is_freed() {
        let mut filter = grader();
        assert_eq!(run(&mut filter, &format!("abc{COMPLETE}\n")), format!("abc\n{COMPLETE}\n"));
        let shown = run(&mut filter, &format!("abc{BEGIN}text/plain\nx{END}\n"));
        assert_eq!(shown, format!("abc\n{BEGIN}text/plain\nx\n{END}\n"));
    }

    #[test]
    fn an_open_block_is_closed_at_the_end_of_the_cell() {
        let out = run(&mut grader(), &format!("{BEGIN}text/plain\nx\n{COMPLETE}\n"));
        assert_eq!(out, format!("{BEGIN}text/plain\nx\n{END}\n{COMPLETE}\n"));
    }

    #[test]
    fn lines_arrive_whole_and_in_utf8() {
        let mut filter = grader();
        assert!(filter.feed(b"h\xC3", &mut |_| String::new()).is_empty());
        assert_eq!(filter.feed(b"\xB6\n\xFF\n", &mut |_| String::new()), "h\u{f6}\n\u{fffd}\n".as_bytes());
        filter.feed(b"last", &mut |_| String::new());
        assert_eq!(filter.end(), b"last\n");
    }

    #[test]
    fn a_flood_is_capped_and_the_next_cell_starts_afresh() {
        let mut filter = grader();
        let out = run(&mut filter, &format!("{}{COMPLETE}\n", "x\n".repeat(MAX_LINES + 5)));
        assert_eq!(out.lines().count(), MAX_LINES + 2);
        assert!(out.contains("[5 more lines are not shown]"));
        assert_eq!(run(&mut filter, "x\n"), "x\n");
    }
}
