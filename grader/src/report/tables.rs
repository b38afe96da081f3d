//! `grades.csv` and `grades.json`, both from one pass over the gradebook, one submission at a time.
//! The same pass counts what the class did.

use std::cell::RefCell;
use std::io::Write;
use std::path::Path;

use serde::ser::{Error as _, Serialize, SerializeMap, SerializeSeq, Serializer};

use super::class::{Class, Exercise};
use super::{cannot_write, grades};
use crate::files::WholeFile;
use crate::gradebook::{Gradebook, Line};
use crate::{Error, Result};

/// The name of the format of `grades.json`.
const FORMAT: &str = "spikelab-grades/1";

/// Writes both files, and returns what the class did.
pub(super) fn write(out: &Path, book: &Gradebook, lines: &[Line]) -> Result<Vec<Exercise>> {
    let (csv_path, json_path) = (out.join("grades.csv"), out.join("grades.json"));
    let csv_failed = |e: &dyn std::fmt::Display| cannot_write(&csv_path, e);
    let json_failed = |e: &dyn std::fmt::Display| cannot_write(&json_path, e);
    let mut csv_file = WholeFile::begin(&csv_path).map_err(|e| csv_failed(&e))?;
    let mut json_file = WholeFile::begin(&json_path).map_err(|e| json_failed(&e))?;
    let class = {
        let pass = Pass {
            book,
            lines,
            table: RefCell::new(grades::Table::begin(&mut csv_file, book.questions()?)?),
            class: RefCell::default(),
            failure: RefCell::default(),
        };
        let mut json = serde_json::Serializer::pretty(&mut json_file);
        let written = json.serialize_map(None).and_then(|mut map| {
            map.serialize_entry("format", FORMAT)?;
            map.serialize_entry("submissions", &pass)?;
            let class = pass.class.take().finished();
            map.serialize_entry("class", &class)?;
            SerializeMap::end(map).map(|()| class)
        });
        let Pass { table, failure, .. } = pass;
        if let Some(e) = failure.into_inner() {
            return Err(e);
        }
        table.into_inner().end()?;
        written.map_err(|e| json_failed(&e))?
    };
    json_file.write_all(b"\n").map_err(|e| json_failed(&e))?;
    csv_file.finish().map_err(|e| csv_failed(&e))?;
    json_file.finish().map_err(|e| json_failed(&e))?;
    Ok(class)
}

/// The list of submissions in JSON; whoever writes it fills the table and the counts on the way.
struct Pass<'a, W: Write> {
    book: &'a Gradebook,
    lines: &'a [Line],
    table: RefCell<grades::Table<W>>,
    class: RefCell<Class>,
    /// What went wrong, in the words of the grader's own error.
    failure: RefCell<Option<Error>>,
}

impl<W: Write> Serialize for Pass<'_, W> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.lines.len()))?;
        for line in self.lines {
            let report = self.book.report(line.grading);
            let report = report.and_then(|r| self.table.borrow_mut().add(&r).map(|()| r));
            let mut report = report.map_err(|e| {
                let text = S::Error::custom(&e);
                self.failure.replace(Some(e));
                text
            })?;
            self.class.borrow_mut().add(&report);
            // The curves are in the pages, and would be most of this file.
            report.questions.iter_mut().flat_map(|q| &mut q.checks).for_each(|c| c.plot = None);
            list.serialize_element(&report)?;
        }
        list.end()
    }
}
