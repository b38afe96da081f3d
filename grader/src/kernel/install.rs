//! The kernel for students: registered with Jupyter under the name `spikelab`, run by this program.
//! Jupyter starts `grader kernel --control_file FILE`, which becomes a kernel with a work folder of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::environment::UNWANTED;
use super::{KernelEnvironment, KernelError};
use crate::outcome::Isolation;

/// Writes the kernelspec below `prefix`, or to the user's own Jupyter folder, and returns where.
///
/// # Errors
/// A folder that cannot be written.
pub fn install(prefix: Option<PathBuf>) -> Result<PathBuf, KernelError> {
    let data = match prefix {
        Some(prefix) => prefix.join("share/jupyter"),
        None => match std::env::var_os("JUPYTER_DATA_DIR") {
            Some(folder) => folder.into(),
            None => jupyter_zmq_client::user_data_dir().map_err(|e| {
                KernelError::new(
                    format!("Jupyter's folder is not known: {e}"),
                    "name one with `--prefix DIR`",
                )
            })?,
        },
    };
    let folder = data.join("kernels/spikelab");
    let program =
        std::env::current_exe().map_err(|e| KernelError::io("find", Path::new("this program"), &e))?;
    let spec = serde_json::json!({
        "argv": [program, "kernel", "--control_file", "{connection_file}"],
        "display_name": "Rust (spikelab)",
        "language": "rust",
        "interrupt_mode": "message",
    });
    let file = folder.join("kernel.json");
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&file, format!("{spec:#}\n")))
        .map_err(|e| KernelError::io("write", &file, &e))?;
    Ok(folder)
}

/// Is the kernel that Jupyter started with this connection file, until it ends.
///
/// # Errors
/// A kernel that cannot be prepared or started.
pub async fn run_kernel(file: &Path) -> Result<(), KernelError> {
    let environment = KernelEnvironment::prepare(Isolation::None).await?;
    let work = environment.work_folder()?;
    let mut command = tokio::process::Command::new(&environment.program);
    command.arg("--control_file").arg(file).stdin(Stdio::null());
    for name in UNWANTED {
        command.env_remove(name);
    }
    let status = command.envs(environment.variables(&work)).kill_on_drop(true).status().await;
    drop(std::fs::remove_dir_all(&work));
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => {
            Err(KernelError::new(format!("the kernel ended with {status}"), "start it again from Jupyter"))
        }
        Err(e) => Err(KernelError::io("start", &environment.program, &e)),
    }
}
