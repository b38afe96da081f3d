//! nbgrader's cell metadata, schema versions 0 to 3, and its checksum.
//! Used by release, which writes schema 3, and by whoever matches the cells of a submission with the blanks.

use md5::{Digest, Md5};
use serde_json::{Map, Value};

use super::CellKind;

/// The schema that release writes; what nbgrader 0.6 and later read.
pub const SCHEMA_VERSION: u64 = 3;

/// The metadata nbgrader keeps under `metadata.nbgrader`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Nbgrader {
    /// 1 to 3; 0 if missing.
    pub schema_version: u64,
    /// The cell carries points.
    pub grade: bool,
    /// The student answers here.
    pub solution: bool,
    /// The flag as written; see [`Nbgrader::is_locked`] for what it means.
    pub locked: bool,
    /// A task that a person marks (schema 3).
    pub task: bool,
    /// Unique name of the cell.
    pub grade_id: Option<String>,
    /// Points possible.
    pub points: Option<f64>,
    /// MD5 at release.
    pub checksum: Option<String>,
    /// Cell type at release (schema 2 and later).
    pub cell_type: Option<String>,
}

impl Nbgrader {
    pub(super) fn read(object: &Map<String, Value>) -> Self {
        let flag = |key: &str| object.get(key).and_then(Value::as_bool).unwrap_or(false);
        let text = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
        Self {
            schema_version: object.get("schema_version").and_then(Value::as_u64).unwrap_or(0),
            grade: flag("grade"),
            solution: flag("solution"),
            locked: flag("locked"),
            task: flag("task"),
            grade_id: text("grade_id"),
            points: object.get("points").and_then(points),
            checksum: text("checksum"),
            cell_type: text("cell_type"),
        }
    }

    /// Whether nbgrader gives the source back to what was released: never an answer, always a test.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        !self.solution && (self.grade || self.locked)
    }

    /// The MD5 that nbgrader keeps to notice changes; `None` without a `grade_id`, or with a grade and no points.
    pub(super) fn checksum_of(&self, source: &str, kind: CellKind) -> Option<String> {
        let python_bool = |flag: bool| if flag { "True" } else { "False" };
        let mut hash = Md5::new();
        hash.update(source);
        hash.update(kind.as_str());
        hash.update(python_bool(self.grade));
        hash.update(python_bool(self.solution));
        hash.update(python_bool(self.is_locked()));
        hash.update(self.grade_id.as_ref()?);
        if self.grade {
            hash.update(python_float(self.points?));
        }
        Some(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// Old schemas hold points as text now and then.
fn points(value: &Value) -> Option<f64> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    };
    number.filter(|points: &f64| points.is_finite())
}

/// `str(float(x))` of Python. Rust switches to exponents at the same sizes but writes them without sign and padding.
fn python_float(value: f64) -> String {
    let text = format!("{value:?}");
    match text.split_once('e') {
        None => text,
        Some((mantissa, exponent)) => {
            let (sign, digits) = match exponent.strip_prefix('-') {
                Some(digits) => ('-', digits),
                None => ('+', exponent),
            };
            let mantissa = mantissa.strip_suffix(".0").unwrap_or(mantissa);
            format!("{mantissa}e{sign}{digits:0>2}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: &Value) -> Nbgrader {
        Nbgrader::read(value.as_object().unwrap())
    }

    #[test]
    fn old_and_broken_metadata_reads_as_far_as_it_makes_sense() {
        let first = read(&json!({"schema_version": 1, "grade": true, "points": "2", "grade_id": "a"}));
        assert_eq!((first.schema_version, first.grade, first.points), (1, true, Some(2.0)));
        let broken = read(&json!({"grade": "yes", "points": [], "grade_id": 4}));
        assert_eq!(broken, Nbgrader::default());
    }

    #[test]
    fn floats_print_as_python_prints_them() {
        for (value, text) in [
            (2.0, "2.0"),
            (0.5, "0.5"),
            (0.1, "0.1"),
            (1e16, "1e+16"),
            (1.5e-5, "1.5e-05"),
            (0.0, "0.0"),
            (1e-300, "1e-300"),
        ] {
            assert_eq!(python_float(value), text);
        }
    }

    /// Values printed by `nbgrader.utils.compute_checksum` of nbgrader 0.9.6.
    #[test]
    fn checksums_are_those_of_nbgrader() {
        let sum = |metadata: Value, source: &str, kind| read(&metadata).checksum_of(source, kind).unwrap();
        let answer =
            json!({"schema_version": 3, "grade": false, "solution": true, "locked": false, "grade_id": "q1"});
        assert_eq!(sum(answer, "let tau = ____;\n", CellKind::Code), "f379db471c468f56e043791d1354841b");
        let test = json!({"schema_version": 3, "grade": true, "solution": false, "locked": false, "grade_id": "t-1", "points": 2});
        assert_eq!(sum(test, "assert!(é)", CellKind::Code), "65dde742538ff1c96b9014a14499132a");
        let prose = json!({"schema_version": 3, "grade": true, "solution": true, "locked": true, "grade_id": "w", "points": 0.1});
        assert_eq!(sum(prose, "*Your answer here*", CellKind::Markdown), "e2e7d32ff73e5a7bf4e9d37869abfeaa");
        let task = json!({"schema_version": 3, "grade": false, "solution": false, "locked": true, "task": true, "grade_id": "k", "points": 3});
        assert_eq!(sum(task, "", CellKind::Markdown), "4b2a13e0565458cce305e9cfa7ce6071");
    }
}
