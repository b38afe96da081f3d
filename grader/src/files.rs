//! File names that are safe on every system, and files that are written whole or not at all.
//! Used by release and reports; knows nothing of notebooks.

use std::io;
use std::path::Path;

/// Writes `bytes` to `path` through a neighbour that is renamed, so that an interrupted run leaves no half file.
///
/// # Errors
/// Whatever the file system says: a missing folder, no rights, a full disk.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().ok_or_else(|| io::Error::other("the path names no file"))?;
    let mut neighbour_name = std::ffi::OsString::from(".");
    neighbour_name.push(name);
    neighbour_name.push(format!(".{}.part", std::process::id()));
    let neighbour = path.with_file_name(neighbour_name);
    let written = std::fs::write(&neighbour, bytes).and_then(|()| std::fs::rename(&neighbour, path));
    if written.is_err() {
        // The first error is the one to tell; a leftover neighbour is only untidy.
        let _ = std::fs::remove_file(&neighbour);
    }
    written
}

/// Turns a name from a student into one path component: no separators, no leading dot, at most 80 bytes.
///
/// Letters of every script stay; everything that a shell, a URL or Windows might take amiss becomes `_`.
#[must_use]
pub fn safe_name(name: &str) -> String {
    let mut safe = String::new();
    for character in name.trim().chars() {
        let kept = character.is_alphanumeric() || matches!(character, '-' | '_' | '.' | '+' | '@');
        let next = if kept { character } else { '_' };
        if safe.len() + next.len_utf8() > 80 {
            break;
        }
        safe.push(next);
    }
    let safe = safe.trim_end_matches('.');
    match safe.strip_prefix('.') {
        Some(rest) => format!("_{rest}"),
        None if safe.is_empty() => "unnamed".to_owned(),
        None if is_reserved(safe) => format!("_{safe}"),
        None => safe.to_owned(),
    }
}

/// Device names that Windows gives no file.
fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).to_ascii_lowercase();
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix).is_some_and(|rest| rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit())
    };
    matches!(stem.as_str(), "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: &str) {
        assert_eq!(safe_name(name), expected);
    }

    #[test]
    fn names_become_one_component() {
        check("alice", "alice");
        check("Zoë Müller", "Zoë_Müller");
        check("../../etc/passwd", "_._.._etc_passwd");
        check("..", "unnamed");
        check(".hidden", "_hidden");
        check("", "unnamed");
        check("a<b>&\"c\"", "a_b___c_");
        check("nul", "_nul");
        check("com1.txt", "_com1.txt");
        check("a.b.", "a.b");
        assert!(safe_name(&"é".repeat(300)).len() <= 80);
    }

    #[test]
    fn a_file_is_written_whole_and_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("grades.csv");
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(write_whole(&folder.path().join("missing/grades.csv"), b"x").is_err());
    }
}
