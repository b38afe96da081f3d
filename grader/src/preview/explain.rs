//! rustc's messages in words that a first-year knows, and placed in the cell.
//! What is not in the table is told in rustc's own words, which are good ones.

use serde_json::Value;

use super::{Mistake, advice};

/// Makes a mistake of one of rustc's errors; `line` is that of the cell, `moved` where its columns were moved.
pub(super) fn mistake(error: &Value, span: &Value, line: usize, moved: (usize, usize)) -> Mistake {
    let column = |key: &str| {
        let column = span[key].as_u64().and_then(|c| usize::try_from(c).ok()).unwrap_or(1);
        if column > moved.0 { column.saturating_sub(moved.1).max(moved.0 + 1) } else { column }
    };
    let text = span["text"][0]["text"].as_str().unwrap_or_default();
    let text = match moved {
        (usize::MAX, _) => text.to_owned(),
        (at, by) => {
            text.chars().enumerate().filter(|(k, _)| *k < at || *k >= at + by).map(|(_, c)| c).collect()
        }
    };
    let said = error["message"].as_str().unwrap_or_default();
    let (message, mut help) = in_words(error["code"]["code"].as_str().unwrap_or_default(), said, span);
    let own = rustcs(error);
    if own.iter().any(|text| text.starts_with("did you mean")) {
        help.clear();
    }
    help.extend(own);
    let one_line = span["line_start"] == span["line_end"];
    let columns =
        (column("column_start"), if one_line { column("column_end") } else { text.chars().count() + 1 });
    Mistake { line, columns, text, message, label: label(span), help }
}

fn label(span: &Value) -> String {
    let label = span["label"].as_str().unwrap_or_default();
    if label == "not found in this scope" { String::new() } else { label.to_owned() }
}

/// rustc's own help, with what it would write instead.
fn rustcs(error: &Value) -> Vec<String> {
    let children = error["children"].as_array().map(Vec::as_slice).unwrap_or_default();
    let ours = |c: &&Value| c["message"].as_str().is_some_and(|m| m.starts_with("if its type is a `Result`"));
    let help = children.iter().filter(|c| c["level"] == "help" || ours(c));
    help.filter_map(|child| {
        let text = child["message"].as_str()?;
        let instead = child["spans"].as_array().and_then(|s| s.first());
        let instead = instead.and_then(|s| s["suggested_replacement"].as_str()).map(str::trim);
        let short = |text: &&str| !text.is_empty() && text.chars().count() <= 40 && !text.contains('\n');
        Some(match instead.filter(short) {
            Some(instead) if text.contains("similar name exists") => format!("did you mean `{instead}`?"),
            Some(instead) if !text.contains(instead) => format!("{text}: `{instead}`"),
            _ => text.to_owned(),
        })
    })
    .filter(|text| {
        !text.starts_with("the following other types")
            && !text.contains("`ToEvidence`")
            && !text.contains("full name for the type")
    })
    .take(2)
    .collect()
}

/// The message, and what we would advise first.
fn in_words(code: &str, said: &str, span: &Value) -> (String, Vec<String>) {
    let name = said.split('`').nth(1).unwrap_or_default();
    let advice = advice::advice(code, said, span["label"].as_str().unwrap_or_default());
    let message = match code {
        "E0425" if name.len() > 1 && name.chars().all(|c| c == '_') => {
            "a blank is not filled in yet".to_owned()
        }
        "E0425" if said.starts_with("cannot find value") => format!("there is no `{name}` here"),
        "E0382" => format!("`{name}` was given away further up, and is gone"),
        _ => said.to_owned(),
    };
    (message, advice.into_iter().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(code: &str, message: &str, label: &str) -> Mistake {
        let span = json!({
            "line_start": 40, "line_end": 40, "column_start": 17, "column_end": 20, "label": label,
            "text": [{"text": "    let _ = x + tua"}],
        });
        let error = json!({
            "message": message, "code": {"code": code}, "children": [{
                "level": "help", "message": "a local variable with a similar name exists",
                "spans": [{"suggested_replacement": "tau"}],
            }],
        });
        mistake(&error, &span, 3, (4, 8))
    }

    #[test]
    fn a_typing_error_is_placed_in_the_cell() {
        let found = of("E0425", "cannot find value `tua` in this scope", "not found in this scope");
        assert_eq!((found.line, found.columns, found.text.as_str()), (3, (9, 12), "    x + tua"));
        assert_eq!(found.message, "there is no `tua` here");
        assert_eq!(found.help, ["did you mean `tau`?"]);
    }

    #[test]
    fn a_blank_has_advice() {
        let found = of("E0425", "cannot find value `____` in this scope", "");
        assert_eq!(found.message, "a blank is not filled in yet");
    }
}
