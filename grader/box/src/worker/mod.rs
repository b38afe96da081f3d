//! The worker: takes one request after the other from the grader, and never more than the kernel can be trusted with.
//! It holds no answers; whoever took it over would know nothing and could only lie about its own notebook.

mod kernel;
mod probe;
mod session;
mod usage;
mod words;

use std::fs::File;
use std::io::BufWriter;
use std::time::Duration;

use rustix::io::fcntl_dupfd_cloexec;
use rustix::stdio::{dup2_stdin, dup2_stdout};
use spikelab_box::frame::{self, Kind};
use spikelab_box::message::{CellLimits, Outcome, Reply, Request};
use spikelab_box::plan::Plan;
use tokio::sync::mpsc;

use crate::failure::{Context, Result};
use crate::selftest;
use session::Session;

/// The pipe to the grader.
pub(crate) struct Grader(BufWriter<File>);

/// Works until the grader closes its pipe.
pub(crate) fn run(plan: &Plan) -> Result<()> {
    let requests = File::from(fcntl_dupfd_cloexec(std::io::stdin(), 3).context("take over the pipes")?);
    let replies = File::from(fcntl_dupfd_cloexec(std::io::stdout(), 3).context("take over the pipes")?);
    let null = File::options().read(true).write(true).open("/dev/null").context("open /dev/null")?;
    dup2_stdin(&null).context("let go of the pipes")?;
    dup2_stdout(&null).context("let go of the pipes")?;
    let mut grader = Grader(BufWriter::new(replies));
    let done = serve(plan, requests, &mut grader);
    if let Err(failure) = done {
        grader.tell(&failure.reply())?;
    }
    Ok(())
}

fn serve(plan: &Plan, requests: File, grader: &mut Grader) -> Result<()> {
    let checks = if plan.isolated { selftest::run(plan) } else { Vec::new() };
    let broken = checks.iter().any(|check| check.fault.is_some());
    let Some(kernel) = plan.kernel.as_ref().filter(|_| !broken) else {
        // The grader knows what to make of it.
        return grader.tell(&Reply::Ready { checks });
    };
    // If memory runs out all the same, the box goes first.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start")?;
    runtime.block_on(async {
        let mut session = Session::start(kernel, plan).await?;
        grader.tell(&Reply::Ready { checks })?;
        let mut incoming = listen(requests);
        while let Some(request) = incoming.recv().await {
            session.answer(request, grader).await?;
        }
        Ok(())
    })
}

/// Requests as they come; ends with the pipe.
fn listen(mut pipe: File) -> mpsc::Receiver<Request> {
    let (sender, receiver) = mpsc::channel(1);
    std::thread::spawn(move || {
        while let Ok(Some((Kind::Message, text))) = frame::read(&mut pipe) {
            let Ok(request) = serde_json::from_slice(&text) else { break };
            if sender.blocking_send(request).is_err() {
                break;
            }
        }
        // The grader is gone or has had enough; a cell may still be running.
        std::process::exit(0);
    });
    receiver
}

impl Grader {
    /// Sends a reply.
    pub(crate) fn tell(&mut self, reply: &Reply) -> Result<()> {
        let text = serde_json::to_vec(reply).context("write a reply")?;
        frame::write(&mut self.0, Kind::Message, &text).context("reach the grader")
    }

    /// Sends a piece of a file.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<()> {
        bytes
            .chunks(frame::MAX_FRAME / 4)
            .try_for_each(|piece| frame::write(&mut self.0, Kind::Bytes, piece))
            .context("reach the grader")
    }
}

impl Session {
    async fn answer(&mut self, request: Request, grader: &mut Grader) -> Result<()> {
        match request {
            Request::Run { seq, code, limits } => {
                let outcome = self.execute(&code, limits).await?;
                grader.tell(&Reply::Outcome { seq, outcome })
            }
            Request::Variables { seq } => {
                let list = self.variables().await?;
                grader.tell(&Reply::Variables { seq, list })
            }
            Request::Probe { seq, code, nonces, limits } => {
                self.probe(seq, &code, &nonces, limits, grader).await
            }
        }
    }

    async fn probe(
        &mut self,
        seq: u64,
        code: &str,
        nonces: &[String],
        limits: CellLimits,
        grader: &mut Grader,
    ) -> Result<()> {
        let folder = self.probes().to_owned();
        let mut lengths = vec![None; nonces.len()];
        let mut tampered = probe::unexpected(&folder, &[]);
        if tampered.is_some() {
            return grader.tell(&Reply::Probed { seq, outcome: Outcome::nothing(), lengths, tampered });
        }
        let outcome = self.execute(code, limits).await?;
        let mut left = probe::LARGEST;
        for (nonce, length) in nonces.iter().zip(&mut lengths) {
            match probe::take(&folder, nonce, left) {
                Ok(Some(bytes)) => {
                    grader.send(&bytes)?;
                    left -= bytes.len() as u64;
                    *length = Some(bytes.len() as u64);
                }
                Ok(None) => {}
                Err(what) => tampered = tampered.or(Some(what)),
            }
        }
        tampered = tampered.or_else(|| probe::unexpected(&folder, nonces));
        grader.tell(&Reply::Probed { seq, outcome, lengths, tampered })
    }
}

/// How long after a limit the kernel may take to say a last word.
const LAST_WORDS: Duration = Duration::from_millis(200);
