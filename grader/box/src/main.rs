//! The program `spikelab-box`: builds a sandbox, and is the worker in it that starts the kernel and speaks to it.
//! One binary plays both parts: `launch` outside, `inside` as process 1 of the box.

#[cfg(target_os = "linux")]
mod confine;
#[cfg(target_os = "linux")]
mod failure;
#[cfg(target_os = "linux")]
mod identity;
#[cfg(target_os = "linux")]
mod inside;
#[cfg(target_os = "linux")]
mod launcher;
#[cfg(target_os = "linux")]
mod loopback;
#[cfg(target_os = "linux")]
mod mounts;
#[cfg(target_os = "linux")]
mod seccomp;
#[cfg(target_os = "linux")]
mod selftest;
#[cfg(target_os = "linux")]
mod system;
#[cfg(target_os = "linux")]
mod worker;

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    let part = std::env::args().nth(1).unwrap_or_default();
    let done = match part.as_str() {
        "launch" => launcher::run(),
        "inside" => inside::run(),
        _ => {
            eprintln!(
                "spikelab-box is started by the grader\n  next: `grader doctor` shows whether it works"
            );
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell();
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    eprintln!("the sandbox needs Linux\n  next: grade in a Linux virtual machine or container");
    ExitCode::FAILURE
}
