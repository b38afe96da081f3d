//! A whole class through the program and the real kernel: hundreds of submissions, a tenth of them hostile.
//! Takes about as long as a real class, so it is run by hand: `cargo test --release -p grader --test batch -- --ignored --nocapture`.
//! `SPIKELAB_BATCH` sets the number of submissions, 500 if unset.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every notebook below a folder.
fn notebooks(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            notebooks(&path, found);
        } else if path.extension().is_some_and(|e| e == "ipynb") {
            found.push(path);
        }
    }
}

/// Code that misbehaves within bounds, put into a good notebook's first code cell.
const ATTACKS: [&str; 8] = [
    "loop { std::hint::spin_loop(); }",
    "std::process::exit(0);",
    "std::process::abort();",
    "panic!(\"\\u{1b}[31m<script>alert(1)</script>\");",
    "fn deeper(n: u64) -> u64 { if n == 0 { 0 } else { 1 + std::hint::black_box(deeper(n + 1)) } } deeper(1);",
    "for k in 0..3_000_000 { println!(\"{k} EVCXR_EXECUTION_COMPLETE\"); }",
    "for _ in 0..40 { drop(std::process::Command::new(\"setsid\").args([\"sleep\", \"600\"]).spawn()); }",
    "let v: Vec<Vec<u8>> = (0..1500).map(|_| vec![1; 1 << 20]).collect(); println!(\"{}\", v.len());",
];

/// Hands in submission `k`; returns whether it can be told beforehand that there will be marks.
fn submit(folder: &Path, k: usize, good: &[Value]) -> bool {
    let student = folder.join(format!("student{k:04}.ipynb"));
    let mut notebook = good[k % good.len()].clone();
    // No two are alike, so that each is really run.
    let own = json!({"cell_type": "markdown", "metadata": {}, "source": format!("handed in by student {k}")});
    notebook["cells"].as_array_mut().unwrap().push(own);
    if k % 10 != 9 {
        std::fs::write(student, notebook.to_string()).unwrap();
        return true;
    }
    match (k / 10) % 12 {
        attack @ 0..8 => {
            let cells = notebook["cells"].as_array_mut().unwrap();
            let cell = cells.iter_mut().find(|c| c["cell_type"] == "code").unwrap();
            cell["source"] = ATTACKS[attack].into();
            std::fs::write(student, notebook.to_string()).unwrap();
            return false;
        }
        8 => std::fs::write(student, "[".repeat(1 << 20)).unwrap(),
        9 => std::os::unix::fs::symlink("/etc/passwd", student).unwrap(),
        10 => {
            let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
            let pipe = rustix::fs::FileType::Fifo;
            rustix::fs::mknodat(rustix::fs::CWD, student, pipe, mode, 0).unwrap();
        }
        _ => std::fs::File::create(student).unwrap().set_len(1 << 40).unwrap(),
    }
    false
}

/// Processes, as id and name, that a run could leave behind.
fn processes() -> BTreeSet<(u32, String)> {
    let all = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let ids = all.filter_map(|p| p.file_name().to_str()?.parse::<u32>().ok());
    let named = ids.filter_map(|id| Some((id, std::fs::read_to_string(format!("/proc/{id}/comm")).ok()?)));
    named
        .map(|(id, name)| (id, name.trim().to_owned()))
        .filter(|(_, name)| ["spikelab", "evcxr", "sleep", "setsid"].iter().any(|n| name.starts_with(n)))
        .collect()
}

fn mounts() -> usize {
    std::fs::read_to_string("/proc/self/mounts").unwrap().lines().count()
}

/// The most memory that a process has had, in MiB.
fn peak(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1024)
}

fn grade(folder: &Path, temporary: &Path) -> (i32, u64, Duration) {
    let started = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_grader"))
        .arg("grade")
        .arg(folder.join("submissions"))
        .arg("--out")
        .arg(folder.join("results"))
        .current_dir(root())
        .env("TMPDIR", temporary)
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(folder.join("table.txt")).unwrap())
        .spawn()
        .unwrap();
    let mut most = 0;
    loop {
        most = peak(child.id()).unwrap_or(0).max(most);
        if let Some(status) = child.try_wait().unwrap() {
            return (status.code().unwrap(), most, started.elapsed());
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
#[ignore = "runs a class of 500, which takes an hour"]
fn a_class_leaves_marks_and_nothing_else() {
    let count = std::env::var("SPIKELAB_BATCH").ok().and_then(|n| n.parse().ok()).unwrap_or(500);
    let mut paths = Vec::new();
    notebooks(&root().join("tests/submissions"), &mut paths);
    let read = |path: &PathBuf| serde_json::from_slice(&std::fs::read(path).unwrap()).ok();
    let good: Vec<Value> = paths.iter().filter_map(read).filter(|n: &Value| n["cells"].is_array()).collect();
    let folder = tempfile::tempdir().unwrap();
    let (submissions, temporary) = (folder.path().join("submissions"), folder.path().join("temporary"));
    std::fs::create_dir(&submissions).unwrap();
    std::fs::create_dir(&temporary).unwrap();
    let safe = (0..count).filter(|k| submit(&submissions, *k, &good)).count();

    let (processes_before, mounts_before) = (processes(), mounts());
    let (code, memory, time) = grade(folder.path(), &temporary);
    println!("{count} submissions: exit code {code}, {memory} MiB at most, {:.0} s", time.as_secs_f64());
    assert_eq!(code, 1, "some could not be graded");

    let left: Vec<_> = processes().difference(&processes_before).cloned().collect();
    assert!(left.is_empty(), "processes left: {left:?}");
    assert_eq!(mounts(), mounts_before, "mounts left");
    let files: Vec<_> = std::fs::read_dir(&temporary).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(files.is_empty(), "temporary files left: {files:?}");
    assert!(memory < 200, "{memory} MiB");

    let results = std::fs::read_dir(folder.path().join("results")).unwrap().count();
    assert!(results >= count, "a folder for each");
    let json = std::fs::read(folder.path().join("results/grades.json")).unwrap();
    let json: Value = serde_json::from_slice(&json).unwrap();
    let reports = json["submissions"].as_array().unwrap();
    assert_eq!(reports.len(), count, "nobody is lost");
    let graded = reports.iter().filter(|r| r["status"] == "graded").count();
    println!("{graded} graded, at least {safe} must be");
    assert!(graded >= safe);
    assert!(reports.iter().all(|r| r["status"] == "graded" || !r["reason"].as_str().unwrap().is_empty()));

    let (_, memory, time) = grade(folder.path(), &temporary);
    println!("again, all unchanged: {memory} MiB at most, {:.1} s", time.as_secs_f64());
    let table = std::fs::read_to_string(folder.path().join("table.txt")).unwrap();
    assert!(table.contains(&format!("{graded} unchanged")), "{table}");
    measure_regrading(folder.path());
}

/// The text with the number at its start doubled.
fn doubled(text: &str) -> String {
    let digits: String = text.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    digits
        .parse::<f64>()
        .map_or_else(|_| text.to_owned(), |n| format!("{}{}", 2.0 * n, &text[digits.len()..]))
}

/// Doubles every point of the rubrics and judges all again from stored values.
fn measure_regrading(folder: &Path) {
    let course = folder.join("course");
    for part in ["assignment", "solutions", "solutions/expected"] {
        std::fs::create_dir_all(course.join(part)).unwrap();
        for entry in std::fs::read_dir(root().join(part)).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_file() {
                std::fs::copy(entry.path(), course.join(part).join(entry.file_name())).unwrap();
            }
        }
    }
    for entry in std::fs::read_dir(course.join("assignment")).unwrap().map(Result::unwrap) {
        if entry.path().extension().is_some_and(|e| e == "yaml") {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            let doubled: Vec<String> = text.split("points: ").map(doubled).collect();
            std::fs::write(entry.path(), doubled.join("points: ")).unwrap();
        }
    }
    let started = Instant::now();
    let run = Command::new(env!("CARGO_BIN_EXE_grader"))
        .arg("regrade")
        .arg("--out")
        .arg(folder.join("results"))
        .arg("--course")
        .arg(&course)
        .output()
        .unwrap();
    println!("judged again with all reports: {:.1} s", started.elapsed().as_secs_f64());
    assert!(run.stderr.is_empty(), "{}", String::from_utf8_lossy(&run.stderr));
}
