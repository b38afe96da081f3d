//! Makes everything that kernels need, once: builds the kernel, the library for it, and a template to start from.
//! Done again only when the library, the kernel or the compiler changed.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::environment::UNWANTED;
use super::toolchain::{Toolchain, workspace};
use super::{KernelEnvironment, KernelError, KernelProcess, Session, standard_library};
use crate::runner::Kernel;

impl KernelEnvironment {
    /// Finds or makes the kernel and its template, with a progress bar while that takes long.
    ///
    /// # Errors
    /// No compiler, no network for the first build, no room on the disk.
    pub async fn prepare() -> Result<Self, KernelError> {
        let workspace = workspace()?;
        let toolchain = Toolchain::find(&workspace)?;
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from);
        let cache = target.join("spikelab");
        std::fs::create_dir_all(&cache).map_err(|e| KernelError::io("make", &cache, &e))?;
        // Several graders may start at once; the first one builds, the others wait.
        let lock = cache.join("lock");
        let guard = std::fs::File::create(&lock).map_err(|e| KernelError::io("write", &lock, &e))?;
        guard.lock().map_err(|e| KernelError::io("lock", &lock, &e))?;
        let program = build_kernel(&workspace, &target, &toolchain)?;
        let place = cache.join(key(&workspace, &program, &toolchain)?);
        let sources = standard_library::sources(&toolchain, &cache.join(named(&toolchain.version)))?;
        let environment = Self {
            program,
            config: place.join("config"),
            sources,
            template: place.join("template"),
            work: place.join("work"),
            path: toolchain.path(),
        };
        if !place.join("complete").exists() {
            environment.make(&workspace).await?;
            std::fs::write(place.join("complete"), "").map_err(|e| KernelError::io("write", &place, &e))?;
        }
        Ok(environment)
    }

    /// Configuration, and a template in which the library has been compiled and used.
    async fn make(&self, workspace: &Path) -> Result<(), KernelError> {
        let bar = spinner("compiling the library for the kernel (once)");
        for folder in [&self.template, &self.work, &self.config] {
            if folder.exists() {
                std::fs::remove_dir_all(folder).map_err(|e| KernelError::io("remove", folder, &e))?;
            }
            std::fs::create_dir_all(folder).map_err(|e| KernelError::io("make", folder, &e))?;
        }
        let write = |path: &Path, text: &str| {
            path.parent()
                .map_or(Ok(()), std::fs::create_dir_all)
                .and_then(|()| std::fs::write(path, text))
                .map_err(|e| KernelError::io("write", path, &e))
        };
        let library = workspace.display().to_string();
        write(
            &self.config.join("evcxr.toml"),
            &format!(
                "[evcxr]\nopt_level = \"0\"\noffline_mode = true\n\n[dependencies]\nspikelab = {{ path = {library:?} }}\n"
            ),
        )?;
        // The student's cells compile fast and check for overflow; the library below them runs fast.
        write(&self.work.join(".cargo/config.toml"), CARGO)?;
        // The versions that the workspace was tested with; they are on this machine already.
        std::fs::copy(workspace.join("Cargo.lock"), self.template.join("Cargo.lock"))
            .map_err(|e| KernelError::io("copy", &workspace.join("Cargo.lock"), &e))?;
        let first = self.work.join("template");
        std::fs::rename(&self.template, &first).map_err(|e| KernelError::io("rename", &self.template, &e))?;
        let process = KernelProcess::start_in(self, &self.config, first.clone()).await?;
        let mut session = Session::connect(self, &self.config, process).await?;
        let failed = |what: String| {
            KernelError::new(
                format!("the library cannot be used in the kernel: {what}"),
                "does `cargo check` pass in the repository? If it does, run `cargo clean` and try again",
            )
        };
        // The second cell is wrong on purpose: evcxr checks the dependencies only when a cell fails.
        for (code, right) in
            [("use spikelab::prelude::*; let tau = 10.0 * ms;", true), ("let q = ____;", false)]
        {
            let run =
                session.execute(code, Duration::from_secs(900)).await.map_err(|e| failed(e.to_string()))?;
            if right && run.message.is_some() {
                return Err(failed(run.message.unwrap_or_default()));
            }
        }
        session.into_process().end().await;
        std::fs::rename(&first, &self.template).map_err(|e| KernelError::io("rename", &first, &e))?;
        bar.finish_and_clear();
        Ok(())
    }
}

const CARGO: &str = "\
[profile.dev]
incremental = false
codegen-units = 1

[profile.dev.package.\"*\"]
opt-level = 3
debug-assertions = false
overflow-checks = false
codegen-units = 1
";

/// Builds the kernel unless it is up to date; Cargo knows.
fn build_kernel(workspace: &Path, target: &Path, toolchain: &Toolchain) -> Result<PathBuf, KernelError> {
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
            format!("the kernel cannot be built\n{what}"),
            "the first build needs a network connection; `cargo build --release -p spikelab-kernel` shows more",
        )
    };
    let mut child =
        cargo(&["build", "--release", "--locked", "-p", "spikelab-kernel", "--message-format=json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| failed(e.to_string()))?;
    // Standard error fills up if nobody reads it.
    let errors = child.stderr.take().map(|e| std::thread::spawn(move || std::io::read_to_string(e)));
    let mut bar: Option<ProgressBar> = None;
    let mut done = 0;
    for line in child.stdout.take().into_iter().flat_map(|o| BufReader::new(o).lines().map_while(Result::ok))
    {
        let Ok(message) = serde_json::from_str::<serde_json::Value>(&line) else { continue };
        if message["reason"] != "compiler-artifact" && message["reason"] != "build-script-executed" {
            continue;
        }
        done += 1;
        if bar.is_none() && message["fresh"] == false {
            bar = Some(build_bar(count_of_packages(&mut cargo(&TREE))));
        }
        if let Some(bar) = &bar {
            bar.set_position(done);
            bar.set_message(message["target"]["name"].as_str().unwrap_or_default().to_owned());
        }
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let status = child.wait().map_err(|e| failed(e.to_string()))?;
    if !status.success() {
        let text = errors.and_then(|t| t.join().ok()).and_then(Result::ok).unwrap_or_default();
        return Err(failed(text));
    }
    Ok(target.join("release").join(format!("spikelab-kernel{}", std::env::consts::EXE_SUFFIX)))
}

const TREE: [&str; 8] =
    ["tree", "--locked", "-p", "spikelab-kernel", "-e", "normal,build", "--prefix", "none"];

fn count_of_packages(tree: &mut Command) -> u64 {
    let text = tree.output().map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
    let names: std::collections::BTreeSet<&str> = text.lines().map(|l| l.trim_end_matches(" (*)")).collect();
    names.len() as u64
}

fn build_bar(packages: u64) -> ProgressBar {
    let bar = ProgressBar::new(packages.max(1));
    let style = ProgressStyle::with_template(
        "building the kernel (once, some minutes) [{bar:20}] {percent:>3} % {wide_msg}",
    );
    if let Ok(style) = style {
        bar.set_style(style.progress_chars("=> "));
    }
    if bar.is_hidden() {
        eprintln!("building the kernel (once, some minutes)");
    }
    bar
}

fn spinner(text: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(text);
    if bar.is_hidden() {
        eprintln!("{text}");
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// A name for this state of library, kernel and compiler.
fn key(workspace: &Path, program: &Path, toolchain: &Toolchain) -> Result<String, KernelError> {
    let mut hasher = DefaultHasher::new();
    toolchain.version.hash(&mut hasher);
    workspace.hash(&mut hasher);
    let built =
        program.metadata().and_then(|m| m.modified()).map_err(|e| KernelError::io("read", program, &e))?;
    built.hash(&mut hasher);
    let mut files = vec![workspace.join("Cargo.toml"), workspace.join("Cargo.lock")];
    gather(&workspace.join("src"), &mut files).map_err(|e| KernelError::io("read", workspace, &e))?;
    files.sort();
    for file in files {
        file.hash(&mut hasher);
        std::fs::read(&file).map_err(|e| KernelError::io("read", &file, &e))?.hash(&mut hasher);
        // Cargo goes by times: after a `touch` every kernel would compile the library anew.
        file.metadata().and_then(|m| m.modified()).ok().hash(&mut hasher);
    }
    CARGO.hash(&mut hasher);
    Ok(format!("{:016x}", hasher.finish()))
}

pub(super) fn gather(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            gather(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn named(version: &str) -> String {
    version.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect()
}
