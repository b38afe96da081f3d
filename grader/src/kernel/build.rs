//! Builds the programs that a kernel is made of, in release and once; Cargo knows whether they are up to date.
//! With a bar of progress, because the kernel takes minutes.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use indicatif::{ProgressBar, ProgressStyle};

use super::KernelError;
use super::environment::UNWANTED;
use super::messages::follow;
use super::toolchain::Toolchain;

/// Builds one of the programs unless it is up to date; Cargo knows.
pub(super) fn build(
    package: &str,
    workspace: &Path,
    target: &Path,
    toolchain: &Toolchain,
) -> Result<PathBuf, KernelError> {
    // Selected together with the grader, it is compiled with the crates that the grader is made of already.
    let selected: &[&str] = match package {
        "spikelab-box" => &["-p", "spikelab-box", "-p", "grader", "--bin", "spikelab-box"],
        other => &["-p", other],
    };
    let cargo = |arguments: &[&str]| {
        let mut command = Command::new("cargo");
        command.args(arguments).current_dir(workspace).env("PATH", toolchain.path()).stdin(Stdio::null());
        for name in UNWANTED.iter().filter(|name| **name != "CARGO_TARGET_DIR") {
            command.env_remove(name);
        }
        command
    };
    let failed = |what: String| {
        KernelError::new(
            format!("{package} cannot be built\n{what}"),
            format!(
                "the first build needs a network connection; `cargo build --release -p {package}` shows more"
            ),
        )
    };
    let mut bar: Option<ProgressBar> = None;
    let mut done = 0;
    let built = follow(
        &mut cargo(&[&["build", "--release", "--locked", "--message-format=json"], selected].concat()),
        |message| {
            if message["reason"] != "compiler-artifact" && message["reason"] != "build-script-executed" {
                return;
            }
            done += 1;
            if bar.is_none() && message["fresh"] == false {
                bar = Some(build_bar(package, count_of_packages(&mut cargo(&tree(package)))));
            }
            if let Some(bar) = &bar {
                bar.set_position(done);
                bar.set_message(message["target"]["name"].as_str().unwrap_or_default().to_owned());
            }
        },
    );
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let (status, words) = built.map_err(|e| failed(e.to_string()))?;
    if !status.success() {
        return Err(failed(words));
    }
    Ok(target.join("release").join(format!("{package}{}", std::env::consts::EXE_SUFFIX)))
}

const fn tree(package: &str) -> [&str; 8] {
    ["tree", "--locked", "-p", package, "-e", "normal,build", "--prefix", "none"]
}

fn count_of_packages(tree: &mut Command) -> u64 {
    let text = tree.output().map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
    let names: std::collections::BTreeSet<&str> = text.lines().map(|l| l.trim_end_matches(" (*)")).collect();
    names.len() as u64
}

fn build_bar(package: &str, packages: u64) -> ProgressBar {
    let bar = ProgressBar::new(packages.max(1));
    let text = if package == "spikelab-box" {
        "building the sandbox (once, some seconds)"
    } else {
        "building the kernel (once, some minutes)"
    };
    let style = ProgressStyle::with_template(&format!("{text} [{{bar:20}}] {{percent:>3}} % {{wide_msg}}"));
    if let Ok(style) = style {
        bar.set_style(style.progress_chars("=> "));
    }
    if bar.is_hidden() {
        eprintln!("{text}");
    }
    bar
}
