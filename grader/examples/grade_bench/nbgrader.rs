//! The same notebooks in a course of nbgrader's, graded by `nbgrader autograde` with the same kernel and the same `:dep`.
//! Each notebook has a fresh kernel, as ours have; nothing is prepared for it, because nbgrader knows of no such thing.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// Right notebooks need no patch of nbgrader's, only time to compile.
const CONFIG: &str = "c = get_config()
c.CourseDirectory.course_id = 'bench'
c.ClearSolutions.enforce_metadata = False
c.ClearSolutions.code_stub = {'rust': ''}
c.ExecutePreprocessor.timeout = 3600
c.ExecutePreprocessor.startup_timeout = 600
";

/// Makes a course of `count` right notebooks, handed in, and gives the command that grades them.
pub(crate) fn course(root: &Path, folder: &Path, count: usize, grader: &Path) -> Result<Command, String> {
    let write = |path: &Path, text: &str| {
        path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(path, text))
    };
    let said = |e: std::io::Error| e.to_string();
    write(&folder.join("nbgrader_config.py"), CONFIG).map_err(said)?;
    let kernel = grader.with_file_name("spikelab-kernel");
    let spec = json!({
        "argv": [kernel, "--control_file", "{connection_file}"], "display_name": "Rust", "language": "rust",
    });
    write(&folder.join("jupyter/kernels/rust/kernel.json"), &spec.to_string()).map_err(said)?;
    let text = std::fs::read_to_string(root.join("solutions/exercise1.ipynb")).map_err(said)?;
    let mut notebook: Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
    notebook["metadata"]["kernelspec"] = json!({"name": "rust", "display_name": "Rust", "language": "rust"});
    let mut cells = notebook["cells"].as_array_mut().into_iter().flatten();
    if let Some(first) = cells.find(|cell| cell["cell_type"] == "code") {
        let library = root.display();
        first["source"] =
            format!(":dep spikelab = {{ path = \"{library}\" }}\nuse spikelab::prelude::*;").into();
    }
    let text = notebook.to_string();
    write(&folder.join("source/ps1/exercise1.ipynb"), &text).map_err(said)?;
    for k in 0..count {
        write(&folder.join(format!("submitted/student{k}/ps1/exercise1.ipynb")), &text).map_err(said)?;
    }
    let nbgrader = |what: &str| {
        let mut command = Command::new("nbgrader");
        command.args([what, "ps1"]).current_dir(folder).env("JUPYTER_PATH", folder.join("jupyter"));
        command
    };
    let made = nbgrader("generate_assignment")
        .stdout(Stdio::null())
        .output()
        .map_err(|e| format!("`nbgrader` does not start ({e}); put it on the PATH"))?;
    match made.status.success() {
        true => Ok(nbgrader("autograde")),
        false => Err(format!("generate_assignment failed: {}", String::from_utf8_lossy(&made.stderr))),
    }
}
