//! File names that are safe on every system, and files that are written whole or not at all.
//! Used by release and reports; knows nothing of notebooks.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

/// Why a file was not read.
#[derive(Debug)]
pub enum Unread {
    /// It is a folder, link, pipe, device or socket.
    NotAFile(&'static str),
    /// It has more bytes than allowed; so many at least.
    TooLarge(u64),
    /// The operating system refused.
    Io(io::Error),
}

/// Reads a file of at most `most` bytes that strangers put there. It never waits and follows no link:
/// what is not an ordinary file is told by name and not touched.
///
/// # Errors
/// Anything but an ordinary file, a large one, no rights.
pub fn read_regular(path: &Path, most: u64) -> Result<Vec<u8>, Unread> {
    let mut bytes = Vec::new();
    let mut file = open_regular(path, most)?;
    // Bounded again: the file may have grown since.
    (&mut file).take(most + 1).read_to_end(&mut bytes).map_err(Unread::Io)?;
    if bytes.len() as u64 > most { Err(Unread::TooLarge(bytes.len() as u64)) } else { Ok(bytes) }
}

/// Opens a file for [`read_regular`].
///
/// # Errors
/// As there.
pub fn open_regular(path: &Path, most: u64) -> Result<File, Unread> {
    let kind = |m: &std::fs::Metadata| {
        use std::os::unix::fs::FileTypeExt;
        let kind = m.file_type();
        if kind.is_file() {
            None
        } else if kind.is_dir() {
            Some("a folder")
        } else if kind.is_symlink() {
            Some("a symbolic link")
        } else if kind.is_fifo() {
            Some("a named pipe")
        } else if kind.is_socket() {
            Some("a socket")
        } else {
            Some("a device")
        }
    };
    // Some devices act when opened, so the name is looked at first; what counts is what was opened.
    let found = std::fs::symlink_metadata(path).map_err(Unread::Io)?;
    if let Some(what) = kind(&found) {
        return Err(Unread::NotAFile(what));
    }
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    let file = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
        .map_err(Unread::Io)?;
    let opened = file.metadata().map_err(Unread::Io)?;
    match kind(&opened) {
        Some(what) => Err(Unread::NotAFile(what)),
        None if opened.len() > most => Err(Unread::TooLarge(opened.len())),
        None => Ok(file),
    }
}

/// A file that appears under its name when it is complete, and not at all if the program ends before.
pub struct WholeFile {
    /// Nothing after `finish`.
    out: Option<BufWriter<File>>,
    neighbour: PathBuf,
    path: PathBuf,
}

impl WholeFile {
    /// Begins a neighbour of `path`, hidden from people.
    ///
    /// # Errors
    /// Whatever the file system says: a missing folder, no rights, a full disk.
    pub fn begin(path: &Path) -> io::Result<Self> {
        let name = path.file_name().ok_or_else(|| io::Error::other("the path names no file"))?;
        let mut neighbour_name = std::ffi::OsString::from(".");
        neighbour_name.push(name);
        neighbour_name.push(format!(".{}.part", std::process::id()));
        let neighbour = path.with_file_name(neighbour_name);
        let out = BufWriter::with_capacity(1 << 16, File::create(&neighbour)?);
        Ok(Self { out: Some(out), neighbour, path: path.to_owned() })
    }

    /// Gives the file its name once all of it is on the disk.
    ///
    /// # Errors
    /// A full disk; what was there before under this name stays.
    pub fn finish(mut self) -> io::Result<()> {
        let Some(out) = self.out.take() else { return Ok(()) };
        let done = out
            .into_inner()
            .map_err(io::IntoInnerError::into_error)
            .and_then(|file| file.sync_all())
            .and_then(|()| std::fs::rename(&self.neighbour, &self.path));
        if done.is_err() {
            // The first error is the one to tell; a leftover neighbour is only untidy.
            let _ = std::fs::remove_file(&self.neighbour);
        }
        done
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.as_mut().map_or(Ok(0), |out| out.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.as_mut().map_or(Ok(()), BufWriter::flush)
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if self.out.take().is_some() {
            let _ = std::fs::remove_file(&self.neighbour);
        }
    }
}

/// Writes `bytes` to `path` through a neighbour that is renamed, so that an interrupted run leaves no half file.
///
/// # Errors
/// Whatever the file system says: a missing folder, no rights, a full disk.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = WholeFile::begin(path)?;
    file.write_all(bytes)?;
    file.finish()
}

/// [`write_whole`], unless the file holds just these bytes.
///
/// # Errors
/// As there.
pub fn write_if_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let same = std::fs::symlink_metadata(path).is_ok_and(|m| m.is_file() && m.len() == bytes.len() as u64)
        && std::fs::read(path).is_ok_and(|there| there == bytes);
    if same { Ok(()) } else { write_whole(path, bytes) }
}

/// Turns a name from a student into one path component: no separators, no leading dot or dash, at most 80 bytes.
///
/// Letters of every script stay; everything that a shell, a URL or Windows might take amiss becomes `_`.
#[must_use]
pub fn safe_name(name: &str) -> String {
    let mut safe = String::new();
    // Composed, because some file systems tell the two spellings of `é` apart and others do not.
    for character in name.trim().nfc() {
        let kept = character.is_alphanumeric() || matches!(character, '-' | '_' | '.' | '+' | '@');
        let next = if kept { character } else { '_' };
        if safe.len() + next.len_utf8() > 80 {
            break;
        }
        safe.push(next);
    }
    let safe = safe.trim_end_matches('.');
    match safe.strip_prefix(['.', '-']) {
        Some(rest) => format!("_{rest}"),
        None if safe.is_empty() => "unnamed".to_owned(),
        None if is_reserved(safe) => format!("_{safe}"),
        None => safe.to_owned(),
    }
}

/// A path as the most forgetful file system knows it: without upper case and with one spelling for each letter.
#[must_use]
pub fn folded(path: &Path) -> String {
    path.display().to_string().to_lowercase().nfkc().collect()
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
        check("-rf", "_rf");
        check("e\u{301}", "\u{e9}");
        check("anna\u{202e}cod.exe", "anna_cod.exe");
        check("", "unnamed");
        check("a<b>&\"c\"", "a_b___c_");
        check("nul", "_nul");
        check("com1.txt", "_com1.txt");
        check("a.b.", "a.b");
        assert!(safe_name(&"é".repeat(300)).len() <= 80);
    }

    #[test]
    fn only_ordinary_files_are_read_and_nothing_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("file"), b"12345").unwrap();
        std::os::unix::fs::symlink(at("file"), at("link")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, at("pipe"), rustix::fs::FileType::Fifo, mode, 0).unwrap();
        assert_eq!(read_regular(&at("file"), 5).unwrap(), b"12345");
        assert!(matches!(read_regular(&at("file"), 4), Err(Unread::TooLarge(5))));
        let what = |path: &Path| match read_regular(path, 9) {
            Err(Unread::NotAFile(what)) => what,
            other => panic!("{other:?}"),
        };
        assert_eq!(what(&at("link")), "a symbolic link");
        assert_eq!(what(&at("socket")), "a socket");
        assert_eq!(what(&at("pipe")), "a named pipe");
        assert_eq!(what(folder.path()), "a folder");
        assert_eq!(what(Path::new("/dev/zero")), "a device");
        assert!(matches!(read_regular(&at("none"), 9), Err(Unread::Io(_))));
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
        drop(WholeFile::begin(&path).unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"two", "what was not finished never was");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
