//! Text of strangers made safe to show: nothing in it moves the cursor, turns the line round or hides itself.
//! What is taken out is shown by its number, so that two different names never look the same.

use std::fmt::Display;

use unicode_width::UnicodeWidthChar;

/// Characters that change how others are shown, or are not shown at all.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Text of several lines; line ends and tabs stay, every other invisible character is shown by its number.
#[must_use]
pub fn visible(text: &str) -> String {
    if !text.chars().any(is_unseen) {
        return text.to_owned();
    }
    let text = text.replace("\r\n", "\n");
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unseen(c) && !matches!(c, '\n' | '\t') { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

/// Text of one line; line ends and tabs are shown as `\n` and `\t`.
#[must_use]
pub fn one_line(text: &str) -> String {
    visible(text).replace('\n', "\\n").replace('\t', "\\t")
}

/// One line of at most `columns` columns of a terminal, with `…` where it was cut.
#[must_use]
pub fn line(text: &str, columns: usize) -> String {
    // Longer texts are cut before they are looked at closely.
    let head: String = text.chars().take(4 * columns + 16).collect();
    let clean = one_line(&head);
    let width = |c: char| c.width().unwrap_or(0);
    if head.len() == text.len() && clean.chars().map(width).sum::<usize>() <= columns {
        return clean;
    }
    let mut left = columns.saturating_sub(1);
    let mut out = String::new();
    for c in clean.chars() {
        match left.checked_sub(width(c)) {
            Some(rest) => left = rest,
            None => break,
        }
        out.push(c);
    }
    out.push('…');
    out
}

/// A number of things: `1 pair`, `2 pairs`.
#[must_use]
pub fn counted<N: Display + PartialEq + From<u8>>(n: N, what: &str) -> String {
    let plural = if n == N::from(1) { "" } else { "s" };
    format!("{n} {what}{plural}")
}

/// At most `bytes` of a text, with a word about what was left out.
#[must_use]
pub fn cut(text: &str, bytes: usize) -> std::borrow::Cow<'_, str> {
    if text.len() <= bytes {
        return text.into();
    }
    let end = (0..=bytes).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{}\n[… {} more bytes are not shown]", &text[..end], text.len() - end).into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn control_and_direction_are_shown_by_number() {
        assert_eq!(one_line("a\u{1b}[31mb\u{202e}c\0"), r"a\u{1b}[31mb\u{202e}c\u{0}");
        assert_eq!(visible("a\tb\r\nc\rd"), "a\tb\nc\\u{d}d");
        assert_eq!(line("two\nlines", 20), "two\\nlines");
        assert_eq!(one_line("Zoë 李 😀"), "Zoë 李 😀");
        assert_ne!(one_line("anna"), one_line("an\u{200b}na"));
    }

    #[test]
    fn long_lines_are_cut_by_columns() {
        assert_eq!(line("abcdef", 6), "abcdef");
        assert_eq!(line("abcdefg", 6), "abcde…");
        assert_eq!(line("李李李李", 6), "李李…");
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("éééé", 3), "é\n[… 6 more bytes are not shown]");
    }

    proptest! {
        #[test]
        fn nothing_unseen_is_left(text in any::<String>(), columns in 1..100_usize) {
            prop_assert!(!one_line(&text).chars().any(is_unseen));
            let short = line(&text, columns);
            prop_assert!(short.chars().map(|c| c.width().unwrap_or(0)).sum::<usize>() <= columns);
        }
    }
}
