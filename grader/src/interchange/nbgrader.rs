//! nbgrader's `gradebook.db`: our marks where nbgrader, its formgrader and `nbgrader export` look for them.
//! The tables are those of nbgrader 0.9; a gradebook of a course that nbgrader already uses is added to.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::gradebook::Gradebook;
use crate::outcome::{GradingStatus, QuestionResult, SubmissionReport, Verdict};
use crate::{Error, Result, text};

/// The version of its tables, by which `nbgrader db upgrade` knows what to change.
const VERSION: &str = "e43177bfe90b";

const TABLES: &str = "
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL);
CREATE TABLE course (id VARCHAR(128) NOT NULL UNIQUE PRIMARY KEY);
CREATE TABLE student (id VARCHAR(128) NOT NULL PRIMARY KEY, first_name VARCHAR(128), last_name VARCHAR(128),
  email VARCHAR(128), lms_user_id VARCHAR(128));
CREATE TABLE assignment (id VARCHAR(32) NOT NULL PRIMARY KEY, name VARCHAR(128) NOT NULL UNIQUE, duedate DATETIME,
  course_id VARCHAR(128) NOT NULL REFERENCES course (id));
CREATE TABLE notebook (id VARCHAR(32) NOT NULL PRIMARY KEY, name VARCHAR(128) NOT NULL,
  assignment_id VARCHAR(32) REFERENCES assignment (id), kernelspec VARCHAR(1024), UNIQUE (name, assignment_id));
CREATE TABLE submitted_assignment (id VARCHAR(32) NOT NULL PRIMARY KEY, assignment_id VARCHAR(32) REFERENCES assignment (id),
  student_id VARCHAR(128) REFERENCES student (id), timestamp DATETIME, extension DATETIME, UNIQUE (assignment_id, student_id));
CREATE TABLE submitted_notebook (id VARCHAR(32) NOT NULL PRIMARY KEY, assignment_id VARCHAR(32) REFERENCES submitted_assignment (id),
  notebook_id VARCHAR(32) REFERENCES notebook (id), flagged BOOLEAN, late_submission_penalty FLOAT, UNIQUE (notebook_id, assignment_id));
CREATE TABLE base_cell (id VARCHAR(32) NOT NULL PRIMARY KEY, name VARCHAR(128) NOT NULL,
  notebook_id VARCHAR(32) NOT NULL REFERENCES notebook (id), type VARCHAR(50), UNIQUE (name, notebook_id, type));
CREATE TABLE grade_cells (id VARCHAR(32) NOT NULL PRIMARY KEY REFERENCES base_cell (id), max_score FLOAT NOT NULL,
  cell_type VARCHAR(8) NOT NULL);
CREATE TABLE solution_cells (id VARCHAR(32) NOT NULL PRIMARY KEY REFERENCES base_cell (id));
CREATE TABLE task_cells (id VARCHAR(32) NOT NULL PRIMARY KEY REFERENCES base_cell (id), max_score FLOAT NOT NULL,
  cell_type VARCHAR(8) NOT NULL);
CREATE TABLE source_cell (id VARCHAR(32) NOT NULL PRIMARY KEY, name VARCHAR(128) NOT NULL, cell_type VARCHAR(8) NOT NULL,
  locked BOOLEAN NOT NULL, source TEXT, checksum VARCHAR(128), notebook_id VARCHAR(32) REFERENCES notebook (id),
  UNIQUE (name, notebook_id));
CREATE TABLE grade (id VARCHAR(32) NOT NULL PRIMARY KEY, notebook_id VARCHAR(32) REFERENCES submitted_notebook (id),
  cell_id VARCHAR(32) REFERENCES base_cell (id), auto_score FLOAT, manual_score FLOAT, extra_credit FLOAT,
  needs_manual_grade BOOLEAN NOT NULL, UNIQUE (cell_id, notebook_id));
CREATE TABLE comment (id VARCHAR(32) NOT NULL PRIMARY KEY, notebook_id VARCHAR(32) REFERENCES submitted_notebook (id),
  cell_id VARCHAR(32) REFERENCES base_cell (id), auto_comment TEXT, manual_comment TEXT, UNIQUE (cell_id, notebook_id));
";

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Submissions with marks.
    pub graded: usize,
    /// Submissions that nbgrader lists as waiting for a person.
    pub waiting: usize,
    /// Submissions that could not be put anywhere: of an unknown exercise, or a student's second file.
    pub left_out: usize,
}

/// Writes all standing marks into nbgrader's gradebook at `path`, made if there is none.
///
/// # Errors
/// A file of another program, a full disk.
pub fn write(path: &Path, book: &Gradebook) -> Result<Written> {
    let failed = |e: rusqlite::Error| {
        let next = "is it a gradebook of nbgrader 0.9, not in use, and the disk not full?";
        Error::new(format!("cannot write nbgrader's gradebook {}: {e}", path.display()), next)
    };
    let mut connection = Connection::open(path).map_err(failed)?;
    // All or nothing: a course's own gradebook must never be left half changed.
    let change =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(failed)?;
    let tables: i64 =
        change.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0)).map_err(failed)?;
    let theirs = |name: &str| {
        let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1)";
        change.query_row(sql, [name], |r| r.get::<_, bool>(0)).map_err(failed)
    };
    if tables == 0 {
        change.execute_batch(TABLES).map_err(failed)?;
        change.execute("INSERT INTO alembic_version VALUES (?1)", [VERSION]).map_err(failed)?;
    } else if !theirs("submitted_assignment")? {
        let what = format!("{} is not a gradebook of nbgrader", path.display());
        return Err(Error::new(what, "name another file; our own gradebook has another format"));
    }
    let mut written = Written::default();
    let lines = book.lines()?;
    let mut waiting = Vec::new();
    for line in &lines {
        let report = book.report(line.grading)?;
        if line.slot > 0 || report.assignment.is_empty() {
            written.left_out += 1;
        } else if report.status == GradingStatus::Graded {
            submission(&change, &report).map_err(failed)?;
            written.graded += 1;
        } else {
            waiting.push(report);
        }
    }
    // When all cells are known.
    for report in waiting {
        submission(&change, &report).map_err(failed)?;
        written.waiting += 1;
    }
    change.commit().map_err(failed)?;
    Ok(written)
}

/// The number of a row, which is made if there is none.
fn row(
    t: &Transaction<'_>,
    table: &str,
    keys: [(&str, &str); 2],
    more: &str,
    values: &str,
) -> rusqlite::Result<String> {
    let [(a, x), (b, y)] = keys;
    let find = format!("SELECT id FROM {table} WHERE {a} = ?1 AND {b} = ?2");
    if let Some(id) = t.prepare_cached(&find)?.query_row([x, y], |r| r.get(0)).optional()? {
        return Ok(id);
    }
    let id = uuid::Uuid::new_v4().simple().to_string();
    let add = format!("INSERT INTO {table} (id, {a}, {b}{more}) VALUES (?3, ?1, ?2{values})");
    t.prepare_cached(&add)?.execute([x, y, &id])?;
    Ok(id)
}

fn submission(t: &Transaction<'_>, report: &SubmissionReport) -> rusqlite::Result<()> {
    let name = report.assignment.as_str();
    let known: Option<String> = t
        .prepare_cached("SELECT id FROM assignment WHERE name = ?1")?
        .query_row([name], |r| r.get(0))
        .optional()?;
    let assignment = if let Some(id) = known {
        id
    } else {
        let course: Option<String> = t.query_row("SELECT id FROM course", [], |r| r.get(0)).optional()?;
        let course = course.unwrap_or_else(|| "default_course".to_owned());
        t.execute("INSERT OR IGNORE INTO course (id) VALUES (?1)", [&course])?;
        row(t, "assignment", [("name", name), ("course_id", &course)], "", "")?
    };
    let notebook = row(t, "notebook", [("name", name), ("assignment_id", &assignment)], "", "")?;
    t.execute("INSERT OR IGNORE INTO student (id) VALUES (?1)", [&report.student])?;
    let keys = [("assignment_id", assignment.as_str()), ("student_id", report.student.as_str())];
    let handed_in = row(t, "submitted_assignment", keys, "", "")?;
    times(t, &assignment, &handed_in, report)?;
    let keys = [("assignment_id", handed_in.as_str()), ("notebook_id", notebook.as_str())];
    let handed_in = row(t, "submitted_notebook", keys, ", flagged", ", 0")?;
    t.execute(
        "UPDATE submitted_notebook SET late_submission_penalty = ?2 WHERE id = ?1",
        params![handed_in, report.late.as_ref().map(|l| l.points).filter(|p| *p > 0.0)],
    )?;
    for question in &report.questions {
        let cell = cells(t, &notebook, question)?;
        let automatic = question.manual.as_ref().map_or(question.earned, |m| m.automatic);
        let by_hand = question.manual.as_ref().map(|_| question.earned);
        t.prepare_cached(
            "INSERT INTO grade (id, notebook_id, cell_id, auto_score, manual_score, needs_manual_grade)
             VALUES (?1, ?2, ?3, ?4, ?5, 0)
             ON CONFLICT (cell_id, notebook_id) DO UPDATE SET auto_score = excluded.auto_score,
               manual_score = coalesce(excluded.manual_score, manual_score), needs_manual_grade = 0",
        )?
        .execute(params![new_id(), handed_in, cell.0, automatic, by_hand])?;
        t.prepare_cached(
            "INSERT INTO comment (id, notebook_id, cell_id, auto_comment, manual_comment) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (cell_id, notebook_id) DO UPDATE SET auto_comment = excluded.auto_comment,
               manual_comment = coalesce(excluded.manual_comment, manual_comment)",
        )?
        .execute(params![new_id(), handed_in, cell.1, comment(question), by_persons(question)])?;
    }
    if report.status != GradingStatus::Graded {
        // Never a zero: nbgrader shows such a submission as one that a person must look at.
        t.execute(
            "INSERT INTO grade (id, notebook_id, cell_id, needs_manual_grade)
             SELECT lower(hex(randomblob(16))), ?1, c.id, 1 FROM grade_cells g JOIN base_cell c ON c.id = g.id
             WHERE c.notebook_id = ?2
             ON CONFLICT (cell_id, notebook_id) DO UPDATE SET needs_manual_grade = 1",
            params![handed_in, notebook],
        )?;
    }
    Ok(())
}

/// Deadline, extension and the time of handing in, as far as they are known.
fn times(
    t: &Transaction<'_>,
    assignment: &str,
    handed_in: &str,
    report: &SubmissionReport,
) -> rusqlite::Result<()> {
    let Some(late) = &report.late else { return Ok(()) };
    t.execute(
        "UPDATE assignment SET duedate = ?2 WHERE id = ?1",
        params![assignment, late.everybodys.to_database()],
    )?;
    // An interval is kept as the time that it is after 1970.
    let extension = late.due.seconds_after(late.everybodys);
    t.execute(
        "UPDATE submitted_assignment SET timestamp = coalesce(?2, timestamp),
           extension = CASE WHEN ?3 > 0 THEN strftime('%Y-%m-%d %H:%M:%S', ?3, 'unixepoch') || '.000000' END WHERE id = ?1",
        params![handed_in, late.handed_in.map(crate::late::Moment::to_database), extension],
    )?;
    Ok(())
}

/// The cell that has the points of a question, and the one that has its comment.
fn cells(
    t: &Transaction<'_>,
    notebook: &str,
    question: &QuestionResult,
) -> rusqlite::Result<(String, String)> {
    let of_kind = |kind: &str| -> rusqlite::Result<String> {
        let find = "SELECT id FROM base_cell WHERE name = ?1 AND notebook_id = ?2 AND type = ?3";
        let found =
            t.prepare_cached(find)?.query_row([&question.id, notebook, kind], |r| r.get(0)).optional()?;
        if let Some(id) = found {
            return Ok(id);
        }
        let id = new_id();
        let add = "INSERT INTO base_cell (id, name, notebook_id, type) VALUES (?1, ?2, ?3, ?4)";
        t.prepare_cached(add)?.execute([&id, &question.id, notebook, kind])?;
        Ok(id)
    };
    let (grade, solution) = (of_kind("GradeCell")?, of_kind("SolutionCell")?);
    t.execute(
        "INSERT INTO grade_cells (id, max_score, cell_type) VALUES (?1, ?2, 'code')
         ON CONFLICT (id) DO UPDATE SET max_score = excluded.max_score",
        params![grade, question.points],
    )?;
    t.execute("INSERT OR IGNORE INTO solution_cells (id) VALUES (?1)", [&solution])?;
    t.execute(
        "INSERT OR IGNORE INTO source_cell (id, name, cell_type, locked, notebook_id) VALUES (?1, ?2, 'code', 0, ?3)",
        params![new_id(), question.id, notebook],
    )?;
    Ok((grade, solution))
}

fn comment(question: &QuestionResult) -> Option<String> {
    let wrong = question.checks.iter().filter(|c| c.verdict != Verdict::Correct);
    let lines = wrong.map(|c| format!("{}: {}", c.title, c.message));
    let mistake = question.mistake.as_ref().map(|m| format!("{}. {}", m.title, m.hint));
    let all: Vec<String> = mistake.into_iter().chain(lines).map(|l| text::line(&l, 400)).collect();
    (!all.is_empty()).then(|| all.join("\n"))
}

/// What persons said.
fn by_persons(question: &QuestionResult) -> Option<String> {
    let reason = question.manual.iter().map(|m| m.reason.as_str());
    let all: Vec<&str> = reason.chain(question.comments.iter().map(|c| c.text.as_str())).collect();
    (!all.is_empty()).then(|| all.join("\n"))
}

fn new_id() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gradebook::tests::{book, grading};
    use crate::gradebook::{NewGrading, Override, Verdict as Ended};

    #[test]
    fn marks_overrides_and_waiting_ones_are_written_once() {
        let (folder, book) = book();
        let run = book.begin("grade", 3).unwrap();
        book.add_grading(run, &grading("anna", "e1", "n", 1.5)).unwrap();
        book.add_grading(run, &grading("bob", "e1", "m", 0.5)).unwrap();
        let broken = NewGrading {
            verdict: Ended::NotGraded("no".into()),
            questions: vec![],
            ..grading("aaron", "e1", "x", 0.0)
        };
        book.add_grading(run, &broken).unwrap();
        let new = Override {
            student: "bob".into(),
            assignment: None,
            question: "q".into(),
            points: Some(2.0),
            author: "Dr. Lee".into(),
            reason: "a typo".into(),
        };
        book.set(&new).unwrap();
        let path = folder.path().join("nbgrader.db");
        let all = Written { graded: 2, waiting: 1, left_out: 0 };
        assert_eq!(write(&path, &book).unwrap(), all);
        assert_eq!(write(&path, &book).unwrap(), all, "a second time changes nothing");
        let db = Connection::open(&path).unwrap();
        let mut ask = db
            .prepare(
                "SELECT s.student_id || ' ' || coalesce(g.auto_score, '-') || ' ' || coalesce(g.manual_score, '-') || ' '
                   || g.needs_manual_grade FROM grade g JOIN submitted_notebook n ON n.id = g.notebook_id
                 JOIN submitted_assignment s ON s.id = n.assignment_id ORDER BY 1",
            )
            .unwrap();
        let rows: Vec<String> =
            ask.query_map([], |r| r.get(0)).unwrap().map(std::result::Result::unwrap).collect();
        assert_eq!(rows, ["aaron - - 1", "anna 1.5 - 0", "bob 0.5 2.0 0"]);
        let refused = write(book.path(), &book).unwrap_err().to_string();
        assert!(refused.contains("is not a gradebook of nbgrader"), "{refused}");
    }
}
