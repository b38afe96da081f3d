//! What a student changed in a graded cell, against the blank that was released.
//! Line by line, with the changed words marked inside.

use serde::Serialize;
use similar::{ChangeTag, TextDiff};

/// One line of a difference.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    /// `del`, `ins` or `same`.
    class: &'static str,
    sign: &'static str,
    /// Pieces of the line; true if this piece is what changed.
    pieces: Vec<(bool, String)>,
}

/// The lines of the blank and of the submission, unchanged ones kept.
pub(super) fn lines(blank: &str, submitted: &str) -> Vec<Line> {
    let diff = TextDiff::from_lines(blank, submitted);
    let changes = diff.ops().iter().flat_map(|op| diff.iter_inline_changes(op));
    changes
        .map(|change| {
            let (class, sign) = match change.tag() {
                ChangeTag::Delete => ("del", "-"),
                ChangeTag::Insert => ("ins", "+"),
                ChangeTag::Equal => ("same", " "),
            };
            let pieces = change
                .iter_strings_lossy()
                .map(|(changed, text)| (changed, text.trim_end_matches('\n').to_owned()));
            Line { class, sign, pieces: pieces.collect() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filled_blank_is_one_line_out_and_one_in() {
        let lines = lines("let tau = ____;\nnet.run();\n", "let tau = 10.0 * ms;\nnet.run();\n");
        assert_eq!(lines.iter().map(|l| l.class).collect::<Vec<_>>(), ["del", "ins", "same"]);
        let changed: Vec<&str> = lines[1].pieces.iter().filter(|p| p.0).map(|p| p.1.as_str()).collect();
        assert!(changed.concat().contains("10.0"), "{lines:?}");
    }
}
