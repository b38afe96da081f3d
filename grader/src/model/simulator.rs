//! Processes in which networks are simulated again, each with limits of computing time and memory.
//! A description that exhausts memory, overflows the stack or never ends costs such a process, not the grader.

use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use spikelab::description::NetworkDescription;

use super::simulate::{Failure, Values, here};

/// The word by which the program is asked to be such a process.
const COMMAND: &str = "simulate";
/// Deep enough for the longest formulas that are taken.
const STACK: usize = 64 << 20;
/// On the clock a network may take so many times its computing time: the machine may be busy.
const PATIENCE: u32 = 30;

/// Simulates networks in processes of their own, as many at a time as it is asked to.
#[derive(Debug)]
pub struct Simulator {
    program: PathBuf,
    /// Computing time of one network.
    seconds: f64,
    /// Bytes of memory of one process.
    memory: u64,
    idle: Mutex<Vec<Worker>>,
}

#[derive(Serialize, Deserialize)]
struct Job {
    description: NetworkDescription,
    wanted: Vec<String>,
    seconds: f64,
}

type Answer = Result<Values, Failure>;

static INSTALLED: OnceLock<Simulator> = OnceLock::new();

/// The one that the program uses.
pub(super) fn installed() -> Option<&'static Simulator> {
    INSTALLED.get()
}

impl Simulator {
    /// One that starts `program`, which must answer to the word `simulate` with [`serve`].
    #[must_use]
    pub fn new(program: &Path) -> Self {
        Self { program: program.to_owned(), seconds: 20.0, memory: 3 << 30, idle: Mutex::default() }
    }

    /// Other limits: seconds of computing of one network, bytes of memory of one process.
    #[must_use]
    pub fn with_limits(self, seconds: f64, memory: u64) -> Self {
        Self { seconds, memory, ..self }
    }

    /// Lets everything in this process be simulated by it from now on; the first one stays.
    pub fn install(self) {
        drop(INSTALLED.set(self));
    }

    /// Values of the named objects after everything in the description was done again.
    ///
    /// # Errors
    /// A description that takes too long or too much memory, or is refused by the library.
    pub fn simulate(&self, description: &NetworkDescription, wanted: &[String]) -> Answer {
        let job = Job { description: description.clone(), wanted: wanted.to_vec(), seconds: self.seconds };
        let idle = self.idle().pop();
        let used = idle.is_some();
        // A system that starts no process any more is no fault of the network's: then it is done here.
        let Ok(mut worker) = idle.map_or_else(|| Worker::start(self), Ok) else {
            return here(description, wanted);
        };
        let mut answer = worker.ask(&job, self.patience());
        if used && matches!(answer, Err(Ended::Gone)) {
            // Somebody ended it while it was idle, or what was simulated before broke it.
            let Ok(fresh) = Worker::start(self) else { return here(description, wanted) };
            worker = fresh;
            answer = worker.ask(&job, self.patience());
        }
        match answer {
            Ok(answer) => {
                if answer != Err(Failure::TooSlow) {
                    self.idle().push(worker);
                }
                answer
            }
            Err(Ended::Late) => Err(Failure::TooSlow),
            Err(Ended::Gone) => Err(Failure::TooLarge(format!(
                "its simulation needs more than {} MB of memory or breaks down",
                self.memory >> 20
            ))),
        }
    }

    fn patience(&self) -> Duration {
        Duration::from_secs_f64(self.seconds) * PATIENCE
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Worker>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why there is no answer.
enum Ended {
    Late,
    Gone,
}

/// One process.
#[derive(Debug)]
struct Worker {
    child: Child,
    jobs: BufWriter<ChildStdin>,
    answers: mpsc::Receiver<Answer>,
}

impl Worker {
    fn start(simulator: &Simulator) -> std::io::Result<Self> {
        let mut child = Command::new(&simulator.program)
            .arg(COMMAND)
            .arg(simulator.memory.to_string())
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let (Some(jobs), Some(out)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(std::io::Error::other("it has no pipes"));
        };
        let (send, answers) = mpsc::channel();
        // A thread, because waiting for a pipe has no limit of time.
        std::thread::Builder::new().name("answers of a simulation".into()).spawn(move || {
            let mut out = BufReader::new(out);
            while let Ok(answer) = rmp_serde::from_read(&mut out) {
                if send.send(answer).is_err() {
                    break;
                }
            }
        })?;
        Ok(Self { child, jobs: BufWriter::new(jobs), answers })
    }

    fn ask(&mut self, job: &Job, patience: Duration) -> Result<Answer, Ended> {
        let sent = rmp_serde::encode::write_named(&mut self.jobs, job).is_ok() && self.jobs.flush().is_ok();
        if !sent {
            return Err(Ended::Gone);
        }
        self.answers.recv_timeout(patience).map_err(|e| match e {
            RecvTimeoutError::Timeout => Ended::Late,
            RecvTimeoutError::Disconnected => Ended::Gone,
        })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Simulates what comes over standard input until that ends. `memory` is the limit of this process in bytes.
pub fn serve(memory: u64) {
    limit_memory(memory);
    // What breaks down is told by the missing answer; nobody reads words.
    std::panic::set_hook(Box::new(|_| {}));
    let (send, jobs) = mpsc::channel::<Job>();
    std::thread::spawn(move || {
        let mut input = BufReader::new(std::io::stdin());
        while let Ok(job) = rmp_serde::from_read(&mut input) {
            if send.send(job).is_err() {
                break;
            }
        }
        // The grader is gone, and whatever is simulated now is for nobody.
        std::process::exit(0);
    });
    for job in jobs {
        let (answer, in_time) = work(job);
        let mut out = BufWriter::new(std::io::stdout().lock());
        let told = rmp_serde::encode::write_named(&mut out, &answer).is_ok() && out.flush().is_ok();
        if !told || !in_time {
            std::process::exit(0);
        }
    }
}

/// The answer, and whether it was ready in time.
fn work(job: Job) -> (Answer, bool) {
    let (send, done) = mpsc::channel();
    let (seconds, before) = (job.seconds, computing_time());
    let thread = std::thread::Builder::new()
        .stack_size(STACK)
        .spawn(move || drop(send.send(here(&job.description, &job.wanted))));
    if thread.is_err() {
        return (Err(Failure::TooLarge("there is no memory to begin with".into())), true);
    }
    loop {
        match done.recv_timeout(Duration::from_millis(50)) {
            Ok(answer) => return (answer, true),
            Err(RecvTimeoutError::Timeout) if computing_time() - before <= seconds => {}
            Err(_) => return (Err(Failure::TooSlow), false),
        }
    }
}

#[cfg(unix)]
fn limit_memory(bytes: u64) {
    use rustix::process::{Resource, Rlimit, setrlimit};
    // Without the limit the simulation is still bounded by what `size` lets through.
    let _ = setrlimit(Resource::As, Rlimit { current: Some(bytes), maximum: Some(bytes) });
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

#[cfg(not(unix))]
fn limit_memory(_: u64) {}

/// Seconds that this process has computed.
#[cfg(unix)]
#[expect(clippy::cast_precision_loss, reason = "seconds")]
fn computing_time() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9
}

#[cfg(not(unix))]
fn computing_time() -> f64 {
    static START: OnceLock<std::time::Instant> = OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed().as_secs_f64()
}
