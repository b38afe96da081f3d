//! One grader at a time in a gradebook: a locked file beside it, with the holder's name in it.
//! The system frees the lock when its holder ends in whatever way, so a lock is never stale; only the name may be.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Who works in a gradebook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// Name of the machine.
    pub host: String,
}

impl Holder {
    /// This process.
    #[must_use]
    pub fn here() -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Self { pid: std::process::id(), host }
    }
}

/// The lock, held as long as this lives.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    /// Who was in the middle of grading when it ended, killed or by a power cut.
    pub(super) left_by: Option<Holder>,
}

/// Why there is no lock.
#[derive(Debug)]
pub(super) enum Refused {
    /// Another grader has it.
    Held(Option<Holder>),
    /// The file system has other objections.
    Io(std::io::Error),
}

impl Lock {
    /// Takes the lock of the gradebook at `path`, or says who has it.
    pub(super) fn take(path: &Path) -> Result<Self, Refused> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(place(path))
            .map_err(Refused::Io)?;
        let mut text = String::new();
        let locked = file.try_lock();
        // Bounded, because anything may lie there.
        let _ = (&file).take(1024).read_to_string(&mut text);
        let named = serde_json::from_str(&text).ok();
        match locked {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Refused::Held(named)),
            Err(TryLockError::Error(error)) => return Err(Refused::Io(error)),
        }
        let name = serde_json::to_vec(&Holder::here()).unwrap_or_default();
        // Only a name: on a full disk the lock holds without it.
        let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(&name));
        Ok(Self { file, left_by: named })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // An empty file says that the last holder left in peace. It stays: two graders could lock two files of one name.
        let _ = self.file.set_len(0);
    }
}

fn place(gradebook: &Path) -> PathBuf {
    let mut name = gradebook.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_is_first_and_comes_in_after() {
        let folder = tempfile::tempdir().unwrap();
        let book = folder.path().join("gradebook.db");
        let first = Lock::take(&book).unwrap();
        assert_eq!(first.left_by, None);
        match Lock::take(&book) {
            Err(Refused::Held(holder)) => assert_eq!(holder, Some(Holder::here())),
            other => panic!("{other:?}"),
        }
        drop(first);
        assert_eq!(Lock::take(&book).unwrap().left_by, None);
    }

    #[test]
    fn a_holder_that_was_killed_is_recognised() {
        let folder = tempfile::tempdir().unwrap();
        let book = folder.path().join("gradebook.db");
        std::fs::write(place(&book), br#"{"pid": 4711, "host": "lab"}"#).unwrap();
        let lock = Lock::take(&book).unwrap();
        assert_eq!(lock.left_by, Some(Holder { pid: 4711, host: "lab".into() }));
    }
}
