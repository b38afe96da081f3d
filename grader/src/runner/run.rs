//! The run of one notebook from top to bottom, past every failing cell.
//! After a cell that cost the kernel, a fresh one is started and the cells that had worked are run again.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use spikelab_box::message::CellLimits;

use super::evidence::{Prober, Took};
use super::plan::out_of_order;
use super::{CellRun, CodeCell, Kernel, KernelFailure, Limits, Wanted, suspicion};
use crate::outcome::{CellOutcome, CellStatus, Transcript};

/// How often a fresh kernel is started for one notebook.
pub(super) const FRESH_KERNELS: usize = 4;
/// What a cell is told that holds a command.
pub(super) const COMMAND: &str = "kernel commands (`:…`, `!…`) are not run; write Rust code instead";

/// Runs the cells in order and takes each question's variables right after its last cell.
///
/// # Errors
/// Only if the kernel itself fails; whatever the student's code does is in the transcript.
pub async fn run_notebook<K: Kernel>(
    kernel: &mut K,
    cells: &[CodeCell],
    wanted: &[Wanted],
    limits: Limits,
) -> Result<Transcript, KernelFailure> {
    let mut out = Transcript::default();
    let mut prober = Prober::new(wanted);
    let mut run =
        Run { kernel, limits, started: Instant::now(), cpu: 0.0, worked: Vec::new(), lost: None, fresh: 0 };
    out.remarks.extend(out_of_order(cells));
    for (place, cell) in cells.iter().enumerate() {
        out.remarks.extend(suspicion::remarks(cell.index, &cell.source));
        let done = run.cell(cell, &mut out.remarks).await?;
        out.cells.push(done);
        for question in wanted.iter().filter(|question| question.place(cells) == Some(place)) {
            run.take(&mut prober, question, &mut out).await?;
        }
    }
    for question in wanted {
        if question.place(cells).is_none() {
            out.remarks.push(missing_cell(question));
        }
        let before = out.evidence.get(&question.question).map_or(0, BTreeMap::len);
        if before < question.variables.len() {
            run.take(&mut prober, question, &mut out).await?;
            let after = out.evidence.get(&question.question).map_or(0, BTreeMap::len);
            if after > before && question.place(cells).is_some() {
                out.remarks.push(taken_late(question));
            }
        }
    }
    Ok(out)
}

/// A notebook half way.
struct Run<'a, K> {
    kernel: &'a mut K,
    limits: Limits,
    started: Instant,
    /// Seconds of computing so far.
    cpu: f64,
    /// Cells that worked, to be run again in a fresh kernel.
    worked: Vec<&'a str>,
    /// What cost the kernel, until a fresh one is there.
    lost: Option<String>,
    fresh: usize,
}

impl<'a, K: Kernel> Run<'a, K> {
    async fn cell(
        &mut self,
        cell: &'a CodeCell,
        remarks: &mut Vec<String>,
    ) -> Result<CellOutcome, KernelFailure> {
        let number = cell.index + 1;
        if cell.has_command() {
            remarks.push(format!("cell {number} holds a kernel command and was not run"));
            return Ok(not_run(cell, CellStatus::Refused, COMMAND));
        }
        let mut again = false;
        let run = loop {
            if let Err(why) = self.mend(remarks).await? {
                return Ok(not_run(cell, CellStatus::NotRun, &why));
            }
            let Some(limit) = self.time_left() else {
                let why = format!(
                    "the notebook's time ({} s of computing) was used up before this cell",
                    self.limits.submission_seconds
                );
                return Ok(not_run(cell, CellStatus::NotRun, &why));
            };
            match self.execute(&cell.source, limit).await {
                Ok(run) if again || !run.kernel_gone => break run,
                Err(failure) if again => break gone(&failure),
                // Perhaps an earlier cell left something behind that ended the kernel: this one gets another chance.
                _ => {
                    self.lost =
                        Some(format!("the kernel ended before or in cell {number}, with all variables"))
                }
            }
            again = true;
        };
        match run.status {
            CellStatus::Ok => self.worked.push(&cell.source),
            CellStatus::TimedOut | CellStatus::OverLimit | CellStatus::Died => {
                self.lost = Some(format!("cell {number} cost the kernel all variables"));
            }
            _ => {}
        }
        remarks.extend(reached(cell, run.status, run.message.as_deref()));
        if run.output_cut {
            remarks.push(format!("cell {number} reached a limit: it printed too much; the rest was dropped"));
        }
        Ok(CellOutcome {
            index: cell.index,
            grade_id: cell.grade_id.clone(),
            source: cell.source.clone(),
            status: run.status,
            seconds: run.seconds,
            message: run.message,
            output: run.output,
        })
    }

    /// Takes a question's variables out; if the kernel ends over that, once more out of a fresh one.
    async fn take(
        &mut self,
        prober: &mut Prober,
        question: &Wanted,
        out: &mut Transcript,
    ) -> Result<(), KernelFailure> {
        let name = &question.question;
        let found = out.evidence.entry(name.clone()).or_default();
        let models = out.models.entry(name.clone()).or_default();
        for _ in 0..2 {
            if self.mend(&mut out.remarks).await?.is_err() {
                return Ok(());
            }
            if let Ok(Took::Done) = prober.take(self.kernel, question, found, models, &mut out.remarks).await
            {
                return Ok(());
            }
            self.lost = Some(format!("question {name}: the kernel ended while its variables were taken"));
        }
        Ok(())
    }

    async fn execute(&mut self, source: &str, limit: Duration) -> Result<CellRun, KernelFailure> {
        let run = self.kernel.execute(source, limit).await?;
        self.cpu += run.cpu_seconds;
        Ok(run)
    }

    /// What the next cell may compute, if the notebook has any time left.
    fn time_left(&self) -> Option<Duration> {
        let all = Duration::from_secs(self.limits.submission_seconds);
        let clock = CellLimits::of_computing(all.as_secs_f64());
        if clock.is_late(self.cpu, self.started.elapsed().as_secs_f64()) {
            return None;
        }
        let left = all.checked_sub(Duration::try_from_secs_f64(self.cpu).unwrap_or_default())?;
        Some(left.min(self.limits.cell())).filter(|left| !left.is_zero())
    }

    /// Starts a fresh kernel if the last one is lost, and runs the cells again that had worked. Says why not.
    async fn mend(&mut self, remarks: &mut Vec<String>) -> Result<Result<(), String>, KernelFailure> {
        while let Some(reason) = self.lost.take() {
            if self.fresh == FRESH_KERNELS {
                self.lost = Some(reason);
                return Ok(Err(format!("{FRESH_KERNELS} fresh kernels were used up before this cell")));
            }
            self.fresh += 1;
            self.kernel.restart().await?;
            let mut again = 0;
            for source in self.worked.clone() {
                let Some(limit) = self.time_left() else { break };
                let run = self.execute(source, limit).await.unwrap_or_else(|e| gone(&e));
                if matches!(run.status, CellStatus::TimedOut | CellStatus::OverLimit | CellStatus::Died) {
                    // It worked before, so it depends on something; without it the others may still work.
                    self.worked.retain(|s| *s != source);
                    self.lost = Some(reason.clone());
                    break;
                }
                again += 1;
            }
            if self.lost.is_none() {
                remarks.push(format!(
                    "{reason}; the {again} cells that had worked were run again in a fresh kernel"
                ));
            }
        }
        Ok(Ok(()))
    }
}

/// A cell over which the kernel itself failed.
fn gone(failure: &KernelFailure) -> CellRun {
    CellRun {
        status: CellStatus::Died,
        seconds: 0.0,
        cpu_seconds: 0.0,
        message: Some(format!("the kernel ended: {failure}")),
        output: String::new(),
        output_cut: false,
        kernel_gone: true,
    }
}

/// Says so if a cell reached a limit.
pub(super) fn reached(cell: &CodeCell, status: CellStatus, message: Option<&str>) -> Option<String> {
    let what = message.and_then(|m| m.lines().next()).unwrap_or_default();
    matches!(status, CellStatus::TimedOut | CellStatus::OverLimit)
        .then(|| format!("cell {} reached a limit: {what}", cell.index + 1))
}

/// Says that no cell of a question is left.
pub(super) fn missing_cell(question: &Wanted) -> String {
    format!("question {}: its cell is missing from the notebook", question.question)
}

/// Says that a question's variables were made behind its cells.
pub(super) fn taken_late(question: &Wanted) -> String {
    format!(
        "question {}: made only further down than its cell; taken from the end of the notebook",
        question.question
    )
}

pub(super) fn not_run(cell: &CodeCell, status: CellStatus, why: &str) -> CellOutcome {
    CellOutcome {
        index: cell.index,
        grade_id: cell.grade_id.clone(),
        source: cell.source.clone(),
        status,
        seconds: 0.0,
        message: Some(why.to_owned()),
        output: String::new(),
    }
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
