//! Deadlines of single students: granted with a name and a reason, before or after something is handed in.
//! The last word counts; nothing is removed.

use rusqlite::{Connection, OptionalExtension, params};

use super::Gradebook;
use crate::late::{Extension, Length, Moment};
use crate::{Error, Result};

/// A deadline granted, or taken back.
#[derive(Clone, Debug, PartialEq)]
pub struct Granted {
    /// Whose.
    pub student: String,
    /// The exercise.
    pub assignment: String,
    /// A time with its zone, or a length after everybody's deadline; none takes an earlier one back.
    pub until: Option<String>,
    /// Who decided.
    pub author: String,
    /// Why.
    pub reason: String,
}

impl Gradebook {
    /// Grants a deadline, or takes that back. The student need not have handed in anything yet.
    ///
    /// # Errors
    /// A time that cannot be read, no reason or author, nothing to take back.
    pub fn grant(&self, new: &Granted) -> Result<()> {
        super::manual::needed(&[("reason", &new.reason), ("author", &new.author)])?;
        match &new.until {
            Some(until) if Moment::read(until).is_none() && Length::read(until).is_none() => {
                let what = format!("`{until}` is neither a time with a zone nor a length of time");
                return Err(Error::usage(what, "write 2026-11-25T23:59+01:00, or 3 days"));
            }
            None if self.ask(|c| standing(c, &new.student, &new.assignment))?.is_none() => {
                let what = format!("{} has no deadline of its own for {}", new.student, new.assignment);
                return Err(Error::usage(what, "`grader history` shows what was done"));
            }
            _ => {}
        }
        self.change(|t| {
            t.execute(
                "INSERT INTO extension (student, assignment, until, author, reason) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![
                    new.student,
                    new.assignment,
                    new.until.as_deref().map(str::trim),
                    new.author.trim(),
                    new.reason.trim()
                ],
            )
        })?;
        Ok(())
    }
}

/// The deadline of a student's own that holds.
pub(super) fn standing(
    c: &Connection,
    student: &str,
    assignment: &str,
) -> rusqlite::Result<Option<Extension>> {
    let found: Option<(Option<String>, String, String)> = c
        .prepare_cached(
            "SELECT until, author, reason FROM extension WHERE student = ?1 AND assignment = ?2 ORDER BY id DESC LIMIT 1",
        )?
        .query_row(params![student, assignment], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    Ok(found.and_then(|(until, author, reason)| Some(Extension { until: until?, author, reason })))
}
