//! A whole notebook: read from bytes with every doubt named, written back value for value in Jupyter's layout.
//! Invariant: keys keep their order and unknown ones their value; a file that Jupyter wrote comes back byte for byte.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use spikelab::checks::PublicChecks;

use super::cell::{json_kind, object_entry};
use super::{Cell, NotebookError, Problem, strict, upgrade};
use crate::files::{self, Unread};

/// Larger files are refused before they are read, unless another limit is asked for.
pub const MAX_BYTES: u64 = 32 << 20;

/// A notebook of format 4.
#[derive(Clone, Debug, PartialEq)]
pub struct Notebook {
    /// Everything but the cells; `cells` holds `null` to keep its place among the keys.
    root: Map<String, Value>,
    cells: Vec<Cell>,
}

impl Notebook {
    /// Makes a notebook of format 4.5 for the Rust kernel.
    #[must_use]
    pub fn new(cells: Vec<Cell>) -> Self {
        let root = serde_json::json!({
            "cells": null,
            "metadata": { "kernelspec": { "display_name": "Rust", "language": "rust", "name": "rust" } },
            "nbformat": 4,
            "nbformat_minor": 5
        });
        let Value::Object(root) = root else { unreachable!("written as an object above") };
        Self { root, cells }
    }

    /// Reads a notebook file.
    ///
    /// # Errors
    /// If the file is missing, no file, too large, or no notebook of format 4; the message begins with the path.
    pub fn load(path: &Path) -> Result<Self, NotebookError> {
        let bytes = Self::read(path, MAX_BYTES)?;
        Self::parse(&bytes).map_err(|error| error.at(path))
    }

    /// Reads the bytes of a notebook file, at most `most`, to be parsed.
    ///
    /// # Errors
    /// If the file is missing, no file or too large.
    pub fn read(path: &Path, most: u64) -> Result<Vec<u8>, NotebookError> {
        files::read_regular(path, most).map_err(|refused| unread(refused, most).at(path))
    }

    /// [`Notebook::read`] for a notebook in an archive.
    ///
    /// # Errors
    /// As there.
    pub fn read_packed(archive: &Path, index: usize, most: u64) -> Result<Vec<u8>, NotebookError> {
        crate::archive::read(archive, index, most).map_err(|refused| unread(refused, most).at(archive))
    }

    /// Reads a notebook from the bytes of a file.
    ///
    /// # Errors
    /// If they are no notebook of format 4.
    pub fn parse(bytes: &[u8]) -> Result<Self, NotebookError> {
        parse(bytes).map_err(NotebookError::new)
    }

    /// Writes the notebook as Jupyter would: one space of indent, a line end at the end.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), NotebookError> {
        files::write_whole(path, self.to_json().as_bytes())
            .map_err(|error| NotebookError::new(Problem::Io(error.to_string())).at(path))
    }

    /// The text of the notebook file.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut root = self.root.clone();
        root.insert("cells".into(), self.cells.iter().map(Cell::to_value).collect::<Vec<_>>().into());
        let mut bytes = Vec::new();
        let layout = serde_json::ser::PrettyFormatter::with_indent(b" ");
        let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, layout);
        root.serialize(&mut serializer).expect("JSON values always serialise into memory");
        bytes.push(b'\n');
        String::from_utf8(bytes).expect("serde_json writes UTF-8")
    }

    /// The cells in order.
    #[must_use]
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// The cells for changing, adding and removing.
    pub fn cells_mut(&mut self) -> &mut Vec<Cell> {
        &mut self.cells
    }

    /// The first cell with this `grade_id`, with its position.
    #[must_use]
    pub fn cell_by_grade_id(&self, grade_id: &str) -> Option<(usize, &Cell)> {
        self.cells.iter().enumerate().find(|(_, cell)| cell.grade_id().as_deref() == Some(grade_id))
    }

    /// Every `grade_id` in order, doubles included.
    #[must_use]
    pub fn grade_ids(&self) -> Vec<String> {
        self.cells.iter().filter_map(Cell::grade_id).collect()
    }

    /// The minor version of the format: 5 in `4.5`.
    #[must_use]
    pub fn minor_version(&self) -> u64 {
        self.root.get("nbformat_minor").and_then(Value::as_u64).unwrap_or(0)
    }

    /// The notebook's own metadata, if it has any.
    #[must_use]
    pub fn metadata(&self) -> Option<&Map<String, Value>> {
        self.root.get("metadata")?.as_object()
    }

    /// The notebook's own metadata for changing, made if missing.
    pub fn metadata_mut(&mut self) -> &mut Map<String, Value> {
        object_entry(&mut self.root, "metadata")
    }

    /// The assignment that release wrote into `metadata.spikelab.assignment`.
    #[must_use]
    pub fn assignment(&self) -> Option<&str> {
        self.metadata()?.get("spikelab")?.get("assignment")?.as_str()
    }

    /// The public checks that release wrote into `metadata.spikelab.checks`, as far as they can be read.
    #[must_use]
    pub fn public_checks(&self) -> Option<PublicChecks> {
        PublicChecks::deserialize(self.metadata()?.get("spikelab")?.get("checks")?).ok()
    }

    /// Writes `metadata.spikelab.checks`; without any the key goes.
    pub fn set_public_checks(&mut self, checks: &PublicChecks) {
        let own = object_entry(self.metadata_mut(), "spikelab");
        match serde_json::to_value(checks) {
            Ok(value) if !checks.questions.is_empty() => drop(own.insert("checks".into(), value)),
            _ => drop(own.remove("checks")),
        }
    }

    /// Writes `metadata.spikelab.assignment`.
    pub fn set_assignment(&mut self, name: &str) {
        object_entry(self.metadata_mut(), "spikelab").insert("assignment".into(), name.into());
    }
}

fn unread(refused: Unread, most: u64) -> NotebookError {
    NotebookError::new(match refused {
        Unread::NotAFile(what) => Problem::NotAFile(what),
        Unread::TooLarge(bytes) => Problem::TooLarge { bytes, most },
        Unread::Io(error) => Problem::Io(error.to_string()),
    })
}

fn parse(bytes: &[u8]) -> Result<Notebook, Problem> {
    if let Some(format) = other_format(bytes) {
        return Err(Problem::OtherFormat(format));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| Problem::NotUtf8 { byte: error.valid_up_to() })?;
    // Some editors of Windows put a byte order mark in front.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(Problem::Empty);
    }
    let value = strict::parse(text).map_err(|error| not_json(&error))?;
    let Value::Object(mut root) = value else {
        return Err(Problem::NotANotebook(format!("it holds {}", json_kind(&value))));
    };
    if root.get("nbformat").and_then(Value::as_i64) == Some(3) {
        root = upgrade::from_3(root).map_err(|_| Problem::Version(3))?;
    }
    check_version(&root)?;
    let cells = match root.get_mut("cells").map(Value::take) {
        Some(Value::Array(cells)) => cells,
        Some(other) => return Err(Problem::NotANotebook(format!("its `cells` is {}", json_kind(&other)))),
        None => return Err(Problem::NotANotebook("it has no `cells`".into())),
    };
    if let Some(other) = root.get("metadata").filter(|metadata| !metadata.is_object()) {
        return Err(Problem::NotANotebook(format!("its `metadata` is {}", json_kind(other))));
    }
    let cells = cells.into_iter().enumerate().map(|(index, cell)| {
        Cell::from_value(cell).map_err(|detail| Problem::BadCell { number: index + 1, detail })
    });
    Ok(Notebook { cells: cells.collect::<Result<_, _>>()?, root })
}

fn check_version(root: &Map<String, Value>) -> Result<(), Problem> {
    match root.get("nbformat").map(|version| (version, version.as_i64())) {
        Some((_, Some(4))) => Ok(()),
        Some((_, Some(other))) => Err(Problem::Version(other)),
        Some((value, None)) => Err(Problem::NotANotebook(format!("its `nbformat` is {}", json_kind(value)))),
        None => Err(Problem::NotANotebook("it has no `nbformat`".into())),
    }
}

fn not_json(error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    // The reader ends its message with the place, which is told apart here.
    let detail = text.rsplit_once(" at line ").map_or(text.as_str(), |(detail, _)| detail).to_owned();
    Problem::NotJson { line: error.line(), column: error.column().max(1), detail, cut_off: error.is_eof() }
}

/// What students hand in by mistake, by its first bytes.
fn other_format(bytes: &[u8]) -> Option<&'static str> {
    const FIRST_BYTES: [(&[u8], &str); 8] = [
        (b"PK\x03\x04", "a zip archive or Office document"),
        (b"\xd0\xcf\x11\xe0", "an Office document"),
        (b"%PDF", "a PDF"),
        (b"\x89PNG", "a picture"),
        (b"\xff\xd8\xff", "a picture"),
        (b"\x1f\x8b", "a gzip archive"),
        (b"<!DOCTYPE", "a web page"),
        (b"<html", "a web page"),
    ];
    FIRST_BYTES.iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FROM_JUPYTER: &str = r#"{
 "cells": [
  {
   "cell_type": "code",
   "execution_count": null,
   "id": "a1",
   "metadata": {
    "nbgrader": {
     "grade": false,
     "grade_id": "q1",
     "locked": false,
     "points": 2,
     "schema_version": 3,
     "solution": true
    },
    "unknown": [
     1.5,
     {}
    ]
   },
   "outputs": [],
   "source": [
    "let é = 1;\n",
    "é"
   ],
   "unknown key": {
    "z": 1,
    "a": []
   }
  }
 ],
 "metadata": {
  "language_info": {
   "name": "rust"
  }
 },
 "nbformat": 4,
 "nbformat_minor": 5
}
"#;

    #[test]
    fn a_file_from_jupyter_comes_back_byte_for_byte() {
        let notebook = Notebook::parse(FROM_JUPYTER.as_bytes()).unwrap();
        assert_eq!(notebook.to_json(), FROM_JUPYTER);
        assert_eq!(notebook.grade_ids(), ["q1"]);
        assert_eq!(notebook.minor_version(), 5);
        let marked = format!("\u{feff}{FROM_JUPYTER}");
        assert_eq!(Notebook::parse(marked.as_bytes()).unwrap(), notebook);
    }

    #[test]
    fn every_minor_version_loads_and_stays_what_it_was() {
        for minor in 0..=5 {
            let text = FROM_JUPYTER.replace("_minor\": 5", &format!("_minor\": {minor}"));
            let text = if minor < 5 { text.replace("   \"id\": \"a1\",\n", "") } else { text };
            assert_eq!(Notebook::parse(text.as_bytes()).unwrap().to_json(), text);
        }
    }

    #[track_caller]
    fn refused(bytes: &[u8], expected: &str) {
        let text = Notebook::parse(bytes).unwrap_err().to_string();
        assert!(text.starts_with(expected), "{text}");
    }

    #[test]
    fn what_is_no_notebook_is_refused_with_what_where_what_next() {
        refused(b"", "the file is empty");
        refused(b" \n", "the file is empty");
        refused(b"PK\x03\x04word/document.xml", "is a zip archive or Office document, not a notebook");
        refused(b"hello", "is not JSON at line 1, column 1 (expected value)");
        refused(b"{\n \"cells\": [,]}", "is not JSON at line 2, column 12 (expected value)");
        refused(&FROM_JUPYTER.as_bytes()[..200], "ends in the middle (line ");
        refused(b"\xff\xfe{\x00", "is not text in UTF-8 (byte 0)");
        refused(b"[1]", "is JSON but not a notebook: it holds a list");
        refused(b"{}", "is JSON but not a notebook: it has no `nbformat`");
        refused(br#"{"nbformat": 4}"#, "is JSON but not a notebook: it has no `cells`");
        refused(br#"{"nbformat": 4, "cells": 3}"#, "is JSON but not a notebook: its `cells` is a number");
        refused(br#"{"nbformat": 3, "worksheets": []}"#, "has notebook format 3, and format 4 is needed");
        refused(br#"{"nbformat": 2, "worksheets": []}"#, "has notebook format 2, and format 4 is needed");
        refused(br#"{"nbformat": 99, "cells": []}"#, "has notebook format 99, and format 4 is needed");
        refused(
            br#"{"nbformat": 4, "cells": [], "cells": []}"#,
            "is not JSON at line 1, column 36 (the key `cells` is",
        );
        refused(br#"{"nbformat": 4, "cells": [{"cell_type": "code"}, 1]}"#, "cell 2: is a number instead of");
        refused(&vec![b'['; 100_000], "is not JSON at line 1");
    }

    #[test]
    fn format_3_is_made_into_format_4() {
        let old = br#"{"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": "lif"}, "worksheets": [{"cells": [
            {"cell_type": "heading", "level": 2, "source": ["One"]},
            {"cell_type": "code", "input": ["let x = 1;\n", "x"], "prompt_number": 4, "outputs": [{"output_type": "pyout"}],
             "metadata": {"nbgrader": {"grade_id": "q1"}}}]}]}"#;
        let notebook = Notebook::parse(old).unwrap();
        assert_eq!(notebook.cells()[0].source(), "## One");
        assert_eq!(notebook.cells()[1].source(), "let x = 1;\nx");
        assert_eq!(notebook.cells()[1].execution_count(), Some(4));
        assert_eq!(notebook.grade_ids(), ["q1"]);
        assert_eq!(Notebook::parse(notebook.to_json().as_bytes()).unwrap(), notebook);
    }

    #[test]
    fn folders_missing_and_huge_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let text = Notebook::load(folder.path()).unwrap_err().to_string();
        assert!(text.contains("is a folder"), "{text}");
        let text = Notebook::load(&folder.path().join("none.ipynb")).unwrap_err().to_string();
        assert!(text.contains("No such file"), "{text}");
        let huge = folder.path().join("huge.ipynb");
        std::fs::File::create(&huge).unwrap().set_len(MAX_BYTES + 1).unwrap();
        assert!(matches!(Notebook::load(&huge).unwrap_err().problem(), Problem::TooLarge { .. }));
    }

    #[test]
    fn assignment_is_kept_in_the_metadata() {
        let mut notebook = Notebook::parse(FROM_JUPYTER.as_bytes()).unwrap();
        assert_eq!(notebook.assignment(), None);
        notebook.set_assignment("exercise1");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n.ipynb");
        notebook.save(&path).unwrap();
        assert_eq!(Notebook::load(&path).unwrap().assignment(), Some("exercise1"));
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "[a-z_\\n\u{0}é]{0,8}".prop_map(Value::from),
        ];
        let key = prop_oneof![
            "[a-z]{1,4}",
            proptest::sample::select(vec![
                "cells",
                "cell_type",
                "source",
                "metadata",
                "nbgrader",
                "grade_id",
                "points",
                "nbformat",
                "outputs",
            ])
            .prop_map(str::to_owned),
        ];
        leaf.prop_recursive(4, 40, 6, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::vec((key.clone(), inner), 0..6)
                    .prop_map(|pairs| pairs.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Notebook::parse(&bytes);
        }

        #[test]
        fn damaged_notebooks_never_panic(at in 0..FROM_JUPYTER.len(), byte in any::<u8>(), cut in any::<bool>()) {
            let mut bytes = FROM_JUPYTER.as_bytes().to_vec();
            bytes[at] = byte;
            if cut { bytes.truncate(at) }
            let _ = Notebook::parse(&bytes).map(|notebook| notebook.grade_ids());
        }

        #[test]
        fn hostile_cells_never_panic_and_round_trip(cell in json(), metadata in json()) {
            let root = serde_json::json!({"nbformat": 4, "metadata": {"spikelab": metadata.clone()}, "cells": [
                cell, {"cell_type": "code", "source": "x", "metadata": {"nbgrader": metadata}}]});
            if let Ok(notebook) = Notebook::parse(root.to_string().as_bytes()) {
                for cell in notebook.cells() {
                    let _ = (cell.source(), cell.nbgrader(), cell.compute_checksum());
                }
                let _ = notebook.assignment();
                let back: Value = serde_json::from_str(&notebook.to_json()).unwrap();
                prop_assert_eq!(back, root);
            }
        }
    }
}
