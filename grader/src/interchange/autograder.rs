//! The zip that Gradescope makes an autograder of: its two scripts, this grader's sources, and one exercise.
//! The layout is the documented one: `setup.sh` builds the image, `run_autograder` writes `results.json`.

use std::io::Write;
use std::path::{Path, PathBuf};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::course::Course;
use crate::files::WholeFile;
use crate::{Error, Result};

const SETUP: &str = include_str!("autograder/setup.sh");
const RUN: &str = include_str!("autograder/run_autograder");
/// What the grader and the kernel are built from; Cargo reads no manifest that names a bench which is not there.
const SOURCES: [&str; 9] = [
    "Cargo.toml",
    "Cargo.lock",
    "benches",
    "src",
    "grader/Cargo.toml",
    "grader/SECURITY.md",
    "grader/src",
    "grader/box",
    "grader/kernel",
];

/// Writes the zip for one exercise; returns how many files are in it.
///
/// # Errors
/// An exercise that does not exist or has no expected values, sources that are not here, a full disk.
pub fn write(path: &Path, workspace: &Path, course: &Course, exercise: &str, sandbox: bool) -> Result<usize> {
    // Read in full, so that a mistake shows here and not in the image.
    course.assignment(exercise)?;
    let failed = |e: &dyn std::fmt::Display| {
        Error::new(
            format!("cannot write {}: {e}", path.display()),
            "are the grader's sources here, the folder yours to write, and the disk not full?",
        )
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut zip = ZipWriter::new(&mut bytes);
    let options = if sandbox { "" } else { " --no-sandbox" };
    let run = RUN.replace("@EXERCISE@", exercise).replace("@OPTIONS@", options);
    let mut count = 0;
    let mut add = |name: &str, text: &[u8], mode: u32| {
        count += 1;
        zip.start_file(name, SimpleFileOptions::default().unix_permissions(mode))
            .map_err(std::io::Error::other)
            .and_then(|()| zip.write_all(text))
            .map_err(|e| failed(&e))
    };
    add("setup.sh", SETUP.replace("@OPTIONS@", options).as_bytes(), 0o755)?;
    add("run_autograder", run.as_bytes(), 0o755)?;
    let mut sources = Vec::new();
    for name in SOURCES {
        gather(&workspace.join(name), &mut sources).map_err(|e| failed(&e))?;
    }
    for file in sources {
        let inside = file.strip_prefix(workspace).unwrap_or(&file);
        let text = std::fs::read(&file).map_err(|e| failed(&e))?;
        add(&format!("grader/{}", inside.display()), &text, 0o644)?;
    }
    let of_course = [
        (format!("assignment/{exercise}.yaml"), course.rubric_file(exercise)),
        (format!("assignment/{exercise}.ipynb"), course.released(exercise)),
        (format!("solutions/expected/{exercise}.json"), course.expected(exercise)),
    ];
    for (name, file) in of_course {
        let text = std::fs::read(&file).map_err(|e| failed(&e))?;
        add(&format!("course/{name}"), &text, 0o644)?;
    }
    zip.finish().map_err(|e| failed(&e))?;
    let mut file = WholeFile::begin(path).map_err(|e| failed(&e))?;
    file.write_all(bytes.get_ref()).and_then(|()| file.finish()).map_err(|e| failed(&e))?;
    Ok(count)
}

/// Ordinary files below a path, in a fixed order; a file is itself.
fn gather(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let mut inside = std::fs::read_dir(path)?.collect::<std::io::Result<Vec<_>>>()?;
    inside.sort_by_key(std::fs::DirEntry::file_name);
    for entry in inside {
        let kind = entry.file_type()?;
        if kind.is_dir() && entry.file_name() != "target" {
            gather(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn what_the_zip_holds_is_a_workspace_and_a_course() {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let course = Course::find(Some(workspace)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("autograder.zip");
        let count = write(&path, workspace, &course, "exercise1", false).unwrap();
        let mut zip = zip::ZipArchive::new(std::fs::File::open(&path).unwrap()).unwrap();
        assert_eq!(zip.len(), count);
        zip.extract(folder.path()).unwrap();
        for script in ["setup.sh", "run_autograder"] {
            let text = std::fs::read_to_string(folder.path().join(script)).unwrap();
            assert!(
                text.contains(" --no-sandbox") && !text.contains("S@") && !text.contains("E@"),
                "{script}"
            );
            let read = Command::new("bash").arg("-n").arg(folder.path().join(script)).status().unwrap();
            assert!(read.success(), "{script}");
        }
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(["metadata", "--no-deps", "--format-version", "1", "--offline", "--locked"]);
        let read = command.current_dir(folder.path().join("grader")).output().unwrap();
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
        assert!(Course::find(Some(&folder.path().join("course"))).unwrap().assignment("exercise1").is_ok());
        assert!(!folder.path().join("course/solutions/exercise1.ipynb").exists());
    }
}
