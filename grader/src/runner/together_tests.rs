//! The rules of running cells together, tried on a made-up kernel that reads the text line by line.
//! It knows `refuse`, `fail`, `hang`, the ends of cells and probes.

use std::collections::BTreeMap;

use spikelab::evidence::Evidence;

use super::super::samples::{cells, wanted};
use super::super::{CellRun, Files, Kind, Probed, Variable};
use super::*;

#[derive(Default)]
struct Fake {
    sent: Vec<String>,
    alone: Vec<String>,
    restarts: usize,
    /// Types of variables.
    types: BTreeMap<&'static str, &'static str>,
}

fn answer(status: CellStatus, message: Option<String>, output: String) -> CellRun {
    CellRun { status, seconds: 1.0, cpu_seconds: 1.0, message, output, output_cut: false, kernel_gone: false }
}

impl Kernel for Fake {
    async fn execute(&mut self, code: &str, _: Duration) -> Result<CellRun, KernelFailure> {
        self.alone.push(code.to_owned());
        let (status, message) = match code {
            "odd but right(" => (CellStatus::Ok, None),
            "odd and missing(" => (CellStatus::CompileError, Some("[E0425] Error: no x".to_owned())),
            _ => (CellStatus::CompileError, Some("Error: unclosed delimiter".to_owned())),
        };
        Ok(answer(status, message, String::new()))
    }

    async fn probe_all(
        &mut self,
        code: &str,
        nonces: &[String],
        _: Duration,
    ) -> Result<(CellRun, Files), KernelFailure> {
        self.sent.push(code.to_owned());
        let refused: Vec<String> = code
            .lines()
            .zip(1..)
            .filter(|(line, _)| line.contains("refuse"))
            .map(|(line, n)| format!("Error: no\n   ╭─[ cell ]\n {n} │ {line}\n───╯\n"))
            .collect();
        if !refused.is_empty() {
            return Ok((answer(CellStatus::CompileError, Some(refused.concat()), String::new()), vec![]));
        }
        let (mut output, mut caught, mut files) = (String::new(), false, BTreeMap::new());
        let mut types = BTreeMap::new();
        for line in code.lines() {
            let mut quoted = line.split('"').skip(1).step_by(2);
            caught |= line.contains("attempt(");
            if line.contains("hang") {
                return Ok((answer(CellStatus::TimedOut, Some("too long".into()), output), vec![]));
            } else if line.contains("fail") && !caught {
                return Ok((answer(CellStatus::Panicked, Some("panicked: oh".into()), output), vec![]));
            } else if line.contains("cell_ends") {
                caught = false;
                output.push_str(&format!("said\n{} 0.25\n", quoted.next().unwrap()));
            } else if line.contains("kept(") && !caught {
                let name = quoted.next().unwrap();
                let is = self.types.get(name).copied().unwrap_or("i32");
                types.insert(name.to_owned(), is.to_owned());
            } else if line.contains("Probe::new") {
                let all: Vec<&str> = quoted.collect();
                let mut file = ProbeFile { nonce: all[0].to_owned(), ..ProbeFile::default() };
                for name in &all[1..all.len() - 1] {
                    file.values.insert((*name).to_owned(), Evidence::Text { value: line.to_owned() });
                }
                file.types.clone_from(&types);
                files.insert(all[0].to_owned(), serde_json::to_vec(&file).unwrap());
            }
        }
        let files = nonces.iter().map(|nonce| files.remove(nonce)).collect();
        Ok((answer(CellStatus::Ok, None, output), files))
    }

    async fn variables(&mut self) -> Result<Vec<Variable>, KernelFailure> {
        panic!("this kernel knows no types")
    }

    fn probe_path(&self, nonce: &str) -> String {
        nonce.to_owned()
    }

    async fn probe(&mut self, _: &str, _: &str) -> Result<Probed, KernelFailure> {
        panic!("nothing stays from one request to the next")
    }

    async fn restart(&mut self) -> Result<(), KernelFailure> {
        panic!("the caller does that")
    }

    async fn restart_plain(&mut self) -> Result<(), KernelFailure> {
        self.restarts += 1;
        Ok(())
    }
}

async fn run(kernel: &mut Fake, list: &[(&str, &str)], wanted: &[Wanted]) -> Option<Transcript> {
    let cells = cells(list);
    let pieces = Pieces::of(&cells).unwrap();
    run_together(kernel, (&cells, pieces), wanted, Limits::default()).await.unwrap()
}

fn statuses(out: &Transcript) -> Vec<CellStatus> {
    out.cells.iter().map(|c| c.status).collect()
}

use CellStatus::{CompileError, Ok as Fine, Panicked, Refused, TimedOut};

#[tokio::test]
async fn what_works_is_sent_once() {
    let mut kernel = Fake::default();
    let list = [("", "let a = 1;"), ("q", "let m = 2;"), ("", "a")];
    let out = run(&mut kernel, &list, &[wanted("q", "m", Kind::Plain)]).await.unwrap();
    assert_eq!((statuses(&out), kernel.sent.len(), kernel.restarts), (vec![Fine; 3], 1, 0));
    assert!(out.evidence["q"].contains_key("m") && out.remarks.is_empty());
    assert_eq!(out.cells[1].output, "said\n");
}

#[tokio::test]
async fn refused_cells_are_left_out_in_order() {
    let mut kernel = Fake::default();
    let list = [("", "let a = 1;"), ("q", "let m = refuse;"), ("", "\nrefuse;"), ("", "a"), ("", ":quit")];
    let out = run(&mut kernel, &list, &[wanted("q", "m", Kind::Plain)]).await.unwrap();
    assert_eq!(statuses(&out), [Fine, CompileError, CompileError, Fine, Refused]);
    assert_eq!((kernel.sent.len(), kernel.restarts), (3, 0), "nothing of it was run");
    assert!(out.cells[2].message.as_ref().unwrap().contains("\n 2 │ refuse"), "{:?}", out.cells[2].message);
    assert!(out.evidence["q"].is_empty() && out.remarks[0].contains("cell 5"), "{:?}", out.remarks);
}

#[tokio::test]
async fn a_cell_that_fails_half_way_is_run_again_as_far_as_it_comes() {
    let mut kernel = Fake::default();
    let list = [("", "let a = 1;"), ("", "let b = fail;"), ("q", "let m = 1;")];
    let out = run(&mut kernel, &list, &[wanted("q", "m", Kind::Plain)]).await.unwrap();
    assert_eq!(statuses(&out), [Fine, Panicked, Fine]);
    assert_eq!(out.cells[1].message.as_deref(), Some("panicked: oh"));
    assert!(kernel.sent[1].contains("attempt(") && out.evidence["q"].contains_key("m"));
    assert_eq!(kernel.restarts, 1, "what the first run changed is gone");
    let list = [("", "use a::b; fail;"), ("", "let x = 1;")];
    assert!(run(&mut kernel, &list, &[]).await.is_none(), "what it brings in might stay");
}

#[tokio::test]
async fn a_cell_that_reaches_a_limit_is_left_out() {
    let mut kernel = Fake::default();
    let list = [("", "hang"), ("q", "let m = 1;")];
    let out = run(&mut kernel, &list, &[wanted("q", "m", Kind::Plain)]).await.unwrap();
    assert_eq!((statuses(&out), kernel.restarts), (vec![TimedOut, Fine], 1));
    assert!(out.remarks[0].contains("reached a limit: too long"), "{:?}", out.remarks);
    let many = [("", "hang"); 6];
    assert!(run(&mut kernel, &many, &[]).await.is_none(), "too many");
}

#[tokio::test]
async fn a_variable_of_another_name_is_found_by_its_type() {
    let types = [("mine", "spikelab::monitors::SpikeMonitor"), ("other", "f64")].into();
    let mut kernel = Fake { types, ..Fake::default() };
    let list = [("", "let other = 1;"), ("q", "let mine = 2;")];
    let out = run(&mut kernel, &list, &[wanted("q", "m", Kind::Spikes)]).await.unwrap();
    assert!(out.evidence["q"].contains_key("m") && kernel.sent[1].contains(r#".add("m", &mine)"#));
    assert!(out.remarks[0].contains("the only new SpikeMonitor is `mine`"), "{:?}", out.remarks);
    let again = [("", "let mine = 1;"), ("k", "let k = 1;"), ("q", "let mine = 2;")];
    let both = [wanted("k", "k", Kind::Plain), wanted("q", "m", Kind::Spikes)];
    let out = run(&mut kernel, &again, &both).await.unwrap();
    assert!(out.evidence["q"].is_empty(), "it is not new");
    let two = [("q", "let mine = 1; let twin = 2;")];
    kernel.types.insert("twin", "SpikeMonitor");
    let out = run(&mut kernel, &two, &[wanted("q", "m", Kind::Spikes)]).await.unwrap();
    assert!(out.evidence["q"].is_empty() && out.remarks.is_empty(), "{:?}", out.remarks);
}

#[tokio::test]
async fn a_question_without_its_cell_is_looked_for_at_the_end() {
    let mut kernel = Fake::default();
    let list = [("q", "let a = 1;"), ("", "let m = 1;"), ("", "let k = 1;")];
    let wanted = [wanted("q", "m", Kind::Plain), wanted("gone", "k", Kind::Plain)];
    let out = run(&mut kernel, &list, &wanted).await.unwrap();
    assert!(out.evidence["q"].contains_key("m") && out.evidence["gone"].contains_key("k"));
    assert!(out.remarks[0].contains("only further down") && out.remarks[1].contains("missing from"));
    assert_eq!((out.remarks.len(), kernel.sent.len()), (2, 1));
}

#[tokio::test]
async fn what_is_no_rust_is_refused_over_its_form_only() {
    let mut kernel = Fake::default();
    let out = run(&mut kernel, &[("", "let x = (1;"), ("", "let a = 1;")], &[]).await.unwrap();
    assert_eq!(statuses(&out), [CompileError, Fine]);
    for odd in ["odd but right(", "odd and missing("] {
        assert!(run(&mut kernel, &[("", odd)], &[]).await.is_none(), "{odd}");
    }
}
