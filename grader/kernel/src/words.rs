//! Rust's report of a panic in a student's words: the place it names is none in the notebook, and the hint is for a terminal.
//! A filter from one piece of standard error to the next; what is no such report passes at once.

const PANIC: &[u8] = b"thread '";
/// What a line begins with that tells how to see where a panic came from: advice for a terminal, which a notebook is not.
pub(crate) const HINT: &str = "note: run with `RUST_BACKTRACE=";
/// Stands in the place of the line that names thread and place.
const PANICKED: &[u8] = b"This cell panicked:\n";

/// What has arrived of a line that may have to change.
#[derive(Default)]
pub(crate) struct Words {
    held: Vec<u8>,
    /// An empty line before it: Rust leaves one before a report.
    has_gap: bool,
    /// The line has begun to pass.
    passes: bool,
}

impl Words {
    /// What is to be shown of the next piece, and of what was held back before.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.held.extend_from_slice(piece);
            let is_whole = piece.ends_with(b"\n");
            if self.passes || !self.may_change() {
                self.pass(&mut out);
                self.passes = !is_whole;
            } else if is_whole {
                self.line(&mut out);
            }
        }
        out
    }

    /// What is still held back.
    pub(crate) fn end(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        self.pass(&mut out);
        self.passes = false;
        out
    }

    fn may_change(&self) -> bool {
        let line = &self.held[..];
        let begins = |mark: &[u8]| line.starts_with(mark) || mark.starts_with(line);
        line == b"\n" || begins(PANIC) || begins(HINT.as_bytes())
    }

    /// A whole line that may have to change.
    fn line(&mut self, out: &mut Vec<u8>) {
        let is_report = self.held.starts_with(PANIC) && find(&self.held, b" panicked at ");
        if self.held == b"\n" && !self.has_gap {
            self.held.clear();
            self.has_gap = true;
        } else if is_report {
            self.held = PANICKED.to_vec();
            self.has_gap = false;
            self.pass(out);
        } else if self.held.starts_with(HINT.as_bytes()) {
            self.held.clear();
        } else {
            self.pass(out);
        }
    }

    fn pass(&mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.has_gap) {
            out.push(b'\n');
        }
        out.append(&mut self.held);
    }
}

fn find(line: &[u8], words: &[u8]) -> bool {
    line.windows(words.len()).any(|part| part == words)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In one piece, and byte by byte.
    fn shown(text: &str) -> String {
        let whole = {
            let mut words = Words::default();
            [words.feed(text.as_bytes()), words.end()].concat()
        };
        let mut words = Words::default();
        let mut bytes: Vec<u8> = text.bytes().flat_map(|byte| words.feed(&[byte])).collect();
        bytes.extend(words.end());
        assert_eq!(bytes, whole);
        String::from_utf8(whole).unwrap()
    }

    #[test]
    fn a_panic_names_no_place_outside_the_notebook() {
        let report = "before\n\nthread '<unnamed>' (17) panicked at src/lib.rs:124:1:\nleft: 1\n right: 2\n\
            note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\nafter";
        assert_eq!(shown(report), "before\nThis cell panicked:\nleft: 1\n right: 2\nafter");
    }

    #[test]
    fn everything_else_is_as_it_was() {
        for text in [
            "",
            "\n",
            "\n\n\n",
            "a\n\nb",
            "thread 'x' is busy\n",
            "thread",
            "note: run\nno\n",
            "a\nb: 3 %\rb: 4 %\r",
        ] {
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn what_needs_no_look_does_not_wait_for_the_end_of_its_line() {
        let mut words = Words::default();
        assert_eq!(words.feed(b"12 %\r"), b"12 %\r");
        assert_eq!(words.feed(b"thread '"), b"thread '");
        assert_eq!(words.feed(b"\nthr"), b"\n");
        assert_eq!(words.feed(b"ee\n"), b"three\n");
    }
}
