//! The gradebook: one SQLite file with every run, its values, every mark ever given and every change by hand.
//! What one call here writes is on the disk when it returns, all of it or nothing; marks are added, never changed.

mod comment;
mod extension;
mod history;
mod lock;
mod manual;
mod pack;
mod read;
mod schema;
mod simulation;
#[cfg(test)]
pub(crate) mod tests;
mod write;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

pub use comment::NewComment;
pub use extension::Granted;
pub use history::{Event, Happening};
pub use lock::Holder;
use lock::{Lock, Refused};
pub use manual::{Overridden, Override};
pub use read::{Candidate, Line, Standing};
use schema::Unfit;
pub use write::{Change, Fingerprint, NewGrading, Verdict};

use crate::{Error, Result};

/// An open gradebook.
#[derive(Debug)]
pub struct Gradebook {
    path: PathBuf,
    connection: Mutex<Connection>,
    lock: Option<Lock>,
}

impl Gradebook {
    /// Opens a gradebook to grade into it, made if there is none. No other grader can until this is dropped.
    ///
    /// # Errors
    /// Another grader that has it open, a file that is no gradebook, a full disk.
    pub fn open(path: &Path) -> Result<Self> {
        let lock = Lock::take(path).map_err(|refused| match refused {
            Refused::Held(holder) => {
                let who = holder.map_or_else(
                    || "another grader".to_owned(),
                    |h| format!("another grader (process {} on {})", h.pid, h.host),
                );
                let next = "wait until it has finished, or name another file by `--gradebook FILE`";
                Error::new(format!("{who} works in {} at this moment", path.display()), next)
            }
            Refused::Io(e) => Error::new(
                format!("cannot lock {}: {e}", path.display()),
                "is the folder there, yours to write, and the disk not full?",
            ),
        })?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NOFOLLOW
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Self::connect(path, flags, Some(lock))
    }

    /// Opens a gradebook that exists, beside a grader that may be working in it.
    ///
    /// # Errors
    /// No gradebook there.
    pub fn look(path: &Path) -> Result<Self> {
        if !path.is_file() {
            return Err(Error::usage(
                format!("there is no gradebook {}", path.display()),
                "grade something first, or name the file by `--gradebook FILE`",
            ));
        }
        Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX, None)
    }

    fn connect(path: &Path, flags: OpenFlags, lock: Option<Lock>) -> Result<Self> {
        let prepare = || -> std::result::Result<Connection, Unfit> {
            let mut connection = Connection::open_with_flags(real(path), flags)?;
            connection.busy_timeout(Duration::from_secs(20))?;
            connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
            // In WAL mode FULL means: each commit waits for the disk, so a power cut costs no finished check.
            connection.pragma_update(None, "synchronous", "full")?;
            connection.pragma_update(None, "foreign_keys", true)?;
            // A file prepared by someone else must not run anything.
            connection.pragma_update(None, "trusted_schema", false)?;
            schema::migrate(&mut connection)?;
            Ok(connection)
        };
        match prepare() {
            Ok(connection) => Ok(Self { path: path.to_owned(), connection: Mutex::new(connection), lock }),
            Err(unfit) => Err(unfit_error(path, unfit)),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The grader that was killed while it worked in this file, if that is how the last one ended.
    #[must_use]
    pub fn left_by(&self) -> Option<&Holder> {
        self.lock.as_ref()?.left_by.as_ref()
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A panic elsewhere leaves no open transaction behind: those roll back when dropped.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` in a transaction of its own.
    fn change<T>(&self, work: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<T>) -> Result<T> {
        let mut connection = self.connection();
        let immediate = rusqlite::TransactionBehavior::Immediate;
        let done = connection.transaction_with_behavior(immediate).and_then(|transaction| {
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        });
        done.map_err(|e| sqlite_error(&self.path, &e))
    }

    /// Runs `work` without changing anything.
    fn ask<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        work(&self.connection()).map_err(|e| sqlite_error(&self.path, &e))
    }
}

/// The folder with its links followed; the file itself must not be one.
fn real(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (folder.canonicalize(), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

fn unfit_error(path: &Path, unfit: Unfit) -> Error {
    let name = path.display();
    let other = "name another file by `--gradebook FILE`";
    match unfit {
        Unfit::Foreign => Error::new(format!("{name} is another program's file, not a gradebook"), other),
        Unfit::Newer(version) => Error::new(
            format!("{name} was made by a newer grader (version {version} of its tables)"),
            format!("update the grader, or {other}"),
        ),
        Unfit::Sqlite(e) => sqlite_error(path, &e),
    }
}

fn sqlite_error(path: &Path, error: &rusqlite::Error) -> Error {
    use rusqlite::ErrorCode as Code;
    let name = path.display();
    let (what, next) = match error.sqlite_error_code() {
        Some(Code::DiskFull) => (
            "the disk is full".to_owned(),
            "make room and run the same command again; what was finished is kept",
        ),
        Some(Code::NotADatabase | Code::DatabaseCorrupt) => (
            "it is no gradebook, or a damaged one".to_owned(),
            "put a copy of it back, or name another file by `--gradebook FILE`",
        ),
        Some(Code::CannotOpen | Code::ReadOnly | Code::PermissionDenied) => {
            (error.to_string(), "is the folder there and yours to write?")
        }
        Some(Code::SystemIoFailure) => (
            format!("the disk is full or failing ({error})"),
            "make room or repair it and run the same command again; what was finished is kept",
        ),
        _ => (error.to_string(), "run the same command again; what was finished is kept"),
    };
    Error::new(format!("the gradebook {name}: {what}"), next)
}
