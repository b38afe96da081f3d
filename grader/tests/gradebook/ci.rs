//! What a run tells to machines: JSON, Markdown, GitHub, JUnit, exit codes, silence; completions and manual pages.
//! All through the program itself, over a class that was graded with made-up values.

use std::process::{Command, Output};

use super::child::Task;
use super::class::class;

fn grader(task: &Task, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_grader"));
    command.args(arguments).arg("--out").arg(&task.out).arg("--course").arg(&task.course);
    command.env_remove("GITHUB_STEP_SUMMARY");
    command
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// A class of four, none of them unlucky.
fn graded() -> (tempfile::TempDir, Task) {
    let (folder, task) = class(4);
    std::fs::remove_file(task.submissions.join("unlucky.ipynb")).unwrap();
    assert_eq!(task.finish().code, Some(0));
    (folder, task)
}

#[test]
fn json_is_json_and_nothing_else_and_quiet_says_nothing() {
    let (_folder, task) = graded();
    let run = grader(&task, &["regrade", "--format", "json"]).output().unwrap();
    assert_eq!(run.status.code(), Some(0));
    let json: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    let written = std::fs::read(task.out.join("grades.json")).unwrap();
    assert_eq!(json, serde_json::from_slice::<serde_json::Value>(&written).unwrap());
    assert_eq!(json["submissions"].as_array().unwrap().len(), 4);
    assert_eq!(json["class"][0]["graded"], 2);
    let quiet = grader(&task, &["regrade", "--quiet"]).output().unwrap();
    assert_eq!((text(&quiet.stdout), text(&quiet.stderr)), ("", ""));
}

#[test]
fn too_few_points_end_with_a_code_of_their_own() {
    let (_folder, task) = graded();
    let code = |least: &str| grader(&task, &["regrade", "--quiet", "--fail-under", least]).output().unwrap();
    let run: Output = code("100");
    assert_eq!(run.status.code(), Some(4), "made-up values leave gaps");
    assert!(text(&run.stderr).contains("--fail-under"), "{}", text(&run.stderr));
    assert_eq!(code("0%").status.code(), Some(0));
    assert_eq!(code("101").status.code(), Some(2));
}

#[test]
fn github_gets_annotations_and_the_summary_of_the_step() {
    let (folder, task) = graded();
    let summary = folder.path().join("summary.md");
    std::fs::write(&summary, "from an earlier step\n").unwrap();
    let junit = folder.path().join("out.xml");
    let mut command = grader(&task, &["regrade", "--format", "github", "--junit", junit.to_str().unwrap()]);
    let run = command.env("GITHUB_STEP_SUMMARY", &summary).output().unwrap();
    assert_eq!(run.status.code(), Some(0), "{}", text(&run.stderr));
    let out = text(&run.stdout);
    assert!(out.lines().any(|l| l.starts_with("::warning file=") && l.contains("student0")), "{out}");
    let summary = std::fs::read_to_string(summary).unwrap();
    assert!(summary.starts_with("from an earlier step\n### Marks"), "{summary}");
    assert!(summary.contains("| student00 | exercise4 |") && summary.contains("### exercise5"), "{summary}");
    let xml = std::fs::read_to_string(junit).unwrap();
    assert_eq!(xml.matches("<testsuite ").count(), 4, "{xml}");
    assert!(xml.contains("name=\"student00/exercise4\"") && xml.contains("<failure "), "{xml}");
    let markdown = grader(&task, &["regrade", "--format", "markdown"]).output().unwrap();
    assert!(text(&markdown.stdout).contains("| student00 | exercise4 |"));
}

#[test]
fn completions_and_manual_pages_are_made() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let run = Command::new(env!("CARGO_BIN_EXE_grader")).args(["completions", shell]).output().unwrap();
        assert!(run.status.success() && text(&run.stdout).contains("fail-under"), "{shell}");
    }
    let run = Command::new(env!("CARGO_BIN_EXE_grader")).arg("man").arg(folder.path()).output().unwrap();
    assert!(run.status.success(), "{}", text(&run.stderr));
    for page in ["grader", "grader-grade", "grader-kernel-install"] {
        let page = std::fs::read_to_string(folder.path().join(format!("{page}.1"))).unwrap();
        assert!(page.contains(".TH "), "{page}");
    }
    let grade = std::fs::read_to_string(folder.path().join("grader-grade.1")).unwrap();
    assert!(grade.contains("junit") && grade.contains("grader grade"), "{grade}");
}
