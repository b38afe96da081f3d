//! What about a notebook is unusual and does not stop its grading, in sentences for student and instructor.
//! Ids are never trusted: two cells of one name are both run, and it is said that there are two.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Cell, Notebook};

/// Doubled ids, another kernel than Rust's, another format.
#[must_use]
pub fn oddities(notebook: &Notebook) -> Vec<String> {
    let mut found = Vec::new();
    for (id, cells) in doubled(notebook, Cell::grade_id) {
        found.push(format!(
            "cells {cells} all call themselves `{id}`, by copying or by tampering; all were run in order, and what \
             counts is what the question's variables hold after the last one"
        ));
    }
    if let Some((id, cells)) = doubled(notebook, |cell| cell.id().map(str::to_owned)).into_iter().next() {
        found.push(format!(
            "cells {cells} have the same internal id `{id}`, which Jupyter does not write; nothing is graded by it"
        ));
    }
    let kernel = |key: &str| notebook.metadata()?.get("kernelspec")?.get(key).and_then(Value::as_str);
    if let Some(language) = kernel("language").filter(|l| !l.eq_ignore_ascii_case("rust")) {
        let language: String = language.chars().take(40).collect();
        found.push(format!(
            "the notebook asks for a kernel for `{language}`; it was run with the course's Rust kernel"
        ));
    }
    found
}

/// Ids that several cells have, with the cells' numbers.
fn doubled(notebook: &Notebook, id: impl Fn(&Cell) -> Option<String>) -> Vec<(String, String)> {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (index, cell) in notebook.cells().iter().enumerate() {
        if let Some(id) = id(cell) {
            places.entry(id).or_default().push((index + 1).to_string());
        }
    }
    let several = places.into_iter().filter(|(_, cells)| cells.len() > 1);
    several
        .map(|(id, cells)| {
            let more = if cells.len() > 8 { ", …" } else { "" };
            (id.chars().take(60).collect(), cells[..cells.len().min(8)].join(", ") + more)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubled_ids_and_foreign_kernels_are_named() {
        let text = r#"{"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": {"language": "python"}}, "cells": [
            {"cell_type": "code", "id": "a", "source": "1", "metadata": {"nbgrader": {"grade_id": "q1"}}},
            {"cell_type": "markdown", "id": "a", "source": ""},
            {"cell_type": "code", "id": "b", "source": "2", "metadata": {"nbgrader": {"grade_id": "q1"}}}]}"#;
        let found = oddities(&Notebook::parse(text.as_bytes()).unwrap());
        assert!(found[0].starts_with("cells 1, 3 all call themselves `q1`"), "{found:?}");
        assert!(found[1].starts_with("cells 1, 2 have the same internal id `a`"), "{found:?}");
        assert!(found[2].contains("`python`"), "{found:?}");
        assert_eq!(oddities(&Notebook::new(vec![])), [] as [String; 0]);
    }
}
