//! One conversation with one kernel over the Jupyter protocol, inside the box.
//! A cell's end is its reply and its idle message, the end of the kernel, or a limit; whichever comes first.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jupyter_protocol::{
    ConnectionInfo, ExecuteRequest, ExecutionState, JupyterMessage, JupyterMessageContent, KernelInfoRequest,
    Media, Stdio,
};
use jupyter_zmq_client as zmq;
use spikelab_box::message::{CellLimits, End, Limit, Outcome};
use spikelab_box::plan::{self, BoxLimits, Plan};
use tokio::time::timeout;

use super::LAST_WORDS;
use super::kernel::KernelProcess;
use super::usage::{Usage, machine_is_full};
use super::words::{last_words, ran_out_of_memory, strip_colours, tells_of_end, tidy};
use crate::failure::{Failure, Result};

/// How long a kernel may take to answer for the first time.
const START: Duration = Duration::from_secs(120);
/// The same where it must compile the library first.
const FIRST_START: Duration = Duration::from_secs(1200);
/// How often a kernel is started when its ports are taken.
const ATTEMPTS: usize = 5;
/// How long one attempt to connect may take.
const ATTEMPT: Duration = Duration::from_secs(2);
/// How often the use of time, memory and files is looked at.
const WATCH: Duration = Duration::from_millis(100);
/// The display type by which the kernel says how a cell ended.
const OUTCOME: &str = "application/vnd.spikelab.outcome+json";
/// So much of a cell's output is kept.
const KEPT: usize = 256 * 1024;
/// So much of a message goes to the grader.
const TOLD: usize = 64 * 1024;
/// So much of a cell's output goes to the grader.
const PRINTED: usize = 4 * 1024;
/// So many variables go to the grader.
const VARIABLES: usize = 4096;
/// For the kernel's own commands.
const COMMAND: CellLimits = CellLimits::of_computing(30.0);
/// What the kernel's filter says about output that it dropped.
const DROPPED: &str = " more lines are not shown]";

/// A running kernel and the channels to it.
pub(super) struct Session {
    process: KernelProcess,
    probes: PathBuf,
    limits: BoxLimits,
    isolated: bool,
    shell: zmq::ClientShellConnection,
    iopub: zmq::ClientIoPubConnection,
    over: bool,
}

/// What one cell left on the channels.
#[derive(Debug, Default)]
struct Heard {
    stdout: String,
    stderr: String,
    errors: Vec<String>,
    outcome: Option<(String, String)>,
    cut: bool,
    idle: bool,
    replied: bool,
}

/// Why a cell was not waited for any longer.
enum Stop {
    Limit(Limit, String),
    Gone(String),
    /// No fault of the cell's.
    Machine,
}

impl Session {
    /// Starts a kernel and waits until it is ready.
    pub(super) async fn start(kernel: &plan::Kernel, plan: &Plan) -> Result<Self> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let process = KernelProcess::start(kernel, plan).await?;
            match Self::connect(process, kernel, plan).await {
                // A free port was found and then taken by another program, or by a kernel started beside this one.
                Err(log) if attempts < ATTEMPTS && log.contains("in use") => {}
                Err(log) => {
                    return Err(Failure::new(
                        format!("the kernel did not start\n{log}"),
                        "run `cargo clean` in the repository and try again",
                    ));
                }
                Ok(session) => return Ok(session),
            }
        }
    }

    async fn connect(
        mut process: KernelProcess,
        kernel: &plan::Kernel,
        plan: &Plan,
    ) -> std::result::Result<Self, String> {
        let id = uuid::Uuid::new_v4().to_string();
        let info = process.connection.clone();
        let started = Instant::now();
        let (shell, iopub) = loop {
            // The kernel may not listen yet, and a connection made while it takes over its ports is reset.
            match timeout(ATTEMPT, channels(&info, &id)).await {
                Ok(Ok(channels)) => break channels,
                _ if process.is_running() && started.elapsed() < START => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                _ => return Err(process.last_words()),
            }
        };
        let (probes, limits, isolated) = (kernel.probes.clone(), plan.limits, plan.isolated);
        let mut session = Self { process, probes, limits, isolated, shell, iopub, over: false };
        let patience = if kernel.template.is_some() { START } else { FIRST_START };
        match session.wait_until_ready(patience).await {
            Ok(()) => Ok(session),
            Err(why) => Err(format!("{why}\n{}", session.process.last_words())),
        }
    }

    async fn wait_until_ready(&mut self, patience: Duration) -> std::result::Result<(), String> {
        self.shell.send(KernelInfoRequest {}.into()).await.map_err(|e| e.to_string())?;
        match timeout(patience, self.shell.read()).await {
            Ok(Ok(_)) => {}
            Ok(Err(e)) => return Err(e.to_string()),
            Err(e) => return Err(e.to_string()),
        }
        // A subscription takes effect a moment after it was made: ask until messages come.
        for _ in 0..100 {
            self.shell.send(KernelInfoRequest {}.into()).await.map_err(|e| e.to_string())?;
            if timeout(Duration::from_millis(100), self.iopub.read()).await.is_ok() {
                while timeout(Duration::from_millis(100), self.shell.read()).await.is_ok() {}
                while timeout(Duration::from_millis(50), self.iopub.read()).await.is_ok() {}
                return Ok(());
            }
        }
        Err("there are no messages on its output channel".to_owned())
    }

    /// The folder that probes write to.
    pub(super) fn probes(&self) -> &Path {
        &self.probes
    }

    /// Runs a cell to its end, or to that of a limit.
    pub(super) async fn execute(&mut self, code: &str, limits: CellLimits) -> Result<Outcome> {
        let (before, started) = (Usage::now(), Instant::now());
        let mut heard = Heard::default();
        let stopped = if self.over {
            Err(Stop::Gone("the box is used up".to_owned()))
        } else {
            self.run(code, limits, before, &mut heard).await
        };
        let (output, output_cut) = (shortened(heard.printed(), PRINTED), heard.cut);
        let (end, message) = match stopped {
            Ok(()) => heard.verdict(),
            Err(Stop::Limit(limit, why)) => (End::Limit(limit), Some(why)),
            Err(Stop::Gone(why)) => (End::KernelGone, Some(why)),
            Err(Stop::Machine) => return Err(machine()),
        };
        self.over |= matches!(end, End::Limit(_) | End::KernelGone);
        let wall_seconds = started.elapsed().as_secs_f64();
        let cpu_seconds = Usage::now().cpu - before.cpu;
        Ok(Outcome {
            end,
            message: message.map(|m| shortened(m, TOLD)),
            cpu_seconds,
            wall_seconds,
            output,
            output_cut,
        })
    }

    /// The variables that exist now.
    pub(super) async fn variables(&mut self) -> Result<Vec<(String, String)>> {
        let mut heard = Heard::default();
        match self.run(":vars", COMMAND, Usage::now(), &mut heard).await {
            Ok(()) => Ok(parse_variables(&heard.stdout)),
            Err(Stop::Limit(_, why) | Stop::Gone(why)) => {
                Err(Failure::new(format!("the kernel does not tell its variables: {why}"), "try again"))
            }
            Err(Stop::Machine) => Err(machine()),
        }
    }

    async fn run(
        &mut self,
        code: &str,
        limits: CellLimits,
        before: Usage,
        heard: &mut Heard,
    ) -> std::result::Result<(), Stop> {
        let request: JupyterMessage =
            ExecuteRequest { code: code.to_owned(), allow_stdin: false, ..Default::default() }.into();
        let id = request.header.msg_id.clone();
        let gone = |e: &dyn std::fmt::Display| Stop::Gone(format!("the kernel cannot be reached: {e}"));
        self.shell.send(request).await.map_err(|e| gone(&e))?;
        let started = Instant::now();
        let mut watch = tokio::time::interval(WATCH);
        watch.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !(heard.idle && heard.replied) {
            let message = tokio::select! {
                biased;
                _ = watch.tick() => {
                    self.check(limits, before, started)?;
                    continue;
                }
                message = self.iopub.read() => message,
                message = self.shell.read() => message,
            };
            match message {
                Ok(message) if message.parent_header.as_ref().is_some_and(|h| h.msg_id == id) => {
                    heard.take(message.content);
                }
                Ok(_) => {}
                Err(e) if self.process.is_running() => {
                    // A message that is no valid JSON or UTF-8: the student printed something odd.
                    heard.errors.push(format!("a message of the kernel could not be read: {e}"));
                    heard.idle = true;
                    heard.replied = true;
                }
                Err(e) => return Err(gone(&e)),
            }
        }
        // What a dying process said may come after everything else.
        while heard.errors.iter().any(|e| tells_of_end(e))
            && let Ok(Ok(message)) = timeout(LAST_WORDS, self.iopub.read()).await
        {
            if message.parent_header.as_ref().is_some_and(|h| h.msg_id == id) {
                heard.take(message.content);
            }
        }
        // A cell may be short and leave much behind.
        self.check(limits, before, started)
    }

    fn check(
        &mut self,
        limits: CellLimits,
        before: Usage,
        started: Instant,
    ) -> std::result::Result<(), Stop> {
        if !self.process.is_running() {
            return Err(Stop::Gone(format!("the kernel ended\n{}", self.process.last_words())));
        }
        if machine_is_full() {
            return Err(Stop::Machine);
        }
        let usage = Usage::now();
        if usage.cpu - before.cpu > limits.cpu_seconds {
            let words =
                format!("stopped after {:.0} s of computing; is there an endless loop?", limits.cpu_seconds);
            return Err(Stop::Limit(Limit::Cpu, words));
        }
        let (cpu, wall) = (usage.cpu - before.cpu, started.elapsed().as_secs_f64());
        if limits.is_late(cpu, wall) {
            let words = format!(
                "stopped after {wall:.0} s, computing for {cpu:.1} s and waiting otherwise; does the cell sleep or read input?"
            );
            return Err(Stop::Limit(Limit::Wall, words));
        }
        match usage.over(self.limits, self.isolated) {
            Some((limit, words)) => Err(Stop::Limit(limit, words)),
            None => Ok(()),
        }
    }
}

impl Heard {
    fn take(&mut self, content: JupyterMessageContent) {
        match content {
            JupyterMessageContent::Status(s) => self.idle |= s.execution_state == ExecutionState::Idle,
            JupyterMessageContent::ExecuteReply(_) => self.replied = true,
            JupyterMessageContent::StreamContent(s) => {
                self.cut |= s.text.trim_end().ends_with(DROPPED);
                let text = if matches!(s.name, Stdio::Stderr) { &mut self.stderr } else { &mut self.stdout };
                if text.len() < KEPT {
                    text.push_str(&s.text);
                }
            }
            JupyterMessageContent::ErrorOutput(e) if self.errors.len() < 100 => {
                let text = e.traceback.join("\n");
                self.errors.push(tidy(if text.trim().is_empty() { &e.evalue } else { &text }));
            }
            JupyterMessageContent::ExecuteResult(r) => self.shown(&r.data),
            JupyterMessageContent::DisplayData(d) => self.shown(&d.data),
            _ => {}
        }
    }

    fn shown(&mut self, media: &Media) {
        let Ok(data) = serde_json::to_value(media) else { return };
        let block = &data[OUTCOME];
        // `:vars` answers with a table instead of a stream.
        if let Some(text) = data["text/plain"].as_str()
            && self.stdout.len() < KEPT
        {
            self.stdout.push_str(text);
        }
        if let Some(kind) = block["outcome"].as_str() {
            let message = tidy(block["message"].as_str().unwrap_or_default());
            // That it panicked is said by the kind, and a class's failures are told apart by their first line.
            let message = message.strip_prefix("panicked:\n").unwrap_or(&message);
            self.outcome = Some((kind.to_owned(), message.to_owned()));
        }
    }

    /// What the cell printed, as it is told to the grader.
    fn printed(&self) -> String {
        strip_colours(&format!("{}{}", self.stdout, self.stderr))
    }

    fn verdict(self) -> (End, Option<String>) {
        if let Some((kind, message)) = self.outcome {
            let end = if kind == "panicked" { End::Panicked } else { End::ReturnedError };
            return (end, Some(message));
        }
        if self.errors.is_empty() {
            return (End::Ok, None);
        }
        if let Some(end) = self.errors.iter().find(|e| tells_of_end(e)) {
            let words = last_words(end, &self.stderr);
            let limit = if ran_out_of_memory(&words) { End::Limit(Limit::Memory) } else { End::Died };
            return (limit, Some(words));
        }
        let text = self.errors.join("\n");
        // The compiler does not know what four underscores stand for in a course.
        let blank = text.contains("cannot find value `____`");
        let first = if blank { "the blank `____` is not filled in\n" } else { "" };
        (End::CompileError, Some(format!("{first}{text}")))
    }
}

fn machine() -> Failure {
    Failure::new(
        "the machine has hardly any memory left",
        "close some programs, or grade fewer at a time by `--jobs`",
    )
}

/// The two channels to a kernel that are needed; a cell that takes too long is ended with its box.
async fn channels(
    info: &ConnectionInfo,
    id: &str,
) -> zmq::Result<(zmq::ClientShellConnection, zmq::ClientIoPubConnection)> {
    let identity = zmq::peer_identity_for_session(id)?;
    let shell = zmq::create_client_shell_connection_with_identity(info, id, identity).await?;
    let iopub = zmq::create_client_iopub_connection(info, "", id).await?;
    Ok((shell, iopub))
}

/// Names and types from the table that `:vars` prints, one `name: type` a line.
fn parse_variables(text: &str) -> Vec<(String, String)> {
    text.lines()
        .filter_map(|line| line.trim().split_once(": "))
        .filter(|(name, type_name)| name.len() + type_name.len() < 4096)
        .take(VARIABLES)
        .map(|(name, type_name)| (name.trim().to_owned(), type_name.trim().to_owned()))
        .collect()
}

/// Both ends of a text that is too long to be told in full.
fn shortened(text: String, most: usize) -> String {
    if text.len() <= most {
        return text;
    }
    let (mut head, mut tail) = (most / 2, text.len() - most / 2);
    while !text.is_char_boundary(head) {
        head -= 1;
    }
    while !text.is_char_boundary(tail) {
        tail += 1;
    }
    format!("{}\n[… {} bytes are not shown …]\n{}", &text[..head], tail - head, &text[tail..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_keep_types_with_colons() {
        let read = parse_variables("a: spikelab::Figure\nb: Vec<f64>\n");
        assert_eq!(read[0], ("a".into(), "spikelab::Figure".into()));
        assert_eq!(read.len(), 2);
    }

    #[test]
    fn giant_messages_keep_both_ends() {
        let text = format!("begin{}end", "é".repeat(TOLD));
        let short = shortened(text, TOLD);
        assert!(short.len() < TOLD + 100 && short.starts_with("begin") && short.ends_with("end"));
        assert_eq!(shortened("short".into(), TOLD), "short");
    }
}
