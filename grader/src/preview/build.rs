//! Compiles previews: beside the library that a kernel was prepared with, or else in a package of its own, built once.
//! The user's own cells are compiled without optimisation, and checked for overflow, as in a kernel.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use serde_json::Value;

use super::Mistake;
use super::explain::mistake;
use super::program::{self, Line, Program};
use crate::files;
use crate::kernel::{KernelError, PROFILES, Tools, follow};

/// A place where previews are compiled.
#[derive(Debug)]
pub struct Workshop {
    tools: Tools,
    folder: PathBuf,
}

/// What became of a program.
pub(super) enum Compiled {
    /// The program in a folder of its own.
    Program(PathBuf, tempfile::TempDir),
    /// It was refused.
    Refused(Refusal),
}

/// Why a program was refused.
#[derive(Debug, Default)]
pub(super) struct Refusal {
    /// Cells by their place, with what is wrong.
    pub(super) cells: Vec<(usize, Mistake)>,
    /// Variables of questions that cannot be taken out.
    pub(super) probes: Vec<(usize, String)>,
}

impl Workshop {
    /// Finds the compiler, and makes the folder if it is not there yet.
    ///
    /// # Errors
    /// No repository, no compiler, a folder that cannot be written.
    pub fn open() -> Result<Self, KernelError> {
        let tools = Tools::find()?;
        let folder = tools.cache.join("check");
        let source = folder.join("src");
        std::fs::create_dir_all(&source).map_err(|e| KernelError::io("make", &source, &e))?;
        let manifest = format!(
            "[package]\nname = \"preview\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
             spikelab = {{ path = {:?} }}\n\n{}",
            tools.workspace.display().to_string(),
            PROFILES.replacen("[profile.dev]\n", "[profile.dev]\nstrip = \"debuginfo\"\n", 1)
        );
        let this = Self { tools, folder };
        let _guard = this.lock()?;
        this.write("Cargo.toml", &manifest)?;
        if !this.folder.join("Cargo.lock").exists() {
            // The versions that the workspace was tested with; they are on this machine already.
            let lock = this.tools.workspace.join("Cargo.lock");
            std::fs::copy(&lock, this.folder.join("Cargo.lock"))
                .map_err(|e| KernelError::io("copy", &lock, &e))?;
        }
        Ok(this)
    }

    /// Compiles a program.
    pub(super) fn compile(&self, program: &Program) -> Result<Compiled, KernelError> {
        let _guard = self.lock()?;
        self.write("src/main.rs", &program.text)?;
        let name = format!("preview{}", std::env::consts::EXE_SUFFIX);
        let ((succeeded, messages, words), built) = match self.tools.library() {
            Some((library, folders)) => {
                let built = self.folder.join(&name);
                (self.beside(&library, &folders, &built)?, built)
            }
            None => (self.build()?, self.folder.join("target/debug").join(&name)),
        };
        if succeeded {
            let place =
                tempfile::tempdir().map_err(|e| KernelError::io("make", &std::env::temp_dir(), &e))?;
            let binary = place.path().join(&name);
            // The next preview overwrites it.
            std::fs::copy(&built, &binary).map_err(|e| KernelError::io("copy", &built, &e))?;
            return Ok(Compiled::Program(binary, place));
        }
        let found = refusal(program, &messages);
        if found.cells.is_empty() && found.probes.is_empty() {
            let what = messages.iter().find_map(|m| m["message"].as_str()).map_or(words, str::to_owned);
            return Err(KernelError::new(
                format!("the notebook cannot be checked as one program: {what}"),
                "run it in Jupyter, where each cell is compiled by itself",
            ));
        }
        Ok(Compiled::Refused(found))
    }

    /// What rustc says about a cell that is not Rust.
    pub(super) fn syntax(&self, source: &str) -> Result<Mistake, KernelError> {
        let program = program::alone(source);
        let place = tempfile::tempdir().map_err(|e| KernelError::io("make", &std::env::temp_dir(), &e))?;
        let file = place.path().join("main.rs");
        std::fs::write(&file, &program.text).map_err(|e| KernelError::io("write", &file, &e))?;
        let mut command = self.tools.command("rustc");
        command.args([
            "--edition=2024",
            "--crate-type=lib",
            "--error-format=json",
            "--emit=metadata",
            "main.rs",
        ]);
        command.current_dir(place.path());
        let output = command.output().map_err(|e| KernelError::io("start", Path::new("rustc"), &e))?;
        let messages = diagnostics(&output.stderr);
        let first = refusal(&program, &messages).cells.into_iter().next();
        Ok(first.map_or_else(
            || Mistake {
                line: source.lines().count().max(1),
                columns: (1, 1),
                text: source.lines().last().unwrap_or_default().to_owned(),
                message: "the cell ends too early: a bracket or a quotation mark is not closed".to_owned(),
                label: String::new(),
                help: Vec::new(),
            },
            |(_, mistake)| mistake,
        ))
    }

    fn lock(&self) -> Result<std::fs::File, KernelError> {
        let path = self.folder.join("lock");
        let file = std::fs::File::create(&path).map_err(|e| KernelError::io("write", &path, &e))?;
        file.lock().map_err(|e| KernelError::io("lock", &path, &e))?;
        Ok(file)
    }

    /// Cargo goes by times: what is as it should be is left alone.
    fn write(&self, name: &str, text: &str) -> Result<(), KernelError> {
        let path = self.folder.join(name);
        if std::fs::read_to_string(&path).is_ok_and(|old| old == text) {
            return Ok(());
        }
        files::write_whole(&path, text.as_bytes()).map_err(|e| KernelError::io("write", &path, &e))
    }

    /// One call of rustc: its success, its errors, and all of its words.
    fn beside(
        &self,
        library: &Path,
        folders: &[PathBuf],
        built: &Path,
    ) -> Result<(bool, Vec<Value>, String), KernelError> {
        let mut command = self.tools.command("rustc");
        command.args(["--edition=2024", "--crate-name=preview", "--error-format=json", "-Ccodegen-units=1"]);
        command.args(["-Coverflow-checks=on", "-Cdebug-assertions=on", "-Cstrip=debuginfo"]);
        command
            .arg("--extern")
            .arg([OsStr::new("spikelab="), library.as_os_str()].into_iter().collect::<OsString>());
        for folder in folders {
            command
                .arg("-L")
                .arg([OsStr::new("dependency="), folder.as_os_str()].into_iter().collect::<OsString>());
        }
        command.arg("-o").arg(built).arg("src/main.rs").current_dir(&self.folder);
        let output = command.output().map_err(|e| KernelError::io("start", Path::new("rustc"), &e))?;
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        Ok((output.status.success(), diagnostics(&output.stderr), words))
    }

    /// Cargo's success, rustc's errors in the program, and Cargo's own words.
    fn build(&self) -> Result<(bool, Vec<Value>, String), KernelError> {
        let failed = |what: String| {
            KernelError::new(
                format!("the library cannot be built for checking\n{what}"),
                "the first build needs a network connection; does `cargo check` pass in the repository?",
            )
        };
        for offline in [true, false] {
            let mut command = self.tools.command("cargo");
            command.args(["build", "--message-format=json"]).current_dir(&self.folder);
            if offline {
                command.arg("--offline");
            }
            let mut bar: Option<ProgressBar> = None;
            let mut messages = Vec::new();
            let built = follow(&mut command, |mut message| {
                let own = message["target"]["name"] == "preview";
                let reason = message["reason"].as_str().unwrap_or_default();
                if reason == "compiler-artifact" && message["fresh"] == false && !own && bar.is_none() {
                    bar = Some(crate::kernel::spinner("compiling the library for checking (once)"));
                }
                if reason == "compiler-message" && own {
                    messages.push(message["message"].take());
                }
            });
            if let Some(bar) = bar {
                bar.finish_and_clear();
            }
            let (status, words) = built.map_err(|e| failed(e.to_string()))?;
            if status.success() || !messages.is_empty() {
                return Ok((status.success(), messages, words));
            }
            if !offline {
                return Err(failed(words));
            }
        }
        Err(failed(String::new()))
    }
}

/// What rustc says in JSON.
fn diagnostics(bytes: &[u8]) -> Vec<Value> {
    String::from_utf8_lossy(bytes).lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Errors by what they are about. Of each cell the first is kept.
fn refusal(program: &Program, messages: &[Value]) -> Refusal {
    let mut found = Refusal::default();
    for message in messages.iter().filter(|m| m["level"] == "error") {
        let spans = message["spans"].as_array().map(Vec::as_slice).unwrap_or_default();
        let primary = spans.iter().filter(|s| s["is_primary"] == true).chain(spans);
        let Some((line, span)) = primary.into_iter().find_map(|span| {
            let span = innermost(span);
            let number = usize::try_from(span["line_start"].as_u64()?).ok()?;
            Some(program.line(number)).filter(|l| **l != Line::Frame).map(|l| (l, span))
        }) else {
            continue;
        };
        match line {
            Line::Cell { place, line, moved } => {
                if !found.cells.iter().any(|(known, _)| known == place) {
                    found.cells.push((*place, mistake(message, span, *line, *moved)));
                }
            }
            Line::Probe { question, variable } => found.probes.push((*question, variable.clone())),
            Line::Frame => {}
        }
    }
    found.cells.sort_by_key(|(place, _)| *place);
    found
}

/// Where a mistake inside of a macro was called from: the text that the user wrote.
fn innermost(mut span: &Value) -> &Value {
    while span["file_name"].as_str().is_none_or(|f| !f.ends_with("main.rs")) {
        match span.get("expansion").and_then(|e| e.get("span")) {
            Some(outer) => span = outer,
            None => break,
        }
    }
    span
}
