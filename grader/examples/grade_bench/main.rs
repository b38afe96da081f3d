//! What grading a class costs: a submission, an unchanged one, a changed rubric, memory; printed as one table.
//! `cargo run --release -p grader --example grade_bench -- [--copies N] [--jobs N] [--nbgrader N]`; `grader` must be built beside it.

mod account;
mod nbgrader;

use std::path::{Path, PathBuf};
use std::process::Command;

use account::{Account, Cost};
use clap::Parser;

#[derive(Parser)]
struct Options {
    /// Copies of each solution, made distinct by a comment, as a class that answers everything rightly
    #[arg(long, default_value_t = 4)]
    copies: usize,
    /// Copies of each bundled submission, among them wrong and broken ones
    #[arg(long, default_value_t = 1)]
    bundled: usize,
    /// Submissions run at the same time
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Notebooks that `nbgrader autograde` grades beside it, where it is installed; each compiles the library anew
    #[arg(long, default_value_t = 0)]
    nbgrader: usize,
}

fn main() {
    let options = Options::parse();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default();
    let grader = std::env::current_exe()
        .ok()
        .and_then(|own| Some(own.parent()?.parent()?.join("grader")))
        .filter(|path| path.exists())
        .unwrap_or_else(|| panic!("build it first: cargo build --release -p grader"));
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("a folder for the class: {e}"));
    // A course of its own, because its rubrics are changed between two judgements.
    let course = folder.path().join("course");
    for part in ["assignment", "solutions"] {
        copy(&root.join(part), &course.join(part)).unwrap_or_else(|e| panic!("a copy of the course: {e}"));
    }
    let right = class(&root.join("solutions"), &folder.path().join("right"), options.copies);
    let mixed = class(&root.join("tests/submissions"), &folder.path().join("mixed"), options.bundled);
    let account = Account::open();
    let run = |what: &str, class: &str| {
        let mut command = Command::new(&grader);
        let out = folder.path().join(format!("{class}-results"));
        command.current_dir(&root).arg(what).arg("--course").arg(&course).arg("--out").arg(out);
        if what == "grade" {
            command.arg("--jobs").arg(options.jobs.to_string()).arg(folder.path().join(class));
        }
        account.measured(command)
    };
    // The kernel is built and the template made before anything is measured.
    let warm = folder.path().join("warm");
    class(&root.join("solutions"), &warm, 1);
    run("grade", "warm");
    let column = if account.is_whole() { "CPU s" } else { "own CPU" };
    println!("{:<52} {:>9} {:>9} {:>9} {:>7}", "", column, "wall s", "CPU each", "MB");
    let line = |what: &str, count: usize, cost: &Cost| {
        #[expect(clippy::cast_precision_loss, reason = "a class")]
        let each = cost.cpu / count.max(1) as f64;
        println!("{what:<52} {:>9.2} {:>9.2} {each:>9.3} {:>7}", cost.cpu, cost.wall, cost.memory);
    };
    line(&format!("{right} right submissions"), right, &run("grade", "right"));
    line("the same, unchanged", right, &run("grade", "right"));
    let rubrics = course.join("assignment");
    change_rubrics(&rubrics, usize::MAX);
    line("the same, judged again, every question changed", right, &run("regrade", "right"));
    change_rubrics(&rubrics, 1);
    line("the same, judged again, one question changed", right, &run("regrade", "right"));
    line(&format!("{mixed} bundled submissions, many wrong"), mixed, &run("grade", "mixed"));
    line("the same, unchanged", mixed, &run("grade", "mixed"));
    if options.nbgrader > 0 {
        match nbgrader::course(&root, &folder.path().join("nbgrader"), options.nbgrader, &grader) {
            Ok(autograde) => {
                let what = format!("nbgrader autograde, {} right notebooks", options.nbgrader);
                let cost = account.measured(autograde);
                line(&what, options.nbgrader, &cost);
                if cost.code != Some(0) {
                    println!(
                        "nbgrader autograde failed with code {:?}: its line counts for nothing",
                        cost.code
                    );
                }
            }
            Err(why) => println!("nbgrader was not run: {why}"),
        }
    }
}

/// Copies all notebooks below `from`, each made distinct by a comment in its last code cell; how many there are.
fn class(from: &Path, to: &Path, copies: usize) -> usize {
    let mut notebooks = Vec::new();
    gather(from, &mut notebooks);
    let mut count = 0;
    for copy in 0..copies {
        for notebook in &notebooks {
            let Ok(text) = std::fs::read_to_string(notebook) else { continue };
            let Ok(mut json) = serde_json::from_str::<serde_json::Value>(&text) else { continue };
            let cells = json["cells"].as_array_mut().into_iter().flatten();
            let Some(cell) = cells.filter(|cell| cell["cell_type"] == "code").last() else { continue };
            let source = match &cell["source"] {
                serde_json::Value::Array(lines) => lines.iter().filter_map(|l| l.as_str()).collect(),
                other => other.as_str().unwrap_or_default().to_owned(),
            };
            cell["source"] = format!("{source}\n// copy {copy}").into();
            let name = notebook.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let place = to.join(format!("{name}_{count}"));
            std::fs::create_dir_all(&place)
                .and_then(|()| {
                    std::fs::write(place.join(notebook.file_name().unwrap_or_default()), json.to_string())
                })
                .unwrap_or_else(|e| panic!("{}: {e}", place.display()));
            count += 1;
        }
    }
    count
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

/// Gives another title to every question of each rubric, or to so many.
fn change_rubrics(folder: &Path, most: usize) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in
        entries.flatten().map(|entry| entry.path()).filter(|p| p.extension().is_some_and(|e| e == "yaml"))
    {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let title = "\n    title: \"";
        std::fs::write(&path, text.replacen(title, &format!("{title}Again: "), most))
            .unwrap_or_else(|e| panic!("{e}"));
    }
}

fn gather(folder: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            gather(&path, out);
        } else if path.extension().is_some_and(|e| e == "ipynb") {
            out.push(path);
        }
    }
    out.sort();
}
