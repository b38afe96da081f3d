//! A first look at every submission before anything runs: is it a notebook, which exercise, whose, seen before?
//! Only what the answer needs is kept, so that a thousand submissions wait in little memory.

use std::collections::BTreeMap;

use crate::collect::{KnownAssignment, Submission, identify};
use crate::course::Assignment;
use crate::fingerprint::sha256;
use crate::notebook::Notebook;

/// A submission after the first look.
#[derive(Clone, Debug)]
pub struct Intake {
    /// Where it is.
    pub submission: Submission,
    /// The exercise; empty if it cannot be told.
    pub assignment: String,
    /// 0, or more for further files of the same student and exercise.
    pub slot: u32,
    /// SHA-256 of the file; empty if it cannot be read.
    pub notebook: String,
    /// Why it cannot be graded.
    pub problem: Option<String>,
    /// So many bytes a notebook may have.
    most: u64,
}

impl Intake {
    /// The file as the command line named it.
    #[must_use]
    pub fn file(&self) -> String {
        self.submission.path.display().to_string()
    }

    /// Reads the notebook again, to run it.
    ///
    /// # Errors
    /// The reason, among them that the file is another one by now.
    pub fn load(&self) -> Result<Notebook, String> {
        let bytes = self.submission.read(self.most)?;
        if sha256(&bytes) != self.notebook {
            return Err("was changed while it was graded; run the same command again".to_owned());
        }
        Notebook::parse(&bytes).map_err(|e| e.problem().to_string())
    }
}

/// Looks at all submissions, in their order; files of more than `most` bytes are not read.
#[must_use]
pub fn look(submissions: Vec<Submission>, assignments: &[Assignment], most: u64) -> Vec<Intake> {
    let known: Vec<KnownAssignment> = assignments.iter().map(Assignment::known).collect();
    let mut slots: BTreeMap<(String, String), u32> = BTreeMap::new();
    let one = |submission: Submission| {
        let mut intake = look_at(submission, &known, most);
        let key = (intake.submission.student.clone(), intake.assignment.clone());
        let slot = slots.entry(key).or_default();
        intake.slot = *slot;
        *slot += 1;
        intake
    };
    submissions.into_iter().map(one).collect()
}

fn look_at(submission: Submission, known: &[KnownAssignment], most: u64) -> Intake {
    let named = submission.assignment.clone();
    let mut intake = Intake {
        assignment: named.clone().unwrap_or_default(),
        slot: 0,
        notebook: String::new(),
        problem: None,
        most,
        submission,
    };
    let bytes = match intake.submission.read(most) {
        Ok(bytes) => bytes,
        Err(why) => return Intake { problem: Some(why), ..intake },
    };
    intake.notebook = sha256(&bytes);
    let notebook = match Notebook::parse(&bytes) {
        Ok(notebook) => notebook,
        Err(e) => return Intake { problem: Some(e.problem().to_string()), ..intake },
    };
    intake.assignment =
        named.or_else(|| identify(&notebook, &intake.submission.path, known)).unwrap_or_default();
    if !known.iter().any(|a| a.name == intake.assignment) {
        let names: Vec<&str> = known.iter().map(|a| a.name.as_str()).collect();
        intake.problem = Some(format!(
            "which exercise this answers cannot be told; name the file after one of {}",
            names.join(", ")
        ));
    }
    intake
}
