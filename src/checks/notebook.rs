//! Finds the public checks of a question in the notebook that a cell stands in, and holds the cell's variables to them.
//! Jupyter says which notebook it is; elsewhere it is one of those in the folder that the kernel works in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Checked, PublicChecks, PublicQuestion};
use crate::error::did_you_mean;
use crate::evidence::{Evidence, ToEvidence};

/// Collects the variables of one question; `check!` makes it.
#[derive(Debug)]
pub struct Check {
    question: String,
    values: BTreeMap<String, Evidence>,
}

/// Of a notebook no more than this is looked at.
#[derive(Deserialize)]
struct Notebook {
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    spikelab: Own,
}

#[derive(Default, Deserialize)]
struct Own {
    #[serde(default)]
    checks: PublicChecks,
}

impl Check {
    /// Begins with the question's id.
    #[must_use]
    pub fn new(question: &str) -> Self {
        Self { question: question.to_owned(), values: BTreeMap::new() }
    }

    /// Adds a variable.
    #[must_use]
    pub fn add<T: ToEvidence + ?Sized>(mut self, name: &str, value: &T) -> Self {
        self.values.insert(name.to_owned(), value.to_evidence());
        self
    }

    /// Finds the checks and holds the variables to them.
    pub fn done(self) -> Checked {
        self.against(&notebooks())
    }

    fn against(self, files: &[PathBuf]) -> Checked {
        let mut known = Vec::new();
        for file in files {
            let Some(checks) = read(file) else { continue };
            if let Some(question) = checks.questions.iter().find(|q| q.id == self.question) {
                return self.hold(question);
            }
            known.extend(checks.questions.into_iter().map(|q| q.id));
        }
        let near = did_you_mean(&self.question, known.iter().map(String::as_str));
        let advice = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "they come with the notebook and are found while it lies where it was opened".to_owned(),
        };
        Checked::nothing(format!("no public checks for `{}` are at hand: {advice}", self.question))
    }

    fn hold(self, question: &PublicQuestion) -> Checked {
        let needed: Vec<&str> = question.checks.iter().map(|c| c.variable.as_str()).collect();
        if !needed.iter().any(|name| self.values.contains_key(*name)) {
            let mut names = needed;
            names.dedup();
            let call = format!("check!(\"{}\", {})", question.id, names.join(", "));
            return Checked::nothing(format!("name the variables, too: {call}"));
        }
        Checked::new(&question.title, question.find(|name| self.values.get(name)))
    }
}

/// Where the checks may be: the notebook that Jupyter names, then all others beside it.
fn notebooks() -> Vec<PathBuf> {
    let own = std::env::var_os("JPY_SESSION_NAME").map(PathBuf::from);
    let mut own: Vec<PathBuf> = own.into_iter().filter(|p| p.is_file()).collect();
    let beside = std::fs::read_dir(".").into_iter().flatten().filter_map(|e| Some(e.ok()?.path()));
    let mut beside: Vec<PathBuf> = beside.filter(|p| p.extension().is_some_and(|e| e == "ipynb")).collect();
    beside.sort();
    own.append(&mut beside);
    own
}

fn read(file: &Path) -> Option<PublicChecks> {
    /// Larger files are no exercises.
    const LARGEST: u64 = 64 << 20;
    let small = file.metadata().is_ok_and(|m| m.is_file() && m.len() <= LARGEST);
    let bytes = small.then(|| std::fs::read(file).ok())??;
    serde_json::from_slice::<Notebook>(&bytes).ok().map(|n| n.metadata.spikelab.checks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::ms;

    #[test]
    fn checks_are_found_in_the_notebook() {
        let folder = std::env::temp_dir().join(format!("spikelab-checks-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (other, own) = (folder.join("a.ipynb"), folder.join("b.ipynb"));
        std::fs::write(&other, "no JSON").unwrap();
        std::fs::write(
            &own,
            r#"{"cells": [{"source": "x"}], "metadata": {"kernelspec": {}, "spikelab": {"assignment": "e", "checks": {"questions": [
                {"id": "charge", "title": "Charging", "cells": ["charge"], "checks": [{"title": "The time constant", "variable": "tau",
                 "expect": {"kind": "number", "dimension": "second", "low": 0.005, "high": 0.02}}]}]}}}}"#,
        )
        .unwrap();
        let files = [other, own];
        let text = |check: Check| check.against(&files).to_string();
        let right = text(Check::new("charge").add("tau", &(10.0 * ms)));
        assert!(right.contains("✓ The time constant"), "{right}");
        let wrong = text(Check::new("charge").add("tau", &(10.0)));
        assert!(wrong.contains("✗ The time constant") && wrong.contains("second"), "{wrong}");
        assert!(text(Check::new("charge")).contains("check!(\"charge\", tau)"));
        assert!(text(Check::new("chrage").add("tau", &1.0)).contains("did you mean `charge`?"));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
