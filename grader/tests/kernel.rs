//! The real kernel, prepared as on a fresh machine: how each kind of end of a cell is told apart.
//! One kernel for all cells, because every test of its own would wait for a start of its own.

use std::time::Duration;

use grader::kernel::{KernelEnvironment, Session};
use grader::outcome::{CellStatus, Isolation};
use grader::runner::{CellRun, Kernel, Limits};

const LIMIT: Duration = Duration::from_secs(60);

async fn run(session: &mut Session, code: &str) -> CellRun {
    let run = session.execute(code, LIMIT).await.unwrap();
    eprintln!("{:6.2} s {:?} {:?}\n    {code}", run.seconds, run.status, run.message);
    run
}

#[tokio::test(flavor = "multi_thread")]
async fn every_end_of_a_cell_is_told_apart() {
    let environment = KernelEnvironment::prepare(Isolation::Full).await.unwrap();
    let started = std::time::Instant::now();
    let mut session = Session::start(&environment, Limits::default().of_box()).await.unwrap();
    eprintln!("start {:.2} s", started.elapsed().as_secs_f64());

    let ok = run(&mut session, "use spikelab::prelude::*;\nlet tau = 10.0 * ms;\nlet list = vec![1.0, 2.0];")
        .await;
    assert_eq!((ok.status, ok.message), (CellStatus::Ok, None));

    let model = r#"let mut net = Network::new();
let neuron = net.add(NeuronGroup::new(1, "dv/dt = (1 - v)/tau : 1")
    .threshold("v > 0.8").reset("v = 0").method("exact").with("tau", tau))?;
let spikemon = net.add(SpikeMonitor::new(&neuron))?;
let statemon = net.add(StateMonitor::new(&neuron, "v").record(0))?;
net.run(50.0 * ms)?;
let figure = Figure::new().plot(statemon.t() / ms, statemon.get("v", 0)).vlines(spikemon.t() / ms);
figure.clone()"#;
    assert_eq!(run(&mut session, model).await.status, CellStatus::Ok);
    let printed = run(&mut session, "print!(\"no line break\"); eprintln!(\"to standard error\");").await;
    assert_eq!((printed.status, printed.message), (CellStatus::Ok, None));
    let map = "let counts: std::collections::HashMap<String, usize> = std::collections::HashMap::new();\nlet n = counts.get(\"a\").copied().unwrap_or(3);\nlet total: f64 = list.iter().sum();";
    assert_eq!(run(&mut session, map).await.status, CellStatus::Ok);

    let panicked = run(&mut session, "let spoilt = 1;\nlet x = list[7];").await;
    assert_eq!(panicked.status, CellStatus::Panicked);
    let message = panicked.message.unwrap();
    assert!(message.starts_with("index out of bounds") && !message.contains("stack backtrace"), "{message}");

    let failed = run(
        &mut session,
        "let bad = net.add(NeuronGroup::new(1, \"dv/dt = (1 - v)/tua : 1\").with(\"tau\", tau))?;",
    )
    .await;
    assert_eq!(failed.status, CellStatus::ReturnedError);
    let message = failed.message.unwrap();
    assert!(message.contains("did you mean `tau`?") && message.contains("──"), "{message}");
    assert!(!message.contains("Inner {"), "the report, not a Debug dump: {message}");

    let refused = run(&mut session, "let y: f64 = \"text\";").await;
    assert_eq!(refused.status, CellStatus::CompileError);
    assert!(refused.message.unwrap().contains("mismatched types"));
    let blank = run(&mut session, "let tau = ____;").await;
    assert_eq!(blank.status, CellStatus::CompileError);
    assert!(blank.message.unwrap().contains("____"));

    let names: Vec<String> = session
        .variables()
        .await
        .unwrap()
        .into_iter()
        .map(|v| format!("{}: {}", v.name, v.type_name))
        .collect();
    eprintln!("{names:?}");
    assert!(names.iter().any(|n| n.starts_with("spikemon: ") && n.ends_with("SpikeMonitor")), "{names:?}");
    assert!(!names.iter().any(|n| n.starts_with("spoilt")), "a panicked cell leaves nothing: {names:?}");

    let endless = session.execute("loop {}", Duration::from_secs(3)).await.unwrap();
    assert_eq!(endless.status, CellStatus::TimedOut);
    let late = run(&mut session, "let late = 1;").await;
    assert_eq!(late.status, CellStatus::Died, "a kernel that was stopped is of no more use");
    session.restart().await.unwrap();
    assert!(session.variables().await.unwrap().is_empty());
    assert_eq!(run(&mut session, "let after = 1;").await.status, CellStatus::Ok);
    assert_eq!(run(&mut session, "std::process::exit(3);").await.status, CellStatus::Died);
}
