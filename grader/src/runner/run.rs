//! The run of one notebook from top to bottom, past every failing cell.
//! After a cell that cost the kernel, a fresh one is started and the cells that had worked are run again.

use std::time::{Duration, Instant};

use super::evidence::Prober;
use super::plan::ran_out_of_order;
use super::{CellRun, CodeCell, Kernel, KernelFailure, Limits, Wanted, suspicion};
use crate::outcome::{CellOutcome, CellStatus, Transcript};

/// How often a fresh kernel is started for one notebook.
const FRESH_KERNELS: usize = 3;
/// On the clock a notebook may take so many times its computing time.
const PATIENCE: u64 = 4;

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
    if ran_out_of_order(cells) {
        out.remarks.push(
            "the notebook was last run in another order than from top to bottom; it was graded from top to bottom"
                .to_owned(),
        );
    }
    for (place, cell) in cells.iter().enumerate() {
        out.remarks.extend(suspicion::remarks(cell.index, &cell.source));
        out.cells.push(run.cell(cell, &mut out.remarks).await?);
        for question in wanted.iter().filter(|w| w.place(cells) == Some(place)) {
            let found = out.evidence.entry(question.question.clone()).or_default();
            if run.mend(&mut out.remarks).await?.is_ok() {
                let models = out.models.entry(question.question.clone()).or_default();
                prober.take(run.kernel, question, found, models, &mut out.remarks).await?;
            }
        }
    }
    for question in wanted {
        if question.place(cells).is_none() {
            out.remarks
                .push(format!("question {}: its cell is missing from the notebook", question.question));
        }
        let found = out.evidence.entry(question.question.clone()).or_default();
        let before = found.len();
        if before < question.variables.len() && run.mend(&mut out.remarks).await?.is_ok() {
            let models = out.models.entry(question.question.clone()).or_default();
            prober.take(run.kernel, question, found, models, &mut out.remarks).await?;
            if found.len() > before && question.place(cells).is_some() {
                out.remarks.push(format!(
                    "question {}: made only further down than its cell; taken from the end of the notebook",
                    question.question
                ));
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
    /// The number of the cell that cost the kernel, until a fresh one is there.
    lost: Option<usize>,
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
            let why = "kernel commands (`:…`, `!…`) are not run; write Rust code instead";
            return Ok(not_run(cell, CellStatus::Refused, why));
        }
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
        let run = self.execute(&cell.source, limit).await?;
        match run.status {
            CellStatus::Ok => self.worked.push(&cell.source),
            CellStatus::TimedOut | CellStatus::OverLimit | CellStatus::Died => self.lost = Some(number),
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
        })
    }

    async fn execute(&mut self, source: &str, limit: Duration) -> Result<CellRun, KernelFailure> {
        let run = self.kernel.execute(source, limit).await?;
        self.cpu += run.cpu_seconds;
        Ok(run)
    }

    /// What the next cell may compute, if the notebook has any time left.
    fn time_left(&self) -> Option<Duration> {
        let all = Duration::from_secs(self.limits.submission_seconds);
        if self.started.elapsed() > Duration::from_secs(self.limits.submission_seconds * PATIENCE) {
            return None;
        }
        let left = all.checked_sub(Duration::try_from_secs_f64(self.cpu).unwrap_or_default())?;
        Some(left.min(self.limits.cell())).filter(|left| !left.is_zero())
    }

    /// Starts a fresh kernel if the last one is lost, and runs the cells again that had worked. Says why not.
    async fn mend(&mut self, remarks: &mut Vec<String>) -> Result<Result<(), String>, KernelFailure> {
        while let Some(number) = self.lost {
            if self.fresh == FRESH_KERNELS {
                return Ok(Err(format!("{FRESH_KERNELS} fresh kernels were used up before this cell")));
            }
            self.fresh += 1;
            self.lost = None;
            self.kernel.restart().await?;
            let mut again = 0;
            for source in self.worked.clone() {
                let Some(limit) = self.time_left() else { break };
                let run = self.execute(source, limit).await?;
                if matches!(run.status, CellStatus::TimedOut | CellStatus::OverLimit | CellStatus::Died) {
                    // It worked before, so it depends on something; without it the others may still work.
                    self.worked.retain(|s| *s != source);
                    self.lost = Some(number);
                    break;
                }
                again += 1;
            }
            if self.lost.is_none() {
                remarks.push(format!(
                    "cell {number} cost the kernel all variables; the {again} cells that had worked were run again \
                     in a fresh kernel"
                ));
            }
        }
        Ok(Ok(()))
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
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use spikelab::evidence::{Evidence, ProbeFile};

    use super::super::{Kind, Probed, Variable, WantedVariable};
    use super::*;

    /// Understands `NAME: Type`, `loop`, `panic` and probe cells.
    #[derive(Default)]
    struct Fake {
        variables: Vec<Variable>,
        log: Vec<String>,
        restarts: usize,
        /// Seconds of computing that each cell takes.
        cost: f64,
    }

    impl Kernel for Fake {
        async fn execute(&mut self, code: &str, _: Duration) -> Result<CellRun, KernelFailure> {
            self.log.push(code.to_owned());
            let status = match code {
                "loop" => CellStatus::TimedOut,
                "abort" => CellStatus::Died,
                "hoard" => CellStatus::OverLimit,
                "panic" => CellStatus::Panicked,
                "fail" => return Err(KernelFailure("gone".into())),
                variable => {
                    let (name, type_name) = variable.split_once(": ").unwrap();
                    self.variables.push(Variable { name: name.into(), type_name: type_name.into() });
                    CellStatus::Ok
                }
            };
            Ok(CellRun { status, seconds: 0.0, cpu_seconds: self.cost, message: None, output_cut: false })
        }

        async fn variables(&mut self) -> Result<Vec<Variable>, KernelFailure> {
            Ok(self.variables.clone())
        }

        fn probe_path(&self, nonce: &str) -> String {
            nonce.to_owned()
        }

        async fn probe(&mut self, code: &str, nonce: &str) -> Result<Probed, KernelFailure> {
            self.log.push(code.to_owned());
            let quoted: Vec<&str> = code.split('"').skip(1).step_by(2).collect();
            assert_eq!((quoted[0], quoted[quoted.len() - 1]), (nonce, nonce));
            let value = Evidence::Text { value: code.to_owned() };
            let names = &quoted[1..quoted.len() - 1];
            let values = names.iter().map(|n| ((*n).to_owned(), value.clone())).collect();
            let file = ProbeFile { nonce: nonce.to_owned(), values, ..ProbeFile::default() };
            Ok(Probed::File(serde_json::to_vec(&file).unwrap()))
        }

        async fn restart(&mut self) -> Result<(), KernelFailure> {
            self.variables.clear();
            self.restarts += 1;
            Ok(())
        }
    }

    fn cells(list: &[(&str, &str)]) -> Vec<CodeCell> {
        let cell = |(index, (id, source)): (usize, &(&str, &str))| CodeCell {
            index,
            grade_id: Some((*id).to_owned()).filter(|id| !id.is_empty()),
            source: (*source).to_owned(),
            execution_count: None,
        };
        list.iter().enumerate().map(cell).collect()
    }

    fn wanted(question: &str, name: &str, kind: Kind) -> Wanted {
        let variables = vec![WantedVariable { name: name.into(), kind }];
        Wanted { question: question.into(), cells: vec![question.into()], variables }
    }

    async fn run(list: &[(&str, &str)], wanted: &[Wanted]) -> (Transcript, Fake) {
        let mut kernel = Fake::default();
        let out = run_notebook(&mut kernel, &cells(list), wanted, Limits::default()).await;
        (out.unwrap(), kernel)
    }

    fn names(out: &Transcript) -> BTreeMap<&str, Vec<&str>> {
        out.evidence.iter().map(|(q, v)| (q.as_str(), v.keys().map(String::as_str).collect())).collect()
    }

    #[tokio::test]
    async fn variables_are_taken_after_their_cell() {
        let (out, kernel) =
            run(&[("q1", "m: SpikeMonitor"), ("", "x: f64")], &[wanted("q1", "m", Kind::Spikes)]).await;
        assert_eq!(names(&out), [("q1", vec!["m"])].into());
        assert!(kernel.log[1].starts_with("{ ::spikelab"), "before the next cell: {:?}", kernel.log);
        assert!(out.remarks.is_empty());
    }

    #[tokio::test]
    async fn a_renamed_variable_is_found_by_its_type() {
        let (out, kernel) = run(
            &[("q1", "mine: spikelab::SpikeMonitor"), ("q2", "a: SpikeMonitor"), ("q2", "b: SpikeMonitor")],
            &[wanted("q1", "m", Kind::Spikes), wanted("q2", "n", Kind::Spikes)],
        )
        .await;
        assert_eq!(names(&out), [("q1", vec!["m"]), ("q2", vec![])].into(), "two candidates are none");
        assert!(kernel.log[1].contains(r#".add("m", &mine)"#));
        assert!(out.remarks[0].contains("`mine`"), "{:?}", out.remarks);
    }

    #[tokio::test]
    async fn an_endless_loop_costs_its_own_cell_only() {
        let list = [("", "x: f64"), ("q1", "loop"), ("q2", "m: Figure")];
        let (out, kernel) =
            run(&list, &[wanted("q1", "y", Kind::Plain), wanted("q2", "x", Kind::Plain)]).await;
        assert_eq!(names(&out), [("q1", vec![]), ("q2", vec!["x"])].into());
        assert_eq!(kernel.log.iter().filter(|c| *c == "x: f64").count(), 2);
        assert_eq!(out.cells[1].status, CellStatus::TimedOut);
        assert_eq!(kernel.restarts, 1);
        assert!(out.remarks[0].contains("reached a limit"), "{:?}", out.remarks);
    }

    #[tokio::test]
    async fn a_fresh_kernel_is_started_only_if_something_is_left_to_do() {
        let (out, kernel) = run(&[("", "x: f64"), ("", "hoard")], &[]).await;
        assert_eq!((out.cells[1].status, kernel.restarts), (CellStatus::OverLimit, 0));
    }

    #[tokio::test]
    async fn fresh_kernels_run_out() {
        let list = [("", "abort"), ("", "abort"), ("", "abort"), ("", "abort"), ("q1", "m: Figure")];
        let (out, kernel) = run(&list, &[wanted("q1", "m", Kind::Figure)]).await;
        assert_eq!((kernel.restarts, out.cells[4].status), (FRESH_KERNELS, CellStatus::NotRun));
        assert_eq!(names(&out), [("q1", vec![])].into());
    }

    #[tokio::test]
    async fn the_whole_notebook_has_its_time() {
        let mut kernel = Fake { cost: 250.0, ..Fake::default() };
        let list = cells(&[("", "x: f64"), ("", "y: f64"), ("", "z: f64"), ("", "u: f64")]);
        let out = run_notebook(&mut kernel, &list, &[], Limits::default()).await.unwrap();
        let statuses: Vec<CellStatus> = out.cells.iter().map(|c| c.status).collect();
        assert_eq!(statuses, [CellStatus::Ok, CellStatus::Ok, CellStatus::Ok, CellStatus::NotRun]);
        assert!(out.cells[3].message.as_ref().unwrap().contains("600 s"));
    }

    #[tokio::test]
    async fn a_deleted_cell_is_named_and_its_variable_still_found() {
        let (out, _) = run(&[("", "m: Figure")], &[wanted("q1", "m", Kind::Figure)]).await;
        assert_eq!(names(&out), [("q1", vec!["m"])].into());
        assert!(out.remarks[0].contains("missing from the notebook"), "{:?}", out.remarks);
    }

    #[tokio::test]
    async fn kernel_commands_are_not_sent() {
        let (out, kernel) = run(&[("q1", ":quit")], &[]).await;
        assert_eq!(out.cells[0].status, CellStatus::Refused);
        assert!(kernel.log.is_empty());
    }

    #[tokio::test]
    async fn a_failing_kernel_is_not_the_students_fault() {
        let list = cells(&[("q1", "fail")]);
        let out = run_notebook(&mut Fake::default(), &list, &[], Limits::default()).await;
        assert!(out.is_err());
    }
}
