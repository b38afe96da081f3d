//! Numbers, lists, parameters and answers, with their dimensions.
//! A wrong sign, a factor of a thousand or a shift by one is named, because it tells the student what to look for.

use spikelab::evidence::Evidence;

use super::{Comparison, few, float, points, show};
use crate::course::{Array, Choice, Group, Number};
use crate::outcome::CheckPlot;

pub(super) fn number(check: &Number, expected: &Evidence, got: &Evidence) -> Option<Comparison> {
    let (Evidence::Number { value: a, dimension: da }, Evidence::Number { value: b, dimension: db }) =
        (expected, got)
    else {
        return None;
    };
    if da != db {
        return Some(Comparison::wrong(dimensions(da, db)));
    }
    let a = &check.value.unwrap_or(*a);
    let bound = check.absolute + check.relative * a.abs();
    Some(if (a - b).abs() <= bound || a == b {
        Comparison::right(format!("{} is right", show(*b)))
    } else {
        Comparison::wrong(format!("{}, expected {}{}", show(*b), show(*a), slip(&[*a], &[*b])))
            .with("difference", b - a)
    })
}

pub(super) fn array(check: &Array, expected: &Evidence, got: &Evidence) -> Option<Comparison> {
    let (Evidence::Array { values: a, dimension: da }, Evidence::Array { values: b, dimension: db }) =
        (expected, got)
    else {
        return None;
    };
    if da != db {
        return Some(Comparison::wrong(dimensions(da, db)));
    }
    Some(lists(a, b, check.absolute, check.relative, "value"))
}

pub(super) fn group(check: &Group, expected: &Evidence, got: &Evidence) -> Option<Comparison> {
    let (Evidence::Group { n: na, variables: a }, Evidence::Group { n: nb, variables: b }) = (expected, got)
    else {
        return None;
    };
    if na != nb {
        return Some(Comparison::wrong(format!("{nb} neurons, there should be {na}")));
    }
    let Some(of) = &check.of else { return Some(Comparison::right(format!("{na} neurons"))) };
    let ours = &a.get(of)?.0;
    Some(match b.get(of) {
        None => Comparison::wrong(format!("the group has no variable `{of}`")),
        Some(theirs) => lists(ours, &theirs.0, check.absolute, check.relative, of),
    })
}

pub(super) fn choice(check: &Choice, got: &Evidence) -> Option<Comparison> {
    let given = match got {
        Evidence::Text { value } => value.trim().to_owned(),
        Evidence::Number { value, .. } => show(*value),
        _ => return Some(Comparison::wrong("the answer should be a letter or a short text")),
    };
    let right = check.answer.list().iter().any(|a| a.trim().eq_ignore_ascii_case(&given));
    Some(if right {
        Comparison::right(format!("`{given}` is right"))
    } else {
        Comparison::wrong(format!("`{}` is not it", given.chars().take(40).collect::<String>()))
    })
}

fn dimensions(expected: &str, got: &str) -> String {
    let name = |d: &str| if d == "1" { "a plain number".to_owned() } else { format!("in {d}") };
    format!("the value should be {}, but it is {}", name(expected), name(got))
}

fn lists(a: &[f64], b: &[f64], absolute: f64, relative: f64, what: &str) -> Comparison {
    let plot = || {
        let index = |list: &[f64]| (0..list.len()).map(float).collect::<Vec<f64>>();
        CheckPlot {
            xlabel: "Index".to_owned(),
            ylabel: what.to_owned(),
            expected: vec![points("expected", &index(a), a)],
            got: vec![points("yours", &index(b), b)],
        }
    };
    if a.len() != b.len() {
        return Comparison::wrong(format!("{} values, there should be {}", b.len(), a.len())).plotted(plot());
    }
    let bound = absolute + relative * a.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let off = |k: &usize| !((a[*k] - b[*k]).abs() <= bound || a[*k] == b[*k]);
    let wrong: Vec<String> = (0..a.len()).filter(off).map(|k| k.to_string()).collect();
    let largest = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    let out = match (0..a.len()).find(off) {
        None => Comparison::right(format!("all {} values agree", a.len())),
        Some(k) => Comparison::wrong(format!(
            "{what} {k} is {}, expected {}; {} of {} differ ({}){}",
            show(b[k]),
            show(a[k]),
            wrong.len(),
            a.len(),
            few(&wrong),
            slip(a, b)
        )),
    };
    out.with("largest difference", largest).plotted(plot())
}

/// A frequent mistake that explains the whole difference, if one does.
fn slip(a: &[f64], b: &[f64]) -> String {
    let scaled = |f: f64| {
        a.iter().zip(b).all(|(a, b)| (a * f - b).abs() <= 1e-6 * (a * f).abs()) && a.iter().any(|a| *a != 0.0)
    };
    if scaled(-1.0) {
        return "; the size is right, the sign is not".to_owned();
    }
    if scaled(1e3) || scaled(1e-3) {
        return "; exactly a factor of 1000: a unit with the wrong prefix?".to_owned();
    }
    let close = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-6 * a.abs();
    if a.len() > 2 && (a[1..].iter().zip(b).all(close) || a.iter().zip(&b[1..]).all(close)) {
        return "; the values are right, but shifted by one place".to_owned();
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(list: &[f64], dimension: &str) -> Evidence {
        Evidence::Array { values: list.to_vec(), dimension: dimension.into() }
    }

    fn check() -> Array {
        serde_yaml::from_str("{variable: x, points: 1}").unwrap()
    }

    #[test]
    fn slips_are_named() {
        let ours = values(&[0.0, 1.0, 2.0, 3.0], "second");
        let message = |list: &[f64]| array(&check(), &ours, &values(list, "second")).unwrap().message;
        assert!(message(&[0.0, -1.0, -2.0, -3.0]).contains("the sign is not"));
        assert!(message(&[0.0, 1e3, 2e3, 3e3]).contains("factor of 1000"));
        assert!(message(&[1.0, 2.0, 3.0, 4.0]).contains("shifted by one"));
        assert!(message(&[0.0, 1.0]).contains("2 values, there should be 4"));
        assert!(message(&[0.0, f64::NAN, 2.0, 3.0]).contains("1 of 4 differ"));
    }

    #[test]
    fn dimensions_are_part_of_a_value() {
        let out = array(&check(), &values(&[1.0], "second"), &values(&[1.0], "1")).unwrap();
        assert_eq!(out.message, "the value should be in second, but it is a plain number");
    }

    #[test]
    fn answers_are_compared_without_case() {
        let check: Choice = serde_yaml::from_str("{variable: x, points: 1, answer: [b, B2]}").unwrap();
        let given = |t: &str| choice(&check, &Evidence::Text { value: t.into() }).unwrap().fraction;
        assert_eq!((given(" B "), given("b2"), given("c")), (1.0, 1.0, 0.0));
    }
}
