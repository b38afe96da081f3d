//! Zip archives that students hand in: looked through without unpacking, refused whole if anything about them is odd.
//! Nothing is ever written to the disk; a notebook in one is read into memory like any other, within the same limit.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use zip::ZipArchive;
use zip::read::ZipFile;

use crate::files::{self, Unread};
use crate::late::Moment;
use crate::text;

/// A larger archive is refused; a class of 500 fits.
const BYTES: u64 = 512 << 20;
/// So many files an archive may hold.
const ENTRIES: usize = 10_000;
/// So much they may unfold to together.
const UNFOLDED: u64 = 2 << 30;
/// So many times a file may be larger than it is packed; notebooks with pictures reach ten.
const RATIO: u64 = 200;
/// Below this size the ratio does not matter.
const SMALL: u64 = 1 << 20;
/// Deeper folders are refused.
const DEPTH: usize = 12;

/// A file in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// Its place in the archive, for [`read`].
    pub index: usize,
    /// Folders, and last its name.
    pub path: Vec<String>,
    /// When it was changed last, by the clock of whoever packed it.
    pub modified: Option<Moment>,
}

/// The files in an archive.
///
/// # Errors
/// Why the archive is refused, as the end of a sentence that begins with its name.
pub fn list(path: &Path) -> Result<Vec<Packed>, String> {
    let mut archive = open(path)?;
    let odd = |what: String| Err(format!("{what}; {HAND_IN}"));
    if archive.len() > ENTRIES {
        return odd(format!("is an archive of {} files", archive.len()));
    }
    let mut files = Vec::new();
    let mut seen = BTreeSet::new();
    let mut unfolded = 0_u64;
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(|e| broken(&e))?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        if let Some(what) = oddity(&entry, &name) {
            return odd(format!("is an archive in which `{}` {what}", text::line(&name, 60)));
        }
        unfolded = unfolded.saturating_add(entry.size());
        if unfolded > UNFOLDED {
            return odd(format!("is an archive that unfolds to more than {} GB", UNFOLDED >> 30));
        }
        let parts: Vec<String> = name.split('/').filter(|p| !p.is_empty()).map(str::to_owned).collect();
        if !seen.insert(files::folded(&parts.iter().collect::<std::path::PathBuf>())) {
            return odd(format!("is an archive that holds `{}` twice", text::line(&name, 60)));
        }
        if !entry.is_dir() {
            let modified = entry.last_modified().and_then(|t| {
                let part = |x: u8| i8::try_from(x).unwrap_or(0);
                let date = (i16::try_from(t.year()).ok()?, part(t.month()), part(t.day()));
                Moment::of_clock(date, (part(t.hour()), part(t.minute()), part(t.second())))
            });
            files.push(Packed { index, path: parts, modified });
        }
    }
    if archive.has_overlapping_entries().map_err(|e| broken(&e))? {
        return odd("is an archive whose files lie one inside the other".to_owned());
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// Reads one file of an archive that [`list`] has looked through, if it has at most `most` bytes.
///
/// # Errors
/// As [`list`], or the size.
pub fn read(path: &Path, index: usize, most: u64) -> Result<Vec<u8>, Unread> {
    let other = |what: String| Unread::Io(std::io::Error::other(what));
    let mut archive = open(path).map_err(other)?;
    let mut entry = archive.by_index(index).map_err(|e| other(broken(&e)))?;
    let size = entry.size();
    if size > most {
        return Err(Unread::TooLarge(size));
    }
    let mut bytes = Vec::new();
    // Never more than was declared, whatever the packed bytes unfold to.
    (&mut entry).take(size + 1).read_to_end(&mut bytes).map_err(|e| other(broken(&e)))?;
    if bytes.len() as u64 == size { Ok(bytes) } else { Err(other(broken(&"a size that is not true"))) }
}

const HAND_IN: &str = "hand in the .ipynb file itself, or an ordinary zip of it";

fn broken(e: &dyn std::fmt::Display) -> String {
    format!("is a broken archive ({}); {HAND_IN}", text::line(&e.to_string(), 80))
}

fn open(path: &Path) -> Result<ZipArchive<File>, String> {
    let mut file = files::open_regular(path, BYTES).map_err(|refused| match refused {
        Unread::NotAFile(what) => format!("is {what} named like an archive; {HAND_IN}"),
        Unread::TooLarge(bytes) => {
            format!("is an archive of {} MB, and at most {} are read; {HAND_IN}", bytes >> 20, BYTES >> 20)
        }
        Unread::Io(e) => format!("cannot be read: {e}"),
    })?;
    let declared = declared(&mut file).map_err(|e| broken(&e))?;
    if declared.is_some_and(|n| n > ENTRIES) {
        return Err(format!("is an archive of more than {ENTRIES} files; {HAND_IN}"));
    }
    let archive = ZipArchive::new(file).map_err(|e| broken(&e))?;
    // Of files with one name the reader knows only the last; another program may unpack the first.
    if declared.is_some_and(|n| n != archive.len()) {
        return Err(format!("is an archive that holds one name twice; {HAND_IN}"));
    }
    Ok(archive)
}

/// How many files an archive says it has, from the record at its end.
fn declared(file: &mut File) -> std::io::Result<Option<usize>> {
    const RECORD: usize = 22;
    let length = file.metadata()?.len();
    let tail = length.min(RECORD as u64 + u64::from(u16::MAX));
    file.seek(SeekFrom::Start(length - tail))?;
    let mut bytes = Vec::new();
    file.take(tail).read_to_end(&mut bytes)?;
    file.seek(SeekFrom::Start(0))?;
    let at = bytes.windows(RECORD).rposition(|w| w.starts_with(b"PK\x05\x06"));
    Ok(at.map(|at| usize::from(u16::from_le_bytes([bytes[at + 10], bytes[at + 11]]))))
}

/// What is wrong with one entry.
fn oddity<R: Read + Seek>(entry: &ZipFile<'_, R>, name: &str) -> Option<String> {
    const FOLDER: u32 = 0o040_000;
    const FILE: u32 = 0o100_000;
    const NESTED: [&str; 12] =
        ["zip", "tar", "gz", "tgz", "bz2", "xz", "7z", "rar", "jar", "zst", "lz4", "cab"];
    let kind = entry.unix_mode().map_or(0, |mode| mode & 0o170_000);
    let parts: Vec<&str> = name.split('/').collect();
    let extension = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let what = if entry.encrypted() {
        "is locked by a password".to_owned()
    } else if entry.is_symlink() || !matches!(kind, 0 | FILE | FOLDER) {
        "is a link or device".to_owned()
    } else if name.starts_with('/') || name.contains('\\') || name.get(1..2) == Some(":") {
        "has a path of its own".to_owned()
    } else if parts.iter().any(|p| matches!(*p, ".." | ".")) {
        "leads out of its folder".to_owned()
    } else if name.chars().any(char::is_control) || name.contains(char::REPLACEMENT_CHARACTER) {
        "has no proper name".to_owned()
    } else if parts.len() > DEPTH {
        "is nested too deep".to_owned()
    } else if !entry.is_dir() && NESTED.contains(&extension.as_str()) && name.contains('.') {
        "is an archive itself".to_owned()
    } else if entry.size() > SMALL && entry.size() / entry.compressed_size().max(1) > RATIO {
        format!("unfolds to {} times its size", entry.size() / entry.compressed_size().max(1))
    } else {
        return None;
    };
    Some(what)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    type Writer = ZipWriter<File>;

    #[track_caller]
    fn refused(make: impl FnOnce(&mut Writer), because: &str) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zip");
        let mut writer = ZipWriter::new(File::create(&path).unwrap());
        writer.start_file("good.ipynb", SimpleFileOptions::default()).unwrap();
        make(&mut writer);
        writer.finish().unwrap();
        let text = list(&path).expect_err("it must be refused");
        assert!(text.contains(because) && text.contains(HAND_IN), "{text}");
    }

    fn named(name: &'static str) -> impl FnOnce(&mut Writer) {
        move |w| w.start_file(name, SimpleFileOptions::default()).unwrap()
    }

    #[test]
    fn honest_archives_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zip");
        let mut writer = ZipWriter::new(File::create(&path).unwrap());
        writer.add_directory("hw", SimpleFileOptions::default()).unwrap();
        writer.start_file("hw/é.ipynb", SimpleFileOptions::default()).unwrap();
        writer.write_all(b"{\"cells\": []}").unwrap();
        writer.finish().unwrap();
        let files = list(&path).unwrap();
        assert_eq!(files.len(), 1);
        assert_eq!(files[0].path, ["hw", "é.ipynb"]);
        assert_eq!(read(&path, files[0].index, 100).unwrap(), b"{\"cells\": []}");
        assert!(matches!(read(&path, files[0].index, 5), Err(Unread::TooLarge(13))));
    }

    #[test]
    fn paths_that_lead_elsewhere_refuse_the_whole() {
        refused(named("../evil.ipynb"), "leads out of its folder");
        refused(named("a/../../evil.ipynb"), "leads out of its folder");
        refused(named("/etc/evil.ipynb"), "has a path of its own");
        refused(named("..\\evil.ipynb"), "has a path of its own");
        refused(named("C:evil.ipynb"), "has a path of its own");
        refused(named("a\u{1b}[31m.ipynb"), "has no proper name");
        refused(
            |w| w.add_symlink("l.ipynb", "/etc/passwd", SimpleFileOptions::default()).unwrap(),
            "is a link",
        );
    }

    #[test]
    fn bombs_twins_and_archives_in_archives_refuse_the_whole() {
        refused(named("inner.zip"), "is an archive itself");
        refused(named("GOOD.ipynb"), "twice");
        let bomb = |w: &mut Writer| {
            w.start_file("bomb.ipynb", SimpleFileOptions::default()).unwrap();
            w.write_all(&vec![b' '; 20 << 20]).unwrap();
        };
        refused(bomb, "times its size");
        let many = |w: &mut Writer| {
            let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
            (0..=ENTRIES).for_each(|k| w.start_file(format!("{k}.txt"), stored).unwrap());
        };
        refused(many, "files");
    }

    #[test]
    fn two_entries_of_one_name_are_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zip");
        let mut writer = ZipWriter::new(File::create(&path).unwrap());
        for name in ["one.ipynb", "two.ipynb"] {
            writer.start_file(name, SimpleFileOptions::default()).unwrap();
        }
        writer.finish().unwrap();
        // No writer makes such a file by itself.
        let bytes = std::fs::read(&path).unwrap();
        let mut twin = bytes.clone();
        for at in 0..twin.len() - 2 {
            if &bytes[at..at + 3] == b"two" {
                twin[at..at + 3].copy_from_slice(b"one");
            }
        }
        std::fs::write(&path, twin).unwrap();
        assert!(list(&path).unwrap_err().contains("twice"));
    }

    #[test]
    fn what_is_no_archive_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zip");
        std::fs::write(&path, b"PK\x03\x04 and no more").unwrap();
        assert!(list(&path).unwrap_err().contains("is a broken archive"));
        let target = folder.path().join("b.zip");
        std::os::unix::fs::symlink(&path, &target).unwrap();
        assert!(list(&target).unwrap_err().contains("a symbolic link named like an archive"));
    }
}
