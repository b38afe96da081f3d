//! The bundled course as its users have it: expected values beside Brian2's own, submissions and their marks.
//! The submissions go through the program itself, with the real kernel.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
        .unwrap()
}

/// One value that the solution of an exercise gave.
fn expected(exercise: &str, question: &str, variable: &str) -> Value {
    let file = json(&root().join(format!("solutions/expected/{exercise}.json")));
    let value = file["questions"][question][variable].clone();
    assert!(!value.is_null(), "{exercise} has no {variable} in {question}");
    value
}

fn golden(name: &str) -> Value {
    json(&root().join(format!("tests/goldens/assignment/{name}.json")))["expected"].clone()
}

fn same_spikes(ours: &Value, brian: &Value) {
    assert_eq!(ours["i"], brian["i"], "neurons of the spikes");
    assert_eq!(ours["t"], brian["t"], "times of the spikes");
}

fn same_traces(ours: &Value, brian: &Value) {
    same_traces_of("v", ours, brian);
}

fn same_traces_of(variable: &str, ours: &Value, brian: &Value) {
    let rows = brian["values"][variable].as_array().unwrap();
    for (k, row) in rows.iter().enumerate() {
        let ours = ours["variables"][variable]["rows"][k].as_array().unwrap();
        let row = row.as_array().unwrap();
        assert_eq!(ours.len(), row.len(), "samples of neuron {k}");
        for (a, b) in ours.iter().zip(row) {
            assert!((a.as_f64().unwrap() - b.as_f64().unwrap()).abs() <= 1e-9, "neuron {k}: {a} and {b}");
        }
    }
    assert!(!rows.is_empty());
}

#[test]
fn the_solutions_give_what_brian2_gives() {
    let charge = golden("section1-no-threshold");
    same_traces(
        &expected("exercise1", "exercise1-charge", "statemon_charge"),
        &charge["monitors"]["statemon"],
    );
    let spike = golden("section1-threshold-0.8");
    same_traces(&expected("exercise1", "exercise1-spike", "statemon_spike"), &spike["monitors"]["statemon"]);
    same_spikes(&expected("exercise1", "exercise1-spike", "spikemon_spike"), &spike["monitors"]["spikemon"]);
    let hundred = golden("section2-threshold-1");
    same_spikes(&expected("exercise2", "exercise2-network", "spikemon"), &hundred["monitors"]["spikemon"]);
    let three = golden("section3");
    same_spikes(&expected("exercise3", "exercise3-synapses", "spikemon"), &three["monitors"]["spikemon"]);
    same_traces(&expected("exercise3", "exercise3-synapses", "statemon"), &three["monitors"]["M"]);
}

fn same_synapses(ours: &Value, brian: &Value) {
    assert_eq!((&ours["i"], &ours["j"]), (&brian["i"], &brian["j"]), "pairs");
    let (ours, brian) =
        (ours["variables"]["w"].as_array().unwrap(), brian["values"]["w"].as_array().unwrap());
    assert_eq!(ours.len(), brian.len(), "weights");
    for (k, (a, b)) in ours.iter().zip(brian).enumerate() {
        assert!((a.as_f64().unwrap() - b.as_f64().unwrap()).abs() <= 1e-12, "weight {k}: {a} and {b}");
    }
}

#[test]
fn the_bonus_solution_learns_what_brian2_learns() {
    let of = |question: &str, variable: &str| expected("exercise6", question, variable);
    let window = golden("bonus-window");
    let changes = of("exercise6-window", "synapses_window");
    same_synapses(&changes, &window["synapses"]["S"]);
    // The formula stands beside what was measured; the changes lie in the order of the pairs.
    let theory = of("exercise6-theory", "theory")["values"].clone();
    for (a, b) in changes["variables"]["w"].as_array().unwrap().iter().zip(theory.as_array().unwrap()) {
        assert!((a.as_f64().unwrap() - b.as_f64().unwrap()).abs() <= 1e-12, "{a} measured, {b} by formula");
    }
    let learning = golden("bonus-learning");
    same_spikes(&of("exercise6-learning", "spikemon"), &learning["monitors"]["spikemon"]);
    same_traces_of("w", &of("exercise6-learning", "weightmon"), &learning["monitors"]["weightmon"]);
    let test = golden("bonus-test");
    same_synapses(&of("exercise6-test", "taught"), &test["synapses"]["taught"]);
    assert_eq!(
        test["synapses"]["taught"]["values"]["w"], learning["synapses"]["S"]["values"]["w"],
        "what was learned is what is tested"
    );
    same_spikes(&of("exercise6-test", "spikemon_test"), &test["monitors"]["spikemon"]);
    same_traces(&of("exercise6-test", "statemon_test"), &test["monitors"]["M"]);
}

#[derive(Deserialize)]
struct Marks {
    submissions: Vec<Mark>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    file: String,
    student: String,
    #[serde(default)]
    assignment: String,
    #[serde(default)]
    not_graded: bool,
    #[serde(default)]
    earned: f64,
    #[serde(default)]
    points: f64,
    #[serde(default)]
    questions: BTreeMap<String, f64>,
    why: String,
}

#[test]
fn every_bundled_submission_gets_the_mark_it_must_get() {
    let submissions = root().join("tests/submissions");
    let marks: Marks =
        serde_yaml::from_str(&std::fs::read_to_string(submissions.join("MARKS.yaml")).unwrap()).unwrap();
    let out = tempfile::tempdir().unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_grader"))
        .arg("grade")
        .arg(&submissions)
        .arg("--out")
        .arg(out.path())
        .current_dir(root())
        .output()
        .unwrap();
    let table = String::from_utf8(run.stdout).unwrap();
    println!("{table}{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!(run.status.code(), Some(1), "two submissions cannot be graded");
    assert!(table.lines().all(|line| line.chars().count() <= 80 || line.starts_with("Results: ")));

    let grades = json(&out.path().join("grades.json"));
    let reports = grades["submissions"].as_array().unwrap();
    assert_eq!(reports.len(), marks.submissions.len(), "every submission is reported, no other is");
    for mark in &marks.submissions {
        let found = reports.iter().find(|r| r["file"].as_str().unwrap().ends_with(&mark.file));
        let report = found.unwrap_or_else(|| panic!("{} is missing", mark.file));
        assert_eq!(report["student"], mark.student.as_str());
        assert!(
            out.path().join(&mark.student).join("feedback.html").exists(),
            "no page for {}",
            mark.student
        );
        assert!(!mark.why.is_empty());
        if mark.not_graded {
            assert_eq!(report["status"], "not_graded", "{}", mark.file);
            continue;
        }
        assert_eq!(
            (&report["status"], &report["assignment"]),
            (&"graded".into(), &mark.assignment.as_str().into())
        );
        let questions = report["questions"].as_array().unwrap();
        let number = |v: &Value| v.as_f64().unwrap();
        let lost: BTreeMap<String, f64> = questions
            .iter()
            .filter(|q| number(&q["earned"]) < number(&q["points"]))
            .map(|q| (q["id"].as_str().unwrap().to_owned(), number(&q["earned"])))
            .collect();
        let close = |a: f64, b: f64| (a - b).abs() < 0.01;
        let same = lost.len() == mark.questions.len()
            && lost.iter().all(|(id, earned)| mark.questions.get(id).is_some_and(|m| close(*m, *earned)));
        let earned: f64 = questions.iter().map(|q| number(&q["earned"])).sum();
        let points: f64 = questions.iter().map(|q| number(&q["points"])).sum();
        assert!(
            same && close(earned, mark.earned) && close(points, mark.points),
            "{}: {earned} of {points}, should be {}; lost {lost:?}, should be {:?}\nbecause: {}",
            mark.file,
            mark.earned,
            mark.questions,
            mark.why
        );
    }
    let csv = std::fs::read_to_string(out.path().join("grades.csv")).unwrap();
    assert_eq!(csv.lines().count(), reports.len() + 1);
}

#[test]
fn wrong_usage_is_told_from_work_that_failed() {
    let grader = |arguments: &[&str], folder: &Path| {
        let run =
            Command::new(env!("CARGO_BIN_EXE_grader")).args(arguments).current_dir(folder).output().unwrap();
        (run.status.code().unwrap(), String::from_utf8_lossy(&run.stderr).into_owned())
    };
    let (code, text) = grader(&["grade", "no/such/folder"], &root());
    assert!(code == 2 && text.contains("no/such/folder"), "{code}: {text}");
    let (code, text) = grader(&["release", "exercise9"], &root());
    assert!(code == 2 && text.contains("exercise1, exercise2"), "{code}: {text}");
    let empty = tempfile::tempdir().unwrap();
    let (code, text) = grader(&["release", "--check"], empty.path());
    assert!(code == 2 && text.contains("--course"), "{code}: {text}");
    let (code, _) = grader(&["release", "--check"], &root());
    assert_eq!(code, 0, "assignment/ is in step with solutions/");
    assert_eq!(grader(&["grade"], &root()).0, 2, "a path is needed");
}

#[test]
fn solutions_earn_full_marks_and_blanks_none_and_no_verdict_is_wrong() {
    let run = Command::new(env!("CARGO_BIN_EXE_grader")).arg("verify").current_dir(root()).output().unwrap();
    let text = String::from_utf8_lossy(&run.stdout);
    assert_eq!(run.status.code(), Some(0), "{text}{}", String::from_utf8_lossy(&run.stderr));
    assert!(text.contains("6 exercises in order"), "{text}");
    assert!(text.contains("0 false accepts, 0 false rejects, 0 mistakes not named"), "{text}");
}
