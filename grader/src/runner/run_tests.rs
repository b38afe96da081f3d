//! The rules of a run, tried on a made-up kernel: what each end of a cell costs, and what it does not.
//! The made-up kernel understands `NAME: Type` and a few words for ways to end.

use std::collections::BTreeMap;

use spikelab::evidence::{Evidence, ProbeFile};

use super::super::samples::{cells, wanted};
use super::super::{Files, Kind, Probed, Variable};
use super::*;

/// Understands `NAME: Type`, `loop`, `panic` and probe cells.
#[derive(Default)]
struct Fake {
    variables: Vec<Variable>,
    log: Vec<String>,
    restarts: usize,
    /// Seconds of computing that each cell takes.
    cost: f64,
    /// The kernel ends at these calls, counted from 1.
    ends: Vec<usize>,
    calls: usize,
    broken: bool,
}

impl Fake {
    fn call(&mut self) -> Result<(), KernelFailure> {
        self.calls += 1;
        if self.ends.contains(&self.calls) { Err(KernelFailure("gone".into())) } else { Ok(()) }
    }
}

impl Kernel for Fake {
    async fn execute(&mut self, code: &str, _: Duration) -> Result<CellRun, KernelFailure> {
        self.call()?;
        self.log.push(code.to_owned());
        let status = match code {
            "loop" => CellStatus::TimedOut,
            "abort now" => CellStatus::Died,
            "hoard now" => CellStatus::OverLimit,
            "panic now" => CellStatus::Panicked,
            "fail now" => return Err(KernelFailure("gone".into())),
            variable => {
                let (name, type_name) = variable.split_once(": ").unwrap();
                self.variables.push(Variable { name: name.into(), type_name: type_name.into() });
                CellStatus::Ok
            }
        };
        Ok(CellRun {
            status,
            seconds: 0.0,
            cpu_seconds: self.cost,
            message: None,
            output: String::new(),
            output_cut: false,
            kernel_gone: false,
        })
    }

    async fn variables(&mut self) -> Result<Vec<Variable>, KernelFailure> {
        self.call()?;
        Ok(self.variables.clone())
    }

    fn probe_path(&self, nonce: &str) -> String {
        nonce.to_owned()
    }

    async fn probe(&mut self, code: &str, nonce: &str) -> Result<Probed, KernelFailure> {
        if self.call().is_err() {
            return Ok(Probed::Lost);
        }
        self.log.push(code.to_owned());
        let quoted: Vec<&str> = code.split('"').skip(1).step_by(2).collect();
        assert_eq!((quoted[0], quoted[quoted.len() - 1]), (nonce, nonce));
        let value = Evidence::Text { value: code.to_owned() };
        let names = &quoted[1..quoted.len() - 1];
        let values = names.iter().map(|n| ((*n).to_owned(), value.clone())).collect();
        let file = ProbeFile { nonce: nonce.to_owned(), values, ..ProbeFile::default() };
        Ok(Probed::File(serde_json::to_vec(&file).unwrap()))
    }

    async fn probe_all(
        &mut self,
        code: &str,
        nonces: &[String],
        _: Duration,
    ) -> Result<(CellRun, Files), KernelFailure> {
        panic!("no cell of these tests is Rust that could be joined: {code} {nonces:?}");
    }

    async fn restart(&mut self) -> Result<(), KernelFailure> {
        self.variables.clear();
        self.restarts += 1;
        if self.broken { Err(KernelFailure("no kernel any more".into())) } else { Ok(()) }
    }

    async fn restart_plain(&mut self) -> Result<(), KernelFailure> {
        panic!("cells run one by one need types");
    }
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
    let (out, kernel) = run(&list, &[wanted("q1", "y", Kind::Plain), wanted("q2", "x", Kind::Plain)]).await;
    assert_eq!(names(&out), [("q1", vec![]), ("q2", vec!["x"])].into());
    assert_eq!(kernel.log.iter().filter(|c| *c == "x: f64").count(), 2);
    assert_eq!(out.cells[1].status, CellStatus::TimedOut);
    assert_eq!(kernel.restarts, 1);
    assert!(out.remarks[0].contains("reached a limit"), "{:?}", out.remarks);
}

#[tokio::test]
async fn a_fresh_kernel_is_started_only_if_something_is_left_to_do() {
    let (out, kernel) = run(&[("", "x: f64"), ("", "hoard now")], &[]).await;
    assert_eq!((out.cells[1].status, kernel.restarts), (CellStatus::OverLimit, 0));
}

#[tokio::test]
async fn fresh_kernels_run_out() {
    let list = [
        ("", "abort now"),
        ("", "abort now"),
        ("", "abort now"),
        ("", "abort now"),
        ("", "abort now"),
        ("q1", "m: Figure"),
    ];
    let (out, kernel) = run(&list, &[wanted("q1", "m", Kind::Figure)]).await;
    assert_eq!((kernel.restarts, out.cells[5].status), (FRESH_KERNELS, CellStatus::NotRun));
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
    let list = cells(&[("q1", "fail now")]);
    let mut kernel = Fake { broken: true, ..Fake::default() };
    assert!(run_notebook(&mut kernel, &list, &[], Limits::default()).await.is_err());
}

#[tokio::test]
async fn a_kernel_that_ends_once_costs_nothing_wherever_it_ends() {
    let list = cells(&[("", "a: Figure"), ("q1", "m: Figure"), ("q2", "k: f64")]);
    let wanted = [wanted("q1", "m", Kind::Figure), wanted("q2", "k", Kind::Plain)];
    // Three cells, and for each question the list of variables and a probe.
    for end in 1..=7 {
        let mut kernel = Fake { ends: vec![end], ..Fake::default() };
        let out = run_notebook(&mut kernel, &list, &wanted, Limits::default()).await.unwrap();
        assert!(out.cells.iter().all(|c| c.status == CellStatus::Ok), "{end}: {:?}", out.cells);
        assert_eq!(names(&out), [("q1", vec!["m"]), ("q2", vec!["k"])].into(), "{end}");
        assert_eq!(kernel.restarts, 1, "{end}");
        assert!(out.remarks[0].contains("the kernel ended"), "{:?}", out.remarks);
    }
}

#[tokio::test]
async fn a_cell_that_ends_the_kernel_twice_is_to_blame_and_the_others_are_graded() {
    let list = [("q1", "m: Figure"), ("q2", "fail now"), ("q3", "k: f64")];
    let (out, kernel) = run(&list, &[wanted("q1", "m", Kind::Figure), wanted("q3", "k", Kind::Plain)]).await;
    assert_eq!((out.cells[1].status, kernel.restarts), (CellStatus::Died, 2));
    assert!(out.cells[1].message.as_ref().unwrap().contains("gone"));
    assert_eq!(names(&out), [("q1", vec!["m"]), ("q3", vec!["k"])].into());
}
