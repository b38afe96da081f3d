//! `grades.csv` and `grades.json`, both from one pass over the gradebook, one submission at a time.
//! The same pass counts what the class did.

use std::cell::RefCell;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::ser::{Error as _, Serialize, SerializeMap, SerializeSeq, Serializer};

use super::class::{Class, Exercise};
use super::site::{Entry, address};
use super::{cannot_write, grades};
use crate::files::WholeFile;
use crate::gradebook::{Gradebook, Line};
use crate::{Error, Result};

/// The name of the format of `grades.json`.
const FORMAT: &str = "spikelab-grades/1";

/// Writes both files, and returns what the class did and what the list of submissions needs; `places` are the folders of their pages.
pub(super) fn write(
    out: &Path,
    book: &Gradebook,
    lines: &[Line],
    places: &[PathBuf],
) -> Result<(Vec<Exercise>, Vec<Entry>)> {
    let (csv_path, json_path) = (out.join("grades.csv"), out.join("grades.json"));
    let csv_failed = |e: &dyn std::fmt::Display| cannot_write(&csv_path, e);
    let json_failed = |e: &dyn std::fmt::Display| cannot_write(&json_path, e);
    let mut csv_file = WholeFile::begin(&csv_path).map_err(|e| csv_failed(&e))?;
    let mut json_file = WholeFile::begin(&json_path).map_err(|e| json_failed(&e))?;
    let class = {
        let pass = Pass {
            book,
            gradings: lines.iter().map(|l| l.grading).collect(),
            table: RefCell::new(Some(grades::Table::begin(&mut csv_file, book.questions()?)?)),
            class: RefCell::default(),
            places,
            entries: RefCell::default(),
            failure: RefCell::default(),
        };
        let written = document(&mut json_file, &pass);
        let Pass { table, entries, failure, .. } = pass;
        if let Some(e) = failure.into_inner() {
            return Err(e);
        }
        table.into_inner().map_or(Ok(()), grades::Table::end)?;
        (written.map_err(|e| json_failed(&e))?, entries.into_inner())
    };
    json_file.write_all(b"\n").map_err(|e| json_failed(&e))?;
    csv_file.finish().map_err(|e| csv_failed(&e))?;
    json_file.finish().map_err(|e| json_failed(&e))?;
    Ok(class)
}

/// Writes what `grades.json` has, of some submissions only.
///
/// # Errors
/// A disk or pipe that takes no more, a damaged gradebook.
pub fn json(mut out: impl Write, book: &Gradebook, gradings: impl Iterator<Item = i64>) -> Result<()> {
    let gradings = gradings.collect();
    let (table, class, failure) = (RefCell::default(), RefCell::default(), RefCell::default());
    let entries = RefCell::default();
    let pass = Pass::<std::io::Sink> { book, gradings, table, class, places: &[], entries, failure };
    let written = document(&mut out, &pass);
    if let Some(e) = pass.failure.take() {
        return Err(e);
    }
    match written.and_then(|_| writeln!(out).map_err(serde_json::Error::io)) {
        Err(e) if e.io_error_kind() != Some(std::io::ErrorKind::BrokenPipe) => {
            Err(Error::new(format!("cannot print the marks: {e}"), "they are safe in the gradebook"))
        }
        _ => Ok(()),
    }
}

fn document<W: Write>(out: impl Write, pass: &Pass<'_, W>) -> serde_json::Result<Vec<Exercise>> {
    let mut json = serde_json::Serializer::pretty(out);
    let mut map = json.serialize_map(None)?;
    map.serialize_entry("format", FORMAT)?;
    map.serialize_entry("submissions", pass)?;
    let class = pass.class.take().finished();
    map.serialize_entry("class", &class)?;
    SerializeMap::end(map).map(|()| class)
}

/// The list of submissions in JSON; whoever writes it fills the table and the counts on the way.
struct Pass<'a, W: Write> {
    book: &'a Gradebook,
    gradings: Vec<i64>,
    /// None if only JSON is wanted.
    table: RefCell<Option<grades::Table<W>>>,
    class: RefCell<Class>,
    /// None if no list is wanted.
    places: &'a [PathBuf],
    entries: RefCell<Vec<Entry>>,
    /// What went wrong, in the words of the grader's own error.
    failure: RefCell<Option<Error>>,
}

impl<W: Write> Serialize for Pass<'_, W> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.gradings.len()))?;
        for (k, grading) in self.gradings.iter().enumerate() {
            let report = self.book.report(*grading);
            let report = report.and_then(|r| {
                let mut table = self.table.borrow_mut();
                table.as_mut().map_or(Ok(()), |t| t.add(&r)).map(|()| r)
            });
            let mut report = report.map_err(|e| {
                let text = S::Error::custom(&e);
                self.failure.replace(Some(e));
                text
            })?;
            self.class.borrow_mut().add(&report);
            self.entries
                .borrow_mut()
                .extend(self.places.get(k).map(|place| Entry::of(&report, address(place))));
            // The curves are in the pages, and would be most of this file.
            report.questions.iter_mut().flat_map(|q| &mut q.checks).for_each(|c| c.plot = None);
            list.serialize_element(&report)?;
        }
        list.end()
    }
}
