//! `grader check` as its users call it: right, wrong and half-finished notebooks, from a terminal.
//! The program's own process, the real compiler; no kernel.

use std::path::{Path, PathBuf};
use std::process::Command;

use grader::notebook::Notebook;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// Exit code and what was said.
fn check(notebook: &Path) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_grader"));
    command.arg("check").arg(notebook).current_dir(root()).env("NO_COLOR", "1");
    let output = command.output().expect("the program starts");
    let words =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), words)
}

/// The solution of exercise 1 with texts replaced, beside the public checks that students got.
fn changed(folder: &Path, changes: &[(&str, &str, &str)]) -> PathBuf {
    let load = |name: &str| Notebook::load(&root().join(name)).expect("a notebook");
    let mut notebook = load("solutions/exercise1.ipynb");
    let released = load("assignment/exercise1.ipynb");
    notebook.set_public_checks(&released.public_checks().expect("public checks"));
    for (id, from, to) in changes {
        let cell = notebook.cells_mut().iter_mut().find(|c| c.grade_id().as_deref() == Some(*id)).expect(id);
        let text = cell.source();
        assert!(text.contains(from), "{id}: {text}");
        cell.set_source(&text.replace(from, to));
    }
    let file = folder.join("mine.ipynb");
    notebook.save(&file).expect("saved");
    file
}

#[test]
fn a_solution_passes_and_the_handed_out_notebook_waits() {
    let (code, words) = check(Path::new("solutions/exercise1.ipynb"));
    assert_eq!(code, Some(0), "{words}");
    assert!(words.contains("10 of 10 checks pass") && !words.contains('✗'), "{words}");
    let (code, words) = check(Path::new("assignment/exercise1.ipynb"));
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("cell 4 has a blank in line 1") && words.contains("0 of 10"), "{words}");
}

#[test]
fn mistakes_are_placed_and_the_rest_is_still_checked() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = changed(
        folder.path(),
        &[
            ("exercise1-charge", "10.0 * ms;", "20.0 * ms;"),
            ("exercise1-theory", "let t_charge = ", "let wrong: f64 = 1.0 * ms;\nlet t_charge = "),
            ("exercise1-spike", ".threshold(\"v > 0.8\")", ".threshold(\"w > 0.8\")"),
            ("exercise1-interval", "let interval = tau", "let interval = tua"),
            ("exercise1-predict-charge", "\"c\";", "(\"c\";"),
        ],
    );
    let (code, words) = check(&file);
    assert_eq!(code, Some(1), "{words}");
    for said in [
        "✓ The time constant: is 20 ms",
        "✗ The potential while the neuron charges",
        "leave the expected",
        "cell 6, line 1",
        "expected `f64`, found `Quantity`",
        "multiply by a unit",
        "cell 10 needs `t_charge` of cell 6",
        "cell 14 stopped",
        "unknown name `w`",
        "cell 16, line 4",
        "did you mean `tau`?",
        "cell 8, line 4",
        "✓ Your answer: `b`",
    ] {
        assert!(words.contains(said), "{said} is missing from\n{words}");
    }
    // The library's own reports are shown as they are.
    assert!(words.lines().filter(|l| !l.contains('│')).all(|l| l.chars().count() <= 80), "{words}");
}

#[test]
fn what_only_a_kernel_can_do_is_left_to_it_and_endless_cells_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let loops = "println!(\"one spike every {interval}\"); loop { std::hint::black_box(0); }";
    let file = changed(
        folder.path(),
        &[
            ("exercise1-setup", "use spikelab", ":dep nothing\nuse spikelab"),
            ("exercise1-interval", "println!(\"one spike every {interval}\");", loops),
        ],
    );
    let (_, words) = check(&file);
    assert!(words.contains("works in Jupyter only"), "{words}");
    let file =
        changed(folder.path(), &[("exercise1-interval", "println!(\"one spike every {interval}\");", loops)]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_grader"));
    let output =
        command.args(["check", "--seconds", "2"]).arg(&file).current_dir(root()).output().expect("starts");
    let words = String::from_utf8_lossy(&output.stdout);
    assert!(words.contains("longer than 2 seconds") && words.contains("✓ The spike times"), "{words}");
}

#[test]
fn what_is_no_notebook_is_refused() {
    let (code, words) = check(Path::new("README.md"));
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("README.md") && words.contains("not JSON"), "{words}");
}
