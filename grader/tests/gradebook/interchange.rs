//! Marks handed to other programs, from a class graded through the program itself.
//! Where Python has nbgrader (`SPIKELAB_PYTHON`, else `python3`), nbgrader itself reads what was written for it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use rusqlite::Connection;
use serde_json::Value;

use super::child::{Finished, Task};
use super::class::{class, csv};

fn export(task: &Task, arguments: &[&str]) -> Finished {
    let mut command = Command::new(env!("CARGO_BIN_EXE_grader"));
    command.arg("export").args(arguments).arg("--out").arg(&task.out);
    Finished::from(command.output().unwrap())
}

/// Student and exercise → score as grades.csv has it; empty for what was not graded.
fn scores(task: &Task) -> BTreeMap<(String, String), String> {
    let text = csv(task);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows = reader.records().map(Result::unwrap);
    rows.map(|r| ((r[1].to_owned(), r[0].to_owned()), r[2].to_owned())).collect()
}

/// The Python that has nbgrader, if there is one.
fn python() -> Option<String> {
    let python = std::env::var("SPIKELAB_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let found = Command::new(&python).args(["-c", "import nbgrader"]).output();
    found.is_ok_and(|run| run.status.success()).then_some(python)
}

#[test]
fn nbgrader_lists_the_same_marks() {
    let (folder, task) = class(4);
    task.finish();
    let file = folder.path().join("nbgrader.db");
    let path = file.to_str().unwrap();
    for _ in 0..2 {
        let run = export(&task, &["nbgrader", path]);
        assert_eq!(run.code, Some(1), "one is left out: {}{}", run.stdout, run.stderr);
        assert!(run.stdout.contains("4 submissions with marks"), "{}", run.stdout);
    }
    let db = Connection::open(&file).unwrap();
    let rows: i64 = db.query_row("SELECT count(*) FROM submitted_assignment", [], |r| r.get(0)).unwrap();
    assert_eq!(rows, 4, "a second time adds nothing");
    drop(db);
    let Some(python) = python() else {
        eprintln!("nbgrader is not here, so it did not look at the file: pip install nbgrader");
        return;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gradebook/read_as_nbgrader.py");
    let run = Finished::from(Command::new(python).arg(script).arg(&file).output().unwrap());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let theirs: BTreeMap<(String, String), f64> = run
        .stdout
        .lines()
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            assert_eq!(cells[4], "0", "nobody has to look at it: {line}");
            ((cells[0].to_owned(), cells[1].to_owned()), cells[2].parse().unwrap())
        })
        .collect();
    let ours: BTreeMap<(String, String), f64> =
        scores(&task).into_iter().filter_map(|(k, score)| Some((k, score.parse().ok()?))).collect();
    assert_eq!(theirs, ours);
}

#[test]
fn tables_of_platforms_are_filled() {
    let (folder, task) = class(0);
    std::fs::remove_file(task.submissions.join("unlucky.ipynb")).unwrap();
    for folder in ["Ana Berg_12_assignsubmission_file", "Bo Li_13_assignsubmission_file"] {
        let place = task.submissions.join(folder);
        std::fs::create_dir_all(&place).unwrap();
        super::class::submit(&place, "exercise5", "exercise5", folder);
    }
    task.finish();
    let score = |student: &str| scores(&task)[&(student.to_owned(), "exercise5".to_owned())].clone();
    let sheet = folder.path().join("sheet.csv");
    let head = "Identifier,\"Full name\",Grade,\"Maximum grade\",\"Last modified (grade)\"\n";
    let text = format!("{head}\"Participant 12\",\"Ana Berg\",,99,-\n\"Participant 14\",\"Cy Ray\",,99,-\n");
    std::fs::write(&sheet, text).unwrap();
    let run = export(&task, &["moodle", sheet.to_str().unwrap()]);
    assert_eq!(run.code, Some(1), "Bo Li is in no row: {}{}", run.stdout, run.stderr);
    assert!(
        run.stdout.contains("Bo Li_13 is in no row") && run.stdout.contains("99 points possible"),
        "{}",
        run.stdout
    );
    let filled = std::fs::read_to_string(folder.path().join("sheet-marked.csv")).unwrap();
    assert!(filled.contains(&format!("Participant 12,Ana Berg,{},99", score("Ana Berg_12"))), "{filled}");
    assert!(filled.contains("Participant 14,Cy Ray,,99"), "{filled}");
    let canvas = folder.path().join("canvas.csv");
    std::fs::write(&canvas, "Student,ID,Section,exercise5 (7)\n    Points Possible,,,99\n\"Li, Bo\",13,S,\n")
        .unwrap();
    let to = folder.path().join("to.csv");
    export(&task, &["canvas", canvas.to_str().unwrap(), "--to", to.to_str().unwrap()]);
    let filled = std::fs::read_to_string(to).unwrap();
    assert!(filled.contains(&format!("\"Li, Bo\",13,S,{}", score("Bo Li_13"))), "{filled}");
}

#[test]
fn documents_of_other_graders_hold_all_submissions() {
    let (folder, task) = class(2);
    task.finish();
    let place = folder.path().join("gs");
    assert_eq!(export(&task, &["gradescope", place.to_str().unwrap()]).code, Some(0));
    let read = |path: &Path| serde_json::from_slice::<Value>(&std::fs::read(path).unwrap()).unwrap();
    let results = read(&place.join("student00/results.json"));
    let sum: f64 = results["tests"].as_array().unwrap().iter().map(|t| t["score"].as_f64().unwrap()).sum();
    assert!((results["score"].as_f64().unwrap() - sum).abs() < 1e-9, "{results}");
    assert!(read(&place.join("unlucky/results.json")).get("score").is_none());
    let list = folder.path().join("otter.json");
    assert_eq!(export(&task, &["otter", list.to_str().unwrap()]).code, Some(0));
    assert_eq!(read(&list).as_array().unwrap().len(), 3);
}
