//! What the solutions gave: the values that submissions are compared with, stored as JSON.
//! Written by `grader expect` and never by hand.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use spikelab::evidence::{Evidence, Models};

use super::Rubric;
use crate::{Error, Result, files};

/// The name of this format.
const FORMAT: &str = "spikelab-expected/1";

/// Expected values of one exercise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    format: String,
    /// The exercise.
    pub assignment: String,
    /// Question id, then variable.
    pub questions: BTreeMap<String, BTreeMap<String, Evidence>>,
    /// Question id → the networks behind its variables.
    #[serde(default)]
    pub models: BTreeMap<String, Models>,
    /// What the rubric's mistakes give, worked out from the networks when needed.
    #[serde(skip)]
    pub mistaken: Mistaken,
}

/// Values of the variables of one question, as far as they exist, or why there are none.
pub type Computed = Result<BTreeMap<String, Evidence>, String>;

/// What the mistakes of an exercise give, worked out when first needed; the same for all submissions.
#[derive(Clone, Debug, Default)]
pub struct Mistaken(Arc<Mutex<ByMistake>>);

/// By question and mistake.
type ByMistake = BTreeMap<(String, String), Arc<Computed>>;

/// Two of the same course hold the same.
impl PartialEq for Mistaken {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Mistaken {
    /// The values of a mistake of a question; `make` is called if they are not known yet.
    pub fn values(&self, question: &str, mistake: &str, make: impl FnOnce() -> Computed) -> Arc<Computed> {
        let key = (question.to_owned(), mistake.to_owned());
        let all = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all().get(&key).cloned();
        // Made without the lock: another mistake need not wait for this one.
        known.unwrap_or_else(|| {
            let made = Arc::new(make());
            Arc::clone(all().entry(key).or_insert(made))
        })
    }
}

impl Expected {
    /// Values of one exercise.
    #[must_use]
    pub fn new(assignment: &str, questions: BTreeMap<String, BTreeMap<String, Evidence>>) -> Self {
        Self {
            format: FORMAT.to_owned(),
            assignment: assignment.to_owned(),
            questions,
            models: BTreeMap::new(),
            mistaken: Mistaken::default(),
        }
    }

    /// The same with the networks behind the values.
    #[must_use]
    pub fn with_models(self, models: BTreeMap<String, Models>) -> Self {
        Self { models, ..self }
    }

    /// Reads what [`Expected::save`] wrote.
    ///
    /// # Errors
    /// A file that is missing, of another format, or not in step with the rubric.
    pub fn load(path: &Path, rubric: &Rubric) -> Result<Self> {
        let name = path.display();
        let next = "run `grader expect`";
        let bytes = std::fs::read(path).map_err(|e| Error::new(format!("cannot read {name}: {e}"), next))?;
        let expected: Self = serde_json::from_slice(&bytes)
            .map_err(|e| Error::new(format!("{name} cannot be read: {e}"), next))?;
        if expected.format != FORMAT {
            return Err(Error::new(format!("{name} has the format `{}`", expected.format), next));
        }
        match expected.missing(rubric).first() {
            None => Ok(expected),
            Some((question, variable)) => {
                Err(Error::new(format!("{name} has no `{variable}` for the question `{question}`"), next))
            }
        }
    }

    /// Questions and variables of the rubric for which there is no value.
    #[must_use]
    pub fn missing(&self, rubric: &Rubric) -> Vec<(String, String)> {
        let wanted = rubric.wanted();
        let each =
            wanted.iter().flat_map(|w| w.variables.iter().map(|v| (w.question.clone(), v.name.clone())));
        each.filter(|(q, v)| self.get(q, v).is_none()).collect()
    }

    /// One value.
    #[must_use]
    pub fn get(&self, question: &str, variable: &str) -> Option<&Evidence> {
        self.questions.get(question)?.get(variable)
    }

    /// Writes the values, the same ones always to the same bytes.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        let mut text = serde_json::to_vec(self).unwrap_or_default();
        text.push(b'\n');
        files::write_whole(path, &text).map_err(|e| {
            Error::new(format!("cannot write {}: {e}", path.display()), "is the folder yours to write?")
        })
    }
}
