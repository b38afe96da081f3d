//! Killed at random instants, interrupted, or started twice: the same command ends with the marks of a quiet run.
//! Instants are drawn anew each time; a failure prints them.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::child::{Finished, Task, root};
use super::class::{assert_whole, class, csv, marks};

/// Numbers from 0 to 1 that are others in each run.
struct Chance(u64);

impl Chance {
    fn new() -> Self {
        let seed = u64::from_le_bytes(uuid::Uuid::new_v4().as_bytes()[..8].try_into().unwrap());
        println!("seed {seed}");
        Self(seed | 1)
    }

    fn next(&mut self) -> f64 {
        // xorshift64*: good enough to choose instants.
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 40;
        f64::from(u32::try_from(bits).unwrap()) / f64::from(1_u32 << 24)
    }
}

fn signal(process: u32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(process.cast_signed()).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}

/// What a run that nobody disturbs gives, and how long it takes.
fn undisturbed(count: usize) -> (String, Vec<String>, Duration) {
    let (_folder, mut task) = class(count);
    task.pace = 5;
    let started = Instant::now();
    let finished = task.finish();
    assert_eq!(finished.code, Some(1), "{}\n{}", finished.stdout, finished.stderr);
    (relative(&task), marks(&task), started.elapsed())
}

/// grades.csv without the folder of this test.
fn relative(task: &Task) -> String {
    csv(task).replace(&task.submissions.display().to_string(), "")
}

#[test]
fn killed_at_any_instant_the_same_command_ends_with_the_same_marks() {
    const COUNT: usize = 8;
    const ROUNDS: usize = 14;
    let (csv, marks_then, duration) = undisturbed(COUNT);
    let mut chance = Chance::new();
    let mut kills = 0;
    for _ in 0..ROUNDS {
        let (_folder, mut task) = class(COUNT);
        task.pace = 5;
        // Killed again and again until one gets through, because resuming must itself be resumable.
        for _ in 0..4 {
            let mut child = task.start();
            std::thread::sleep(duration.mul_f64(chance.next()));
            child.kill().unwrap();
            kills += usize::from(child.wait().unwrap().code().is_none());
            assert_whole(&task);
        }
        let finished = task.finish();
        assert_eq!(finished.code, Some(1), "{}\n{}", finished.stdout, finished.stderr);
        assert_whole(&task);
        assert_eq!(marks(&task), marks_then);
        assert_eq!(relative(&task), csv);
        for student in 0..COUNT {
            assert!(task.out.join(format!("student{student:02}/feedback.html")).exists());
        }
    }
    assert!(kills > ROUNDS, "only {kills} were killed before their end");
    println!("{kills} kills");
}

#[test]
fn a_power_cut_costs_what_was_not_finished_and_nothing_else() {
    const COUNT: usize = 8;
    let (csv, marks_then, duration) = undisturbed(COUNT);
    let mut chance = Chance::new();
    for _ in 0..6 {
        let (_folder, mut task) = class(COUNT);
        task.pace = 5;
        let mut child = task.start();
        std::thread::sleep(duration.mul_f64(0.3 + 0.7 * chance.next()));
        child.kill().unwrap();
        child.wait().unwrap();
        // Of what had not reached the disk any part may be missing: the log ends anywhere.
        let log = task.out.join("gradebook.db-wal");
        if let Ok(bytes) = std::fs::read(&log) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let end = (bytes.len() as f64 * chance.next()) as usize;
            std::fs::write(&log, &bytes[..end]).unwrap();
            drop(std::fs::remove_file(task.out.join("gradebook.db-shm")));
        }
        assert_whole(&task);
        let finished = task.finish();
        assert_eq!(finished.code, Some(1), "{}\n{}", finished.stdout, finished.stderr);
        assert_eq!(marks(&task), marks_then);
        assert_eq!(relative(&task), csv);
    }
}

/// Waits until the child has stored a run.
fn until_something_is_stored(task: &Task) {
    let started = Instant::now();
    while task.runs() < 2 {
        assert!(started.elapsed() < Duration::from_secs(60), "no run was made");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn an_interruption_ends_cleanly_and_says_how_to_go_on() {
    for sign in [rustix::process::Signal::INT, rustix::process::Signal::TERM] {
        let (_folder, mut task) = class(6);
        task.pace = 300;
        let mut child = task.start();
        until_something_is_stored(&task);
        signal(child.id(), sign);
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{said}");
        assert!(said.contains("run the same command again"), "{said}");
        assert_whole(&task);
        let before = task.runs();
        assert!(before < 6, "it was interrupted in the middle");
        assert!(csv(&task).lines().count() >= 2, "what is finished is in the reports");
        let finished = task.finish();
        assert_eq!(finished.code, Some(1));
        assert!(task.runs() < before + 6, "what was stored is not run again");
        assert!(!finished.stderr.contains("was ended in the middle"), "{}", finished.stderr);
        assert_eq!(csv(&task).lines().count(), 8);
    }
}

#[test]
fn a_second_grader_is_told_who_the_first_is() {
    let (_folder, mut task) = class(4);
    task.pace = 600;
    let first = task.start();
    until_something_is_stored(&task);
    let second = task.finish();
    assert_eq!(second.code, Some(1));
    let who = format!("another grader (process {} on ", first.id());
    assert!(second.stderr.contains(&who), "{}", second.stderr);
    let first = Finished::from(first.wait_with_output().unwrap());
    assert_eq!(first.code, Some(1), "the first is not disturbed: {}", first.stderr);
    assert_eq!(csv(&task).lines().count(), 6);
}

#[test]
fn a_killed_grader_is_recognised_and_its_lock_is_free() {
    let (_folder, mut task) = class(4);
    task.pace = 400;
    let mut child = task.start();
    until_something_is_stored(&task);
    child.kill().unwrap();
    child.wait().unwrap();
    let finished = task.finish();
    let who = format!("(process {} on ", child.id());
    assert!(finished.stderr.contains(&who) && finished.stderr.contains("going on"), "{}", finished.stderr);
    assert_eq!(finished.code, Some(1));
}

/// The processes that carry a mark in their environment.
fn marked(mark: &str) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let ids = processes.filter_map(|p| p.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|id| {
        let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        environment.windows(mark.len()).any(|w| w == mark.as_bytes())
    })
    .collect()
}

#[test]
fn killed_in_the_middle_of_a_real_run_it_goes_on_and_leaves_no_kernel() {
    let folder = tempfile::tempdir().unwrap();
    let submissions = folder.path().join("submissions");
    std::fs::create_dir(&submissions).unwrap();
    for name in ["anna_berg.ipynb", "noor_elamin.ipynb"] {
        std::fs::copy(root().join("tests/submissions").join(name), submissions.join(name)).unwrap();
    }
    let out = folder.path().join("results");
    let mark = format!("SPIKELAB_TEST_MARK={}", uuid::Uuid::new_v4());
    let command = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_grader"));
        command.arg("grade").arg(&submissions).arg("--out").arg(&out).current_dir(root());
        command.env("SPIKELAB_TEST_MARK", mark.split_once('=').unwrap().1);
        command.stdin(Stdio::null());
        command
    };
    let mut chance = Chance::new();
    for _ in 0..3 {
        let mut child = command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_secs(1) + Duration::from_secs(9).mul_f64(chance.next()));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let started = Instant::now();
    while !marked(&mark).is_empty() {
        assert!(started.elapsed() < Duration::from_secs(20), "left behind: {:?}", marked(&mark));
        std::thread::sleep(Duration::from_millis(100));
    }
    let finished = Finished::from(command().output().unwrap());
    println!("{}{}", finished.stdout, finished.stderr);
    assert_eq!(finished.code, Some(0));
    let csv = std::fs::read_to_string(out.join("grades.csv")).unwrap();
    assert!(csv.contains("exercise1,anna_berg,20,20,graded"), "{csv}");
    assert!(csv.contains("exercise3,noor_elamin,"), "{csv}");
    let again = Finished::from(command().output().unwrap());
    assert!(again.stdout.contains("2 unchanged"), "{}", again.stdout);
    assert!(marked(&mark).is_empty());
}
