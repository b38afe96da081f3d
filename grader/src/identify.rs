//! Which assignment of the course a notebook answers, by what it holds and then by what it is called.
//! Used by the first look at submissions.

use std::collections::BTreeSet;
use std::path::Path;

use crate::collect::{file_name, split_stem, stem};
use crate::notebook::Notebook;

/// An assignment of the course, as its rubric and released notebook know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownAssignment {
    /// Name: the file stem of its notebook.
    pub name: String,
    /// The `grade_id`s of its released notebook.
    pub grade_ids: Vec<String>,
}

/// Finds out which assignment a notebook answers. What it holds counts more than what it is called: the name that
/// release wrote, then the `grade_id`s (most of one assignment's, more than of any other), then folders and file name.
#[must_use]
pub fn identify(notebook: &Notebook, path: &Path, known: &[KnownAssignment]) -> Option<String> {
    let find = |word: &str| known.iter().find(|a| a.name.eq_ignore_ascii_case(word)).map(|a| a.name.clone());
    let names: Vec<&str> = known.iter().map(|assignment| assignment.name.as_str()).collect();
    let stem = file_name(path);
    let stem = self::stem(&stem);
    notebook
        .assignment()
        .and_then(find)
        .or_else(|| by_grade_ids(notebook, known))
        .or_else(|| path.parent()?.ancestors().find_map(|folder| find(&file_name(folder))))
        .or_else(|| find(stem).or_else(|| split_stem(stem, &names).0))
}

fn by_grade_ids(notebook: &Notebook, known: &[KnownAssignment]) -> Option<String> {
    let present: BTreeSet<String> = notebook.grade_ids().into_iter().collect();
    let mut scores: Vec<(usize, &KnownAssignment)> = known
        .iter()
        .map(|assignment| {
            let wanted: BTreeSet<&String> = assignment.grade_ids.iter().collect();
            (wanted.iter().filter(|id| present.contains(**id)).count(), assignment)
        })
        .collect();
    scores.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let (best, assignment) = scores.first()?;
    let rival = scores.get(1).map_or(0, |(count, _)| *count);
    (*best > rival && 2 * best > assignment.grade_ids.len()).then(|| assignment.name.clone())
}
