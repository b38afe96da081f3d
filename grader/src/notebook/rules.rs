//! The rules a notebook must keep to live inside nbgrader: its schema 3 and the checks beside it.
//! Used by release, so that a notebook that leaves the house validates elsewhere.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Cell, CellKind, Notebook, SCHEMA_VERSION};

/// Every rule of nbgrader's that the notebook breaks, in order, each naming the cell.
#[must_use]
pub fn rule_violations(notebook: &Notebook) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut violations = Vec::new();
    for (index, cell) in notebook.cells().iter().enumerate() {
        let Some(raw) = cell.metadata().and_then(|metadata| metadata.get("nbgrader")) else { continue };
        let mut say = |what: String| violations.push(format!("cell {}: {what}", index + 1));
        match raw.as_object() {
            Some(raw) => check_cell(cell, raw, &mut seen, &mut say),
            None => say("its nbgrader metadata is not an object".into()),
        }
    }
    violations
}

fn check_cell(
    cell: &Cell,
    raw: &Map<String, Value>,
    seen: &mut BTreeSet<String>,
    say: &mut dyn FnMut(String),
) {
    check_schema(raw, say);
    let Some(metadata) = cell.nbgrader() else { return };
    if !(metadata.grade || metadata.solution || metadata.locked || metadata.task) {
        return;
    }
    let name = match metadata.grade_id.as_deref() {
        None | Some("") => return say("has no grade_id; give it one that no other cell has".into()),
        Some(name) => name,
    };
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')) {
        say(format!("grade_id `{name}` may hold only letters, digits, `_` and `-`"));
    }
    if !seen.insert(name.to_owned()) {
        say(format!("grade_id `{name}` is used twice; give each cell its own"));
    }
    if metadata.grade && metadata.points.is_none() {
        say(format!("`{name}` is graded and has no points; add `points` to its nbgrader metadata"));
    }
    if metadata.points.is_some_and(|points| points < 0.0) {
        say(format!("`{name}` has negative points"));
    }
    match cell.kind() {
        CellKind::Markdown if !metadata.task && metadata.grade != metadata.solution => {
            say(format!("`{name}` is markdown and must be both graded and an answer, or neither"));
        }
        CellKind::Code | CellKind::Raw if metadata.task => {
            say(format!("`{name}` is a task and must be markdown"))
        }
        _ => {}
    }
}

fn check_schema(raw: &Map<String, Value>, say: &mut dyn FnMut(String)) {
    if raw.get("schema_version").and_then(Value::as_u64) != Some(SCHEMA_VERSION) {
        say(format!("its nbgrader schema_version is not {SCHEMA_VERSION}"));
    }
    for key in ["grade", "locked", "solution"] {
        if !raw.get(key).is_some_and(Value::is_boolean) {
            say(format!("its nbgrader metadata needs `{key}`, true or false"));
        }
    }
    for (key, value) in raw {
        let fits = match key.as_str() {
            "schema_version" | "grade" | "locked" | "solution" => true,
            "task" => value.is_boolean(),
            "grade_id" => value.is_string(),
            "points" => value.is_number(),
            "checksum" => value.as_str().is_some_and(|sum| sum.len() == 32),
            "cell_type" => matches!(value.as_str(), Some("raw" | "code" | "markdown")),
            _ => false,
        };
        if !fits {
            say(format!("its nbgrader metadata may not hold `{key}` as it is"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn notebook(cells: &[(CellKind, Value)]) -> Notebook {
        let cells = cells.iter().map(|(kind, metadata)| {
            let mut cell = Cell::new(*kind, "text");
            cell.metadata_mut().insert("nbgrader".into(), metadata.clone());
            cell
        });
        Notebook::new(cells.collect())
    }

    fn answer(name: &str) -> Value {
        json!({"schema_version": 3, "grade": false, "locked": false, "solution": true, "grade_id": name})
    }

    #[test]
    fn a_proper_notebook_breaks_no_rule() {
        let prose = json!({"schema_version": 3, "grade": true, "locked": false, "solution": true, "grade_id": "w", "points": 2});
        let cells =
            [(CellKind::Code, answer("q1")), (CellKind::Markdown, prose), (CellKind::Code, answer("q2"))];
        assert_eq!(rule_violations(&notebook(&cells)), [] as [String; 0]);
    }

    #[test]
    fn broken_rules_name_the_cell() {
        let mut graded = answer("q 2");
        graded["grade"] = true.into();
        graded["extra"] = 1.into();
        let cells = [
            (CellKind::Code, answer("q1")),
            (CellKind::Code, answer("q1")),
            (CellKind::Code, graded),
            (CellKind::Markdown, answer("w")),
            (CellKind::Code, json!({"solution": true})),
        ];
        assert_eq!(
            rule_violations(&notebook(&cells)),
            [
                "cell 2: grade_id `q1` is used twice; give each cell its own",
                "cell 3: its nbgrader metadata may not hold `extra` as it is",
                "cell 3: grade_id `q 2` may hold only letters, digits, `_` and `-`",
                "cell 3: `q 2` is graded and has no points; add `points` to its nbgrader metadata",
                "cell 4: `w` is markdown and must be both graded and an answer, or neither",
                "cell 5: its nbgrader schema_version is not 3",
                "cell 5: its nbgrader metadata needs `grade`, true or false",
                "cell 5: its nbgrader metadata needs `locked`, true or false",
                "cell 5: has no grade_id; give it one that no other cell has",
            ]
        );
    }
}
