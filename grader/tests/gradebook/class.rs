//! A class of students with small notebooks, and the marks that a gradebook and its reports tell of them.
//! Marks are compared as a whole: what grades.csv says, and what the tables of the gradebook say.

use std::path::Path;

use grader::notebook::{Cell, CellKind, Notebook};
use rusqlite::Connection;

use super::child::{Task, root};

/// A folder with `count` good submissions and one that is no notebook.
pub(crate) fn class(count: usize) -> (tempfile::TempDir, Task) {
    let folder = tempfile::tempdir().unwrap();
    let task = Task::new(folder.path());
    std::fs::create_dir(&task.submissions).unwrap();
    for k in 0..count {
        let exercise = ["exercise4", "exercise5"][k % 2];
        submit(&task.submissions, &format!("student{k:02}"), exercise, "first version");
    }
    std::fs::write(task.submissions.join("unlucky.ipynb"), "{\"cells\": [").unwrap();
    (folder, task)
}

/// Hands in the blank notebook with a text of the student's own in it.
pub(crate) fn submit(submissions: &Path, student: &str, exercise: &str, text: &str) {
    let mut notebook = Notebook::load(&root().join(format!("assignment/{exercise}.ipynb"))).unwrap();
    notebook.cells_mut().push(Cell::new(CellKind::Markdown, &format!("{text} of {student}")));
    notebook.save(&submissions.join(format!("{student}.ipynb"))).unwrap();
}

/// The file that goes to the registrar.
pub(crate) fn csv(task: &Task) -> String {
    std::fs::read_to_string(task.out.join("grades.csv")).unwrap()
}

/// One line for each check of each mark that stands, read from the tables themselves.
pub(crate) fn marks(task: &Task) -> Vec<String> {
    let book = Connection::open(task.out.join("gradebook.db")).unwrap();
    let mut ask = book
        .prepare(
            "SELECT s.student || ' ' || s.assignment || ' ' || g.status || ' ' || g.earned || '/' || g.points
               || coalesce(' ' || c.question || ' ' || c.id || ' ' || c.earned || ' ' || c.message, '')
             FROM submission s JOIN grading g ON g.id = s.current
             LEFT JOIN check_result c ON c.grading = g.id ORDER BY s.student, c.question, c.position",
        )
        .unwrap();
    let rows = ask.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

/// No half row anywhere: marks have all their questions and checks, runs all their cells, and SQLite has no complaint.
#[track_caller]
pub(crate) fn assert_whole(task: &Task) {
    let path = task.out.join("gradebook.db");
    if !path.exists() {
        return;
    }
    let book = Connection::open(path).unwrap();
    let text = |sql: &str| book.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(text("PRAGMA integrity_check"), "ok");
    let number = |sql: &str| book.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    if number("PRAGMA user_version") == 0 {
        return;
    }
    assert_eq!(number("SELECT count(*) FROM pragma_foreign_key_check"), 0);
    let half = "SELECT count(*) FROM grading g WHERE status = 'graded' AND
        (abs(points - (SELECT total(points) FROM question WHERE grading = g.id)) > 1e-9
         OR abs(points - (SELECT total(points) FROM check_result WHERE grading = g.id)) > 1e-9
         OR execution IS NULL)";
    assert_eq!(number(half), 0, "marks without all their questions");
    assert_eq!(number("SELECT count(*) FROM submission WHERE current IS NULL"), 0);
    let cells =
        "SELECT count(*) FROM execution e WHERE NOT EXISTS (SELECT 1 FROM cell WHERE execution = e.id)";
    assert_eq!(number(cells), 0, "runs without cells");
}
