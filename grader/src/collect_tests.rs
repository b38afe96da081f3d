//! Tests of `collect` and `identify` on folders as courses have them, tidy and untidy.
//! Kept beside the room, which stays readable this way.

use super::*;
use crate::notebook::{Cell, CellKind};

const KNOWN: [&str; 2] = ["exercise1", "exercise2"];

fn folder(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if file.ends_with('/') {
            fs::create_dir_all(path).unwrap();
        } else {
            fs::write(path, "{}").unwrap();
        }
    }
    folder
}

/// `student/assignment` of every submission, with `!` in front of those that cannot be graded.
fn names(path: PathBuf) -> Vec<String> {
    let found = collect(&[path], &KNOWN).unwrap();
    let line = |s: &Submission| {
        let mark = if s.problem.is_some() { "!" } else { "" };
        format!("{mark}{}/{}", s.student, s.assignment.as_deref().unwrap_or("?"))
    };
    found.iter().map(line).collect()
}

#[track_caller]
fn check(files: &[&str], expected: &[&str]) {
    assert_eq!(names(folder(files).path().to_owned()), expected);
}

#[test]
fn flat_folders() {
    check(
        &["bob.ipynb", "alice_exercise1.ipynb", "Exercise2-carol.ipynb", "dan exercise1.ipynb"],
        &["carol/exercise2", "alice/exercise1", "bob/?", "dan/exercise1"],
    );
}

#[test]
fn what_a_course_keeps_beside_its_notebooks_is_nobodys_submission() {
    check(
        &[
            "solutions/exercise1.ipynb",
            "solutions/exercise1.yaml",
            "solutions/rubric.schema.json",
            "solutions/expected/exercise1.json",
            "bob/expected/exercise2.ipynb",
            "cy/exercise2.ipynb",
            "cy/expected/exercise1.json",
            "cy/notes.yaml",
        ],
        &["bob/expected", "cy/exercise2", "!cy/expected", "!cy/?", "solutions/exercise1"],
    );
}

#[test]
fn downloads_of_learning_platforms() {
    check(
        &[
            "Ana Berg_12_assignsubmission_file/exercise1.ipynb",
            "Ana Berg_13_assignsubmission_file/my work.ipynb",
            "Bo Li_14_assignsubmission_file_exercise2.ipynb",
            "Cy Ray_15_assignsubmission_onlinetext/onlinetext.html",
        ],
        &["Ana Berg_12/exercise1", "Ana Berg_13/?", "Bo Li_14/exercise2", "!Cy Ray_15/?"],
    );
    check(
        &["bergana_4567_89012_exercise1-1.ipynb", "libo_LATE_4568_89013_work.ipynb"],
        &["bergana_4567/exercise1", "libo_4568/?"],
    );
    check(&["inbound/ana+exercise1+2026-02-02 14:58:23.948203 UTC/exercise1.ipynb"], &["ana/exercise1"]);
    check(
        &[
            "submitted/ana/exercise1/exercise1.ipynb",
            "source/exercise1/exercise1.ipynb",
            "nbgrader_config.py",
        ],
        &["ana/exercise1"],
    );
}

#[test]
fn a_platforms_archive_with_one_student_in_it() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("course-7.zip");
    let mut archive = zip::ZipWriter::new(fs::File::create(&path).unwrap());
    for name in ["exercise1.ipynb", "exercise2.ipynb"] {
        let name = format!("Ana Berg_12_assignsubmission_file/{name}");
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(b"{}").unwrap();
    }
    archive.finish().unwrap();
    assert_eq!(names(path), ["Ana Berg_12/exercise1", "Ana Berg_12/exercise2"]);
}

#[test]
fn folders_by_student_or_by_assignment() {
    check(&["alice/exercise1.ipynb", "alice/exercise2.ipynb"], &["alice/exercise1", "alice/exercise2"]);
    check(&["alice/my work.ipynb", "exercise2/bob.ipynb"], &["alice/?", "bob/exercise2"]);
    check(&["alice/exercise1/lif.ipynb", "bob/ps7/lif.ipynb"], &["alice/exercise1", "bob/ps7"]);
    check(&["exercise1/alice/lif.ipynb"], &["alice/exercise1"]);
}

#[test]
fn what_is_no_notebook_is_reported_and_what_is_nobodys_is_left_out() {
    check(
        &[
            ".git/config",
            "README.md",
            "MARKS.yaml",
            "alice/.ipynb_checkpoints/exercise1.ipynb",
            "alice/exercise1.ipynb",
            "alice/plot.png",
            "alice/timestamp.txt",
            "alice/exercise2.docx",
            "bob/exercise1.docx",
            "carol/",
            "dan/exercise1/photo.png",
            "eve.txt",
            "frank/exercise1.ipynb/inner",
        ],
        &[
            "alice/exercise1",
            "!alice/exercise2",
            "!bob/exercise1",
            "!carol/?",
            "!dan/exercise1",
            "!eve/?",
            "!frank/exercise1",
        ],
    );
}

#[cfg(unix)]
#[test]
fn links_are_reported_and_not_followed() {
    let folder = folder(&["alice/exercise1.ipynb", "bob/"]);
    let link = |to: &str, at: &str| std::os::unix::fs::symlink(to, folder.path().join(at)).unwrap();
    link("..", "bob/loop");
    link("self.ipynb", "self.ipynb");
    link("../alice/exercise1.ipynb", "bob/exercise1.ipynb");
    assert_eq!(names(folder.path().to_owned()), ["alice/exercise1", "!bob/exercise1", "!bob/?", "!self/?"]);
}

#[test]
fn single_files_take_their_folder_as_student_if_named_like_the_assignment() {
    let folder = folder(&["alice/exercise1/exercise1.ipynb", "bob.ipynb", "carol.docx"]);
    let at = |below: &str| names(folder.path().join(below));
    assert_eq!(at("alice/exercise1/exercise1.ipynb"), ["alice/exercise1"]);
    assert_eq!(at("alice/exercise1"), ["alice/exercise1"]);
    assert_eq!(at("bob.ipynb"), ["bob/?"]);
    let word = collect(&[folder.path().join("carol.docx")], &KNOWN).unwrap();
    assert!(word[0].read(1 << 20).unwrap_err().contains("hand in the .ipynb file itself"));
}

#[test]
fn a_file_named_twice_is_graded_once() {
    let folder = folder(&["bob.ipynb"]);
    let paths = [folder.path().to_owned(), folder.path().join("bob.ipynb")];
    assert_eq!(collect(&paths, &KNOWN).unwrap().len(), 1);
}

#[test]
fn a_missing_path_is_a_usage_error() {
    let error = collect(&["nowhere/at/all".into()], &KNOWN).unwrap_err().to_string();
    assert!(error.starts_with("nowhere/at/all: No such file"), "{error}");
    assert!(error.ends_with("name notebooks or folders that hold them"), "{error}");
}

fn notebook(grade_ids: &[&str]) -> Notebook {
    let cells = grade_ids.iter().map(|id| {
        let mut cell = Cell::new(CellKind::Code, "1");
        cell.metadata_mut().insert("nbgrader".into(), serde_json::json!({"grade_id": id, "solution": true}));
        cell
    });
    Notebook::new(cells.collect())
}

#[test]
fn notebooks_tell_their_assignment() {
    let known = [("exercise1", ["a", "b", "c"]), ("exercise2", ["c", "d", "e"])]
        .map(|(name, ids)| KnownAssignment { name: name.into(), grade_ids: ids.map(str::to_owned).to_vec() });
    let check = |notebook: &Notebook, path: &str, expected: Option<&str>| {
        assert_eq!(identify(notebook, Path::new(path), &known).as_deref(), expected);
    };
    let mut marked = notebook(&["d", "e"]);
    marked.set_assignment("exercise1");
    check(&marked, "exercise2/bob.ipynb", Some("exercise1"));
    check(&notebook(&["d", "e"]), "exercise1/bob.ipynb", Some("exercise2"));
    check(&notebook(&["c"]), "sub/exercise1/bob.ipynb", Some("exercise1"));
    check(&notebook(&[]), "sub/bob_exercise2.ipynb", Some("exercise2"));
    check(&notebook(&[]), "sub/exercise2.ipynb", Some("exercise2"));
    check(&notebook(&["c"]), "sub/bob.ipynb", None);
    marked.set_assignment("unknown");
    check(&marked, "bob.ipynb", Some("exercise2"));
}
