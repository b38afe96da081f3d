//! Tests of `release`: what students get, which marks are refused, and that nbgrader would take the result.
//! Kept beside the room, which stays readable this way.

use super::*;
use serde_json::json;

fn answer(source: &str) -> Cell {
    with_metadata(
        CellKind::Code,
        source,
        json!({"schema_version": 3, "grade": false, "locked": false, "solution": true, "grade_id": "q1"}),
    )
}

fn with_metadata(kind: CellKind, source: &str, nbgrader: Value) -> Cell {
    let mut cell = Cell::new(kind, source);
    cell.metadata_mut().insert("nbgrader".into(), nbgrader);
    cell
}

fn released(cell: Cell) -> Result<Notebook, ReleaseError> {
    release(&Notebook::new(vec![Cell::new(CellKind::Markdown, "# One"), cell]), "exercise1")
}

#[track_caller]
fn check_blank(source: &str, expected: &str) {
    assert_eq!(released(answer(source)).unwrap().cells()[1].source(), expected);
}

#[test]
fn a_solution_without_its_marks_is_what_a_student_would_write() {
    let source = "let a = 1;\n// BEGIN SOLUTION\n// BLANK: let tau = ____;\nlet tau = 10*ms; // ten\n// END SOLUTION\na";
    assert_eq!(solved(source), "let a = 1;\nlet tau = 10*ms; // ten\na");
}

#[test]
fn regions_give_way_to_their_blanks() {
    check_blank(
        "let a = 1;\n// BEGIN SOLUTION\n// BLANK: let tau = ____;\n// BLANK: let v = ____;\nlet tau = 10*ms;\n// END SOLUTION\na",
        "let a = 1;\nlet tau = ____;\nlet v = ____;\na",
    );
    check_blank("// BEGIN SOLUTION\nsecret\n// END SOLUTION", "// YOUR CODE HERE\n____;");
    check_blank(
        "fn f() {\n    //BEGIN SOLUTION\n    // BLANK: if ____ {\n    // BLANK:     ____\n    // BLANK:\n    // BLANK: }\n    secret\n    // END SOLUTION\n}\n",
        "fn f() {\n    if ____ {\n        ____\n\n    }\n}\n",
    );
    check_blank(
        "// BEGIN SOLUTION\n// BLANK: a\nx\n// END SOLUTION\nb\n// BEGIN SOLUTION\n// BLANK: c\nx\n// END SOLUTION",
        "a\nb\nc",
    );
    check_blank("an answer without marks", "// YOUR CODE HERE\n____;");
}

#[track_caller]
fn check_refused(cell: Cell, expected: &str) {
    assert_eq!(released(cell).unwrap_err().to_string(), expected);
}

#[test]
fn stray_marks_name_cell_and_line() {
    check_refused(
        answer("a\n// BEGIN SOLUTION\nb"),
        "cell 2 (`q1`), line 2: BEGIN SOLUTION without END SOLUTION; add one below the answer",
    );
    check_refused(
        answer("a\n// END SOLUTION"),
        "cell 2 (`q1`), line 2: END SOLUTION without BEGIN SOLUTION; add or remove one",
    );
    check_refused(
        answer("// BEGIN SOLUTION\n// BEGIN SOLUTION"),
        "cell 2 (`q1`), line 2: a second BEGIN SOLUTION; end the one of line 1 first",
    );
    check_refused(
        answer("// BLANK: a"),
        "cell 2 (`q1`), line 1: a BLANK line outside an answer region; put it right after BEGIN",
    );
    check_refused(
        answer("// BEGIN SOLUTION\nx\n// BLANK: a\n// END SOLUTION"),
        "cell 2 (`q1`), line 3: a BLANK line after code of the answer; move it up, right after BEGIN SOLUTION",
    );
    for mangled in [
        "x // BEGIN SOLUTION",
        "/// BEGIN SOLUTION",
        "// begin solution",
        "// BEGIN_SOLUTION",
        "### END  SOLUTION",
    ] {
        check_refused(
            answer(mangled),
            "cell 2 (`q1`), line 1: write `// BEGIN SOLUTION` and `// END SOLUTION` exactly so, alone on their line",
        );
    }
    check_refused(
        Cell::new(CellKind::Markdown, "text\n### BEGIN SOLUTION"),
        "cell 2, line 2: a mark of an answer region where none is taken out; reword or remove it",
    );
    check_refused(
        Cell::new(CellKind::Code, "1\n// BEGIN HIDDEN TESTS"),
        "cell 2, line 2: `BEGIN HIDDEN TESTS` is nbgrader's; tests and mark schemes belong into the rubric file",
    );
    let error = released(Cell::new(CellKind::Code, "// BEGIN SOLUTION\n1\n// END SOLUTION")).unwrap_err();
    assert!(
        error.to_string().starts_with("cell 2, line 1: an answer region stands in a cell that is no answer")
    );
}

fn solution() -> Notebook {
    let mut run = answer("// BEGIN SOLUTION\n// BLANK: let x = ____;\nlet x = 42;\n// END SOLUTION\nx");
    let Value::Object(nbgrader) = &mut run.metadata_mut()["nbgrader"] else { unreachable!() };
    nbgrader.insert("schema_version".into(), 1.into());
    nbgrader.insert("unknown".into(), 1.into());
    let given =
        json!({"schema_version": 3, "grade": false, "locked": true, "solution": false, "grade_id": "given"});
    let prose = json!({"schema_version": 3, "grade": true, "locked": false, "solution": true, "grade_id": "why", "points": 2});
    Notebook::new(vec![
        Cell::new(CellKind::Markdown, "# Exercise"),
        with_metadata(CellKind::Code, "use spikelab::prelude::*;", given),
        run,
        with_metadata(CellKind::Markdown, "Because the membrane leaks.", prose),
    ])
}

#[test]
fn released_metadata_is_schema_three_and_locked() {
    let released = release(&solution(), "exercise1").unwrap();
    assert_eq!(released.cells()[3].source(), DEFAULT_ANSWER);
    assert_eq!(released.assignment(), Some("exercise1"));
    assert_eq!(rule_violations(&released), [] as [String; 0]);
    let metadata = |index: usize| Value::from(released.cells()[index].metadata().unwrap().clone());
    assert_eq!(
        metadata(2),
        json!({"deletable": false, "nbgrader": {
            "cell_type": "code", "checksum": "9fe4fe447b6f560f51f665fd1eeb2620", "grade": false, "grade_id": "q1",
            "locked": false, "schema_version": 3, "solution": true}})
    );
    assert_eq!(metadata(1)["editable"], json!(false));
    assert_eq!(metadata(3)["nbgrader"]["points"], json!(2));
    assert!(metadata(3).get("editable").is_none());
    assert_eq!(released.cells()[0].id(), Some("cell-1"));
    assert!(!released.to_json().contains("let x = 42") && !released.to_json().contains("leaks"));
}

#[test]
fn releasing_is_repeatable() {
    let once = release(&solution(), "exercise1").unwrap();
    assert_eq!(release(&solution(), "exercise1").unwrap().to_json(), once.to_json());
}

#[test]
fn broken_rules_stop_the_release() {
    let mut twice = solution();
    let copy = twice.cells()[2].clone();
    twice.cells_mut().push(copy);
    let error = release(&twice, "exercise1").unwrap_err();
    assert_eq!(error.to_string(), "cell 5: grade_id `q1` is used twice; give each cell its own");
}

#[test]
fn check_names_the_cells_that_differ() {
    let released = release(&solution(), "exercise1").unwrap();
    assert_eq!(check(&released, &released), []);
    let mut changed = released.clone();
    changed.cells_mut()[2].set_source("let x = ____;\ny");
    changed.cells_mut()[1].metadata_mut().shift_remove("nbgrader");
    changed.cells_mut().pop();
    changed.set_assignment("exercise2");
    let lines: Vec<String> = check(&released, &changed).iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "cell 2 (`given`): its nbgrader metadata differs",
            "cell 3 (`q1`): line 2 is `y`, expected `x`",
            "3 cells on disk, 4 expected",
            "the assignment on disk is `exercise2`, expected `exercise1`",
        ]
    );
}
