//! One cell: a typed view over its JSON object, which stays the truth and keeps every key it came with.
//! Used through `Notebook`, which checks each cell once, so that reading here cannot fail.

use serde_json::{Map, Value};

use super::Nbgrader;

/// What a cell holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    /// Code for the kernel.
    Code,
    /// Prose.
    Markdown,
    /// Text for converters.
    Raw,
}

impl CellKind {
    /// The word of the notebook format.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Markdown => "markdown",
            Self::Raw => "raw",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Code, Self::Markdown, Self::Raw].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One cell of a notebook.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    object: Map<String, Value>,
    kind: CellKind,
}

impl Cell {
    /// Makes a cell without metadata.
    #[must_use]
    pub fn new(kind: CellKind, source: &str) -> Self {
        let mut object = Map::new();
        object.insert("cell_type".into(), kind.as_str().into());
        if kind == CellKind::Code {
            object.insert("execution_count".into(), Value::Null);
        }
        object.insert("metadata".into(), Value::Object(Map::new()));
        if kind == CellKind::Code {
            object.insert("outputs".into(), Value::Array(Vec::new()));
        }
        object.insert("source".into(), lines_of(source));
        Self { object, kind }
    }

    /// Checks what the rest of the grader relies on; the message names no cell, the caller does.
    pub(super) fn from_value(value: Value) -> Result<Self, String> {
        let Value::Object(object) = value else {
            return Err(format!("is {} instead of an object", json_kind(&value)));
        };
        let kind = match object.get("cell_type") {
            Some(Value::String(word)) => CellKind::from_word(word)
                .ok_or_else(|| format!("has the unknown type `{}`", clipped(word)))?,
            Some(other) => return Err(format!("has {} as its cell_type", json_kind(other))),
            None => return Err("has no cell_type".into()),
        };
        match object.get("source") {
            None | Some(Value::String(_)) => {}
            Some(Value::Array(lines)) if lines.iter().all(Value::is_string) => {}
            Some(Value::Array(_)) => return Err("has a source whose lines are not all text".into()),
            Some(other) => return Err(format!("has {} as its source", json_kind(other))),
        }
        match object.get("metadata") {
            None | Some(Value::Object(_)) => Ok(Self { object, kind }),
            Some(other) => Err(format!("has {} as its metadata", json_kind(other))),
        }
    }

    pub(super) fn to_value(&self) -> Value {
        Value::Object(self.object.clone())
    }

    /// What the cell holds.
    #[must_use]
    pub fn kind(&self) -> CellKind {
        self.kind
    }

    /// Whether the kernel would run it.
    #[must_use]
    pub fn is_code(&self) -> bool {
        self.kind == CellKind::Code
    }

    /// The cell's id (nbformat 4.5 and later).
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.object.get("id")?.as_str()
    }

    /// In which place the cell was run last, if it was.
    #[must_use]
    pub fn execution_count(&self) -> Option<i64> {
        self.object.get("execution_count")?.as_i64()
    }

    /// The whole text, whether the file holds it as one string or as a list of lines.
    #[must_use]
    pub fn source(&self) -> String {
        match self.object.get("source") {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(lines)) => lines.iter().filter_map(Value::as_str).collect(),
            _ => String::new(),
        }
    }

    /// Replaces the text, in the form (string or list of lines) the cell already uses.
    pub fn set_source(&mut self, source: &str) {
        let value = match self.object.get("source") {
            Some(Value::String(_)) => source.into(),
            _ => lines_of(source),
        };
        self.object.insert("source".into(), value);
    }

    /// The cell's metadata, if it has any.
    #[must_use]
    pub fn metadata(&self) -> Option<&Map<String, Value>> {
        self.object.get("metadata")?.as_object()
    }

    /// The cell's metadata for changing, made if missing.
    pub fn metadata_mut(&mut self) -> &mut Map<String, Value> {
        object_entry(&mut self.object, "metadata")
    }

    /// nbgrader's metadata. Values of a wrong type count as missing, since students' files hold anything.
    #[must_use]
    pub fn nbgrader(&self) -> Option<Nbgrader> {
        Some(Nbgrader::read(self.metadata()?.get("nbgrader")?.as_object()?))
    }

    /// nbgrader's `grade_id`, if there is one and it is not empty.
    #[must_use]
    pub fn grade_id(&self) -> Option<String> {
        self.nbgrader()?.grade_id.filter(|id| !id.is_empty())
    }

    /// nbgrader's checksum of the cell as it is now; `None` for cells without a `grade_id`.
    #[must_use]
    pub fn compute_checksum(&self) -> Option<String> {
        self.nbgrader()?.checksum_of(&self.source(), self.kind)
    }

    /// Forgets what running the cell left: outputs, counts, timings. Attached pictures stay.
    pub fn clear_outputs(&mut self) {
        if !self.is_code() {
            return;
        }
        self.object.insert("outputs".into(), Value::Array(Vec::new()));
        self.object.insert("execution_count".into(), Value::Null);
        if let Some(Value::Object(metadata)) = self.object.get_mut("metadata") {
            for key in ["execution", "ExecuteTime", "collapsed", "scrolled"] {
                metadata.shift_remove(key);
            }
        }
    }

    pub(crate) fn drop_attachments(&mut self) {
        self.object.shift_remove("attachments");
    }

    pub(crate) fn set_id(&mut self, id: &str) {
        self.object.insert("id".into(), id.into());
    }
}

/// The object under `key`, made if missing or of another kind.
pub(super) fn object_entry<'a>(object: &'a mut Map<String, Value>, key: &str) -> &'a mut Map<String, Value> {
    let entry = object.entry(key).or_insert_with(|| Value::Object(Map::new()));
    if !entry.is_object() {
        *entry = Value::Object(Map::new());
    }
    match entry {
        Value::Object(inner) => inner,
        _ => unreachable!("made an object one line above"),
    }
}

/// The list form that Jupyter writes: every line but the last keeps its line end.
fn lines_of(source: &str) -> Value {
    source.split_inclusive('\n').map(Value::from).collect::<Vec<_>>().into()
}

pub(super) fn json_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn clipped(word: &str) -> String {
    let mut short: String = word.chars().filter(|c| !c.is_control()).take(30).collect();
    if short.len() < word.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn cell(value: Value) -> Cell {
        Cell::from_value(value).unwrap()
    }

    #[test]
    fn source_reads_and_keeps_both_forms() {
        let mut list = cell(json!({"cell_type": "code", "source": ["let a = 1;\n", "a"]}));
        assert_eq!(list.source(), "let a = 1;\na");
        list.set_source("b\nc\n");
        assert_eq!(list.to_value()["source"], json!(["b\n", "c\n"]));
        let mut text = cell(json!({"cell_type": "code", "source": "a"}));
        text.set_source("b\nc");
        assert_eq!(text.to_value()["source"], json!("b\nc"));
        assert_eq!(cell(json!({"cell_type": "raw"})).source(), "");
    }

    #[track_caller]
    fn refused(value: Value, expected: &str) {
        assert_eq!(Cell::from_value(value).unwrap_err(), expected);
    }

    #[test]
    fn broken_cells_are_refused_with_a_reason() {
        refused(json!(7), "is a number instead of an object");
        refused(json!({}), "has no cell_type");
        refused(json!({"cell_type": "heading"}), "has the unknown type `heading`");
        refused(json!({"cell_type": "code", "source": 4}), "has a number as its source");
        refused(
            json!({"cell_type": "code", "source": ["a", 4]}),
            "has a source whose lines are not all text",
        );
        refused(json!({"cell_type": "code", "metadata": []}), "has a list as its metadata");
    }

    #[test]
    fn clearing_forgets_the_run_and_nothing_else() {
        let mut ran = cell(json!({
            "cell_type": "code", "execution_count": 4, "metadata": {"execution": {}, "tags": ["x"]},
            "outputs": [{"output_type": "stream"}], "source": "1"
        }));
        ran.clear_outputs();
        assert_eq!(
            ran.to_value(),
            json!({"cell_type": "code", "execution_count": null, "metadata": {"tags": ["x"]}, "outputs": [], "source": "1"})
        );
    }
}
