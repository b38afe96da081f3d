//! `grader lab`: exercises in JupyterLab, with the kernel registered and the library built before the page opens.
//! Where JupyterLab is missing it says how to get it, or makes an environment of its own if it may.

use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Outcome;
use crate::course::Course;
use crate::kernel::{self, Tools};
use crate::outcome::Isolation;
use crate::{Error, Result, text};

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Lab {
    /// A notebook, a folder, or the name of an exercise; the exercises if left out.
    pub what: Option<PathBuf>,
    /// An environment of its own may be made.
    pub install: bool,
    /// Everything is prepared, but nothing is opened.
    pub prepare_only: bool,
    /// For JupyterLab itself.
    pub options: Vec<String>,
}

/// Prepares everything and runs JupyterLab until it is closed.
///
/// # Errors
/// A notebook that is not there, no JupyterLab, a kernel that cannot be prepared.
pub fn lab(lab: &Lab) -> Result<Outcome> {
    let tools = Tools::find()?;
    let what = place(lab.what.as_deref(), &tools.workspace)?;
    // Asked first, because preparing may take minutes.
    let program = program(&tools.cache.join("jupyter"), lab.install)?;
    super::runtime()?.block_on(kernel::KernelEnvironment::prepare(Isolation::None))?;
    let spec = kernel::install(None)?;
    println!("kernel `Rust (spikelab)`: {}", text::one_line(&spec.display().to_string()));
    println!("Classic Notebook and VS Code find it there, too.");
    if lab.prepare_only {
        return Ok(Outcome::Done);
    }
    let mut command = Command::new(&program);
    command.args(&lab.options).arg(&what);
    println!("opening {} in JupyterLab; Ctrl-C here ends it", text::one_line(&what.display().to_string()));
    let status = command.status().map_err(|e| {
        Error::new(format!("cannot start {}: {e}", program.display()), "does `jupyter lab --version` work?")
    })?;
    // Ctrl-C is how it is meant to end.
    Ok(if status.success() || status.code().is_none() { Outcome::Done } else { Outcome::Incomplete })
}

/// The notebook or folder to open.
fn place(what: Option<&Path>, workspace: &Path) -> Result<PathBuf> {
    let course = Course::find(None).ok();
    let Some(what) = what else {
        let here = course.and_then(|c| c.released("x").parent().map(Path::to_owned));
        return Ok(here.unwrap_or_else(|| workspace.join("assignment")));
    };
    if what.exists() {
        return Ok(what.to_owned());
    }
    let name = what.to_string_lossy();
    let released = workspace.join("assignment").join(format!("{name}.ipynb"));
    let own = course.map(|c| c.released(&name)).filter(|p| p.exists());
    own.or_else(|| released.exists().then_some(released)).ok_or_else(|| {
        Error::usage(
            format!("there is no {}", what.display()),
            "name a notebook, a folder, or an exercise such as `exercise1`",
        )
    })
}

/// JupyterLab: on PATH, in an active environment, or in one made for it.
fn program(own: &Path, install: bool) -> Result<PathBuf> {
    let bin = if cfg!(windows) { "Scripts" } else { "bin" };
    let made = own.join(bin).join(format!("jupyter-lab{}", std::env::consts::EXE_SUFFIX));
    let found = [PathBuf::from("jupyter-lab"), made.clone()].into_iter().find(|program| works(program));
    if let Some(program) = found {
        return Ok(program);
    }
    if !(install || agreed(own)) {
        return Err(Error::new(
            "JupyterLab is not installed",
            "`grader lab --install` puts it into a folder of its own; or run `pip install jupyterlab`",
        ));
    }
    let python = ["python3", "python"].into_iter().find(|python| works(Path::new(python)));
    let Some(python) = python else {
        return Err(Error::new("there is no Python", "install Python 3 from https://www.python.org"));
    };
    let folder = own.display().to_string();
    run(
        Command::new(python).args(["-m", "venv", &folder]),
        "install Python's `venv`, on Debian `python3-venv`",
    )?;
    println!("installing JupyterLab into {folder} (once, about 200 MB)");
    let pip = own.join(bin).join(format!("python{}", std::env::consts::EXE_SUFFIX));
    run(
        Command::new(pip).args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "jupyterlab",
        ]),
        "installing needs a network connection",
    )?;
    if works(&made) {
        return Ok(made);
    }
    Err(Error::new(format!("{} does not start", made.display()), "remove that folder and try again"))
}

fn works(program: &Path) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|s| s.success())
}

/// Asks, where there is somebody to ask.
fn agreed(own: &Path) -> bool {
    if !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
        return false;
    }
    print!("JupyterLab is not installed. Put it into {} (about 200 MB)? [y/N] ", own.display());
    drop(std::io::stdout().flush());
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

fn run(command: &mut Command, next: &str) -> Result<()> {
    let words = command.get_program().to_string_lossy().into_owned();
    match command.stdin(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Error::new(format!("`{words}` ended with {status}"), next)),
        Err(e) => Err(Error::new(format!("`{words}` cannot be started: {e}"), next)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exercises_are_found_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let assignment = folder.path().join("assignment");
        std::fs::create_dir(&assignment).unwrap();
        std::fs::write(assignment.join("mine.ipynb"), "{}").unwrap();
        let found = place(Some(Path::new("mine")), folder.path()).unwrap();
        assert_eq!(found, assignment.join("mine.ipynb"));
        let error = place(Some(Path::new("yours")), folder.path()).unwrap_err().to_string();
        assert!(error.contains("there is no yours") && error.contains("exercise1"), "{error}");
    }
}
