//! The autograder for Gradescope: what is in its zip, and its script run over the documented folders.
//! The script is the one from the zip, with the program itself; a submission that needs no kernel goes all the way.

use std::io::Read;
use std::path::Path;
use std::process::Command;

use super::child::{Finished, root};

fn autograder(file: &Path, more: &[&str]) -> Finished {
    let mut command = Command::new(env!("CARGO_BIN_EXE_grader"));
    command.args(["export", "gradescope-autograder", "exercise5"]).arg(file).args(more);
    Finished::from(command.arg("--course").arg(root()).output().unwrap())
}

/// Unpacks into a folder; returns the names.
fn unpack(file: &Path, to: &Path) -> Vec<String> {
    let mut zip = zip::ZipArchive::new(std::fs::File::open(file).unwrap()).unwrap();
    (0..zip.len())
        .map(|k| {
            let mut entry = zip.by_index(k).unwrap();
            let (name, script) =
                (entry.name().unwrap().into_owned(), entry.unix_mode().unwrap() & 0o111 != 0);
            assert_eq!(script, ["setup.sh", "run_autograder"].contains(&name.as_str()), "{name}");
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            std::fs::create_dir_all(to.join(&name).parent().unwrap()).unwrap();
            std::fs::write(to.join(&name), bytes).unwrap();
            name
        })
        .collect()
}

fn run(base: &Path) -> serde_json::Value {
    let mut command = Command::new("bash");
    command.arg(base.join("source/run_autograder")).env("AUTOGRADER", base);
    command.env("GRADER", env!("CARGO_BIN_EXE_grader")).current_dir(base);
    let run = Finished::from(command.output().unwrap());
    let bytes = std::fs::read(base.join("results/results.json")).unwrap_or_else(|e| panic!("{e}: {run:?}"));
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn the_zip_holds_what_it_needs_and_no_solution() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("autograder.zip");
    let made = autograder(&file, &[]);
    assert_eq!(made.code, Some(0), "{}{}", made.stdout, made.stderr);
    let names = unpack(&file, &folder.path().join("source"));
    for name in [
        "setup.sh",
        "run_autograder",
        "grader/Cargo.lock",
        "grader/src/lib.rs",
        "course/assignment/exercise5.yaml",
    ] {
        assert!(names.iter().any(|n| n == name), "{name}: {names:?}");
    }
    assert!(
        !names.iter().any(|n| n.ends_with("solutions/exercise5.ipynb") || n.contains("exercise4")),
        "{names:?}"
    );
    let script = std::fs::read_to_string(folder.path().join("source/run_autograder")).unwrap();
    assert!(!script.contains('@') && !script.contains("--no-sandbox"), "{script}");
    // Every file that the sources include is there.
    for name in names.iter().filter(|n| n.starts_with("grader/grader/src") && n.ends_with(".rs")) {
        let path = folder.path().join("source").join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        for included in text.split("include_str!(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            if included.ends_with(".html") || included.ends_with(".md") || included.contains('/') {
                assert!(path.parent().unwrap().join(included).exists(), "{name} includes {included}");
            }
        }
    }
    for script in ["setup.sh", "run_autograder"] {
        let checked = Command::new("bash").arg("-n").arg(folder.path().join("source").join(script)).output();
        assert!(checked.unwrap().status.success(), "{script}");
    }
    assert!(autograder(&folder.path().join("n.zip"), &["--no-sandbox"]).code == Some(0));
    unpack(&folder.path().join("n.zip"), &folder.path().join("n"));
    assert!(
        std::fs::read_to_string(folder.path().join("n/run_autograder")).unwrap().contains("--no-sandbox")
    );
}

#[test]
fn what_cannot_be_graded_gets_a_reason_and_no_score() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path();
    assert_eq!(autograder(&base.join("autograder.zip"), &[]).code, Some(0));
    unpack(&base.join("autograder.zip"), &base.join("source"));
    std::fs::create_dir(base.join("submission")).unwrap();
    std::fs::write(base.join("submission/exercise5.ipynb"), "{\"cells\": [").unwrap();
    let results = run(base);
    assert!(results["output"].as_str().unwrap().contains("could not be graded"), "{results}");
    assert!(results.get("score").is_none() && results.get("tests").is_none(), "{results}");
    // Nothing at all was handed in.
    std::fs::remove_file(base.join("submission/exercise5.ipynb")).unwrap();
    std::fs::remove_file(base.join("results/results.json")).unwrap();
    let results = run(base);
    assert!(results["output"].is_string() && results.get("score").is_none(), "{results}");
}
