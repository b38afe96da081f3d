//! The real kernel under cells that would put evcxr out of step, fill its memory or take it down.
//! After each of them the next cell must get its own result, soon; or there is an error, and no wait.

use std::time::{Duration, Instant};

use grader::kernel::{KernelEnvironment, Session};
use grader::outcome::{CellStatus, Isolation};
use grader::runner::{CellRun, Kernel, Limits};

const LIMIT: Duration = Duration::from_secs(60);

async fn start() -> Session {
    let environment = KernelEnvironment::prepare(Isolation::Full).await.expect("the kernel can be prepared");
    let started = Instant::now();
    let session = Session::start(&environment, Limits::default().of_box()).await.expect("a kernel");
    eprintln!("start {:.2} s", started.elapsed().as_secs_f64());
    session
}

async fn run(session: &mut Session, code: &str) -> CellRun {
    let run = session.execute(code, LIMIT).await.expect("the kernel lives");
    eprintln!("{:6.2} s {:?} {:?}\n    {code}", run.seconds, run.status, run.message);
    run
}

/// What the student sees of a run that is not out of step.
async fn in_step(session: &mut Session) {
    assert_eq!(run(session, "let fine = 1 + 1;").await.status, CellStatus::Ok);
    let panicked = run(session, "panic!(\"mark\");").await;
    assert_eq!(panicked.status, CellStatus::Panicked);
    assert!(panicked.message.is_some_and(|m| m.contains("mark")));
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_output_does_not_put_the_kernel_out_of_step() {
    let mut session = start().await;
    let bytes = "use std::io::Write;\nstd::io::stdout().write_all(b\"a\\xFF\\n\").expect(\"written\");";
    assert_eq!(run(&mut session, bytes).await.status, CellStatus::Ok);
    in_step(&mut session).await;
    let glued = "print!(\"a\"); std::io::stdout().flush().expect(\"flushed\");";
    assert_eq!(run(&mut session, glued).await.status, CellStatus::Ok);
    in_step(&mut session).await;
    let open = "println!(\"EVCXR_BEGIN_CONTENT text/plain\\nhalf\"); panic!(\"broken off\");";
    assert_eq!(run(&mut session, open).await.status, CellStatus::Panicked);
    in_step(&mut session).await;
    let endless = "println!(\"EVCXR_BEGIN_CONTENT text/plain\\nhalf\");";
    assert_eq!(run(&mut session, endless).await.status, CellStatus::Ok);
    in_step(&mut session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_lines_does_not_hold_up_the_next_cell() {
    let mut session = start().await;
    let flood =
        session.execute("loop { println!(\"flood\"); }", Duration::from_secs(3)).await.expect("a result");
    assert_eq!(flood.status, CellStatus::TimedOut);
    session.restart().await.expect("a fresh kernel");
    let next = run(&mut session, "println!(\"next\");").await;
    assert_eq!(next.status, CellStatus::Ok);
    assert!(next.seconds < 5.0, "{} s", next.seconds);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_words_of_a_cell_process_are_heard() {
    let mut session = start().await;
    for (code, status, words) in [
        ("eprintln!(\"so long\"); std::process::exit(3);", CellStatus::Died, "so long"),
        ("eprintln!(\"farewell\"); std::process::abort();", CellStatus::Died, "farewell"),
        ("let all = vec![1_u8; 1 << 62];", CellStatus::OverLimit, "memory allocation of"),
    ] {
        let died = run(&mut session, code).await;
        assert_eq!(died.status, status);
        assert!(died.message.as_deref().is_some_and(|m| m.contains(words)), "{:?}", died.message);
    }
}

/// Prints times: `cargo test -p grader --test kernel_hardship measure -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement, not a check"]
async fn measure() {
    let mut session = start().await;
    for code in [
        "use spikelab::prelude::*;\nlet tau = 10.0 * ms;",
        "let values: Vec<f64> = (0..100).map(|i| f64::from(i).sin()).collect();",
        "let half = tau / 2.0;",
        "println!(\"{half}\");",
        "values.len()",
    ] {
        assert_eq!(run(&mut session, code).await.status, CellStatus::Ok);
    }
}
