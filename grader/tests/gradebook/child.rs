//! The grader as a process of its own, with values made up from the expected ones instead of a kernel's.
//! The test program starts itself with one test, `grade`, which does what the command line would do.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use grader::commands::{self, Outcome, Place, Request};
use grader::course::{Course, Rubric};
use grader::executor::Executor;
use grader::notebook::Notebook;
use grader::outcome::{CellOutcome, CellStatus, Transcript};
use grader::runner::KernelFailure;
use serde::{Deserialize, Serialize};

/// What a child has to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) submissions: PathBuf,
    pub(crate) out: PathBuf,
    pub(crate) course: PathBuf,
    pub(crate) force: bool,
    /// Judge again without a kernel instead.
    pub(crate) regrade: bool,
    /// Milliseconds that each run takes.
    pub(crate) pace: u64,
    /// A line is added here for each run.
    pub(crate) log: PathBuf,
    /// Notebooks that hold this text find a kernel that fails.
    pub(crate) failing: Option<String>,
}

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

impl Task {
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            submissions: folder.join("submissions"),
            out: folder.join("results"),
            course: root(),
            force: false,
            regrade: false,
            pace: 0,
            log: folder.join("runs.log"),
            failing: None,
        }
    }

    /// A command that does it.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "child::grade", "--ignored", "--nocapture", "--test-threads=1"]);
        command.env("SPIKELAB_TEST_TASK", serde_json::to_string(self).unwrap());
        command.env("NO_COLOR", "1").stdin(Stdio::null());
        command
    }

    pub(crate) fn start(&self) -> Child {
        self.command().stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Does it to the end.
    pub(crate) fn finish(&self) -> Finished {
        Finished::from(self.command().output().unwrap())
    }

    /// How many notebooks were run so far.
    pub(crate) fn runs(&self) -> usize {
        std::fs::read_to_string(&self.log).map_or(0, |text| text.lines().count())
    }
}

/// How a child ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Finished {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }
}

/// In place of the kernel: gives each question its expected values, or leaves them out, by the notebook's bytes.
struct MadeUp {
    task: Task,
    course: Course,
}

impl Executor for MadeUp {
    fn environment(&self) -> grader::Result<String> {
        Ok("made up".to_owned())
    }

    async fn prepare(&self) -> grader::Result<()> {
        Ok(())
    }

    async fn run(&self, notebook: &Notebook, rubric: &Rubric) -> Result<Transcript, KernelFailure> {
        let text = notebook.to_json();
        let line = grader::fingerprint::sha256(text.as_bytes()) + "\n";
        tokio::time::sleep(Duration::from_millis(self.task.pace)).await;
        if self.task.failing.as_ref().is_some_and(|mark| text.contains(mark)) {
            return Err(KernelFailure("made to fail".to_owned()));
        }
        let mut log = std::fs::File::options().create(true).append(true).open(&self.task.log).unwrap();
        log.write_all(line.as_bytes()).unwrap();
        let expected = self.course.assignment(&rubric.assignment).unwrap().expected;
        let digit = |k: usize| u32::from(line.as_bytes()[k % 64]);
        let mut evidence = expected.questions;
        for (k, values) in evidence.values_mut().enumerate() {
            if digit(k) % 3 == 0 {
                values.clear();
            }
        }
        let cells = notebook.cells().iter().enumerate().filter(|(_, cell)| cell.is_code());
        let cells = cells.map(|(index, cell)| CellOutcome {
            index,
            grade_id: cell.grade_id(),
            source: cell.source(),
            status: CellStatus::Ok,
            seconds: f64::from(digit(index)) / 1000.0,
            message: None,
            output: String::new(),
        });
        let remarks = vec![format!("made up from {}", &line[..8])];
        Ok(Transcript { cells: cells.collect(), evidence, remarks, ..Transcript::default() })
    }
}

#[test]
#[ignore = "started by the other tests, as a process of its own"]
fn grade() {
    let Ok(task) = std::env::var("SPIKELAB_TEST_TASK") else { return };
    let task: Task = serde_json::from_str(&task).unwrap();
    let place = Place { out: task.out.clone(), gradebook: None, course: Some(task.course.clone()) };
    let done = if task.regrade {
        commands::regrade(&place, Some(2), &commands::Telling::default())
    } else {
        let course = Course::find(Some(&task.course)).unwrap();
        let request = Request {
            paths: vec![task.submissions.clone()],
            place,
            jobs: Some(2),
            force: task.force,
            largest: 8 << 20,
            isolation: grader::outcome::Isolation::None,
            telling: commands::Telling::default(),
        };
        commands::grade_by(MadeUp { task, course }, &request)
    };
    let code = match done {
        Ok(Outcome::Done) => 0,
        Ok(Outcome::Incomplete) => 1,
        Ok(Outcome::Below) => 4,
        Ok(Outcome::Interrupted) => 130,
        Err(e) => {
            eprintln!("{e}");
            i32::from(e.exit_code())
        }
    };
    std::process::exit(code);
}
