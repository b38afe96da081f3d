//! One box with one kernel in it, asked for one thing after the other.
//! What comes back is checked for its form and its number here; whether it is true is judged by comparison, elsewhere.

use std::time::{Duration, Instant};

use spikelab_box::message::{CellLimits, End, Limit, Outcome, Reply, Request};
use spikelab_box::plan::BoxLimits;
use tokio::time::timeout;

use super::environment::Place;
use super::process::BoxProcess;
use super::{KernelEnvironment, KernelError};
use crate::outcome::{CellStatus, Isolation};
use crate::runner::{CellRun, Files, Kernel, KernelFailure, Probed, Variable};

/// How long a box may take until its kernel answers.
const START: Duration = Duration::from_secs(180);
/// The same where the kernel must compile the library first.
const FIRST_START: Duration = Duration::from_secs(1500);
/// Computing time for a probe.
const PROBE: Duration = Duration::from_secs(60);
/// How much longer than its limit an answer may take before the box is given up.
const GRACE: Duration = Duration::from_secs(20);

/// A running kernel in its box.
pub struct Session {
    environment: KernelEnvironment,
    limits: BoxLimits,
    process: BoxProcess,
    place: Place,
    seq: u64,
}

impl Session {
    /// Starts a box with a kernel and waits until it is ready.
    ///
    /// # Errors
    /// A box that cannot be built, a kernel that does not start or answer.
    pub async fn start(environment: &KernelEnvironment, limits: BoxLimits) -> Result<Self, KernelError> {
        let place = environment.place(limits)?;
        Self::start_in(environment, limits, place).await
    }

    /// Starts a box whose kernel knows the library's code and no types: enough for cells that leave no variables
    /// behind, and ready much sooner. [`Kernel::restart`] makes it one like any other.
    ///
    /// # Errors
    /// As [`Session::start`].
    pub async fn start_plain(
        environment: &KernelEnvironment,
        limits: BoxLimits,
    ) -> Result<Self, KernelError> {
        let place = environment.plain_place(limits)?;
        Self::start_in(environment, limits, place).await
    }

    pub(super) async fn start_in(
        environment: &KernelEnvironment,
        limits: BoxLimits,
        place: Place,
    ) -> Result<Self, KernelError> {
        let mut process = BoxProcess::start(&environment.launcher, &place.plan)?;
        let template = place.plan.kernel.as_ref().and_then(|k| k.template.as_ref());
        let patience = if template.is_some() { START } else { FIRST_START };
        let reply = match timeout(patience, process.reply()).await {
            Ok(reply) => reply.map_err(|e| lost(&e))?.0,
            Err(e) => return Err(lost(&e)),
        };
        match reply {
            Reply::Ready { checks } => match checks.into_iter().find_map(|c| Some((c.what, c.fault?))) {
                None => Ok(Self { environment: environment.clone(), limits, process, place, seq: 0 }),
                Some((what, fault)) => Err(KernelError::sandbox(
                    format!("the sandbox failed its self-test: {what}: {fault}"),
                    "`grader doctor` shows the whole test",
                )),
            },
            Reply::Failed { what, next } => Err(KernelError::new(what, next)),
            _ => Err(lost(&"it answers before it was asked")),
        }
    }

    /// How far the kernel is kept away from everything else.
    #[must_use]
    pub const fn isolation(&self) -> Isolation {
        self.environment.isolation
    }

    /// Asks, and waits for the answer with the same number.
    async fn ask(
        &mut self,
        limit: Duration,
        request: impl FnOnce(u64, CellLimits) -> Request,
    ) -> Result<(Reply, Vec<u8>), KernelFailure> {
        self.seq += 1;
        let limits = CellLimits::of_computing(limit.as_secs_f64());
        let failed = |e: &dyn std::fmt::Display| KernelFailure(format!("the box does not answer: {e}"));
        let request = request(self.seq, limits);
        let answer = async {
            self.process.ask(&request).await?;
            self.process.reply().await
        };
        match timeout(Duration::from_secs_f64(limits.longest()) + GRACE, answer).await {
            Ok(Ok((Reply::Failed { what, .. }, _))) => Err(KernelFailure(what)),
            Ok(answer) => answer.map_err(|e| failed(&e)),
            Err(e) => Err(failed(&e)),
        }
    }

    /// Runs code that writes files; gives them, and what only meddling explains.
    async fn files(
        &mut self,
        code: &str,
        nonces: &[String],
        limit: Duration,
    ) -> Result<(CellRun, Files, Option<String>), KernelFailure> {
        let started = Instant::now();
        let (code, names) = (code.to_owned(), nonces.to_vec());
        let answer =
            self.ask(limit, |seq, limits| Request::Probe { seq, code, nonces: names, limits }).await?;
        let (Reply::Probed { seq, outcome, lengths, tampered }, bytes) = answer else {
            return Err(self.wrong());
        };
        if seq != self.seq || lengths.len() != nonces.len() {
            return Err(self.wrong());
        }
        let mut rest = bytes.as_slice();
        let mut files = Vec::new();
        for length in lengths {
            let Some(length) = length else {
                files.push(None);
                continue;
            };
            let cut = usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length));
            let (file, others) = cut.ok_or_else(|| self.wrong())?;
            files.push(Some(file.to_vec()));
            rest = others;
        }
        if !rest.is_empty() {
            return Err(self.wrong());
        }
        Ok((run(outcome, started), files, tampered))
    }

    fn wrong(&self) -> KernelFailure {
        KernelFailure("the box answers something that it was not asked".to_owned())
    }
}

impl Kernel for Session {
    async fn execute(&mut self, code: &str, limit: Duration) -> Result<CellRun, KernelFailure> {
        let started = Instant::now();
        let code = code.to_owned();
        let answer = self.ask(limit, |seq, limits| Request::Run { seq, code, limits }).await?;
        match answer {
            (Reply::Outcome { seq, outcome }, bytes) if seq == self.seq && bytes.is_empty() => {
                Ok(run(outcome, started))
            }
            _ => Err(self.wrong()),
        }
    }

    async fn variables(&mut self) -> Result<Vec<Variable>, KernelFailure> {
        match self.ask(PROBE, |seq, _| Request::Variables { seq }).await? {
            (Reply::Variables { seq, list }, bytes) if seq == self.seq && bytes.is_empty() => {
                Ok(list.into_iter().map(|(name, type_name)| Variable { name, type_name }).collect())
            }
            _ => Err(self.wrong()),
        }
    }

    fn probe_path(&self, nonce: &str) -> String {
        self.place.probes().join(nonce).display().to_string()
    }

    async fn probe(&mut self, code: &str, nonce: &str) -> Result<Probed, KernelFailure> {
        let (run, mut files, tampered) = self.files(code, &[nonce.to_owned()], PROBE).await?;
        let ended = matches!(run.status, CellStatus::Died | CellStatus::TimedOut | CellStatus::OverLimit);
        Ok(match (tampered, files.pop().flatten()) {
            (Some(what), _) => Probed::Tampered(what),
            (None, Some(bytes)) => Probed::File(bytes),
            (None, None) if ended => Probed::Lost,
            (None, None) => Probed::Nothing,
        })
    }

    async fn probe_all(
        &mut self,
        code: &str,
        nonces: &[String],
        limit: Duration,
    ) -> Result<(CellRun, Files), KernelFailure> {
        let (run, files, tampered) = self.files(code, nonces, limit).await?;
        Ok((run, if tampered.is_some() { vec![None; nonces.len()] } else { files }))
    }

    async fn restart(&mut self) -> Result<(), KernelFailure> {
        let fresh = Self::start(&self.environment, self.limits).await;
        *self = fresh.map_err(|e| KernelFailure(e.to_string()))?;
        Ok(())
    }

    async fn restart_plain(&mut self) -> Result<(), KernelFailure> {
        let fresh = Self::start_plain(&self.environment, self.limits).await;
        *self = fresh.map_err(|e| KernelFailure(e.to_string()))?;
        Ok(())
    }
}

fn run(outcome: Outcome, started: Instant) -> CellRun {
    let status = match outcome.end {
        End::Ok => CellStatus::Ok,
        End::CompileError => CellStatus::CompileError,
        End::Panicked => CellStatus::Panicked,
        End::ReturnedError => CellStatus::ReturnedError,
        End::Died | End::KernelGone => CellStatus::Died,
        End::Limit(Limit::Cpu | Limit::Wall) => CellStatus::TimedOut,
        End::Limit(_) => CellStatus::OverLimit,
    };
    let cpu = outcome.cpu_seconds;
    CellRun {
        status,
        seconds: started.elapsed().as_secs_f64(),
        cpu_seconds: if cpu.is_finite() { cpu.max(0.0) } else { 0.0 },
        message: outcome.message,
        output: outcome.output,
        output_cut: outcome.output_cut,
        kernel_gone: outcome.end == End::KernelGone,
    }
}

fn lost(e: &dyn std::fmt::Display) -> KernelError {
    KernelError::new(
        format!("the box with the kernel does not answer: {e}"),
        "try again; `grader doctor` shows whether the sandbox works",
    )
}
