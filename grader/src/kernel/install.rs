//! The kernel for students: registered with Jupyter under the name `spikelab`, run by this program.
//! Jupyter starts `grader kernel --control_file FILE`, which becomes a kernel with a work folder of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use jupyter_protocol::{ConnectionInfo, InterruptRequest};
use jupyter_zmq_client::create_client_control_connection;
use tokio::signal::unix::{SignalKind, signal};

use super::cells::Current;
use super::environment::UNWANTED;
use super::prepare::STUDENT;
use super::shell::Shell;
use super::toolchain::grader;
use super::{KernelEnvironment, KernelError, idle};

/// The kernel, and the process that it runs cells in.
const PROGRAM: &str = "spikelab-kernel";

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
    // Built anew while it runs, a program is told that it is `grader (deleted)`; its successor has its place.
    let program = if program.exists() { program } else { grader().unwrap_or(program) };
    let spec = serde_json::json!({
        "argv": [program, "kernel", "--control_file", "{connection_file}"],
        "display_name": "Rust (spikelab)",
        "language": "rust",
        "interrupt_mode": "signal",
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
    let environment = KernelEnvironment::prepare_apart().await?;
    let work = environment.work_folder()?;
    let mut command = shielded(&environment.program);
    let failed = work.join("failed");
    let (connection, current) = match Shell::open(file, &work, failed.clone()).await? {
        Some((shell, connection)) => {
            let current = shell.current();
            tokio::spawn(shell.run());
            (connection, Some(current))
        }
        None => (file.to_owned(), None),
    };
    command.arg("--control_file").arg(connection).stdin(Stdio::null());
    for name in UNWANTED {
        command.env_remove(name);
    }
    let request = work.join("interrupt");
    command.env("SPIKELAB_INTERRUPT", &request).env("SPIKELAB_FAILED", failed);
    // The kernel's program stands in rustc's place as well, and adds advice to errors.
    command.env("SPIKELAB_ADVICE", "1").env("RUSTC_WRAPPER", &environment.program);
    command.envs(environment.variables(&work)).kill_on_drop(true);
    command.env("EVCXR_CONFIG_DIR", environment.config.join(STUDENT));
    let running = Running { request: &request, connection: file, current: current.as_ref() };
    let status = running.until_end(&mut command).await;
    drop(std::fs::remove_dir_all(&work));
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => {
            Err(KernelError::new(format!("the kernel ended with {status}"), "start it again from Jupyter"))
        }
        Err(e) => Err(KernelError::io("start", &environment.program, &e)),
    }
}

/// A program that an interrupt does not reach, nor what it starts, so that only this process decides what to do about it:
/// Jupyter sends the signal to all processes of a group, VS Code to all descendants, whatever their group.
fn shielded(program: &Path) -> tokio::process::Command {
    // An ignored signal stays ignored in the program that the shell becomes; ignoring it from here takes `unsafe`.
    let mut command = tokio::process::Command::new("/bin/sh");
    command.args(["-c", "trap '' INT; exec \"$0\" \"$@\""]).arg(program).process_group(0);
    command
}

/// A kernel that runs, as an interrupt sees it.
struct Running<'k> {
    /// The file that asks what runs to stop, and that whoever stops for it takes away.
    request: &'k Path,
    connection: &'k Path,
    current: Option<&'k Current>,
}

impl Running<'_> {
    /// Waits for the kernel's end, and passes on interrupts.
    async fn until_end(
        &self,
        command: &mut tokio::process::Command,
    ) -> std::io::Result<std::process::ExitStatus> {
        let mut interrupts = signal(SignalKind::interrupt())?;
        let mut kernel = command.spawn()?;
        let id = kernel.id().unwrap_or_default();
        loop {
            tokio::select! {
                status = kernel.wait() => return status,
                _ = interrupts.recv() => tokio::select! {
                    // It would be waited for in vain.
                    status = kernel.wait() => return status,
                    () = self.interrupt(id) => {}
                },
            }
        }
    }

    /// Asks a simulation, or the compiler, to stop; if none answers, the kernel itself ends what runs, and the cells' values
    /// with it. Where nothing runs, or not any more, nothing is done: the values would be lost for nothing.
    async fn interrupt(&self, kernel: u32) {
        const PATIENCE: u32 = 20;
        let cell = self.current.map(Current::cell);
        if cell == Some(None) {
            return;
        }
        let asked = std::fs::write(self.request, "").is_ok();
        let mut patience = PATIENCE;
        while patience > 0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            if asked && !self.request.exists() {
                return;
            }
            if self.current.map(Current::cell) != cell {
                drop(std::fs::remove_file(self.request));
                return;
            }
            // A cell that is not compiled yet is stopped by its compiler, when that begins.
            if self.current.is_none() || !idle::waits(kernel, PROGRAM) {
                patience -= 1;
            }
        }
        drop(std::fs::remove_file(self.request));
        // Without an answer there is nobody to tell: Jupyter's own `restart` is left.
        drop(end_of_cell(self.connection).await);
    }
}

async fn end_of_cell(connection: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let info: ConnectionInfo = serde_json::from_slice(&std::fs::read(connection)?)?;
    let mut control = create_client_control_connection(&info, &uuid::Uuid::new_v4().to_string()).await?;
    control.send(InterruptRequest {}.into()).await?;
    tokio::time::timeout(Duration::from_secs(2), control.read()).await??;
    Ok(())
}

#[cfg(test)]
mod tests {
    use rustix::process::{Pid, Signal, kill_process};

    use super::*;

    #[tokio::test]
    async fn an_interrupt_reaches_neither_the_kernel_nor_what_it_starts() {
        let mut kernel = shielded(Path::new("/bin/sh"));
        kernel
            .args(["-c", "sh -c 'echo $$; exec sleep 60'; exit $?"])
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut kernel = kernel.spawn().unwrap();
        let mut line = String::new();
        let out = tokio::io::BufReader::new(kernel.stdout.take().unwrap());
        tokio::io::AsyncBufReadExt::read_line(&mut { out }, &mut line).await.unwrap();
        let kernel_id = kernel.id().unwrap();
        let child = Pid::from_raw(line.trim().parse().unwrap()).unwrap();
        for id in [child, Pid::from_raw(kernel_id.cast_signed()).unwrap()] {
            kill_process(id, Signal::INT).unwrap();
        }
        // The child ends by this one, not by the one before.
        kill_process(child, Signal::TERM).unwrap();
        let status = kernel.wait().await.unwrap();
        assert_eq!(status.code(), Some(128 + 15), "{status}");
    }
}
