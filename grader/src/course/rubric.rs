//! A rubric: the questions of one exercise, their points and checks, read from YAML.
//! Mistakes in it are reported with line and column, because an instructor writes it by hand.

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::checks::CheckSpec;
use super::models::{Mistake, Vary};
use crate::late::{Moment, Policy, Rule};
use crate::runner::{Limits, Wanted, WantedVariable};
use crate::{Error, Result};

/// The schema beside the rubrics, for editors.
pub const SCHEMA_FILE: &str = "rubric.schema.json";
/// The first line of a rubric, by which editors find it.
pub const SCHEMA_LINE: &str = "# yaml-language-server: $schema=rubric.schema.json\n";

/// What one exercise is marked by.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rubric {
    /// Its name, the file's stem.
    pub assignment: String,
    /// Title for people.
    pub title: String,
    /// The deadline, with its zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Moment>,
    /// What missing the deadline costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<Policy>,
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
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
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
    #[schemars(with = "Vec<CheckSpec>")]
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
        if self.late.is_some() && self.due.is_none() {
            return wrong(
                "`late` says what missing a deadline costs, but there is none".to_owned(),
                "write `due: 2026-11-20T23:59+01:00`",
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

    /// The JSON Schema of rubrics, made from the types that read them.
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        let mut schema = schemars::schema_for!(Self).to_value();
        if let Some(top) = schema.as_object_mut() {
            top.insert("title".to_owned(), "How an exercise is marked by spikelab's grader".into());
        }
        schema
    }

    /// The deadline and what missing it costs, if there is one.
    #[must_use]
    pub fn deadline(&self) -> Option<Rule> {
        self.due.map(|due| Rule { due, late: self.late })
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
    use serde_json::Value;

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
        assert_eq!(rubric.deadline(), None);
        let due = format!("due: 2026-11-20T23:59+01:00\nlate: {{per_day: 10%, grace: 15min}}{GOOD}");
        assert!(Rubric::parse(&due, "r.yaml").unwrap().deadline().unwrap().late.is_some());
    }

    /// Whether a value fits a schema, by the words that the rubric's schema uses.
    fn fits(schema: &Value, value: &Value, root: &Value) -> bool {
        if let Some(name) = schema["$ref"].as_str() {
            return fits(&root["$defs"][name.trim_start_matches("#/$defs/")], value, root);
        }
        let any =
            |word: &str| schema[word].as_array().is_none_or(|all| all.iter().any(|s| fits(s, value, root)));
        let is = |kind: &Value| match kind.as_str().unwrap_or_default() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "number" => value.is_number(),
            "integer" => value.is_u64(),
            "boolean" => value.is_boolean(),
            "null" => value.is_null(),
            other => panic!("{other} is no kind"),
        };
        let kind = match &schema["type"] {
            Value::Null => true,
            Value::Array(kinds) => kinds.iter().any(is),
            one => is(one),
        };
        let named = schema.get("const").is_none_or(|c| c == value)
            && schema["enum"].as_array().is_none_or(|all| all.contains(value));
        let items = value.as_array().is_none_or(|all| {
            schema.get("items").is_none_or(|inner| all.iter().all(|v| fits(inner, v, root)))
        });
        let members = value.as_object().is_none_or(|all| {
            let needed = schema["required"].as_array().into_iter().flatten();
            let known = |k: &String, v: &Value| {
                let inner = &schema["properties"][k];
                if inner.is_null() { schema["additionalProperties"] != false } else { fits(inner, v, root) }
            };
            needed.into_iter().all(|k| all.contains_key(k.as_str().unwrap()))
                && all.iter().all(|(k, v)| known(k, v))
        });
        any("oneOf") && any("anyOf") && kind && named && items && members
    }

    #[test]
    fn the_schema_takes_every_rubric_of_the_course_and_refuses_slips() {
        let schema = Rubric::json_schema();
        let read = |text: &str| serde_yaml::from_str::<Value>(text).unwrap();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assignment");
        let mut count = 0;
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "yaml") {
                let text = std::fs::read_to_string(&path).unwrap();
                assert!(text.starts_with(SCHEMA_LINE), "{} has no line for editors", path.display());
                assert!(fits(&schema, &read(&text), &schema), "{}", path.display());
                count += 1;
            }
        }
        assert!(count >= 6);
        assert!(fits(&schema, &read(GOOD), &schema));
        let due = format!("due: 2026-11-20T23:59Z\nlate: {{per_day: 10, at_most: 50%, of: possible}}{GOOD}");
        assert!(fits(&schema, &read(&due), &schema));
        assert!(!fits(&schema, &read(&due.replace("per_day", "perday")), &schema));
        let slips = [
            ("title: Decay", "tilte: Decay"),
            ("- spikes", "- spike"),
            ("index: 0", "indx: 0"),
            ("points: 2", "points: many"),
        ];
        for (from, to) in slips {
            assert!(!fits(&schema, &read(&GOOD.replace(from, to)), &schema), "{to}");
        }
        let stored = std::fs::read(folder.join(SCHEMA_FILE)).unwrap();
        let stored: Value = serde_json::from_slice(&stored).unwrap();
        assert_eq!(stored, schema, "write it again by `grader schema rubric`");
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
        let late = mistake("title: One neuron", "title: One neuron\nlate: {per_day: 10%}");
        assert!(late.contains("there is none") && late.contains("write `due:"), "{late}");
        let zone = mistake("title: One neuron", "title: One neuron\ndue: 2026-11-20T23:59");
        assert!(zone.contains("`2026-11-20T23:59` is no time with a zone"), "{zone}");
        let small = mistake("title: One neuron", "title: One neuron\nlimits: {processes: 2}");
        assert!(small.contains("`processes`") && small.contains("at least 96"), "{small}");
    }
}
