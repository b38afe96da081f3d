//! What grading a class costs: a submission, an unchanged one, a changed rubric, memory; printed as one table.
//! `cargo run --release -p grader --example grade_bench -- [--copies N] [--jobs N]`; `grader` must be built beside it.
//! Its CPU column is the grader's own; a box is a process tree of its own, which the accounting of a control group counts.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

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
}

/// What one command took.
struct Cost {
    wall: f64,
    cpu: f64,
    /// Megabytes of the grader's own memory at its most.
    memory: u64,
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
    let run = |what: &str, class: &str| {
        let mut command = Command::new(&grader);
        let out = folder.path().join(format!("{class}-results"));
        command.current_dir(&root).arg(what).arg("--course").arg(&course).arg("--out").arg(out);
        if what == "grade" {
            command.arg("--jobs").arg(options.jobs.to_string()).arg(folder.path().join(class));
        }
        measured(&mut command)
    };
    // The kernel is built and the template made before anything is measured.
    let warm = folder.path().join("warm");
    class(&root.join("solutions"), &warm, 1);
    run("grade", "warm");
    println!("{:<52} {:>9} {:>9} {:>9} {:>7}", "", "own CPU", "wall s", "own each", "MB");
    let line = |what: &str, count: usize, cost: &Cost| {
        #[expect(clippy::cast_precision_loss, reason = "a class")]
        let each = cost.cpu / count.max(1) as f64;
        println!("{what:<52} {:>9.2} {:>9.2} {each:>9.3} {:>7}", cost.cpu, cost.wall, cost.memory);
    };
    line(&format!("{right} right submissions"), right, &run("grade", "right"));
    line("the same, unchanged", right, &run("grade", "right"));
    change_rubrics(&course.join("assignment"));
    line("the same, judged again by changed rubrics", right, &run("regrade", "right"));
    line(&format!("{mixed} bundled submissions, many wrong"), mixed, &run("grade", "mixed"));
    line("the same, unchanged", mixed, &run("grade", "mixed"));
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

/// Gives every question another title, so that everything is judged again.
fn change_rubrics(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in
        entries.flatten().map(|entry| entry.path()).filter(|p| p.extension().is_some_and(|e| e == "yaml"))
    {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        std::fs::write(&path, text.replace("title: \"", "title: \"Again: "))
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

fn measured(command: &mut Command) -> Cost {
    let before = children();
    let started = Instant::now();
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|e| panic!("the grader does not start: {e}"));
    let mut memory = 0;
    while let Ok(None) = child.try_wait() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|l| l.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
        memory = memory.max(kilobytes.unwrap_or(0) >> 10);
        std::thread::sleep(Duration::from_millis(2));
    }
    Cost { wall: started.elapsed().as_secs_f64(), cpu: children() - before, memory }
}

/// Seconds that all children and theirs have computed.
fn children() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = text[text.rfind(')').map_or(0, |k| k + 1)..].split_whitespace().collect();
    let ticks: f64 = fields.iter().skip(13).take(2).filter_map(|t| t.parse::<f64>().ok()).sum();
    #[expect(clippy::cast_precision_loss, reason = "a hundred")]
    let second = rustix::param::clock_ticks_per_second() as f64;
    ticks / second
}
