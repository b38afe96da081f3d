//! What a student changed in a graded cell, against the blank that was released.
//! Line by line, with the changed words marked inside.

use std::time::Duration;

use serde::Serialize;
use similar::{ChangeTag, TextDiff};

use crate::text::{cut, visible};

/// One line of a difference.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    /// `del`, `ins` or `same`.
    class: &'static str,
    sign: &'static str,
    /// Pieces of the line; true if this piece is what changed.
    pieces: Vec<(bool, String)>,
}

/// So much of a cell is compared.
const SOURCE: usize = 64 << 10;
/// A comparison that takes longer is made coarser.
const TIME: Duration = Duration::from_millis(500);

/// The lines of the blank and of the submission, unchanged ones kept.
pub(super) fn lines(blank: &str, submitted: &str) -> Vec<Line> {
    let submitted = visible(&cut(submitted, SOURCE));
    let diff = TextDiff::configure().timeout(TIME).diff_lines(blank, submitted.as_str());
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
