//! One conversation with one kernel over the Jupyter protocol.
//! A cell's end is its reply and its idle message; a limit that passes interrupts it, and then ends the kernel.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jupyter_protocol::{
    ConnectionInfo, ExecuteRequest, ExecutionState, InterruptRequest, JupyterMessage, JupyterMessageContent,
    KernelInfoRequest, Media, Stdio,
};
use jupyter_zmq_client as zmq;
use tokio::time::timeout;

use super::words::{last_words, tells_of_end, tidy};
use super::{KernelEnvironment, KernelError, KernelProcess};
use crate::outcome::CellStatus;
use crate::runner::{CellRun, Kernel, KernelFailure, Probed, Variable};

/// How long a kernel may take to answer for the first time.
const START: Duration = Duration::from_secs(120);
/// How often a kernel is started when its ports are taken.
const ATTEMPTS: usize = 5;
/// How long one attempt to connect may take.
const ATTEMPT: Duration = Duration::from_secs(2);
/// How long after an interrupt a cell may take to end.
const GRACE: Duration = Duration::from_secs(10);
/// The display type by which the kernel says how a cell ended.
const OUTCOME: &str = "application/vnd.spikelab.outcome+json";
/// How long a probe may take.
const PROBE: Duration = Duration::from_secs(60);
/// Larger probe files are not read: a million spikes need 30 MB.
const LARGEST: u64 = 64 << 20;
/// So much of a cell's output is kept.
const KEPT: usize = 256 * 1024;

/// A running kernel and the channels to it.
pub struct Session {
    environment: KernelEnvironment,
    folder: PathBuf,
    process: KernelProcess,
    shell: zmq::ClientShellConnection,
    control: zmq::ClientControlConnection,
    iopub: zmq::ClientIoPubConnection,
}

/// What one cell left on the channels.
#[derive(Debug, Default)]
struct Heard {
    stdout: String,
    stderr: String,
    errors: Vec<String>,
    outcome: Option<(String, String)>,
    idle: bool,
    replied: bool,
}

impl Session {
    /// Starts a kernel in `folder` and waits until it is ready.
    ///
    /// # Errors
    /// A kernel that does not start or answer.
    pub async fn start(environment: &KernelEnvironment, folder: &Path) -> Result<Self, KernelError> {
        // evcxr prefers a configuration it finds where the cells run, and a submission could bring one.
        if folder.join("evcxr.toml").exists() {
            return Err(KernelError::new(
                format!("{} holds an evcxr.toml, which would change the kernel", folder.display()),
                "remove it, or run the notebook in another folder",
            ));
        }
        let mut attempts = 0;
        loop {
            attempts += 1;
            match Self::connect(environment, folder, KernelProcess::start(environment, folder).await?).await {
                // A free port was found and then taken by another program, or by a kernel started beside this one.
                Err(e) if attempts < ATTEMPTS && e.to_string().contains("in use") => {}
                result => return result,
            }
        }
    }

    pub(super) async fn connect(
        environment: &KernelEnvironment,
        folder: &Path,
        mut process: KernelProcess,
    ) -> Result<Self, KernelError> {
        let id = uuid::Uuid::new_v4().to_string();
        let info = process.connection.clone();
        let started = Instant::now();
        let (shell, control, iopub) = loop {
            // The kernel may not listen yet, and a connection made while it takes over its ports is reset.
            match timeout(ATTEMPT, channels(&info, &id)).await {
                Ok(Ok(channels)) => break channels,
                _ if process.is_running() && started.elapsed() < START => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                _ => {
                    return Err(KernelError::new(
                        format!("the kernel did not start\n{}", process.log().last_words()),
                        "run `cargo clean` in the repository and try again",
                    ));
                }
            }
        };
        let (environment, folder) = (environment.clone(), folder.to_owned());
        let mut session = Self { environment, folder, process, shell, control, iopub };
        session.wait_until_ready().await?;
        Ok(session)
    }

    async fn wait_until_ready(&mut self) -> Result<(), KernelError> {
        let log = self.process.log();
        let lost = |e: &dyn std::fmt::Display| {
            KernelError::new(
                format!("the kernel does not answer: {e}\n{}", log.last_words()),
                "try again; if it stays, run `cargo clean`",
            )
        };
        self.shell.send(KernelInfoRequest {}.into()).await.map_err(|e| lost(&e))?;
        match timeout(START, self.shell.read()).await {
            Ok(Ok(_)) => {}
            Ok(Err(e)) => return Err(lost(&e)),
            Err(e) => return Err(lost(&e)),
        }
        // A subscription takes effect a moment after it was made: ask until messages come.
        for _ in 0..100 {
            self.shell.send(KernelInfoRequest {}.into()).await.map_err(|e| lost(&e))?;
            if timeout(Duration::from_millis(100), self.iopub.read()).await.is_ok() {
                while timeout(Duration::from_millis(100), self.shell.read()).await.is_ok() {}
                while timeout(Duration::from_millis(50), self.iopub.read()).await.is_ok() {}
                return Ok(());
            }
        }
        Err(lost(&"no messages on its output channel"))
    }

    /// Runs code and gathers everything until its end.
    async fn run(&mut self, code: &str, limit: Duration) -> Result<(Heard, bool), KernelFailure> {
        let request: JupyterMessage =
            ExecuteRequest { code: code.to_owned(), allow_stdin: false, ..Default::default() }.into();
        let id = request.header.msg_id.clone();
        self.shell
            .send(request)
            .await
            .map_err(|e| KernelFailure(format!("the kernel cannot be reached: {e}")))?;
        let mut heard = Heard::default();
        let mut deadline = tokio::time::Instant::now() + limit;
        let mut interrupted = false;
        while !(heard.idle && heard.replied) {
            let message = tokio::select! {
                message = self.iopub.read() => message,
                message = self.shell.read() => message,
                () = tokio::time::sleep_until(deadline) => {
                    if interrupted {
                        return Err(KernelFailure("the kernel could not be interrupted".to_owned()));
                    }
                    interrupted = true;
                    deadline = tokio::time::Instant::now() + GRACE;
                    let sent = self.control.send(InterruptRequest {}.into()).await;
                    sent.map_err(|e| KernelFailure(format!("the kernel cannot be interrupted: {e}")))?;
                    continue;
                }
                () = tokio::time::sleep(Duration::from_millis(500)) => {
                    if self.process.is_running() {
                        continue;
                    }
                    return Err(KernelFailure(format!("the kernel ended\n{}", self.process.log().last_words())));
                }
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
                Err(e) => return Err(KernelFailure(format!("the kernel ended: {e}"))),
            }
        }
        // What a dying process said may come after everything else.
        while heard.errors.iter().any(|e| tells_of_end(e))
            && let Ok(Ok(message)) = timeout(Duration::from_millis(200), self.iopub.read()).await
        {
            if message.parent_header.as_ref().is_some_and(|h| h.msg_id == id) {
                heard.take(message.content);
            }
        }
        Ok((heard, interrupted))
    }

    /// The kernel's process, to be ended by the caller.
    pub(super) fn into_process(self) -> KernelProcess {
        self.process
    }
}

impl Kernel for Session {
    async fn execute(&mut self, code: &str, limit: Duration) -> Result<CellRun, KernelFailure> {
        let started = Instant::now();
        let (heard, interrupted) = self.run(code, limit).await?;
        let (status, message) = heard.verdict(interrupted, limit);
        Ok(CellRun { status, seconds: started.elapsed().as_secs_f64(), message })
    }

    async fn variables(&mut self) -> Result<Vec<Variable>, KernelFailure> {
        let (heard, _) = self.run(":vars", Duration::from_secs(30)).await?;
        Ok(parse_variables(&heard.stdout))
    }

    fn probe_path(&self, nonce: &str) -> String {
        self.process.probes().join(nonce).display().to_string()
    }

    async fn probe(&mut self, code: &str, nonce: &str) -> Result<Probed, KernelFailure> {
        let path = self.process.probes().join(nonce);
        if path.symlink_metadata().is_ok() {
            return Ok(Probed::Tampered(
                "a file with the probe's number was there before the probe".to_owned(),
            ));
        }
        self.execute(code, PROBE).await?;
        let size = path.symlink_metadata().ok().filter(std::fs::Metadata::is_file).map(|m| m.len());
        let bytes = size.filter(|size| *size <= LARGEST).and_then(|_| std::fs::read(&path).ok());
        drop(std::fs::remove_file(&path));
        Ok(bytes.map_or(Probed::Nothing, Probed::File))
    }

    async fn restart(&mut self) -> Result<(), KernelFailure> {
        let fresh = Self::start(&self.environment, &self.folder).await;
        *self = fresh.map_err(|e| KernelFailure(e.to_string()))?;
        Ok(())
    }
}

impl Heard {
    fn take(&mut self, content: JupyterMessageContent) {
        match content {
            JupyterMessageContent::Status(s) => self.idle |= s.execution_state == ExecutionState::Idle,
            JupyterMessageContent::ExecuteReply(_) => self.replied = true,
            JupyterMessageContent::StreamContent(s) => {
                let text = if matches!(s.name, Stdio::Stderr) { &mut self.stderr } else { &mut self.stdout };
                if text.len() < KEPT {
                    text.push_str(&s.text);
                }
            }
            JupyterMessageContent::ErrorOutput(e) => {
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
            let message = block["message"].as_str().unwrap_or_default();
            self.outcome = Some((kind.to_owned(), tidy(message)));
        }
    }

    fn verdict(self, interrupted: bool, limit: Duration) -> (CellStatus, Option<String>) {
        if interrupted {
            let message = format!("stopped after {} s; is there an endless loop?", limit.as_secs());
            return (CellStatus::TimedOut, Some(message));
        }
        if let Some((kind, message)) = self.outcome {
            let status = if kind == "panicked" { CellStatus::Panicked } else { CellStatus::ReturnedError };
            return (status, Some(message));
        }
        if self.errors.is_empty() {
            return (CellStatus::Ok, None);
        }
        if let Some(end) = self.errors.iter().find(|e| tells_of_end(e)) {
            return (CellStatus::Died, Some(last_words(end, &self.stderr)));
        }
        let text = self.errors.join("\n");
        // The compiler does not know what four underscores stand for in a course.
        let blank = text.contains("cannot find value `____`");
        let first = if blank { "the blank `____` is not filled in\n" } else { "" };
        (CellStatus::CompileError, Some(format!("{first}{text}")))
    }
}

/// The three channels to a kernel.
async fn channels(
    info: &ConnectionInfo,
    id: &str,
) -> zmq::Result<(zmq::ClientShellConnection, zmq::ClientControlConnection, zmq::ClientIoPubConnection)> {
    let identity = zmq::peer_identity_for_session(id)?;
    let shell = zmq::create_client_shell_connection_with_identity(info, id, identity).await?;
    let control = zmq::create_client_control_connection(info, id).await?;
    let iopub = zmq::create_client_iopub_connection(info, "", id).await?;
    Ok((shell, control, iopub))
}

/// Names and types from the table that `:vars` prints, one `name: type` a line.
fn parse_variables(text: &str) -> Vec<Variable> {
    text.lines()
        .filter_map(|line| line.trim().split_once(": "))
        .map(|(name, type_name)| Variable {
            name: name.trim().to_owned(),
            type_name: type_name.trim().to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_keep_types_with_colons() {
        let read = parse_variables("a: spikelab::Figure\nb: Vec<f64>\n");
        assert_eq!(read[0], Variable { name: "a".into(), type_name: "spikelab::Figure".into() });
        assert_eq!(read.len(), 2);
    }
}
