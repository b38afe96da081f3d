//! Text to tokens with spans; comments vanish, line ends stay, because equations and statements end there.
//! A run of underscores is a blank that a student has not filled in yet, and is reported as such.

use super::ast::Span;
use crate::error::{Error, ErrorKind, Result};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    Number(f64),
    Name(String),
    /// An operator or a bracket, as written.
    Symbol(&'static str),
    Newline,
    End,
}

const SYMBOLS: [&str; 32] = [
    "**=", "//=", "**", "//", "+=", "-=", "*=", "/=", "%=", "<=", ">=", "==", "!=", "+", "-", "*", "/", "%",
    "<", ">", "=", "(", ")", ",", ":", ";", "[", "]", "{", "}", "&", "|",
];

/// Splits `text` into tokens; the last one is [`Token::End`].
pub(crate) fn tokens(text: &str) -> Result<Vec<(Token, Span)>> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let c = bytes[at];
        if c == b'\n' {
            out.push((Token::Newline, at..at + 1));
            at += 1;
        } else if c.is_ascii_whitespace() {
            at += 1;
        } else if c == b'#' {
            at += text[at..].find('\n').unwrap_or(text.len() - at);
        } else if c.is_ascii_digit() || (c == b'.' && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)) {
            let end = number_end(bytes, at);
            let value = text[at..end].parse().map_err(|_| bad_number(text, at..end))?;
            if bytes.get(end).is_some_and(|c| c.is_ascii_alphabetic() || *c == b'_') {
                return Err(missing_times(text, at, end));
            }
            out.push((Token::Number(value), at..end));
            at = end;
        } else if c.is_ascii_alphabetic() || c == b'_' {
            let end =
                at + text[at..].find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len() - at);
            let name = &text[at..end];
            if name.bytes().all(|c| c == b'_') {
                return Err(Error::new(ErrorKind::Blank, format!("the blank `{name}` is not filled in"))
                    .label(at..end, "write your answer here")
                    .help("replace the underscores by your own text"));
            }
            out.push((Token::Name(name.to_owned()), at..end));
            at = end;
        } else if let Some(symbol) = SYMBOLS.iter().find(|s| text[at..].starts_with(**s)) {
            out.push((Token::Symbol(symbol), at..at + symbol.len()));
            at += symbol.len();
        } else {
            return Err(stray(text, at));
        }
    }
    out.push((Token::End, text.len()..text.len()));
    Ok(out)
}

fn number_end(bytes: &[u8], start: usize) -> usize {
    let digits = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let mut at = digits(start);
    if bytes.get(at) == Some(&b'.') {
        at = digits(at + 1);
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let end = digits(at + 1 + sign);
        if end > at + 1 + sign {
            at = end;
        }
    }
    at
}

fn bad_number(text: &str, span: Span) -> Error {
    Error::new(ErrorKind::Syntax, format!("`{}` is not a number", &text[span.clone()])).label(span, "here")
}

fn missing_times(text: &str, start: usize, end: usize) -> Error {
    let word_end =
        end + text[end..].find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len() - end);
    let (number, word) = (&text[start..end], &text[end..word_end]);
    Error::new(ErrorKind::Syntax, "a `*` is missing between a number and a name")
        .label(start..word_end, "written without an operator")
        .help(format!("write `{number}*{word}`"))
}

fn stray(text: &str, at: usize) -> Error {
    let c = text[at..].chars().next().unwrap_or(' ');
    let error = Error::new(ErrorKind::Syntax, format!("the character `{c}` has no meaning here"))
        .label(at..at + c.len_utf8(), "here");
    match c {
        '^' => error.help("powers are written with `**`, as in `v**2`"),
        '!' => error.help("write `not` for a negation, `!=` for unequal"),
        '−' | '–' => error.help("this is a typographic dash; type a plain minus `-`"),
        '·' | '×' => error.help("write `*` for a product"),
        '\'' | '"' => error.help("leave the quotation marks out of the equation"),
        '.' => error.help("numbers are written `0.5`, and names have no dots"),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbols(text: &str) -> String {
        let words = tokens(text).unwrap().into_iter().map(|(t, _)| match t {
            Token::Number(x) => x.to_string(),
            Token::Name(n) => n,
            Token::Symbol(s) => s.to_owned(),
            Token::Newline => "⏎".into(),
            Token::End => "∎".into(),
        });
        words.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn splits_equations() {
        assert_eq!(symbols("dv/dt = (1-v)/tau : 1 # c\nw : 1"), "dv / dt = ( 1 - v ) / tau : 1 ⏎ w : 1 ∎");
        assert_eq!(symbols("v **= 2e-3//.5"), "v **= 0.002 // 0.5 ∎");
    }

    #[test]
    fn a_blank_is_named() {
        let error = tokens("____ : 1").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Blank);
        assert_eq!(tokens("dv/dt = _ / tau").unwrap_err().kind(), ErrorKind::Blank);
    }

    #[test]
    fn typing_slips_get_advice() {
        let advice = |text: &str| tokens(text).unwrap_err().to_string();
        assert!(advice("v^2").contains("**"));
        assert!(advice("10ms").contains("10*ms"));
    }
}
