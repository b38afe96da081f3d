//! Whole attack notebooks through the program itself, each with a correct student's cells around the attack.
//! Every honest question must keep its points, the attacked ones must get what they deserve, and nothing may remain.

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use support::{Watch, assert_all_gone, mounts, root};

/// The questions of exercise3 whose cells stand in front of the attack; one more follows it.
const BEFORE: [&str; 5] = ["setup", "parameters", "alone", "predict-alone", "synapses"];
const AFTER: &str = "predict-first";

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
        .unwrap()
}

/// A solved cell of exercise3, as a student hands it in.
fn cell(solution: &Value, name: &str) -> Value {
    let id = format!("exercise3-{name}");
    let cells = solution["cells"].as_array().unwrap().iter();
    let mut cell =
        cells.clone().find(|c| c["metadata"]["nbgrader"]["grade_id"] == id.as_str()).unwrap().clone();
    cell["outputs"] = json!([]);
    cell
}

/// Puts a student's cells where the attack notebook has placeholders.
fn armed(file: &str) -> Value {
    let solution = read(&root().join("solutions/exercise3.ipynb"));
    let mut attack = read(&root().join("grader/tests/attacks").join(file));
    let with = |name: &str, source: &str| {
        let mut cell = cell(&solution, name);
        cell["source"] = json!(source);
        cell
    };
    let mut cells = Vec::new();
    for old in attack["cells"].as_array().unwrap().clone() {
        let source = match &old["source"] {
            Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
            text => text.as_str().unwrap_or_default().to_owned(),
        };
        if source.contains("PLACEHOLDER: the assignment's own cells") {
            cells.extend(BEFORE.map(|name| cell(&solution, name)));
        } else if source.contains("PLACEHOLDER: an honest question cell") {
            cells.push(cell(&solution, AFTER));
        } else if source.contains("question cell 1, answered with the fake type") {
            cells.push(with("synapses", "let spikemon = SpikeMonitor.run(); let statemon = SpikeMonitor.run(); let synapses = SpikeMonitor.run();"));
        } else if source.contains("question cell 2, left blank") {
            cells.push(with("predict-first", "let prediction_first = \"____\";"));
        } else if source.contains("question cell 3, wrong") {
            cells.push(with("counting", "let pushes_neuron_1 = 1; let pushes_neuron_2 = 1;"));
        } else {
            let mut cell = old.clone();
            cell["source"] = json!(
                source.replace("struct Library; impl Library", "struct SpikeMonitor; impl SpikeMonitor")
            );
            cells.push(cell);
        }
    }
    attack["cells"] = cells.into();
    attack
}

/// What must become of a notebook: points by question, and words that its remarks or cells must hold.
struct Expected {
    file: &'static str,
    points: &'static [(&'static str, f64)],
    words: &'static [&'static str],
}

const HONEST: &[(&str, f64)] =
    &[("parameters", 2.0), ("alone", 4.0), ("predict-alone", 1.0), ("synapses", 8.0)];

const EXPECTED: [Expected; 10] = [
    Expected { file: "p01_infinite_loop", points: &[("predict-first", 1.0)], words: &["stopped after"] },
    Expected { file: "p02_fork_bomb", points: &[], words: &["256 are allowed"] },
    Expected { file: "p03_memory", points: &[("predict-first", 1.0)], words: &["reached a limit"] },
    Expected { file: "p04_big_files", points: &[], words: &[] },
    Expected { file: "p05_network", points: &[], words: &["kernel commands"] },
    Expected { file: "p06_read_host_files", points: &[], words: &["couldn't read"] },
    Expected { file: "p07_shell_and_quit", points: &[("predict-first", 1.0)], words: &["kernel commands"] },
    Expected { file: "p08_shadow_library", points: &[("synapses", 0.0)], words: &[] },
    Expected {
        file: "p09_fake_display_and_thread",
        points: &[("predict-first", 0.0), ("counting", 0.0)],
        words: &["EVCXR_"],
    },
    Expected { file: "p10_report_injection", points: &[], words: &[] },
];

#[test]
fn attacks_end_as_they_must_and_harm_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let (submissions, out, temporary) =
        (folder.path().join("in"), folder.path().join("out"), folder.path().join("tmp"));
    for new in [&submissions, &temporary] {
        std::fs::create_dir(new).unwrap();
    }
    let mut neighbour = armed("p01_infinite_loop.ipynb");
    neighbour["cells"].as_array_mut().unwrap().retain(|c| !c["source"].to_string().contains("spin_loop"));
    let notebooks = EXPECTED.iter().map(|e| (e.file, armed(&format!("{}.ipynb", e.file))));
    for (name, notebook) in notebooks.chain([("neighbour", neighbour)]) {
        let folder = submissions.join(name).join("exercise3");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("exercise3.ipynb"), notebook.to_string()).unwrap();
    }
    let (mounts_before, library) = (mounts(), root().join("src/lib.rs"));
    let library_before = std::fs::read(&library).unwrap();
    let started = std::time::Instant::now();
    let run = Command::new(env!("CARGO_BIN_EXE_grader"))
        .args(["grade", "in", "--out", "out", "--course"])
        .arg(root())
        .env("TMPDIR", &temporary)
        .env("SECRET_TOKEN", "do not tell")
        .current_dir(folder.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let watch = Watch::over(run.id());
    let run = run.wait_with_output().unwrap();
    let all = watch.end();
    let table = String::from_utf8_lossy(&run.stdout);
    println!(
        "{table}{}\n{} processes in {:?}",
        String::from_utf8_lossy(&run.stderr),
        all.len(),
        started.elapsed()
    );
    assert_eq!(run.status.code(), Some(0), "everything is graded");

    // Nothing is left, and nothing but the results is new.
    assert!(all.len() > 20, "the boxes were seen");
    assert_all_gone(&all);
    assert_eq!(mounts(), mounts_before);
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0, "temporary files are left");
    assert_eq!(std::fs::read(&library).unwrap(), library_before);
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names.len(), 3, "{names:?}");

    let grades = read(&out.join("grades.json"));
    let reports = grades["submissions"].as_array().unwrap();
    let neighbour = Expected { file: "neighbour", points: &[("predict-first", 1.0)], words: &[] };
    for expected in EXPECTED.iter().chain([&neighbour]) {
        let report = reports.iter().find(|r| r["student"] == expected.file).unwrap();
        let text = report.to_string();
        let questions = report["questions"].as_array().unwrap();
        let got: BTreeMap<&str, f64> = questions
            .iter()
            .map(|q| {
                (q["id"].as_str().unwrap().trim_start_matches("exercise3-"), q["earned"].as_f64().unwrap())
            })
            .collect();
        let must: BTreeMap<&str, f64> = HONEST.iter().chain(expected.points).copied().collect();
        for (question, points) in must {
            assert_eq!(
                got.get(question),
                Some(&points),
                "{}: {question}\n{got:?}\n{}",
                expected.file,
                report["remarks"]
            );
        }
        for words in expected.words {
            assert!(text.contains(words), "{}: nobody says `{words}`: {}", expected.file, report["remarks"]);
        }
        // The cells' own source has the word, a result has it not.
        let said = text.matches("GOT-THROUGH").count();
        let source = report["cells"].to_string().matches("GOT-THROUGH").count();
        assert_eq!(said, source, "{}", expected.file);
        let page = std::fs::read_to_string(out.join(expected.file).join("exercise3/feedback.html"))
            .or_else(|_| std::fs::read_to_string(out.join(expected.file).join("feedback.html")))
            .unwrap();
        assert!(!page.contains("<script>document") && !page.contains('\u{1b}'), "{}", expected.file);
    }
    assert!(!table.contains('\u{1b}'), "no control codes on a pipe");
    assert!(!std::fs::read_to_string(out.join("grades.csv")).unwrap().contains("\n="), "no formula");
}
