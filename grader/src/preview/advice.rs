//! What a first-year should do about an error of rustc's: one line beside rustc's own words.
//! By the error's code and the words at its place; what is not in the table needs no more than rustc says.

/// Advice for an error by its code, message and the label at its place, where there is something to add.
pub(crate) fn advice(code: &str, message: &str, label: &str) -> Option<&'static str> {
    let has = |word: &str| message.contains(word) || label.contains(word);
    let name = message.split('`').nth(1).unwrap_or_default();
    Some(match code {
        "E0425" | "E0433" if name.len() > 1 && name.chars().all(|c| c == '_') => {
            "this is a blank: put your answer in its place"
        }
        "E0425" if message.starts_with("cannot find value") => {
            "is it spelt as it was made, and did the cell that makes it run without an error?"
        }
        "E0433" | "E0412" | "E0432" if has("use of undeclared") || has("cannot find type") => {
            "run the first cell, `use spikelab::prelude::*;`"
        }
        "E0308" if has("found integer") && has("f64") => {
            "write the number with a point: `10.0` instead of `10`"
        }
        "E0308" | "E0277" if has("Quantity") && (has("f64") || has("{float}") || has("{integer}")) => {
            "one has a unit, the other has none: multiply by a unit (`10.0 * ms`) or divide by one (`t / ms`)"
        }
        "E0599" | "E0308" | "E0277" | "E0369"
            if has("`Result<") || has("enum `Result`") || has("<Result<") =>
        {
            "what was made before may have failed: put a `?` at the end of that line"
        }
        "E0277" if has("the `?` operator can only be applied") => "nothing can fail here: leave the `?` out",
        "E0277" if has("{integer}") && has("{float}") => {
            "write all of these numbers with a point: `2.0` instead of `2`"
        }
        "E0382" => "it was given away further up: write `&` before its name there, and it is only lent",
        "E0384" | "E0596" => "a variable that changes is made with `let mut`",
        "E0061" => "count what stands in the brackets: too many or too few",
        "E0765" => "a text is not closed: put a `\"` at its end",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::advice;

    #[test]
    fn usual_mistakes_have_advice() {
        let of = |code, message, label| advice(code, message, label).unwrap_or_default();
        assert!(of("E0425", "cannot find value `____` in this scope", "").contains("blank"));
        assert!(of("E0425", "cannot find value `tua` in this scope", "").contains("spelt"));
        assert!(
            of("E0308", "mismatched types", "expected `Quantity`, found floating-point number f64")
                .contains("unit")
        );
        assert!(of("E0308", "mismatched types", "expected `f64`, found integer").contains("10.0"));
        assert!(
            of("E0599", "no method named `t` found for enum `Result<T, E>` in the current scope", "")
                .contains('?')
        );
        assert!(of("E0382", "borrow of moved value: `v`", "").contains('&'));
        assert_eq!(advice("E0107", "whatever", ""), None);
    }
}
