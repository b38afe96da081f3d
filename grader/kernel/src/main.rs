//! The evcxr kernel for spikelab notebooks, with its cell process run behind a filter that marks failed cells.
//! One binary plays five parts, told apart by the environment: kernel, cell process, rustc wrapper, advice beside rustc, filter.

mod advise;
mod filter;
mod interrupt;
mod pump;
mod runtime;
mod words;

use std::env;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use rustix::process::{Signal, getpgrp, getpid, getppid, kill_process, kill_process_group};

/// Set by evcxr for the process that loads and runs the cells.
const IS_RUNTIME: &str = "EVCXR_IS_RUNTIME";
/// Set by the grader: end when the process that started the kernel ends, however it ends.
const EXIT_WITH_PARENT: &str = "SPIKELAB_EXIT_WITH_PARENT";

fn main() -> ExitCode {
    if let Ok(descriptor) = env::var(pump::ERROR_PIPE) {
        return pump::run(&descriptor);
    }
    if advise::is_wanted() {
        return advise::run().unwrap_or_else(|error| complain("rustc could not be started", &error));
    }
    let is_runtime = env::var_os(IS_RUNTIME).is_some();
    if is_runtime && env::var_os(runtime::FILTERED).is_none() {
        // Comes back only if the cell process could not be set up.
        return complain("the process that runs the cells could not be started", &runtime::start());
    }
    if !is_runtime && env::var_os(EXIT_WITH_PARENT).is_some() {
        end_with_parent();
    }
    // Messages of the compiler keep the colour of the page around them, be it light or dark.
    yansi::disable();
    match evcxr_jupyter::main() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain("the kernel had to stop", &format!("{error:#}")),
    }
}

fn complain(what: &str, why: &dyn std::fmt::Display) -> ExitCode {
    eprintln!(
        "spikelab-kernel: {what}: {why}\n  next: start it through `grader kernel`, which sets up what it needs"
    );
    ExitCode::FAILURE
}

/// A killed grader must not leave a kernel behind, least of all one inside an endless loop.
fn end_with_parent() {
    let parent = getppid();
    thread::spawn(move || {
        while getppid() == parent {
            thread::sleep(Duration::from_millis(300));
        }
        // Nobody is left to hear of a failure here.
        let _ = if getpgrp() == getpid() {
            kill_process_group(getpgrp(), Signal::KILL)
        } else {
            kill_process(getpid(), Signal::KILL)
        };
    });
}
