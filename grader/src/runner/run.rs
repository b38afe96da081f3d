//! The run of one notebook from top to bottom, past every failing cell.
//! After a cell that cost the kernel its memory, the cells that had worked are run again.

use std::time::{Duration, Instant};

use super::evidence::Prober;
use super::plan::ran_out_of_order;
use super::{CodeCell, Kernel, KernelFailure, Wanted};
use crate::outcome::{CellOutcome, CellStatus, Transcript};

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Each cell.
    pub cell: Duration,
    /// The whole notebook; cells after it are not run.
    pub notebook: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { cell: Duration::from_secs(60), notebook: Duration::from_secs(600) }
    }
}

/// How often the memory of a kernel is built up again for one notebook.
const REPLAYS: usize = 3;

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
    let started = Instant::now();
    let mut out = Transcript::default();
    let mut prober = Prober::new(wanted);
    let mut worked: Vec<&str> = Vec::new();
    let mut replays = 0;
    if ran_out_of_order(cells) {
        out.remarks.push(
            "the notebook was last run in another order than from top to bottom; it was graded from top to bottom"
                .to_owned(),
        );
    }
    for (place, cell) in cells.iter().enumerate() {
        let outcome = if cell.has_command() {
            out.remarks.push(format!("cell {} holds a kernel command and was not run", cell.index + 1));
            not_run(
                cell,
                CellStatus::Refused,
                "kernel commands (`:…`, `!…`) are not run; write Rust code instead",
            )
        } else if started.elapsed() > limits.notebook {
            not_run(cell, CellStatus::NotRun, "the notebook's time was used up before this cell")
        } else {
            let run = kernel.execute(&cell.source, limits.cell).await?;
            CellOutcome {
                index: cell.index,
                grade_id: cell.grade_id.clone(),
                source: cell.source.clone(),
                status: run.status,
                seconds: run.seconds,
                message: run.message,
            }
        };
        match outcome.status {
            CellStatus::Ok => worked.push(&cell.source),
            CellStatus::TimedOut | CellStatus::Died if place + 1 < cells.len() && replays < REPLAYS => {
                replays += 1;
                for source in &worked {
                    if started.elapsed() > limits.notebook {
                        break;
                    }
                    kernel.execute(source, limits.cell).await?;
                }
                out.remarks.push(format!(
                    "cell {} cost the kernel all variables; the {} cells that had worked were run again",
                    cell.index + 1,
                    worked.len()
                ));
            }
            _ => {}
        }
        out.cells.push(outcome);
        for question in wanted.iter().filter(|w| w.place(cells) == Some(place)) {
            let found = out.evidence.entry(question.question.clone()).or_default();
            prober.take(kernel, question, found, &mut out.remarks).await?;
        }
    }
    for question in wanted {
        if question.place(cells).is_none() {
            out.remarks
                .push(format!("question {}: its cell is missing from the notebook", question.question));
        }
        let found = out.evidence.entry(question.question.clone()).or_default();
        let before = found.len();
        if before < question.variables.len() {
            prober.take(kernel, question, found, &mut out.remarks).await?;
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

    use super::super::{CellRun, Kind, Probed, Variable, WantedVariable};
    use super::*;

    /// Understands `NAME: Type`, `loop`, `panic` and probe cells.
    #[derive(Default)]
    struct Fake {
        variables: Vec<Variable>,
        log: Vec<String>,
    }

    impl Kernel for Fake {
        async fn execute(&mut self, code: &str, _: Duration) -> Result<CellRun, KernelFailure> {
            self.log.push(code.to_owned());
            let status = match code {
                "loop" => {
                    self.variables.clear();
                    CellStatus::TimedOut
                }
                "panic" => CellStatus::Panicked,
                "fail" => return Err(KernelFailure("gone".into())),
                variable => {
                    let (name, type_name) = variable.split_once(": ").unwrap();
                    self.variables.push(Variable { name: name.into(), type_name: type_name.into() });
                    CellStatus::Ok
                }
            };
            Ok(CellRun { status, seconds: 0.0, message: None })
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
            let file = ProbeFile { nonce: nonce.to_owned(), values };
            Ok(Probed::File(serde_json::to_vec(&file).unwrap()))
        }

        async fn restart(&mut self) -> Result<(), KernelFailure> {
            self.variables.clear();
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
