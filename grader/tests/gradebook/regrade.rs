//! Graded again: unchanged files are not run, changed rubrics are applied to stored values, history is kept.
//! The command line is the real one wherever no run is needed.

use std::path::Path;
use std::process::Command;

use super::child::{Finished, Task, root};
use super::class::{class, csv, marks, submit};

/// The course, to be changed.
pub(crate) fn own_course(task: &mut Task) {
    let course = task.out.parent().unwrap().join("course");
    for folder in ["assignment", "solutions", "solutions/expected"] {
        std::fs::create_dir_all(course.join(folder)).unwrap();
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                std::fs::copy(entry.path(), course.join(folder).join(entry.file_name())).unwrap();
            }
        }
    }
    task.course = course;
}

pub(crate) fn edit(path: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{} has no {from}", path.display());
    std::fs::write(path, text.replace(from, to)).unwrap();
}

/// The program itself.
pub(crate) fn grader(task: &Task, arguments: &[&str]) -> Finished {
    let mut command = Command::new(env!("CARGO_BIN_EXE_grader"));
    command.args(arguments).arg("--out").arg(&task.out).arg("--course").arg(&task.course);
    Finished::from(command.env("NO_COLOR", "1").output().unwrap())
}

#[test]
fn what_is_unchanged_is_not_run_again_unless_asked() {
    let (_folder, mut task) = class(4);
    assert_eq!(task.finish().code, Some(1));
    assert_eq!(task.runs(), 4);
    let before = csv(&task);
    let again = task.finish();
    assert_eq!(task.runs(), 4, "nothing was run");
    assert!(again.stdout.contains("4 unchanged"), "{}", again.stdout);
    assert_eq!(csv(&task), before);
    submit(&task.submissions, "student01", "exercise5", "second version");
    let third = task.finish();
    assert_eq!(task.runs(), 5, "one was run");
    assert!(third.stdout.contains("3 unchanged"), "{}", third.stdout);
    task.force = true;
    assert!(!task.finish().stdout.contains("unchanged"));
    assert_eq!(task.runs(), 9);
    let history = grader(&task, &["history", "student01"]);
    assert_eq!(history.code, Some(0));
    assert!(
        history.stdout.contains("version 1") && history.stdout.contains("version 2"),
        "{}",
        history.stdout
    );
}

#[test]
fn a_changed_rubric_is_applied_without_a_run() {
    let (_folder, mut task) = class(6);
    own_course(&mut task);
    assert_eq!(task.finish().code, Some(1));
    let then = marks(&task);
    let rubric = task.course.join("assignment/exercise5.yaml");
    let text = std::fs::read_to_string(&rubric).unwrap();
    // Points of every check and question doubled, so that each mark changes that has any points.
    let doubled: String = text
        .lines()
        .map(|line| {
            let mut line = line.to_owned();
            if let Some((head, rest)) = line.split_once("points: ") {
                let digits: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
                let twice = digits.parse::<f64>().unwrap() * 2.0;
                line = format!("{head}points: {twice}{}", &rest[digits.len()..]);
            }
            line + "\n"
        })
        .collect();
    std::fs::write(&rubric, doubled).unwrap();
    let regraded = grader(&task, &["regrade"]);
    assert_eq!(regraded.code, Some(1), "{}{}", regraded.stdout, regraded.stderr);
    assert!(regraded.stdout.contains("higher"), "{}", regraded.stdout);
    let now = marks(&task);
    assert_ne!(now, then);
    let same = |list: &[String], word: &str| -> Vec<String> {
        list.iter().filter(|l| l.contains(word)).cloned().collect()
    };
    assert_eq!(same(&now, "exercise4"), same(&then, "exercise4"));
    // `grade` does the same by itself, and finds that it is done.
    let graded = task.finish();
    assert_eq!(task.runs(), 6, "no run was needed");
    assert_eq!(marks(&task), now, "{}", graded.stdout);
    std::fs::write(&rubric, text).unwrap();
    let back = task.finish();
    assert!(back.stdout.contains("LOWER"), "{}", back.stdout);
    assert_eq!(marks(&task), then);
    assert_eq!(task.runs(), 6);
    let history = grader(&task, &["history", "student01"]).stdout;
    assert!(history.contains("judged from stored values") && history.contains("replaced"), "{history}");
}

#[test]
fn a_rubric_that_asks_for_more_needs_a_run_and_costs_no_marks_until_then() {
    let (_folder, mut task) = class(2);
    own_course(&mut task);
    task.finish();
    let then = marks(&task);
    let rubric = task.course.join("assignment/exercise5.yaml");
    let text = std::fs::read_to_string(&rubric).unwrap();
    let variable =
        text.split("variable: ").nth(1).unwrap().split([',', '}', '\n']).next().unwrap().to_owned();
    edit(&rubric, &format!("variable: {variable}"), "variable: another_name");
    edit(
        &task.course.join("solutions/expected/exercise5.json"),
        &format!("\"{variable}\""),
        "\"another_name\"",
    );
    let regraded = grader(&task, &["regrade"]);
    assert!(
        regraded.stdout.contains("asks for what was not stored"),
        "{}{}",
        regraded.stdout,
        regraded.stderr
    );
    assert_eq!(marks(&task), then);
    task.finish();
    assert_eq!(task.runs(), 3, "that exercise was run again, the other one not");
}

#[test]
fn a_failing_kernel_costs_no_marks_and_is_tried_again() {
    let (_folder, mut task) = class(4);
    task.failing = Some("student02".to_owned());
    let first = task.finish();
    assert_eq!(first.code, Some(1));
    assert!(first.stdout.contains("the kernel failed"), "{}", first.stdout);
    assert!(csv(&task).contains("student02,,,not graded"), "no score, not zero: {}", csv(&task));
    task.failing = None;
    task.finish();
    assert_eq!(task.runs(), 4, "only the one that failed was run");
    assert!(csv(&task).contains("student02,"));
    let good = marks(&task);
    task.failing = Some("student02".to_owned());
    task.force = true;
    let kept = task.finish();
    assert!(kept.stdout.contains("1 kept though not run"), "{}", kept.stdout);
    assert_eq!(marks(&task), good, "marks of the same file stand");
}

#[test]
fn points_set_by_hand_survive_and_are_explained() {
    let (_folder, task) = class(2);
    task.finish();
    let head = csv(&task);
    let question = head.lines().next().unwrap().rsplit(',').next().unwrap().to_owned();
    let arguments =
        ["override", "student01", &question, "1.5", "--reason", "typo = mine", "--author", "Dr. Lee"];
    let done = grader(&task, &arguments);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stdout.contains("→ 1.5 of"), "{}", done.stdout);
    let row = |text: &str| text.lines().find(|l| l.contains("student01")).unwrap().to_owned();
    assert!(row(&csv(&task)).ends_with(",1.5") && row(&csv(&task)).contains(&question), "{}", csv(&task));
    let page = std::fs::read_to_string(task.out.join("student01/feedback.html")).unwrap();
    assert!(page.contains("Set by Dr. Lee") && page.contains("typo = mine"));
    task.finish();
    assert!(row(&csv(&task)).ends_with(",1.5"), "grading again does not undo it");
    let removed = ["override", "student01", &question, "--remove", "--reason", "no", "--author", "Dr. Lee"];
    assert_eq!(grader(&task, &removed).code, Some(0));
    assert_eq!(csv(&task), head);
    let history = grader(&task, &["history", "student01"]).stdout;
    assert!(history.contains("set to 1.5") && history.contains("no longer set by hand"), "{history}");
    assert!(history.lines().all(|l| l.chars().count() <= 80), "{history}");
    let unknown = grader(&task, &["history", "studnet01"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("did you mean `student01`?"), "{}", unknown.stderr);
}
