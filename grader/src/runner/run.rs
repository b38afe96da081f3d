//! The run of one notebook from top to bottom, past every failing cell.
//! After a cell that cost the kernel, a fresh one is started and the cells that had worked are run again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use spikelab::evidence::ProbeFile;
use spikelab_box::message::CellLimits;

use super::evidence::{Prober, Took, join_models, read};
use super::joint::{Joint, Piece, join};
use super::plan::ran_out_of_order;
use super::{CellRun, CodeCell, Kernel, KernelFailure, Limits, Wanted, suspicion};
use crate::outcome::{CellOutcome, CellStatus, Transcript};

/// How often a fresh kernel is started for one notebook.
const FRESH_KERNELS: usize = 4;
/// How often cells that go together may cost the kernel, until all run one by one.
const JOINTS: usize = 4;
/// Computing time of cells that go together. Those that need longer have their own limits one by one.
const JOINT: Duration = Duration::from_secs(15);

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
    let mut run = Run {
        kernel,
        limits,
        started: Instant::now(),
        cpu: 0.0,
        worked: Vec::new(),
        lost: None,
        fresh: 0,
        patience_with_joints: JOINTS,
    };
    if ran_out_of_order(cells) {
        out.remarks.push(
            "the notebook was last run in another order than from top to bottom; it was graded from top to bottom"
                .to_owned(),
        );
    }
    let places: Vec<Option<usize>> = wanted.iter().map(|question| question.place(cells)).collect();
    let pieces: Vec<Option<Piece>> = cells.iter().map(Piece::new).collect();
    let mut bound = BTreeSet::new();
    let mut place = 0;
    // This cell runs alone, and if it works all up to `alone` do.
    let (mut stop, mut alone) = (None, 0);
    while let Some(cell) = cells.get(place) {
        let path = |nonce: &str| run.kernel.probe_path(nonce);
        let joint = match place < alone || stop == Some(place) {
            true => None,
            false => join(&pieces, (place, stop), &bound, (wanted, &places), path),
        };
        if let Some(joint) = joint {
            let ended = run.together(&joint, &cells[place..joint.end], wanted, &mut prober, &mut out).await?;
            if let Together::Failed(cell) = ended {
                // With this one alone the others may go together; if it works alone, they do not.
                stop = cell.map(|cell| place + cell).filter(|cell| *cell < joint.end);
                alone = if stop.is_some() { 0 } else { joint.end };
                if stop.is_some_and(|stop| stop > place) {
                    continue;
                }
            } else {
                bound.extend(pieces[place..joint.end].iter().flatten().flat_map(|p| p.names.clone()));
                place = joint.end;
                let taken: Vec<usize> = joint.probes.iter().map(|(k, _)| *k).collect();
                for (k, question) in wanted.iter().enumerate() {
                    if places[k] == Some(place - 1) && !taken.contains(&k) {
                        run.take(&mut prober, question, &mut out).await?;
                    }
                }
                continue;
            }
        }
        out.remarks.extend(suspicion::remarks(cell.index, &cell.source));
        let done = run.cell(cell, &mut out.remarks).await?;
        if done.status == CellStatus::Ok {
            bound.extend(pieces[place].iter().flat_map(|p| p.names.clone()));
            if stop == Some(place) {
                alone = cells.len();
            }
        } else if run.patience_with_joints > 0 {
            // This was the one; those behind it may go together again.
            (stop, alone) = (None, 0);
        }
        out.cells.push(done);
        for question in wanted.iter().zip(&places).filter(|(_, at)| **at == Some(place)).map(|(q, _)| q) {
            run.take(&mut prober, question, &mut out).await?;
        }
        place += 1;
    }
    for question in wanted {
        if question.place(cells).is_none() {
            out.remarks
                .push(format!("question {}: its cell is missing from the notebook", question.question));
        }
        let before = out.evidence.get(&question.question).map_or(0, BTreeMap::len);
        if before < question.variables.len() {
            run.take(&mut prober, question, &mut out).await?;
            let after = out.evidence.get(&question.question).map_or(0, BTreeMap::len);
            if after > before && question.place(cells).is_some() {
                out.remarks.push(format!(
                    "question {}: made only further down than its cell; taken from the end of the notebook",
                    question.question
                ));
            }
        }
    }
    Ok(out)
}

/// How running cells together ended.
enum Together {
    Worked,
    /// Over which of them, counted from 0, if that shows.
    Failed(Option<usize>),
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
    /// How many more times cells that went together may cost the kernel.
    patience_with_joints: usize,
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
            let why = "kernel commands (`:…`, `!…`) are not run; write Rust code instead";
            return Ok(not_run(cell, CellStatus::Refused, why));
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
        if matches!(run.status, CellStatus::TimedOut | CellStatus::OverLimit) {
            let what = run.message.as_deref().and_then(|m| m.lines().next()).unwrap_or_default();
            remarks.push(format!("cell {number} reached a limit: {what}"));
        }
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

    /// Runs cells together. If that failed everything is as it was before.
    async fn together(
        &mut self,
        joint: &Joint,
        cells: &'a [CodeCell],
        wanted: &[Wanted],
        prober: &mut Prober,
        out: &mut Transcript,
    ) -> Result<Together, KernelFailure> {
        if self.patience_with_joints == 0 || self.mend(&mut out.remarks).await?.is_err() {
            return Ok(Together::Failed(None));
        }
        let Some(limit) = self.time_left() else { return Ok(Together::Failed(None)) };
        let nonces: Vec<String> = joint.probes.iter().map(|(_, nonce)| nonce.clone()).collect();
        let answer = self.kernel.probe_all(&joint.code, &nonces, limit.min(JOINT)).await;
        let suspect = match &answer {
            Ok((run, _)) if run.status == CellStatus::CompileError => {
                run.message.as_deref().and_then(|message| joint.refused(message))
            }
            Ok((run, _)) => Some(joint.unfinished(&run.output)),
            Err(_) => None,
        };
        let files = match answer {
            Ok((run, files)) if run.status == CellStatus::Ok && !run.output_cut => {
                let files: Option<Vec<ProbeFile>> =
                    nonces.iter().zip(&files).map(|(nonce, file)| read(file.as_ref()?, nonce)).collect();
                files.map(|files| (run, files))
            }
            // The compiler refused it, so nothing of it was run; a kernel for all cells at once knows no other way.
            Ok((run, _)) if run.status == CellStatus::CompileError && !joint.complete => {
                return Ok(Together::Failed(suspect));
            }
            _ => None,
        };
        let present = match &files {
            Some(_) if joint.complete => Some(Vec::new()),
            Some(_) => self.kernel.variables().await.ok(),
            None => None,
        };
        let (Some((run, files)), Some(mut present)) = (files, present) else {
            self.patience_with_joints -= 1;
            self.lost = Some(String::new());
            return Ok(Together::Failed(suspect));
        };
        self.cpu += run.cpu_seconds;
        for ((k, _), file) in joint.probes.iter().zip(files) {
            let name = &wanted[*k].question;
            out.evidence.entry(name.clone()).or_default().extend(file.values);
            join_models(out.models.entry(name.clone()).or_default(), file.models);
        }
        if !joint.probes.is_empty() {
            present.retain(|variable| joint.seen.contains(&variable.name));
            prober.saw(present);
        }
        let parts = joint.apart(&run.output, cells.len());
        // What was spent on all of them, such as compiling, is shared out evenly.
        let ran: f64 = parts.iter().map(|(_, seconds)| seconds).sum();
        #[expect(clippy::cast_precision_loss, reason = "a notebook has few cells")]
        let share = (run.seconds - ran).max(0.0) / cells.len() as f64;
        for (cell, (output, seconds)) in cells.iter().zip(parts) {
            out.remarks.extend(suspicion::remarks(cell.index, &cell.source));
            self.worked.push(&cell.source);
            out.cells.push(CellOutcome {
                seconds: seconds + share,
                output,
                message: None,
                ..not_run(cell, CellStatus::Ok, "")
            });
        }
        Ok(Together::Worked)
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
            // The end of cells that were run together is nobody's fault yet.
            let counts = !reason.is_empty();
            if counts && self.fresh == FRESH_KERNELS {
                self.lost = Some(reason);
                return Ok(Err(format!("{FRESH_KERNELS} fresh kernels were used up before this cell")));
            }
            self.fresh += usize::from(counts);
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
            if self.lost.is_none() && counts {
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

fn not_run(cell: &CodeCell, status: CellStatus, why: &str) -> CellOutcome {
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
