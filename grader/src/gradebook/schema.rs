//! The tables of a gradebook, and the steps from one version of them to the next.
//! A step is never changed once released; `user_version` counts the steps that a file has taken.

use rusqlite::Connection;

/// Written into every file, so that another program's SQLite file is never taken for a gradebook ("spik").
pub(super) const APPLICATION: i64 = 0x7370_696B;

/// Step by step from an empty file. Times are UTC, as SQLite writes them.
const STEPS: &[&str] = &["
CREATE TABLE run (                       -- one call of the grader
  id INTEGER PRIMARY KEY,
  started TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  ended TEXT,
  ending TEXT,                           -- done, interrupted, failed; empty while it goes on or if it was killed
  command TEXT NOT NULL,                 -- grade, regrade
  grader TEXT NOT NULL,
  host TEXT NOT NULL,
  pid INTEGER NOT NULL,
  submissions INTEGER NOT NULL
) STRICT;
CREATE TABLE execution (                 -- what a kernel made of one notebook; enough to judge it again without one
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES run,
  finished TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  notebook TEXT NOT NULL,                -- SHA-256 of the file
  assignment TEXT NOT NULL,
  environment TEXT NOT NULL,             -- library, kernel and compiler
  wanted TEXT NOT NULL,                  -- JSON: the variables that were taken out
  limits TEXT NOT NULL,                  -- JSON
  sandbox TEXT NOT NULL,
  seconds REAL NOT NULL,
  cells BLOB NOT NULL,                   -- deflated JSON: the cells, with sources and messages
  transcript BLOB NOT NULL               -- deflated JSON: the rest, above all the variables' values
) STRICT;
CREATE INDEX execution_of_notebook ON execution (notebook, assignment, environment);
CREATE TABLE cell (
  execution INTEGER NOT NULL REFERENCES execution,
  position INTEGER NOT NULL,
  notebook_index INTEGER NOT NULL,
  grade_id TEXT,
  status TEXT NOT NULL,
  seconds REAL NOT NULL,
  message TEXT,
  PRIMARY KEY (execution, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE submission (                -- one thing that a student hands in, over all its attempts
  id INTEGER PRIMARY KEY,
  student TEXT NOT NULL,
  assignment TEXT NOT NULL,              -- empty if it cannot be told
  slot INTEGER NOT NULL,                 -- 0, or more if a student has several files for one assignment
  file TEXT NOT NULL,
  run INTEGER NOT NULL REFERENCES run,   -- the last one that saw it
  current INTEGER REFERENCES grading,    -- the marks that stand
  judge TEXT NOT NULL DEFAULT '',        -- the rubric, expected values and program by which they were last checked
  UNIQUE (student, assignment, slot)
) STRICT;
CREATE TABLE grading (                   -- marks given at one time; never changed afterwards
  id INTEGER PRIMARY KEY,
  submission INTEGER NOT NULL REFERENCES submission,
  run INTEGER NOT NULL REFERENCES run,
  execution INTEGER REFERENCES execution,
  at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  attempt INTEGER NOT NULL,              -- counts the versions of the notebook
  notebook TEXT NOT NULL,                -- SHA-256 of the file, empty if it could not be read
  status TEXT NOT NULL,                  -- graded, not_graded (the file's fault), fault (the grader's)
  reason TEXT,
  earned REAL NOT NULL,
  points REAL NOT NULL,
  seconds REAL NOT NULL,
  sandbox TEXT NOT NULL,
  questions BLOB NOT NULL                -- deflated JSON: results with their pictures' data
) STRICT;
CREATE INDEX grading_of_submission ON grading (submission);
CREATE TABLE question (
  grading INTEGER NOT NULL REFERENCES grading,
  position INTEGER NOT NULL,
  id TEXT NOT NULL,
  points REAL NOT NULL,
  earned REAL NOT NULL,
  cause TEXT,
  PRIMARY KEY (grading, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE check_result (
  grading INTEGER NOT NULL REFERENCES grading,
  question TEXT NOT NULL,
  position INTEGER NOT NULL,
  id TEXT NOT NULL,
  points REAL NOT NULL,
  earned REAL NOT NULL,
  verdict TEXT NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (grading, question, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE remark (
  grading INTEGER NOT NULL REFERENCES grading,
  position INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (grading, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE manual (                    -- points set by a person; the last row of a question counts, none is ever removed
  id INTEGER PRIMARY KEY,
  at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  student TEXT NOT NULL,
  assignment TEXT NOT NULL,
  question TEXT NOT NULL,
  points REAL,                           -- empty: the grader's own points count again
  author TEXT NOT NULL,
  reason TEXT NOT NULL,
  grading INTEGER NOT NULL REFERENCES grading
) STRICT;
CREATE INDEX manual_of_student ON manual (student, assignment);
", "
ALTER TABLE grading ADD COLUMN handed_in TEXT;  -- JSON: when, and who says so
ALTER TABLE grading ADD COLUMN late TEXT;       -- JSON: the deadline and the rule that held
CREATE TABLE extension (                 -- a deadline of a student's own; the last row counts, none is ever removed
  id INTEGER PRIMARY KEY,
  at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  student TEXT NOT NULL,
  assignment TEXT NOT NULL,
  until TEXT,                            -- a time, or a length after the deadline; empty: everybody's deadline holds again
  author TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT;
CREATE INDEX extension_of_student ON extension (student, assignment);
CREATE TABLE comment (                   -- a person's words about a question, or about all if it is empty; none is ever removed
  id INTEGER PRIMARY KEY,
  at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  student TEXT NOT NULL,
  assignment TEXT NOT NULL,
  question TEXT NOT NULL,
  text TEXT NOT NULL,
  author TEXT NOT NULL,
  grading INTEGER NOT NULL REFERENCES grading,
  withdrawn INTEGER REFERENCES comment   -- this row takes back that one
) STRICT;
CREATE INDEX comment_of_student ON comment (student, assignment);
CREATE INDEX comment_withdrawn ON comment (withdrawn);
", "
ALTER TABLE question ADD COLUMN judge TEXT NOT NULL DEFAULT '';  -- the part of the rubric by which it was last judged
", "
CREATE TABLE simulation (                -- what networks of a notebook gave when they were simulated again, or varied
  execution INTEGER NOT NULL REFERENCES execution,
  key TEXT NOT NULL,                     -- SHA-256 of the network, and of the values it was compared with
  program TEXT NOT NULL,                 -- the grader, with the library; another one simulates anew
  answer BLOB NOT NULL,                  -- deflated MessagePack
  PRIMARY KEY (execution, key)
) STRICT;
"];

/// What stands in the way of using a file.
#[derive(Debug)]
pub(super) enum Unfit {
    /// A SQLite file of another program.
    Foreign,
    /// Made by a later version of the grader.
    Newer(i64),
    /// SQLite's own words.
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Unfit {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// Brings the tables of a file up to date; an empty file gets all of them.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), Unfit> {
    // One writer at a time, and either all steps or none.
    let change = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let number = |pragma: &str| change.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let tables: i64 = change.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let version = number("user_version")?;
    match number("application_id")? {
        APPLICATION => {}
        0 if tables == 0 && version == 0 => {}
        _ => return Err(Unfit::Foreign),
    }
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    if version > known {
        return Err(Unfit::Newer(version));
    }
    if version == known {
        return Ok(());
    }
    for step in STEPS.iter().skip(usize::try_from(version).unwrap_or(0)) {
        change.execute_batch(step)?;
    }
    change.pragma_update(None, "application_id", APPLICATION)?;
    change.pragma_update(None, "user_version", known)?;
    Ok(change.commit()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_gets_its_tables_and_keeps_them() {
        let mut file = Connection::open_in_memory().unwrap();
        migrate(&mut file).unwrap();
        file.execute(
            "INSERT INTO run (command, grader, host, pid, submissions) VALUES ('grade', '', '', 1, 0)",
            [],
        )
        .unwrap();
        migrate(&mut file).unwrap();
        let runs: i64 = file.query_row("SELECT count(*) FROM run", [], |row| row.get(0)).unwrap();
        assert_eq!(runs, 1);
    }

    #[test]
    fn other_programs_files_and_newer_ones_are_left_alone() {
        let mut nbgrader = Connection::open_in_memory().unwrap();
        nbgrader.execute_batch("CREATE TABLE grade (id TEXT)").unwrap();
        assert!(matches!(migrate(&mut nbgrader), Err(Unfit::Foreign)));
        let mut newer = Connection::open_in_memory().unwrap();
        migrate(&mut newer).unwrap();
        newer.pragma_update(None, "user_version", 99).unwrap();
        assert!(matches!(migrate(&mut newer), Err(Unfit::Newer(99))));
    }
}
