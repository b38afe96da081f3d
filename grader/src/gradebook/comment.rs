//! What persons say about a submission without changing its points; the student reads it.
//! A comment is taken back by another row; nothing is removed.

use rusqlite::{Connection, params};

use super::Gradebook;
use crate::outcome::Comment;
use crate::{Error, Result};

/// A comment to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewComment {
    /// The marks that it is about.
    pub grading: i64,
    /// The question; empty for all of it.
    pub question: String,
    /// The words.
    pub text: String,
    /// Whose.
    pub author: String,
}

impl Gradebook {
    /// Adds a comment.
    ///
    /// # Errors
    /// No words or no author, marks or a question that do not exist.
    pub fn comment(&self, new: &NewComment) -> Result<()> {
        super::manual::needed(&[("comment", &new.text), ("author", &new.author)])?;
        let report = self.report(new.grading)?;
        if !new.question.is_empty() && !report.questions.iter().any(|q| q.id == new.question) {
            let what = format!("{} has no question `{}`", report.student, new.question);
            return Err(Error::usage(what, "open the page again"));
        }
        self.change(|t| {
            t.execute(
                "INSERT INTO comment (student, assignment, question, text, author, grading) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    report.student,
                    report.assignment,
                    new.question,
                    new.text.trim(),
                    new.author.trim(),
                    new.grading
                ],
            )
        })?;
        Ok(())
    }

    /// Takes a comment back.
    ///
    /// # Errors
    /// No author, no such comment.
    pub fn withdraw(&self, id: i64, author: &str) -> Result<()> {
        super::manual::needed(&[("author", author)])?;
        let added = self.change(|t| {
            t.execute(
                "INSERT INTO comment (student, assignment, question, text, author, grading, withdrawn)
                 SELECT student, assignment, question, '', ?2, grading, id FROM comment
                 WHERE id = ?1 AND withdrawn IS NULL AND NOT EXISTS (SELECT 1 FROM comment WHERE withdrawn = ?1)",
                params![id, author.trim()],
            )
        })?;
        if added == 0 {
            return Err(Error::usage("this comment is not there any more", "open the page again"));
        }
        Ok(())
    }
}

/// The comments that stand, with their questions, in order.
pub(super) fn standing(
    c: &Connection,
    student: &str,
    assignment: &str,
) -> rusqlite::Result<Vec<(String, Comment)>> {
    let mut find = c.prepare_cached(
        "SELECT question, id, text, author, at FROM comment c WHERE student = ?1 AND assignment = ?2
           AND withdrawn IS NULL AND NOT EXISTS (SELECT 1 FROM comment w WHERE w.withdrawn = c.id) ORDER BY id",
    )?;
    let rows = find.query_map([student, assignment], |row| {
        Ok((
            row.get(0)?,
            Comment { id: row.get(1)?, text: row.get(2)?, author: row.get(3)?, at: row.get(4)? },
        ))
    })?;
    rows.collect()
}
