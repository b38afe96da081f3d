//! Deadlines from the rubric to every report: timestamps of nbgrader, penalties, a deadline of one's own, marks by hand.
//! The notebooks are graded through the program itself with made-up values.

use std::process::Command;

use super::child::Task;
use super::class::{csv, submit};
use super::regrade::{edit, grader, own_course};

/// Students with nbgrader's `timestamp.txt`, for an exercise that is due.
fn late_class() -> (tempfile::TempDir, Task) {
    let folder = tempfile::tempdir().unwrap();
    let mut task = Task::new(folder.path());
    own_course(&mut task);
    let rubric = task.course.join("assignment/exercise5.yaml");
    let rule =
        "due: 2026-11-20T23:59+01:00\nlate: {grace: 15min, per_day: 10%, at_most: 50%, closes: 8 days}\n";
    edit(&rubric, "assignment: exercise5\n", &format!("assignment: exercise5\n{rule}"));
    let times = [
        ("ana", "2026-11-20 22:30:00 UTC"),
        ("bo", "2026-11-22 08:00:00 UTC"),
        ("cy", "2026-12-24 08:00:00 UTC"),
    ];
    for (student, time) in times {
        let place = task.submissions.join(student).join("exercise5");
        std::fs::create_dir_all(&place).unwrap();
        submit(&place, "exercise5", "exercise5", student);
        std::fs::write(place.join("timestamp.txt"), time).unwrap();
    }
    let place = task.submissions.join("dee/exercise5");
    std::fs::create_dir_all(&place).unwrap();
    submit(&place, "exercise5", "exercise5", "dee");
    (folder, task)
}

/// Score, raw score, penalty and time of a student, as grades.csv has them.
fn row(task: &Task, student: &str) -> [String; 4] {
    let text = csv(task);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let head = reader.headers().unwrap().clone();
    let column = |name: &str| head.iter().position(|h| h == name).unwrap();
    let row = reader.records().map(Result::unwrap).find(|r| &r[column("student_id")] == student).unwrap();
    ["score", "raw_score", "late_submission_penalty", "timestamp"].map(|name| row[column(name)].to_owned())
}

fn numbers(task: &Task, student: &str) -> (f64, f64, f64) {
    let [score, raw, off, _] = row(task, student);
    (score.parse().unwrap(), raw.parse().unwrap(), off.parse().unwrap())
}

#[track_caller]
fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 0.006, "{a} is not {b}");
}

#[test]
fn lateness_costs_what_the_rubric_says_in_every_report() {
    let (folder, task) = late_class();
    let run = task.finish();
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("1 day 9 h late"), "{}", run.stdout);
    assert!(run.stdout.contains("No time of handing in is known for 1"), "{}", run.stdout);
    let wide = |l: &str| !l.starts_with("test child::grade") && l.chars().count() > 80;
    assert!(!run.stdout.lines().any(wide), "{}", run.stdout);
    let (score, raw, off) = numbers(&task, "ana");
    assert!(off == 0.0 && raw > 0.0 && (score - raw).abs() < 1e-9);
    assert_eq!(row(&task, "ana")[3], "2026-11-20T22:30:00Z");
    let (score, raw, off) = numbers(&task, "bo");
    close(off, 0.2 * raw);
    close(score, 0.8 * raw);
    let (score, raw, off) = numbers(&task, "cy");
    assert!(score == 0.0 && raw > 0.0 && (off - raw).abs() < 1e-9, "it had closed");
    assert_eq!(
        (&*row(&task, "dee")[2], &*row(&task, "dee")[3]),
        ("0", ""),
        "nothing is known, nothing is lost"
    );
    let page = std::fs::read_to_string(task.out.join("bo/feedback.html")).unwrap();
    assert!(page.contains("20 % off") && page.contains("Due 2026-11-20 22:59 UTC"), "{page}");
    let json = std::fs::read(task.out.join("grades.json")).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let bo = json["submissions"].as_array().unwrap().iter().find(|s| s["student"] == "bo").unwrap();
    assert_eq!((&bo["late"]["percent"], &bo["late"]["seconds"]), (&20.0.into(), &118_860.into()));
    let before = csv(&task);
    assert!(task.finish().stdout.contains("4 unchanged"));
    assert_eq!(csv(&task), before);
    let file = folder.path().join("nbgrader.db");
    let export = |name: &str, to: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_grader"));
        command.args(["export", name, to]).arg("--out").arg(&task.out).output().unwrap()
    };
    assert!(export("nbgrader", file.to_str().unwrap()).status.success());
    let db = rusqlite::Connection::open(&file).unwrap();
    let (due, time, penalty): (String, String, f64) = db
        .query_row(
            "SELECT a.duedate, s.timestamp, n.late_submission_penalty FROM submitted_assignment s
             JOIN assignment a ON a.id = s.assignment_id JOIN submitted_notebook n ON n.assignment_id = s.id
             WHERE s.student_id = 'bo'",
            [],
            |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)),
        )
        .unwrap();
    assert_eq!((&*due, &*time), ("2026-11-20 22:59:00.000000", "2026-11-22 08:00:00.000000"));
    close(penalty, numbers(&task, "bo").2);
}

#[test]
fn a_deadline_of_ones_own_and_points_by_hand_are_respected() {
    let (_folder, task) = late_class();
    let ill = ["--reason", "ill", "--author", "Dr. Lee"];
    let extend = |arguments: &[&str]| grader(&task, &[&["extend"], arguments, &ill].concat());
    let early = extend(&["cy", "40 days"]);
    assert!(early.code == Some(0) && early.stdout.contains("in the gradebook yet"), "{early:?}");
    task.finish();
    assert_eq!(numbers(&task, "cy").2, 0.0, "granted before anything was handed in");
    let granted = extend(&["bo", "2026-11-21T12:00+01:00"]);
    assert!(granted.stdout.contains("2026-11-20 22:59 UTC → 2026-11-21 11:00 UTC"), "{granted:?}");
    let (_, raw, off) = numbers(&task, "bo");
    close(off, 0.1 * raw);
    let page = std::fs::read_to_string(task.out.join("bo/feedback.html")).unwrap();
    assert!(page.contains("a deadline of your own, granted by Dr. Lee: ill"), "{page}");
    assert_eq!(extend(&["bo", "soon"]).code, Some(2));
    assert_eq!(extend(&["bo", "--remove"]).code, Some(0));
    close(numbers(&task, "bo").2, 0.2 * raw);
    let history = grader(&task, &["history", "bo"]).stdout;
    assert!(history.contains("deadline: 2026-11-21T12:00+01:00"), "{history}");
    assert!(history.contains("everybody's deadline again"), "{history}");
    let head = csv(&task).lines().next().unwrap().to_owned();
    for question in head.split(',').skip(11) {
        let by_hand = ["override", "bo", question, "1", "--reason", "r", "--author", "a"];
        assert_eq!(grader(&task, &by_hand).code, Some(0), "{question}");
    }
    let (score, raw, off) = numbers(&task, "bo");
    assert!(off == 0.0 && (score - raw).abs() < 1e-9, "what a person set stands as it was set");
}

#[test]
fn a_changed_rule_is_applied_to_what_is_stored() {
    let (_folder, task) = late_class();
    task.finish();
    let rubric = task.course.join("assignment/exercise5.yaml");
    edit(&rubric, "per_day: 10%", "per_day: 20%");
    let again = grader(&task, &["regrade"]);
    assert!(again.code == Some(0) && again.stdout.contains("1 LOWER"), "{}{}", again.stdout, again.stderr);
    let (_, raw, off) = numbers(&task, "bo");
    close(off, 0.4 * raw);
    assert_eq!(task.runs(), 4, "no kernel was needed");
    let stamp = task.submissions.join("bo/exercise5/timestamp.txt");
    std::fs::write(stamp, "2026-11-20 20:00:00 UTC").unwrap();
    let mended = task.finish();
    assert!(mended.stdout.contains("1 higher"), "{}", mended.stdout);
    assert_eq!((numbers(&task, "bo").2, task.runs()), (0.0, 4));
    edit(&rubric, "late: {", "lat: {");
    let slip = grader(&task, &["regrade"]);
    assert!(slip.stderr.contains("did you mean `late`?"), "{}", slip.stderr);
}
