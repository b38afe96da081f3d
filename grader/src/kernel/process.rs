//! The kernel as a process: its connection file, its process group, and its end.
//! Dropping it kills the whole group, cells in an endless loop too, and removes its work folder.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use jupyter_protocol::{ConnectionInfo, connection_info::Transport};
use tokio::process::{Child, Command};

use super::environment::UNWANTED;
use super::{KernelEnvironment, KernelError};

/// A running kernel.
#[derive(Debug)]
pub struct KernelProcess {
    child: Child,
    group: Option<i32>,
    work: PathBuf,
    log: PathBuf,
    /// How to reach it.
    pub(super) connection: ConnectionInfo,
}

impl KernelProcess {
    /// Starts a kernel in `folder`, with a work folder of its own.
    pub(super) async fn start(environment: &KernelEnvironment, folder: &Path) -> Result<Self, KernelError> {
        let work = environment.work_folder()?;
        Self::start_in(environment, folder, work).await
    }

    /// Starts a kernel that works in `work`, which is removed when it ends.
    pub(super) async fn start_in(
        environment: &KernelEnvironment,
        folder: &Path,
        work: PathBuf,
    ) -> Result<Self, KernelError> {
        let ip = std::net::IpAddr::from([127, 0, 0, 1]);
        // Held until the kernel runs, so that kernels started side by side are not given the same ports.
        let (ports, held) = jupyter_zmq_client::peek_ports_with_listeners(ip, 5).await.map_err(|e| {
            KernelError::new(
                format!("no free network ports on this machine: {e}"),
                "close some programs and try again",
            )
        })?;
        let connection = ConnectionInfo {
            transport: Transport::TCP,
            ip: ip.to_string(),
            shell_port: ports[0],
            iopub_port: ports[1],
            stdin_port: ports[2],
            control_port: ports[3],
            hb_port: ports[4],
            key: uuid::Uuid::new_v4().to_string(),
            signature_scheme: "hmac-sha256".to_owned(),
            kernel_name: Some("spikelab".to_owned()),
        };
        let file = work.join("connection.json");
        let log = work.join("kernel.log");
        let text = serde_json::to_vec(&connection).unwrap_or_default();
        std::fs::write(&file, text).map_err(|e| KernelError::io("write", &file, &e))?;
        let probes = work.join("probes");
        std::fs::create_dir_all(&probes).map_err(|e| KernelError::io("make", &probes, &e))?;
        let output = std::fs::File::create(&log).map_err(|e| KernelError::io("write", &log, &e))?;
        let errors = output.try_clone().map_err(|e| KernelError::io("write", &log, &e))?;
        let mut command = Command::new(&environment.program);
        command.arg("--control_file").arg(&file).current_dir(folder);
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        for name in UNWANTED {
            command.env_remove(name);
        }
        command.envs(environment.variables(&work));
        // A group of its own, so that its end is also the end of everything it started.
        let child = command.process_group(0).kill_on_drop(true).spawn().map_err(|e| {
            KernelError::new(
                format!("cannot start the kernel {}: {e}", environment.program.display()),
                "remove target/release/spikelab-kernel and try again, so that it is built anew",
            )
        })?;
        drop(held);
        let group = child.id().and_then(|id| i32::try_from(id).ok());
        Ok(Self { child, group, work, log, connection })
    }

    /// True while the process runs.
    pub(super) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// The folder that probes write to.
    pub(super) fn probes(&self) -> PathBuf {
        self.work.join("probes")
    }

    /// What the kernel itself wrote.
    pub(super) fn log(&self) -> Log {
        Log(self.log.clone())
    }

    /// Ends the kernel and keeps the work folder, for templates.
    pub(super) async fn end(mut self) {
        self.kill();
        drop(self.child.wait().await);
        self.work = PathBuf::new();
    }

    fn kill(&mut self) {
        if let Some(group) = self.group.take().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

/// The file with what a kernel itself wrote.
pub(super) struct Log(PathBuf);

impl Log {
    /// Its last lines.
    pub(super) fn last_words(&self) -> String {
        let text = std::fs::read_to_string(&self.0).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(5)..].join("\n")
    }
}

impl Drop for KernelProcess {
    fn drop(&mut self) {
        self.kill();
        if !self.work.as_os_str().is_empty() {
            // A process on its way out may still write; what stays behind is below target/.
            if std::fs::remove_dir_all(&self.work).is_err() {
                std::thread::sleep(std::time::Duration::from_millis(50));
                drop(std::fs::remove_dir_all(&self.work));
            }
        }
    }
}
