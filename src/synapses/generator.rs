//! Brian2's generator syntax for connections: `k for k in range(i-3, i+4) if k != i`, or `sample(N_post, p=0.1)`.
//! Only the text is taken apart here; `pairs` gives it meaning.

use crate::equations::{Expr, Token, parse_expression, tokens};
use crate::error::{Error, ErrorKind, Result};

/// Where the iteration variable gets its values from.
#[derive(Clone, Debug)]
pub(super) enum Iteration {
    /// One candidate, no variable.
    Once,
    /// `range(low, high, step)`.
    Range(Vec<Expr>),
    /// `sample(low, high, step, p=…)`: each with this probability.
    SampleP(Vec<Expr>, Expr),
    /// `sample(low, high, step, size=…)`: so many of them, none twice.
    SampleSize(Vec<Expr>, Expr),
}

/// A generator taken apart.
#[derive(Clone, Debug)]
pub(super) struct Generator {
    pub(super) element: Expr,
    pub(super) variable: Option<String>,
    pub(super) iteration: Iteration,
    pub(super) condition: Option<Expr>,
}

/// Reads the text of a generator; marks in errors are places in `text`.
pub(super) fn parse(text: &str) -> Result<Generator> {
    const NAME: &str = "generator";
    let words = tokens(text).map_err(|e| e.in_text(NAME, text))?;
    let at = |word: &str| {
        let mut depth = 0_i32;
        words.iter().find_map(|(token, span)| {
            match token {
                Token::Symbol("(") => depth += 1,
                Token::Symbol(")") => depth -= 1,
                Token::Name(n) if n == word && depth == 0 => return Some(span.clone()),
                _ => {}
            }
            None
        })
    };
    // Blanks in front keep the places of all marks right.
    let part = |from: usize, to: usize| {
        let padded = format!("{}{}", " ".repeat(from), &text[from..to]);
        parse_expression(NAME, &padded).map_err(|e| e.in_text(NAME, text))
    };
    let (for_at, in_at, if_at) = (at("for"), at("in"), at("if"));
    let condition_start = if_at.as_ref().map_or(text.len(), |s| s.start);
    let condition = if_at.map(|s| part(s.end, text.len())).transpose()?;
    let Some(for_at) = for_at else {
        let element = part(0, condition_start)?;
        return Ok(Generator { element, variable: None, iteration: Iteration::Once, condition });
    };
    let wrong = |span, message: &str| {
        Error::new(ErrorKind::Syntax, message.to_owned())
            .label(span, "here")
            .help("a generator looks like `k for k in range(i-3, i+4) if k != i`")
            .in_text(NAME, text)
    };
    let Some(in_at) = in_at.filter(|s| s.start > for_at.end) else {
        return Err(wrong(for_at, "there is a `for` without an `in`"));
    };
    let variable = text[for_at.end..in_at.start].trim().to_owned();
    if variable.is_empty() || !variable.chars().all(|c| c.is_alphanumeric() || c == '_') {
        return Err(wrong(for_at.end..in_at.start, "between `for` and `in` stands one name"));
    }
    let source = text[in_at.end..condition_start].trim();
    let start = in_at.end + (text[in_at.end..].len() - text[in_at.end..].trim_start().len());
    let whole = start..start + source.len();
    let Some((function, rest)) = source.split_once('(') else {
        return Err(wrong(whole, "behind `in` stands `range(…)` or `sample(…)`"));
    };
    let Some(inside) = rest.strip_suffix(')') else {
        return Err(wrong(whole, "a bracket is not closed"));
    };
    let mut from = start + function.len() + 1;
    let (mut bounds, mut p, mut size) = (Vec::new(), None, None);
    for argument in split(inside) {
        let end = from + argument.len();
        match argument.split_once('=').map(|(name, value)| (name.trim(), value)) {
            Some(("p", value)) => p = Some(part(end - value.len(), end)?),
            Some(("size", value)) => size = Some(part(end - value.len(), end)?),
            _ => bounds.push(part(from, end)?),
        }
        from = end + 1;
    }
    if bounds.is_empty() || bounds.len() > 3 {
        return Err(wrong(whole, "one to three bounds are needed, as in `range(0, N_post, 2)`"));
    }
    let iteration = match (function.trim(), p, size) {
        ("range", None, None) => Iteration::Range(bounds),
        ("sample", Some(p), None) => Iteration::SampleP(bounds, p),
        ("sample", None, Some(size)) => Iteration::SampleSize(bounds, size),
        ("sample", _, _) => return Err(wrong(whole, "`sample` needs either `p=…` or `size=…`")),
        _ => return Err(wrong(whole, "behind `in` stands `range(…)` or `sample(…)`")),
    };
    Ok(Generator { element: part(0, for_at.start)?, variable: Some(variable), iteration, condition })
}

/// Arguments between commas that are not inside brackets.
fn split(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut out) = (0_i32, 0, Vec::new());
    for (k, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                out.push(&text[start..k]);
                start = k + 1;
            }
            _ => {}
        }
    }
    out.push(&text[start..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found() {
        let g = parse("k for k in range(i-3, max3(i, 4)) if k != i").unwrap();
        assert_eq!(g.variable.as_deref(), Some("k"));
        assert!(matches!(&g.iteration, Iteration::Range(b) if b.len() == 2));
        assert_eq!(g.condition.unwrap().to_string(), "k != i");
        let g = parse("(i + 1) % N_post").unwrap();
        assert!(matches!(g.iteration, Iteration::Once) && g.condition.is_none());
        let g = parse("k for k in sample(0, N_post, p=0.5*x_pre)").unwrap();
        assert!(
            matches!(&g.iteration, Iteration::SampleP(b, p) if b.len() == 2 && p.to_string() == "0.5 * x_pre")
        );
    }

    #[test]
    fn mistakes_are_marked() {
        for (text, part) in [
            ("k for k", "without an `in`"),
            ("k for k in N_post", "`range(…)` or `sample(…)`"),
            ("k for k in sample(N_post)", "`p=…` or `size=…`"),
            ("k for in range(3)", "one name"),
            ("k for k in range(3) if", "expected"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
