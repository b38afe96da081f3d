//! The kernel as a process: its folders, its connection file, its start.
//! It is the student's from the first cell on, so nothing here relies on it.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jupyter_protocol::{ConnectionInfo, connection_info::Transport};
use rustix::process::{Pid, WaitOptions, wait};
use spikelab_box::plan::{self, Plan};
use spikelab_box::tree;

use crate::failure::{Context, Failure, Result};

/// A running kernel.
pub(super) struct KernelProcess {
    pid: Pid,
    running: bool,
    log: PathBuf,
    /// How to reach it.
    pub(super) connection: ConnectionInfo,
}

impl KernelProcess {
    /// Makes the folders and starts a kernel in them.
    pub(super) async fn start(kernel: &plan::Kernel, plan: &Plan) -> Result<Self> {
        if let Some(template) = &kernel.template
            && !kernel.work.join("Cargo.lock").exists()
        {
            tree::copy(template, &kernel.work).context("copy the kernel's template")?;
        }
        for folder in [&kernel.work, &kernel.cells, &kernel.probes] {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)
                .context("make the kernel's folders")?;
        }
        let ip = std::net::IpAddr::from([127, 0, 0, 1]);
        // Held until the kernel runs, so that kernels started side by side are not given the same ports.
        let (ports, held) = jupyter_zmq_client::peek_ports_with_listeners(ip, 5).await.map_err(|e| {
            Failure::new(format!("no free network ports: {e}"), "close some programs and try again")
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
        let file = kernel.work.join("connection.json");
        let log = kernel.work.join("kernel.log");
        let text = serde_json::to_vec(&connection).context("write the connection file")?;
        std::fs::write(&file, text).context("write the connection file")?;
        let output = std::fs::File::create(&log).context("write the kernel's log")?;
        let errors = output.try_clone().context("write the kernel's log")?;
        let mut command = Command::new(&kernel.program);
        command.arg("--control_file").arg(&file).current_dir(&kernel.cells).process_group(0);
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        command.env_remove(plan::PLAN);
        if kernel.clear_environment {
            command.env_clear();
        }
        for name in &kernel.unwanted {
            command.env_remove(name);
        }
        let memory = plan.limits.memory.to_string();
        command
            .env("SPIKELAB_MEMORY_LIMIT", memory)
            .env("SPIKELAB_OUTPUT_LIMIT", plan.limits.output.to_string());
        let child = command.envs(kernel.environment.iter().cloned()).spawn().map_err(|e| {
            Failure::new(
                format!("cannot start the kernel: {e}"),
                "remove target/release/spikelab-kernel and try again, so that it is built anew",
            )
        })?;
        drop(held);
        Ok(Self { pid: Pid::from_child(&child), running: true, log, connection })
    }

    /// True while the process runs. Also takes leave of every other process that has ended.
    pub(super) fn is_running(&mut self) -> bool {
        while let Ok(Some((pid, _))) = wait(WaitOptions::NOHANG) {
            self.running &= pid != self.pid;
        }
        self.running
    }

    /// The last lines that the kernel itself wrote.
    pub(super) fn last_words(&self) -> String {
        last_lines(&self.log, 5)
    }
}

fn last_lines(path: &Path, count: usize) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
