//! Cells and questions as the tests of running notebooks write them.
//! One question has one variable here.

use super::{CodeCell, Kind, Wanted, WantedVariable};

/// Cells from their `grade_id`, which may be empty, and their source.
pub(super) fn cells(list: &[(&str, &str)]) -> Vec<CodeCell> {
    let cell = |(index, (id, source)): (usize, &(&str, &str))| CodeCell {
        index,
        grade_id: Some((*id).to_owned()).filter(|id| !id.is_empty()),
        source: (*source).to_owned(),
        execution_count: None,
    };
    list.iter().enumerate().map(cell).collect()
}

/// A question about one variable, answered in the cell of its name.
pub(super) fn wanted(question: &str, name: &str, kind: Kind) -> Wanted {
    let variables = vec![WantedVariable { name: name.into(), kind }];
    Wanted { question: question.into(), cells: vec![question.into()], variables }
}
