//! Does the sandbox work on this machine? A box without a kernel tests itself, and things outside are laid out as bait.
//! Without a sandbox nothing of a stranger's is run unless someone asks for that.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use spikelab_box::message::{Check, Reply};
use spikelab_box::plan::Canaries;

use super::build::build;
use super::process::BoxProcess;
use super::toolchain::{Toolchain, workspace};
use super::{KernelError, layout};

/// How long the test may take.
const TEST: Duration = Duration::from_secs(60);

/// Fails unless every line of the self-test holds.
pub(super) async fn require(launcher: &Path, sysroot: &Path) -> Result<(), KernelError> {
    let checks = test(launcher, sysroot).await?;
    match checks.into_iter().find_map(|c| Some((c.what, c.fault?))) {
        None => Ok(()),
        Some((what, fault)) => Err(KernelError::sandbox(
            format!("the sandbox does not hold here: {what}: {fault}"),
            format!("`grader doctor` shows the whole test. {ALONE}"),
        )),
    }
}

const ALONE: &str = "Only for notebooks that you wrote yourself: `--no-sandbox`";

/// Builds a box and has it test itself.
async fn test(launcher: &Path, sysroot: &Path) -> Result<Vec<Check>, KernelError> {
    let bait = tempfile::Builder::new()
        .prefix("spikelab-")
        .tempfile()
        .map_err(|e| KernelError::io("make a file in", &std::env::temp_dir(), &e))?;
    let listener = TcpListener::bind(("127.0.0.1", 0))
        .map_err(|e| KernelError::new(format!("no free network port: {e}"), "close some programs"))?;
    let port = listener.local_addr().map_or(0, |address| address.port());
    let canaries = Canaries { file: bait.path().to_owned(), port };
    let refused = |what: &str, next: &str| {
        KernelError::sandbox(format!("there is no sandbox: {what}"), format!("{next}\n  {ALONE}"))
    };
    let mut process = BoxProcess::start(launcher, &layout::bare(canaries, sysroot))?;
    match tokio::time::timeout(TEST, process.reply()).await {
        Ok(Ok((Reply::Ready { checks }, _))) if !checks.is_empty() => Ok(checks),
        Ok(Ok((Reply::Failed { what, next }, _))) => Err(refused(&what, &next)),
        Ok(Ok(_)) => Err(refused("it says something odd", "run `cargo clean` and try again")),
        Ok(Err(e)) => Err(refused(&format!("it ended without a word ({e})"), "is this Linux? Grade there")),
        Err(_) => Err(refused("it does not answer", "is the machine very busy? Try again")),
    }
}

/// One line about this machine.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What was looked at.
    pub what: String,
    /// What is well, or what is wrong and what to do.
    pub state: Result<String, String>,
}

/// Looks at everything that grading needs; never stops at the first fault.
pub async fn examine() -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut tell = |what: &str, state: Result<String, String>| {
        findings.push(Finding { what: what.to_owned(), state });
    };
    let workspace = match workspace() {
        Ok(workspace) => workspace,
        Err(e) => {
            tell("repository", Err(e.to_string()));
            return findings;
        }
    };
    tell("repository", Ok(workspace.display().to_string()));
    let toolchain = match Toolchain::find(&workspace) {
        Ok(toolchain) => toolchain,
        Err(e) => {
            tell("compiler", Err(e.to_string()));
            return findings;
        }
    };
    tell("compiler", Ok(format!("{} in {}", toolchain.version, toolchain.sysroot.display())));
    tell("linker", linker());
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from);
    tell("kernel", kernel(&target));
    tell("memory", memory());
    tell("disk", disk(&workspace));
    match build("spikelab-box", &workspace, &target, &toolchain) {
        Err(e) => tell("sandbox", Err(e.to_string())),
        Ok(launcher) => match test(&launcher, &toolchain.sysroot).await {
            Err(e) => tell("sandbox", Err(e.to_string())),
            Ok(checks) => {
                for check in checks {
                    tell(
                        "sandbox",
                        check.fault.map_or(Ok(check.what.clone()), |f| Err(format!("{}: {f}", check.what))),
                    );
                }
            }
        },
    }
    findings
}

fn linker() -> Result<String, String> {
    let found = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .map(|folder| folder.join("cc"))
        .find(|path| path.exists());
    match found {
        Some(path) => Ok(path.display().to_string()),
        None => {
            Err("there is no `cc`\n  help: install a C compiler, such as the package gcc or clang".to_owned())
        }
    }
}

fn kernel(target: &Path) -> Result<String, String> {
    let program = target.join("release/spikelab-kernel");
    Ok(if program.exists() {
        program.display().to_string()
    } else {
        "not built yet; the first `grader grade` does it, in some minutes".to_owned()
    })
}

/// What one kernel and its cells need.
const NEEDED: u64 = 1200 << 20;

fn memory() -> Result<String, String> {
    let Ok(text) = std::fs::read_to_string("/proc/meminfo") else {
        return Ok("not told by this system".to_owned());
    };
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:")).unwrap_or_default();
    let free = line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap_or_default() << 10;
    let words = format!("{} MB free", free >> 20);
    if free >= NEEDED {
        Ok(format!("{words}, enough for {} kernels at a time", free / NEEDED))
    } else {
        Err(format!("{words}\n  help: a kernel needs {} MB; close some programs", NEEDED >> 20))
    }
}

#[cfg(unix)]
fn disk(workspace: &Path) -> Result<String, String> {
    let facts = rustix::fs::statvfs(workspace).map_err(|e| format!("{}: {e}", workspace.display()))?;
    let free = facts.f_bavail * facts.f_frsize;
    let words = format!("{} MB free", free >> 20);
    if free >= 3 << 30 {
        Ok(words)
    } else {
        Err(format!("{words}\n  help: the first build needs 3 GB; remove something"))
    }
}

#[cfg(not(unix))]
fn disk(_: &Path) -> Result<String, String> {
    Ok("not told by this system".to_owned())
}
