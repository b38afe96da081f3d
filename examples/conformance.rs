//! Brian2's conformance scenarios from any folder, run and compared: one line each, then the sum.
//! `cargo run --release --example conformance -- tests/goldens/conformance`

#[path = "../tests/brian2/conformance/mod.rs"]
mod conformance;

use std::collections::BTreeSet;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};

use conformance::Outcome;

const HELP: &str = "\
Runs models described as data and compares them with what Brian 2.9 computed.

usage: conformance DIR_OR_FILE...

Folders are searched for *.json, folders in them too; schema.json is left out.
One line for each scenario: `ok id`, `FAIL id: what differs first`, `UNSUPPORTED id: construct`,
then `N passed, M failed`. Exit code 0 if all passed, 1 if not, 2 if there was nothing to run.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|a| a == "-h" || a == "--help") {
        println!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let mut files = BTreeSet::new();
    for argument in &arguments {
        if let Err(error) = collect(Path::new(argument), &mut files) {
            eprintln!("error: `{argument}` cannot be read: {error}");
            return ExitCode::from(2);
        }
    }
    if files.is_empty() {
        eprintln!("error: there are no scenarios to run\n\n{HELP}");
        return ExitCode::from(2);
    }
    let files: Vec<PathBuf> = files.into_iter().collect();
    let outcomes = judge_all(&files);
    let passed = outcomes.iter().filter(|passed| **passed).count();
    println!("{passed} passed, {} failed", outcomes.len() - passed);
    if passed == outcomes.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn collect(path: &Path, files: &mut BTreeSet<PathBuf>) -> std::io::Result<()> {
    if path.is_dir() {
        for entry in std::fs::read_dir(path)? {
            let path = entry?.path();
            let is_scenario = path.extension().is_some_and(|e| e == "json");
            if path.is_dir() || (is_scenario && path.file_name().is_some_and(|n| n != "schema.json")) {
                collect(&path, files)?;
            }
        }
    } else {
        std::fs::metadata(path)?;
        files.insert(path.to_owned());
    }
    Ok(())
}

/// Judges in parallel and prints in order.
fn judge_all(files: &[PathBuf]) -> Vec<bool> {
    // A panic is a failed scenario like any other; its words go into the line, not onto the terminal.
    std::panic::set_hook(Box::new(|_| {}));
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(files.len());
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    let receiver = Mutex::new(receiver);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                loop {
                    let k = next.fetch_add(1, Ordering::Relaxed);
                    let Some(file) = files.get(k) else { return };
                    if sender.send((k, judge(file))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut waiting: Vec<Option<(bool, String)>> = vec![None; files.len()];
        let mut printed = 0;
        let receiver = receiver.lock().unwrap_or_else(PoisonError::into_inner);
        for (k, line) in receiver.iter() {
            waiting[k] = Some(line);
            while let Some(Some((_, line))) = waiting.get(printed) {
                println!("{line}");
                let _ = std::io::stdout().flush();
                printed += 1;
            }
        }
        waiting.into_iter().map(|line| line.is_some_and(|(passed, _)| passed)).collect()
    })
}

fn judge(file: &Path) -> (bool, String) {
    let name = file.file_stem().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let read = std::fs::read_to_string(file).map_err(|e| e.to_string());
    let scenario = read.and_then(|text| {
        serde_json::from_str::<serde_json::Value>(&text).map_err(|e| format!("not JSON: {e}"))
    });
    let scenario = match scenario {
        Ok(scenario) => scenario,
        Err(error) => return (false, format!("FAIL {name}: {error}")),
    };
    let id = scenario["id"].as_str().unwrap_or(&name).to_owned();
    let outcome = catch_unwind(AssertUnwindSafe(|| conformance::judge(&scenario))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        Outcome::Failed(format!("it panicked: {text}"))
    });
    match outcome {
        Outcome::Passed => (true, format!("ok {id}")),
        Outcome::Failed(why) => (false, format!("FAIL {id}: {why}")),
        Outcome::Unsupported(what) => (false, format!("UNSUPPORTED {id}: {what}")),
    }
}
