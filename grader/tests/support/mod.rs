//! What the tests of the sandbox share: sessions, and a watch over everything that a program starts.
//! The watch sees processes by their ancestry, so other programs on the machine do not disturb it.

#![allow(dead_code, reason = "each test uses a part")]

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use grader::kernel::{KernelEnvironment, Session};
use grader::outcome::Isolation;
use grader::runner::{CellRun, Kernel, Limits};

pub(crate) const LIMIT: Duration = Duration::from_secs(60);

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

pub(crate) async fn environment(isolation: Isolation) -> KernelEnvironment {
    KernelEnvironment::prepare(isolation).await.unwrap_or_else(|e| panic!("no kernel: {e}"))
}

/// A session in the sandbox.
pub(crate) async fn session(limits: Limits) -> Session {
    let environment = environment(Isolation::Full).await;
    let started = Instant::now();
    let session =
        Session::start(&environment, limits.of_box()).await.unwrap_or_else(|e| panic!("no box: {e}"));
    eprintln!("start {:.2} s", started.elapsed().as_secs_f64());
    session
}

pub(crate) async fn run(session: &mut Session, code: &str) -> CellRun {
    run_for(session, code, LIMIT).await
}

pub(crate) async fn run_for(session: &mut Session, code: &str, limit: Duration) -> CellRun {
    let run = session.execute(code, limit).await.unwrap_or_else(|e| panic!("{e}\n{code}"));
    eprintln!(
        "{:6.2} s, {:6.2} s CPU {:?} {:?}\n    {code}",
        run.seconds, run.cpu_seconds, run.status, run.message
    );
    run
}

/// A process: its number, and when it started, because numbers are used again.
type Process = (u32, String);

/// Number → parent and start of every process there is.
fn processes() -> HashMap<u32, (u32, String)> {
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let text = String::from_utf8_lossy(&std::fs::read(entry.path().join("stat")).ok()?).into_owned();
            let fields: Vec<&str> = text[text.rfind(')')? + 1..].split_whitespace().collect();
            // The dead that nobody has waited for yet do no harm.
            (fields[0] != "Z").then(|| (pid, (fields[1].parse().unwrap(), fields[19].to_owned())))
        })
        .collect()
}

/// Everything that descends from `ancestor`.
pub(crate) fn descendants(ancestor: u32) -> BTreeSet<Process> {
    let all = processes();
    let descends = |mut pid: u32| {
        for _ in 0..64 {
            match all.get(&pid) {
                Some((parent, _)) if *parent == ancestor => return true,
                Some((parent, _)) => pid = *parent,
                None => return false,
            }
        }
        false
    };
    all.iter().filter(|(pid, _)| descends(**pid)).map(|(pid, (_, start))| (*pid, start.clone())).collect()
}

/// Those of `list` that still run.
pub(crate) fn alive(list: &BTreeSet<Process>) -> Vec<Process> {
    let all = processes();
    list.iter().filter(|(pid, start)| all.get(pid).is_some_and(|(_, s)| s == start)).cloned().collect()
}

/// Waits until none of `list` runs any more; fails after some seconds.
pub(crate) fn assert_all_gone(list: &BTreeSet<Process>) {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(5) && !alive(list).is_empty() {
        std::thread::sleep(Duration::from_millis(20));
    }
    let left = alive(list);
    let names = left.iter().map(|(pid, _)| std::fs::read_to_string(format!("/proc/{pid}/comm")));
    assert!(left.is_empty(), "still running: {:?}", names.collect::<Vec<_>>());
}

/// Collects everything that a process starts while it runs.
pub(crate) struct Watch {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<BTreeSet<Process>>,
}

impl Watch {
    pub(crate) fn over(ancestor: u32) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let stop = Arc::clone(&stop);
            move || {
                let mut seen = BTreeSet::new();
                while !stop.load(Ordering::Relaxed) {
                    seen.extend(descendants(ancestor));
                    std::thread::sleep(Duration::from_millis(50));
                }
                seen
            }
        });
        Self { stop, thread }
    }

    pub(crate) fn end(self) -> BTreeSet<Process> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// The mounts that this process sees.
pub(crate) fn mounts() -> String {
    std::fs::read_to_string("/proc/self/mountinfo").unwrap()
}
