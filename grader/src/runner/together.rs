//! A whole notebook as one request to a kernel that infers no types; cells that fail are left out, and the rest is sent again.
//! Ends as cell by cell, or is given up: then the notebook is run cell by cell.

use std::collections::BTreeMap;
use std::time::Duration;

use spikelab::evidence::ProbeFile;

use super::evidence::{join_models, only, read};
use super::joint::{Joint, Part, Renamed, Take, join};
use super::piece::{Misfit, Piece};
use super::plan::out_of_order;
use super::run::{COMMAND, FRESH_KERNELS, missing_cell, not_run, reached, taken_late};
use super::{CodeCell, Kernel, KernelFailure, Limits, Wanted, WantedVariable, suspicion};
use crate::outcome::{CellOutcome, CellStatus, Transcript};

/// So many times the cells are sent, and as often once more as there are cells.
const ROUNDS: usize = 8;

/// The cells of a notebook as parts of one text.
pub struct Pieces(Vec<Result<Piece, Misfit>>);

impl Pieces {
    /// None if a cell means something else among others than alone.
    #[must_use]
    pub fn of(cells: &[CodeCell]) -> Option<Self> {
        let pieces: Vec<_> = cells.iter().map(Piece::new).collect();
        (!pieces.iter().any(|piece| matches!(piece, Err(Misfit::Alone)))).then_some(Self(pieces))
    }
}

/// Runs a notebook in a kernel that nothing was run in yet. Nothing if it must be run cell by cell, in a fresh one.
///
/// # Errors
/// Only if no fresh kernel can be had.
pub async fn run_together<K: Kernel>(
    kernel: &mut K,
    (cells, pieces): (&[CodeCell], Pieces),
    wanted: &[Wanted],
    limits: Limits,
) -> Result<Option<Transcript>, KernelFailure> {
    let mut run = Together {
        kernel,
        cells,
        wanted,
        places: wanted.iter().map(|question| question.place(cells)).collect(),
        pieces: pieces.0,
        ends: vec![End::In; cells.len()],
        renamed: Renamed::new(),
        limit: limits.cell(),
        seconds: 0.0,
        fresh: 0,
    };
    if !run.look_at_odd_cells().await {
        return Ok(None);
    }
    for _ in 0..ROUNDS + cells.len() {
        match run.round().await? {
            Round::Again => {}
            Round::GivenUp => return Ok(None),
            Round::Done(transcript) => return Ok(Some(transcript)),
        }
    }
    Ok(None)
}

/// What is known of a cell.
#[derive(Clone, Debug)]
enum End {
    /// Nothing against it.
    In,
    /// It fails half way.
    Caught(CellStatus, String),
    /// It does nothing that stays; the last is what it printed until it was ended.
    Out(CellStatus, String, String),
}

enum Round {
    /// More is known now.
    Again,
    Done(Transcript),
    GivenUp,
}

struct Together<'a, K> {
    kernel: &'a mut K,
    cells: &'a [CodeCell],
    wanted: &'a [Wanted],
    /// After which cell each question's variables are taken out.
    places: Vec<Option<usize>>,
    pieces: Vec<Result<Piece, Misfit>>,
    ends: Vec<End>,
    renamed: Renamed,
    limit: Duration,
    /// All that was spent.
    seconds: f64,
    /// Kernels that cells have cost.
    fresh: usize,
}

impl<K: Kernel> Together<'_, K> {
    /// Commands are not run. What is no Rust must be refused by the compiler over its form, so that it does not matter what
    /// was before it.
    async fn look_at_odd_cells(&mut self) -> bool {
        for place in 0..self.cells.len() {
            let end = match &self.pieces[place] {
                Err(Misfit::Command) => End::Out(CellStatus::Refused, COMMAND.to_owned(), String::new()),
                Err(_) => {
                    let Ok(run) = self.kernel.execute(&self.cells[place].source, self.limit).await else {
                        return false;
                    };
                    self.seconds += run.seconds;
                    let message = run.message.unwrap_or_default();
                    // Errors with a number are about meaning; but those of the seventh hundred are about form.
                    let form = message.split("[E").skip(1).all(|code| code.starts_with("07"));
                    if run.status != CellStatus::CompileError || !form || message.is_empty() {
                        return false;
                    }
                    End::Out(CellStatus::CompileError, message, String::new())
                }
                Ok(_) => continue,
            };
            self.ends[place] = end;
        }
        true
    }

    async fn round(&mut self) -> Result<Round, KernelFailure> {
        let part = |end: &End| match end {
            End::In => Part::In,
            End::Caught(..) => Part::Caught,
            End::Out(..) => Part::Out,
        };
        let parts: Vec<(Option<&Piece>, Part)> =
            self.pieces.iter().zip(&self.ends).map(|(piece, end)| (piece.as_ref().ok(), part(end))).collect();
        let path = |nonce: &str| self.kernel.probe_path(nonce);
        let Some(joint) = join(&parts, (self.wanted, &self.places), &self.renamed, path) else {
            return Ok(Round::GivenUp);
        };
        let nonces = joint.nonces();
        let Ok((run, files)) = self.kernel.probe_all(&joint.code, &nonces, self.limit).await else {
            return Ok(Round::GivenUp);
        };
        self.seconds += run.seconds;
        let message = run.message.unwrap_or_default();
        let before = joint.apart(&run.output);
        let failed = match run.status {
            _ if run.output_cut => None,
            CellStatus::Ok => {
                let files: Option<Vec<ProbeFile>> =
                    nonces.iter().zip(&files).map(|(nonce, file)| read(file.as_ref()?, nonce)).collect();
                let Some(files) = files else { return Ok(Round::GivenUp) };
                if self.rename(&joint, &files) {
                    self.kernel.restart_plain().await?;
                    return Ok(Round::Again);
                }
                return Ok(Round::Done(self.transcript(&joint, files, &before)));
            }
            CellStatus::CompileError => {
                joint.refused(&message).map(|(place, own)| (place, End::Out(run.status, own, String::new())))
            }
            CellStatus::Panicked | CellStatus::ReturnedError => {
                joint.unfinished(&run.output).map(|place| (place, End::Caught(run.status, message)))
            }
            CellStatus::TimedOut | CellStatus::OverLimit | CellStatus::Died => {
                // One limit holds for all of them; it was this cell's own only if the others needed next to nothing.
                let others: f64 = before.iter().map(|(_, seconds)| seconds).sum();
                let alone = others < 0.1 * self.limit.as_secs_f64() && self.fresh < FRESH_KERNELS;
                self.fresh += 1;
                let place = joint.unfinished(&run.output).filter(|_| alone && !run.kernel_gone);
                let said = joint.last_words(&run.output);
                place.map(|place| (place, End::Out(run.status, message, said)))
            }
            CellStatus::Refused | CellStatus::NotRun => None,
        };
        let Some((place, end)) = failed.filter(|(place, _)| matches!(self.ends[*place], End::In)) else {
            return Ok(Round::GivenUp);
        };
        // What was said about later cells was said while this one's variables were there.
        for later in place + 1..self.ends.len() {
            if self.pieces[later].is_ok() && !matches!(self.ends[later], End::In) {
                self.ends[later] = End::In;
            }
        }
        self.ends[place] = end;
        // The compiler comes before the first line is run.
        if run.status != CellStatus::CompileError {
            self.kernel.restart_plain().await?;
        }
        Ok(Round::Again)
    }

    /// Finds out which variables are meant where one is missing; true if that is news.
    fn rename(&mut self, joint: &Joint, files: &[ProbeFile]) -> bool {
        let reserved = |name: &str| self.wanted.iter().flat_map(|q| &q.variables).any(|v| v.name == *name);
        let (none, mut news) = (BTreeMap::new(), false);
        let mut seen = &none;
        for (take, file) in joint.takes.iter().zip(files) {
            let mut used: Vec<String> = Vec::new();
            for variable in &self.wanted[take.question].variables {
                let key = (take.question, variable.name.clone());
                if let Some(other) = self.renamed.get(&key) {
                    used.push(other.clone());
                } else if !file.values.contains_key(&variable.name)
                    && !self.is_found(take, variable, joint, files)
                {
                    let new = file
                        .types
                        .iter()
                        .filter(|(name, is)| seen.get(*name) != Some(*is) && !reserved(name));
                    let new = new.filter(|(name, _)| !used.contains(name));
                    if let Some(name) =
                        only(variable.kind, new.map(|(name, is)| (name.as_str(), is.as_str())))
                    {
                        used.push(name.to_owned());
                        self.renamed.insert(key, name.to_owned());
                        news = true;
                    }
                }
            }
            seen = &file.types;
        }
        news
    }

    /// True if a variable was taken at its own place already.
    fn is_found(&self, at: &Take, variable: &WantedVariable, joint: &Joint, files: &[ProbeFile]) -> bool {
        let mut earlier =
            joint.takes.iter().zip(files).filter(|(take, _)| at.late && take.question == at.question);
        earlier.any(|(take, file)| !take.late && file.values.contains_key(&variable.name))
    }

    /// All has been run: what came of it.
    fn transcript(&self, joint: &Joint, files: Vec<ProbeFile>, parts: &[(String, f64)]) -> Transcript {
        let mut out = Transcript::default();
        out.remarks.extend(out_of_order(self.cells));
        let mut values: Vec<(&Take, ProbeFile)> = joint.takes.iter().zip(files).collect();
        let ran: f64 = parts.iter().map(|(_, seconds)| seconds).sum();
        // What was spent on all of them, such as compiling, is shared out evenly.
        #[expect(clippy::cast_precision_loss, reason = "a notebook has few cells")]
        let share = (self.seconds - ran).max(0.0) / self.cells.len().max(1) as f64;
        for (place, (cell, end)) in self.cells.iter().zip(&self.ends).enumerate() {
            let at = joint.cells.iter().position(|c| *c == place);
            let (mut output, seconds) = at.and_then(|at| parts.get(at)).cloned().unwrap_or_default();
            let (status, message) = match end {
                End::In => (CellStatus::Ok, None),
                End::Caught(status, message) => (*status, Some(message.clone())),
                End::Out(status, message, said) => {
                    output.clone_from(said);
                    (*status, Some(message.clone()))
                }
            };
            let number = cell.index + 1;
            if status == CellStatus::Refused {
                out.remarks.push(format!("cell {number} holds a kernel command and was not run"));
            }
            out.remarks.extend(suspicion::remarks(cell.index, &cell.source));
            out.remarks.extend(reached(cell, status, message.as_deref()));
            let filled =
                CellOutcome { message, output, seconds: seconds + share, ..not_run(cell, status, "") };
            out.cells.push(filled);
            for (take, file) in
                values.extract_if(.., |(t, _)| !t.late && self.places[t.question] == Some(place))
            {
                self.add(take, file, &mut out);
            }
        }
        for (k, question) in self.wanted.iter().enumerate() {
            out.evidence.entry(question.question.clone()).or_default();
            out.models.entry(question.question.clone()).or_default();
            if self.places[k].is_none() {
                out.remarks.push(missing_cell(question));
            }
            for (take, file) in values.extract_if(.., |(t, _)| t.question == k) {
                if self.add(take, file, &mut out) && self.places[k].is_some() {
                    out.remarks.push(taken_late(question));
                }
            }
        }
        out
    }

    /// Adds what a probe has found; true if that is anything.
    fn add(&self, take: &Take, file: ProbeFile, out: &mut Transcript) -> bool {
        let question = &self.wanted[take.question];
        let name = &question.question;
        for variable in question.variables.iter().filter(|v| file.values.contains_key(&v.name)) {
            if let Some(other) = self.renamed.get(&(take.question, variable.name.clone())) {
                out.remarks.push(super::evidence::renamed(question, variable, other));
            }
        }
        let any = !file.values.is_empty();
        out.evidence.entry(name.clone()).or_default().extend(file.values);
        join_models(out.models.entry(name.clone()).or_default(), file.models);
        any
    }
}

#[cfg(test)]
#[path = "together_tests.rs"]
mod tests;
