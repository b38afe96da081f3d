//! The kernel's words made fit for a student: no colours, no places in hidden files, and what an ending means.
//! What the compiler or the library says is left as it is.

/// evcxr's words for the end of the process that runs the cells.
const TERMINATED: &str = "Subprocess terminated with status";

/// Whether an error tells of the end of the process that runs the cells.
pub(super) fn tells_of_end(error: &str) -> bool {
    error.contains(TERMINATED)
}

/// Whether an ending was that of a process which asked for more memory than there is.
pub(super) fn ran_out_of_memory(words: &str) -> bool {
    words.contains("memory allocation of ") && words.contains("failed")
}

/// Says how the process that ran the cell ended, and what that usually means.
pub(super) fn last_words(error: &str, stderr: &str) -> String {
    let (printed, how) = error.rsplit_once(TERMINATED).unwrap_or(("", error));
    let how = how.trim_start_matches(':').trim();
    let mut text = format!("the process that runs the cells ended ({how}); all variables are lost");
    let advice = if how.contains("signal: 11") {
        "\n  help: look for a function that calls itself without end"
    } else if how.contains("signal: 6") {
        "\n  help: too much memory was asked for, or the program stopped itself"
    } else if how.contains("signal: 25") {
        "\n  help: a file grew larger than files may be here"
    } else {
        ""
    };
    text.push_str(advice);
    let words = tail(&format!("{printed}\n{stderr}"), 5);
    if !words.is_empty() {
        text.push_str("\n  its last words:\n");
        text.push_str(&words);
    }
    text
}

/// Plain text without colours, without remarks that only make sense in a terminal and without places in files that
/// the student never sees.
pub(super) fn tidy(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in strip_colours(text).lines() {
        if line.starts_with("note: run with `RUST_BACKTRACE=") {
            continue;
        }
        let frame = line.split_once("─[ command_").filter(|(_, rest)| rest.ends_with(" ]"));
        lines.push(match frame {
            Some((before, _)) => format!("{before}─[ cell ]"),
            None if line.starts_with("thread '") && line.contains(" panicked at ") => "panicked:".to_owned(),
            None => line.trim_end().to_owned(),
        });
    }
    lines.join("\n").trim_matches('\n').to_owned()
}

/// Removes terminal escape sequences.
pub(super) fn strip_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        if c != '\u{1b}' {
            plain.push(c);
        } else if characters.next_if_eq(&'[').is_some() {
            // Parameters up to the letter that ends the sequence.
            while characters.next().is_some_and(|c| !('@'..='~').contains(&c)) {}
        }
    }
    plain
}

/// The last lines that are not empty.
fn tail(text: &str, lines: usize) -> String {
    let text = tidy(text);
    let all: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_explained() {
        let text = last_words("x\nSubprocess terminated with status: signal: 11 (SIGSEGV)", "deep\n");
        assert!(text.starts_with("the process that runs the cells ended (signal: 11 (SIGSEGV));"), "{text}");
        assert!(text.contains("calls itself") && text.ends_with("x\ndeep"), "{text}");
    }

    #[test]
    fn remarks_for_others_go() {
        assert_eq!(tidy("   ╭─[ command_5:1:1 ]\n   │"), "   ╭─[ cell ]\n   │");
        assert_eq!(tidy("thread '<unnamed>' (7) panicked at src/lib.rs:9:1:\nwhy"), "panicked:\nwhy");
        assert_eq!(
            tidy("a\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n"),
            "a"
        );
    }

    #[test]
    fn colours_are_taken_off() {
        assert_eq!(tidy("\u{1b}[31m[E0425]\u{1b}[0m \u{1b}[38;5;12mno\u{1b}[0m"), "[E0425] no");
        assert_eq!(tidy("\u{1b}"), "");
    }
}
