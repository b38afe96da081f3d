//! Words in a cell that a solution hardly needs and an attack often does; told to the instructor, never counted.
//! The sandbox does not rely on them: what they name is allowed, and harmless in there.

/// What is looked for, and what it may be used for.
const WORDS: [(&str, &str); 15] = [
    ("EVCXR_", "speaks the kernel's own protocol"),
    ("/proc", "looks at processes"),
    ("std::process", "starts or ends processes"),
    ("std::fs", "reads or writes files"),
    ("std::net", "uses the network"),
    ("std::env", "reads the environment"),
    ("std::arch", "is written for one processor"),
    ("no_mangle", "replaces functions of others"),
    ("export_name", "replaces functions of others"),
    ("link_section", "changes how a program is put together"),
    ("#![feature", "asks for an unfinished compiler"),
    ("include_str!", "reads files while compiling"),
    ("include_bytes!", "reads files while compiling"),
    ("include!", "reads files while compiling"),
    ("thread::spawn", "leaves something running behind the cell"),
];
const KEYWORDS: [(&str, &str); 2] =
    [("unsafe", "goes around the compiler's checks"), ("extern", "calls or replaces foreign functions")];

/// A remark for each kind of suspicious word in a cell, with the line.
#[must_use]
pub(super) fn remarks(cell: usize, source: &str) -> Vec<String> {
    let mut found: Vec<(&str, &str, usize)> = Vec::new();
    for (number, line) in source.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        let close = code.split_whitespace().collect::<String>();
        let words = WORDS.iter().filter(|(word, _)| close.contains(word));
        let keywords = KEYWORDS.iter().filter(|(word, _)| {
            code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|token| token == *word)
        });
        for (word, meaning) in words.chain(keywords) {
            if !found.iter().any(|(_, known, _)| known == meaning) {
                found.push((word, meaning, number + 1));
            }
        }
    }
    found
        .into_iter()
        .map(|(word, meaning, line)| {
            format!("for the instructor: cell {}, line {line} has `{word}`, which {meaning}", cell + 1)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_with_their_line() {
        let found = remarks(3, "let a = 1;\nlet b = std :: fs::read(\"x\");\nunsafe { f() }");
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found[0].contains("cell 4, line 2 has `std::fs`") && found[1].contains("line 3 has `unsafe`")
        );
    }

    #[test]
    fn honest_cells_pass() {
        for source in [
            "use spikelab::prelude::*;",
            "let mut net = Network::new(); // unsafe is a word",
            "let external = intern(1); let unsafely = 2;",
        ] {
            assert_eq!(remarks(0, source), Vec::<String>::new(), "{source}");
        }
    }
}
