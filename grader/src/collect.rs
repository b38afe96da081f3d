//! Paths from the command line → submissions, one for each thing a student handed in, in a fixed order.
//! Used by `grader grade`. Invariant: what lies in a student's place is graded or reported, never left out silently.
//!
//! Where a submission's names come from, with `known` the assignments of the course:
//!
//! | path below the given folder | student | assignment |
//! |---|---|---|
//! | `alice.ipynb` | `alice` | from the notebook |
//! | `alice_exercise1.ipynb`, `exercise1-alice.ipynb` | `alice` | `exercise1`, if known |
//! | `exercise1/alice.ipynb` | `alice` | `exercise1`, if known |
//! | `alice/exercise1.ipynb` | `alice` | `exercise1`, if known |
//! | `alice/exercise1/anything.ipynb` (nbgrader) | `alice` | `exercise1` |
//!
//! Names that Moodle, Canvas, Gradescope and nbgrader's exchange write are first taken apart as `names` says.
//! A zip archive stands for a folder of its name. A notebook named just like a known assignment belongs to the folder it lies in.
//! Left out: hidden files, `README*`, `MARKS.yaml`, what nbgrader and operating systems add, and pictures and
//! tables beside a notebook in a student's own folder.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::archive;
use crate::handed_in::Records;
pub use crate::identify::{KnownAssignment, identify};
use crate::late::HandedIn;
use crate::names;
use crate::notebook::{Notebook, NotebookError};

/// One thing to grade, or to report as impossible to grade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Student id.
    pub student: String,
    /// The assignment as the path tells it; [`identify`] also looks into the notebook.
    pub assignment: Option<String>,
    /// The file (or what stands in its place); for a notebook in an archive, the archive and its path therein.
    pub path: PathBuf,
    /// The archive and the notebook's place in it.
    pub packed: Option<(PathBuf, usize)>,
    /// Why this can be told to be no notebook without opening it.
    pub problem: Option<String>,
    /// When it was handed in, as far as that is known.
    pub handed_in: HandedIn,
}

impl Submission {
    /// Reads the file, if it has at most `most` bytes.
    ///
    /// # Errors
    /// The reason for "not graded", as a sentence for student and instructor.
    pub fn read(&self, most: u64) -> Result<Vec<u8>, String> {
        if let Some(problem) = &self.problem {
            return Err(problem.clone());
        }
        let bytes = match &self.packed {
            Some((archive, index)) => Notebook::read_packed(archive, *index, most),
            None => Notebook::read(&self.path, most),
        };
        bytes.map_err(|error: NotebookError| error.problem().to_string())
    }
}

/// A path that the command line names and that cannot be collected from.
#[derive(Debug, thiserror::Error)]
#[error("{}: {detail}; name notebooks or folders that hold them", path.display())]
pub struct CollectError {
    path: PathBuf,
    detail: io::Error,
}

/// Finds the submissions under `paths`, in the order of the paths and by name within each.
///
/// # Errors
/// If a path does not exist or a folder named there cannot be read.
pub fn collect(paths: &[PathBuf], known: &[&str]) -> Result<Vec<Submission>, CollectError> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut records = Records::default();
    for path in paths {
        let fail = |detail| CollectError { path: path.clone(), detail };
        let entries = if fs::metadata(path).map_err(fail)?.is_dir() {
            let mut entries = Vec::new();
            walk_root(&handed_in(path), &mut entries).map_err(fail)?;
            entries.into_iter().flat_map(|entry| unpacked(entry, known)).collect()
        } else if has_extension(path, ARCHIVES) {
            named_archive(&followed(path), known)
        } else {
            let problem = (!has_extension(path, &["ipynb"])).then(|| wrong_kind(path));
            vec![Entry { problem, ..Entry::new(followed(path), vec![file_name(path)]) }]
        };
        let root = folder_name(path);
        for entry in entries {
            // `submissions submissions/alice.ipynb` names Alice's notebook twice and grades it once.
            if seen.insert(place(&entry.path)) {
                found.push(name(entry, root.as_deref(), known, &mut records));
            }
        }
    }
    Ok(found)
}

/// The folder of submissions: of an nbgrader course the one that holds them, any other is itself.
fn handed_in(path: &Path) -> PathBuf {
    let inner = path.join("submitted");
    let is_course = ["nbgrader_config.py", "source", "release"].iter().any(|name| path.join(name).exists());
    if is_course && inner.is_dir() { inner } else { path.to_owned() }
}

/// Where a file lies, however it was named; a link has a place of its own.
fn place(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    folder.canonicalize().unwrap_or_else(|_| folder.to_owned()).join(file_name(path))
}

/// Something in a student's place.
struct Entry {
    path: PathBuf,
    /// The components below the folder that the command line names, ending with the file itself.
    below: Vec<String>,
    problem: Option<String>,
    packed: Option<(PathBuf, usize)>,
}

impl Entry {
    fn new(path: PathBuf, below: Vec<String>) -> Self {
        Self { path, below, problem: None, packed: None }
    }
}

/// A link that the command line itself names is followed; one that lies among submissions never is.
fn followed(path: &Path) -> PathBuf {
    let is_link = fs::symlink_metadata(path).is_ok_and(|m| m.is_symlink());
    if is_link { path.canonicalize().unwrap_or_else(|_| path.to_owned()) } else { path.to_owned() }
}

/// What lies in an archive in a student's place, as if in a folder of the student's; any other entry is itself.
fn unpacked(entry: Entry, known: &[&str]) -> Vec<Entry> {
    if entry.problem.is_some() || !has_extension(&entry.path, ARCHIVES) {
        return vec![entry];
    }
    let is_known = |word: &str| known.iter().any(|name| name.eq_ignore_ascii_case(word));
    let folders = &entry.below[..entry.below.len() - 1];
    // `alice.zip` and `exercise1/alice.zip` name the student, `alice/anything.zip` does not.
    let mut owner = folders.to_vec();
    if folders.iter().all(|folder| is_known(folder)) {
        let (assignment, student) = split_stem(stem(entry.below.last().map_or("", String::as_str)), known);
        owner.push(student);
        owner.extend(assignment);
    }
    from_archive(&entry, |path| {
        let (last, folders) = path.split_last()?;
        let folders = folders.iter().filter(|folder| is_known(folder));
        Some(owner.iter().chain(folders).chain([last]).cloned().collect())
    })
}

/// What lies in an archive that the command line names: a class's, or one student's.
fn named_archive(path: &Path, known: &[&str]) -> Vec<Entry> {
    let entry = Entry::new(path.to_owned(), vec![file_name(path)]);
    let Ok(files) = archive::list(path) else { return unpacked(entry, known) };
    let notebooks: Vec<&[String]> = files
        .iter()
        .map(|f| f.path.as_slice())
        .filter(|p| p.last().is_some_and(|n| is_notebook(n)))
        .collect();
    let top = notebooks.first().and_then(|p| p.first());
    let is_known = |word: &str| known.iter().any(|name| name.eq_ignore_ascii_case(word));
    // A folder around everything is how most programs pack a folder.
    let shared = notebooks.iter().all(|p| p.len() > 2 && p.first() == top)
        && top.is_some_and(|top| !is_known(top))
        || notebooks.len() > 1 && notebooks.iter().all(|p| p.len() == 2 && p.first() == top);
    let skip = usize::from(shared && !top.is_some_and(|top| names::is_owner(top)));
    let one_student =
        notebooks.iter().all(|p| p[skip.min(p.len() - 1)..].len() == 1 && is_known(stem(&p[p.len() - 1])));
    if one_student {
        return unpacked(entry, known);
    }
    from_archive(&entry, |path| path.get(skip..).filter(|rest| !rest.is_empty()).map(<[String]>::to_vec))
}

fn from_archive(entry: &Entry, below: impl Fn(&[String]) -> Option<Vec<String>>) -> Vec<Entry> {
    let refused = |why: String| {
        vec![Entry { problem: Some(why), ..Entry::new(entry.path.clone(), entry.below.clone()) }]
    };
    let files = match archive::list(&entry.path) {
        Ok(files) => files,
        Err(why) => return refused(why),
    };
    let wanted = files.iter().filter(|f| !f.path.iter().any(|part| is_ignored(part)));
    let wanted: Vec<_> = wanted.filter(|f| f.path.last().is_some_and(|name| is_notebook(name))).collect();
    if wanted.is_empty() {
        return refused("is an archive without a notebook; hand in the .ipynb file".to_owned());
    }
    let found = wanted.into_iter().filter_map(|f| {
        let path = f.path.iter().fold(entry.path.clone(), |path, part| path.join(part));
        Some(Entry { packed: Some((entry.path.clone(), f.index)), ..Entry::new(path, below(&f.path)?) })
    });
    found.collect()
}

fn is_notebook(name: &str) -> bool {
    has_extension(Path::new(name), &["ipynb"])
}

/// Deeper folders are reported instead of entered.
const MAX_DEPTH: usize = 8;

fn walk_root(folder: &Path, entries: &mut Vec<Entry>) -> io::Result<()> {
    walk(folder, &[], entries)
}

fn walk(folder: &Path, below: &[String], entries: &mut Vec<Entry>) -> io::Result<()> {
    let mut children: Vec<PathBuf> =
        fs::read_dir(folder)?.filter_map(|child| child.ok().map(|child| child.path())).collect();
    children.sort();
    let beside_a_notebook =
        !below.is_empty() && children.iter().any(|child| has_extension(child, &["ipynb"]));
    for path in &children {
        let name = file_name(path);
        if is_ignored(&name)
            || (beside_a_notebook && has_extension(path, ATTACHMENTS))
            || is_of_the_course(path, &children)
        {
            continue;
        }
        let mut below = below.to_vec();
        below.push(name);
        visit(path.clone(), below, entries);
    }
    Ok(())
}

/// True for what a course keeps beside notebooks of the same names: rubrics, and the folder of expected values.
fn is_of_the_course(path: &Path, beside: &[PathBuf]) -> bool {
    let has_notebook = |file: &Path| {
        let same =
            |other: &PathBuf| has_extension(other, &["ipynb"]) && other.file_stem() == file.file_stem();
        beside.iter().any(same)
    };
    if file_name(path) != "expected" || !fs::symlink_metadata(path).is_ok_and(|m| m.is_dir()) {
        return has_extension(path, &["yaml", "yml"]) && has_notebook(path);
    }
    let is_value = |file: PathBuf| has_extension(&file, &["json"]) && has_notebook(&file);
    fs::read_dir(path).is_ok_and(|mut files| files.all(|file| file.is_ok_and(|file| is_value(file.path()))))
}

fn visit(path: PathBuf, below: Vec<String>, entries: &mut Vec<Entry>) {
    let problem = match fs::symlink_metadata(&path) {
        Err(error) => Some(error.to_string()),
        // A link could lead to another student's work, to the solutions, or in a circle.
        Ok(found) if found.is_symlink() => Some("is a symbolic link; hand in the file itself".to_owned()),
        Ok(found) if found.is_dir() && has_extension(&path, &["ipynb"]) => {
            Some("is a folder named like a notebook; hand in the .ipynb file itself".to_owned())
        }
        Ok(found) if found.is_dir() && below.len() >= MAX_DEPTH => {
            Some("is nested too deep to be looked into; put the notebook further up".to_owned())
        }
        Ok(found) if found.is_dir() => {
            let before = entries.len();
            match walk(&path, &below, entries) {
                Err(error) => Some(format!("cannot be read: {error}")),
                Ok(()) if entries.len() == before => {
                    Some("is an empty folder; hand in the .ipynb file".to_owned())
                }
                Ok(()) => return,
            }
        }
        Ok(_) if has_extension(&path, ARCHIVES) => None,
        Ok(_) if !has_extension(&path, &["ipynb"]) => Some(wrong_kind(&path)),
        Ok(_) => None,
    };
    entries.push(Entry { problem, ..Entry::new(path, below) });
}

/// Archives that are looked into.
const ARCHIVES: &[&str] = &["zip"];
const ATTACHMENTS: &[&str] = &["png", "jpg", "jpeg", "svg", "gif", "csv", "json", "npz", "npy"];

fn wrong_kind(path: &Path) -> String {
    let kind = match path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).as_deref() {
        Some("doc" | "docx" | "odt") => "is a text document, not a notebook",
        Some("pdf") => "is a PDF, not a notebook",
        Some("gz" | "tar" | "7z" | "rar") => "is an archive, not a notebook; unpack it first, or",
        Some("rs" | "py") => "is a source file, not a notebook",
        Some("html" | "htm") => "is a web page, not a notebook",
        _ => "is not a notebook",
    };
    let joint = if kind.ends_with("or") { "" } else { ";" };
    format!("{kind}{joint} hand in the .ipynb file itself")
}

fn is_ignored(name: &str) -> bool {
    let lower = name.to_lowercase();
    lower.starts_with('.')
        || lower.starts_with("readme")
        || matches!(
            lower.as_str(),
            "marks.yaml"
                | "marks.yml"
                | "rubric.schema.json"
                | "timestamp.txt"
                | "submission_metadata.yml"
                | "submission_secret.txt"
                | "gradebook.db"
                | "__macosx"
                | "__pycache__"
                | "thumbs.db"
                | "desktop.ini"
        )
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    extension.is_some_and(|extension| extensions.contains(&extension.as_str()))
}

/// The last component; bytes that are no text are written out, so that two names stay two.
pub(crate) fn file_name(path: &Path) -> String {
    let Some(name) = path.file_name() else { return String::new() };
    let mut text = String::new();
    for piece in name.as_encoded_bytes().utf8_chunks() {
        text.push_str(piece.valid());
        piece.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
    }
    text
}

pub(crate) fn stem(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => name,
    }
}

/// The name of a folder given on the command line, or of the folder a file given there lies in.
fn folder_name(path: &Path) -> Option<String> {
    let full = path.canonicalize().ok()?;
    let folder = if full.is_dir() { full.as_path() } else { full.parent()? };
    Some(folder.file_name()?.to_string_lossy().into_owned())
}

/// The table at the head of this file.
fn name(mut entry: Entry, root: Option<&str>, known: &[&str], records: &mut Records) -> Submission {
    let handed_in = records.handed_in(&entry.path, &entry.below, entry.packed.as_ref());
    let folder = entry.below.iter().find(|part| names::is_gradescope(part)).cloned();
    if let Some(owner) = records.owner(&entry.path, entry.packed.as_ref()).or(folder) {
        let last = entry.below.pop();
        entry.below = std::iter::once(owner).chain(last).collect();
    }
    entry.below = names::sorted(std::mem::take(&mut entry.below));
    let is_known =
        |word: &str| known.iter().find(|name| name.eq_ignore_ascii_case(word)).map(|name| (*name).to_owned());
    let (last, folders) =
        entry.below.split_last().map_or(("", &[] as &[String]), |(last, rest)| (last.as_str(), rest));
    let stem = stem(last);
    let (from_stem, student_in_stem) = split_stem(stem, known);
    let (student, assignment) = match folders {
        [] if is_known(stem).is_some() => {
            // `grader grade submitted/alice/exercise1/exercise1.ipynb`: the nearest folder that is no assignment.
            let upward = entry.path.canonicalize().unwrap_or_else(|_| entry.path.clone());
            let owner = upward
                .parent()
                .into_iter()
                .flat_map(Path::ancestors)
                .map(file_name)
                .find(|n| is_known(n).is_none());
            (owner.filter(|name| !name.is_empty()).unwrap_or_else(|| stem.to_owned()), is_known(stem))
        }
        [] => (student_in_stem, from_stem.or_else(|| root.and_then(is_known))),
        [only] if is_known(only).is_some() => (student_in_stem, is_known(only)),
        [only] => (only.clone(), is_known(stem).or(from_stem)),
        [first, second, ..] if is_known(first).is_some() && is_known(second).is_none() => {
            (second.clone(), is_known(first))
        }
        [first, second, ..] => (first.clone(), Some(is_known(second).unwrap_or_else(|| second.clone()))),
    };
    Submission {
        student,
        assignment,
        path: entry.path,
        packed: entry.packed,
        problem: entry.problem,
        handed_in,
    }
}

/// Takes `alice_exercise1` and `exercise1-alice` apart; a stem without a known assignment is all student.
pub(crate) fn split_stem(stem: &str, known: &[&str]) -> (Option<String>, String) {
    const JOINTS: [char; 4] = ['_', '-', '+', ' '];
    let mut longest: Option<(&str, &str)> = None;
    for name in known {
        let student = cut_prefix(stem, name)
            .and_then(|rest| rest.strip_prefix(JOINTS))
            .or_else(|| cut_suffix(stem, name).and_then(|rest| rest.strip_suffix(JOINTS)))
            .map(|rest| rest.trim_matches(JOINTS));
        // Of `lif` and `lif-net`, the longer is meant by `lif-net-bob`.
        if let Some(student) = student.filter(|student| !student.is_empty())
            && longest.is_none_or(|(best, _)| name.len() > best.len())
        {
            longest = Some((name, student));
        }
    }
    match longest {
        Some((name, student)) => (Some(name.to_owned()), student.to_owned()),
        None => (None, stem.to_owned()),
    }
}

fn cut_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

fn cut_suffix<'a>(text: &'a str, suffix: &str) -> Option<&'a str> {
    let at = text.len().checked_sub(suffix.len())?;
    text.get(at..)?.eq_ignore_ascii_case(suffix).then(|| &text[..at])
}

#[cfg(test)]
#[path = "collect_tests.rs"]
mod tests;
