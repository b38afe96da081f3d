//! Constants within the texts of a model: numbers with their units, and names that stand for a value.
//! Found by what they are worth, so that `10*ms`, `0.01*second` and a name for either are the same.

use std::collections::BTreeMap;
use std::ops::Range;

use spikelab::{Dimension, Quantity, parse_unit};

/// One constant and its place.
#[derive(Clone, Debug)]
pub(super) struct Constant {
    pub(super) span: Range<usize>,
    pub(super) value: Quantity,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Number,
    Name,
    Operator,
}

/// Words with their places; what is neither a number nor a name is an operator, line ends among them.
fn words(text: &str) -> Vec<(Word, Range<usize>)> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let c = bytes[at];
        let digit = |k: usize| bytes.get(k).is_some_and(u8::is_ascii_digit);
        if c == b'#' {
            while at < bytes.len() && bytes[at] != b'\n' {
                at += 1;
            }
            continue;
        }
        if c == b' ' || c == b'\t' || c == b'\r' {
            at += 1;
            continue;
        }
        let word = if c.is_ascii_digit() || (c == b'.' && digit(at + 1)) {
            while at < bytes.len() && (bytes[at].is_ascii_digit() || bytes[at] == b'.') {
                at += 1;
            }
            let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
            if matches!(bytes.get(at), Some(b'e' | b'E')) && digit(at + 1 + sign) {
                at += 1 + sign;
                while digit(at) {
                    at += 1;
                }
            }
            Word::Number
        } else if c.is_ascii_alphabetic() || c == b'_' || !c.is_ascii() {
            while at < bytes.len()
                && (bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_' || !bytes[at].is_ascii())
            {
                at += 1;
            }
            Word::Name
        } else {
            let two =
                text.get(at..at + 2).is_some_and(|t| matches!(t, "**" | "//" | "<=" | ">=" | "==" | "!="));
            at += if two { 2 } else { 1 };
            Word::Operator
        };
        out.push((word, start..at));
    }
    out
}

/// The numbers in a text.
pub(super) fn numbers(text: &str) -> impl Iterator<Item = f64> + '_ {
    words(text).into_iter().filter(|(w, _)| *w == Word::Number).filter_map(|(_, s)| text[s].parse().ok())
}

/// True if the name stands in the text.
pub(super) fn mentions(text: &str, name: &str) -> bool {
    words(text).into_iter().any(|(w, s)| w == Word::Name && &text[s] == name)
}

/// Every constant of a text: products and quotients of numbers, units and `known` names as wholes, and their parts.
/// What follows a colon in equations is a unit and no value.
pub(super) fn constants(text: &str, known: &BTreeMap<String, Quantity>, equations: bool) -> Vec<Constant> {
    let list = words(text);
    let word = |k: usize| list.get(k).map_or("", |(_, s)| &text[s.clone()]);
    let mut declared = false;
    let usable: Vec<bool> = (0..list.len())
        .map(|k| {
            match word(k) {
                ":" if equations => declared = true,
                "\n" | ";" => declared = false,
                _ => {}
            }
            !declared
        })
        .collect();
    let worth = |k: usize| -> Option<Quantity> {
        let (kind, span) = list.get(k).filter(|_| usable[k])?;
        let text = &text[span.clone()];
        match kind {
            Word::Number => text.parse::<f64>().ok().map(Quantity::from),
            // A call is no constant.
            Word::Name if word(k + 1) == "(" => None,
            Word::Name => known.get(text).copied().or_else(|| parse_unit(text).ok()),
            Word::Operator => None,
        }
    };
    let mut out: Vec<Constant> = Vec::new();
    let mut k = 0;
    while k < list.len() {
        let Some(mut value) = worth(k) else {
            k += 1;
            continue;
        };
        let start = list[k].1.start;
        // A sign of power binds only its neighbours.
        let power = |k: usize| word(k) == "**";
        if (k > 0 && power(k - 1)) || power(k + 1) {
            out.push(Constant { span: list[k].1.clone(), value });
            k += 1;
            continue;
        }
        out.push(Constant { span: start..list[k].1.end, value });
        let behind_quotient = k > 0 && matches!(word(k - 1), "/" | "//" | "%");
        let mut end = k;
        while !behind_quotient && matches!(word(end + 1), "*" | "/") && !power(end + 3) {
            let Some(next) = worth(end + 2) else { break };
            value = if word(end + 1) == "*" { value * next } else { value / next };
            end += 2;
            out.push(Constant { span: start..list[end].1.end, value });
        }
        k = end + 1;
    }
    out
}

/// A value as text of the model language.
pub(super) fn write(value: Quantity) -> String {
    if value.dimension() == Dimension::NONE {
        format!("({})", value.value())
    } else {
        format!("({}*{})", value.value(), value.dimension())
    }
}

/// True if two quantities are the same but for rounding.
pub(super) fn same(a: Quantity, b: Quantity) -> bool {
    a.dimension() == b.dimension() && (a.value() - b.value()).abs() <= 1e-9 * a.value().abs()
}

/// The text with every constant of this value, or of its inverse, replaced; `None` if there is none.
pub(super) fn replace(
    text: &str,
    known: &BTreeMap<String, Quantity>,
    equations: bool,
    old: Quantity,
    new: Quantity,
) -> Option<String> {
    let inverse = |q: Quantity| Quantity::from(1.0) / q;
    let mut out = String::new();
    let mut at = 0;
    let mut found = constants(text, known, equations);
    // Of two that begin at the same place, the longer one is the constant.
    found.sort_by_key(|c| (c.span.start, std::cmp::Reverse(c.span.end)));
    for (k, c) in found.iter().enumerate() {
        let by = if same(c.value, old) {
            write(new)
        } else if same(c.value, inverse(old)) && old.dimension() != Dimension::NONE {
            write(inverse(new))
        } else {
            continue;
        };
        // A number with a unit behind it is not the bare number.
        let part = old.dimension() == Dimension::NONE
            && found[..k].iter().any(|whole| {
                whole.span.start <= c.span.start
                    && whole.span.end > c.span.end
                    && whole.value.dimension() != Dimension::NONE
            });
        if c.span.start < at || part {
            continue;
        }
        out.push_str(&text[at..c.span.start]);
        out.push_str(&by);
        at = c.span.end;
    }
    if at == 0 {
        return None;
    }
    out.push_str(&text[at..]);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(x: f64) -> Quantity {
        Quantity::new(x * 1e-3, Dimension::TIME)
    }

    fn with_10_ms(text: &str) -> String {
        let known = [("tau".to_owned(), ms(10.0))].into();
        replace(text, &known, true, ms(10.0), ms(20.0)).unwrap_or_else(|| "none".into())
    }

    #[test]
    fn a_constant_is_found_by_its_value() {
        assert_eq!(with_10_ms("dv/dt = (1 - v)/tau : 1"), "dv/dt = (1 - v)/(0.02*second) : 1");
        assert_eq!(with_10_ms("dv/dt = -(v - 1)/(10*ms) : 1"), "dv/dt = -(v - 1)/((0.02*second)) : 1");
        assert_eq!(with_10_ms("dv/dt = (1-v)/(0.01*second) : 1"), "dv/dt = (1-v)/((0.02*second)) : 1");
        assert_eq!(
            with_10_ms("dv/dt = (1-v)*100*Hz : 1\nw : second"),
            "dv/dt = (1-v)*(50*Hz) : 1\nw : second"
        );
        assert_eq!(with_10_ms("dv/dt = (1-v)/(20*ms) : 1"), "none");
        assert_eq!(with_10_ms("v/10*ms"), "none", "that is (v/10)*ms");
        assert_eq!(with_10_ms("tau(3) + xtau"), "none");
    }

    #[test]
    fn plain_numbers_with_units_are_left_alone() {
        let known = BTreeMap::new();
        let ten = |text| replace(text, &known, false, 10.0.into(), 7.0.into());
        assert_eq!(ten("j == (i + 1) % 10").as_deref(), Some("j == (i + 1) % (7)"));
        assert_eq!(ten("10*ms + x"), None);
        assert_eq!(ten("# 10"), None);
        let level = replace("v > 4/5.0", &known, false, 0.8.into(), 0.5.into());
        assert_eq!(level.as_deref(), Some("v > (0.5)"));
        assert_eq!(numbers("range(i-3, 1e6)").fold(0.0, f64::max), 1e6);
        assert!(mentions("v0*i", "v0") && !mentions("v00", "v0"));
    }
}
