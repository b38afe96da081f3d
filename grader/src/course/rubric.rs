//! A rubric: the questions of one exercise, their points and checks, read from YAML.
//! Mistakes in it are reported with line and column, because an instructor writes it by hand.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::checks::CheckSpec;
use super::models::{Mistake, Vary};
use crate::runner::{Limits, Wanted, WantedVariable};
use crate::{Error, Result};

/// What one exercise is marked by.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rubric {
    /// Its name, the file's stem.
    pub assignment: String,
    /// Title for people.
    pub title: String,
    /// Short for `cell_seconds` of the limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u64>,
    /// What a notebook may use.
    #[serde(default)]
    pub limits: Limits,
    /// The questions in order.
    pub questions: Vec<Question>,
}

/// One question.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Its id, nbgrader's `grade_id` of its cell.
    pub id: String,
    /// Title for people.
    pub title: String,
    /// `grade_id`s of its cells, if there are several or the id is another one.
    #[serde(default)]
    pub cells: Vec<String>,
    /// Points, the sum of those of its checks.
    pub points: f64,
    /// Shown for every check that lost points and has no hint of its own.
    #[serde(default)]
    pub hint: Option<String>,
    /// The checks in order.
    #[serde(with = "serde_yaml::with::singleton_map_recursive")]
    pub checks: Vec<CheckSpec>,
    /// Mistakes that are recognised by what the model does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mistakes: Vec<Mistake>,
}

impl Rubric {
    /// Reads and checks a rubric.
    ///
    /// # Errors
    /// A file that cannot be read, a mistake in it with line and column, points that do not add up.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|e| {
            Error::new(format!("cannot read {}: {e}", path.display()), "each exercise needs a rubric")
        })?;
        Self::parse(&text, &path.display().to_string())
    }

    fn parse(text: &str, file: &str) -> Result<Self> {
        let mut rubric: Self = serde_yaml::from_str(text).map_err(|e| {
            let place = e.location().map_or_else(String::new, |l| format!(":{}:{}", l.line(), l.column()));
            Error::new(format!("{file}{place}: {e}"), near_key(&e.to_string()))
        })?;
        rubric.complete(file)?;
        Ok(rubric)
    }

    fn complete(&mut self, file: &str) -> Result<()> {
        let wrong = |what: String, next: &str| Err(Error::new(format!("{file}: {what}"), next));
        if let Some(seconds) = self.timeout {
            self.limits.cell_seconds = seconds;
        }
        if let Some((key, least)) = self.limits.too_small() {
            return wrong(
                format!("no notebook can run with so small a `{key}`"),
                &format!("at least {least}"),
            );
        }
        let mut ids = std::collections::BTreeSet::new();
        for question in &mut self.questions {
            if !ids.insert(question.id.clone()) {
                return wrong(format!("there are two questions `{}`", question.id), "give each its own id");
            }
            if question.cells.is_empty() {
                question.cells.push(question.id.clone());
            }
            let mut seen = std::collections::BTreeSet::new();
            for check in &mut question.checks {
                // What guards other checks may be worth nothing by itself.
                let least = if check.is_about_model() { 0.0 } else { f64::MIN_POSITIVE };
                if !(check.points() >= least && check.points().is_finite()) {
                    return wrong(
                        format!("a check of `{}` has {} points", question.id, check.points()),
                        "points are larger than 0",
                    );
                }
                if check.variable().is_empty() && !check.is_about_model() {
                    return wrong(
                        format!("a check of `{}` names no variable", question.id),
                        "write `variable: NAME`",
                    );
                }
                if let CheckSpec::Model(model) = check
                    && let Some(fault) = model.vary.iter().find_map(Vary::fault)
                {
                    return wrong(format!("the model of `{}`: {fault}", question.id), "mend `vary`");
                }
                if check.id().is_empty() {
                    let of = if check.variable().is_empty() { "the" } else { check.variable() };
                    check.set_id(format!("{of}-{}", check.word()));
                }
                while !seen.insert(check.id().to_owned()) {
                    check.set_id(format!("{}+", check.id()));
                }
            }
            let sum: f64 = question.checks.iter().map(CheckSpec::points).sum();
            if (sum - question.points).abs() > 1e-9 {
                return wrong(
                    format!(
                        "the checks of `{}` have {sum} points, the question {}",
                        question.id, question.points
                    ),
                    "make the question's points the sum of its checks'",
                );
            }
        }
        if self.questions.is_empty() {
            return wrong("there are no questions".to_owned(), "add at least one");
        }
        Ok(())
    }

    /// Points possible.
    #[must_use]
    pub fn points(&self) -> f64 {
        self.questions.iter().map(|q| q.points).sum()
    }

    /// What the runner has to look for.
    #[must_use]
    pub fn wanted(&self) -> Vec<Wanted> {
        let of = |question: &Question| {
            let mut variables: Vec<WantedVariable> = Vec::new();
            for check in question.checks.iter().filter(|c| !c.is_about_model()) {
                if !variables.iter().any(|v| v.name == check.variable()) {
                    variables.push(WantedVariable { name: check.variable().to_owned(), kind: check.kind() });
                }
            }
            Wanted { question: question.id.clone(), cells: question.cells.clone(), variables }
        };
        self.questions.iter().map(of).collect()
    }
}

/// What to do about a mistake in the YAML, from the words of the reader's own message.
fn near_key(message: &str) -> String {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    if message.contains("unknown field") || message.contains("unknown variant") {
        let near = quoted.split_first().and_then(|(wrong, known)| {
            known
                .iter()
                .map(|k| (similar::TextDiff::from_chars(*wrong, *k).ratio(), k))
                .max_by(|a, b| a.0.total_cmp(&b.0))
        });
        if let Some((ratio, near)) = near
            && ratio > 0.5
        {
            return format!("did you mean `{near}`?");
        }
    }
    "the keys of a rubric are described in the README".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "
assignment: exercise1
title: One neuron
questions:
  - id: decay
    title: Decay
    points: 3
    checks:
      - spikes: {variable: spikemon, points: 2}
      - trace: {variable: statemon, of: v, index: 0, points: 1, hint: look again}
";

    fn mistake(from: &str, to: &str) -> String {
        Rubric::parse(&GOOD.replace(from, to), "r.yaml").unwrap_err().to_string()
    }

    #[test]
    fn defaults_are_filled_in() {
        let rubric = Rubric::parse(GOOD, "r.yaml").unwrap();
        assert_eq!((rubric.limits, rubric.points()), (Limits::default(), 3.0));
        let short =
            Rubric::parse(&format!("timeout: 20\nlimits: {{memory_mb: 2000}}{GOOD}"), "r.yaml").unwrap();
        assert_eq!((short.limits.cell_seconds, short.limits.memory_mb), (20, 2000));
        let question = &rubric.questions[0];
        assert_eq!(question.cells, ["decay"]);
        assert_eq!(question.checks[0].id(), "spikemon-spikes");
        assert_eq!(question.checks[1].hint(), Some("look again"));
        assert_eq!(rubric.wanted()[0].variables.len(), 2);
    }

    #[test]
    fn mistakes_are_placed_and_explained() {
        let key = mistake("title: Decay", "tilte: Decay");
        assert!(key.contains("r.yaml:6:5") && key.contains("did you mean `title`?"), "{key}");
        let inner = mistake("index: 0", "indx: 0");
        assert!(inner.contains("`indx`") && inner.contains("did you mean `index`?"), "{inner}");
        let kind = mistake("- spikes", "- spike");
        assert!(kind.contains("did you mean `spikes`?"), "{kind}");
        let sum = mistake("points: 3", "points: 4");
        assert!(sum.contains("have 3 points, the question 4"), "{sum}");
        let number = mistake("points: 2", "points: many");
        assert!(number.contains("r.yaml:"), "{number}");
        assert!(mistake("points: 2", "points: -2").contains("larger than 0"));
        let limit = mistake("title: One neuron", "title: One neuron\nlimits: {memory: 5}");
        assert!(limit.contains("did you mean `memory_mb`?"), "{limit}");
        let small = mistake("title: One neuron", "title: One neuron\nlimits: {processes: 2}");
        assert!(small.contains("`processes`") && small.contains("at least 96"), "{small}");
    }
}
