//! What a command costs: time on the wall, processor seconds, memory.
//! A sandboxed notebook is a process tree that nobody waits for, so its seconds are those of a control group, where one may be made.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What one command took.
pub(crate) struct Cost {
    pub(crate) wall: f64,
    pub(crate) cpu: f64,
    /// Megabytes of the command's own memory at its most.
    pub(crate) memory: u64,
    /// Its exit code, if it ended by itself.
    pub(crate) code: Option<i32>,
}

/// Counts processor seconds.
pub(crate) struct Account {
    /// A control group of our own, with the file and unit in which it tells what was used.
    group: Option<(PathBuf, &'static str, f64)>,
}

impl Account {
    /// A control group if this system lets us make one.
    pub(crate) fn open() -> Self {
        let name = format!("spikelab-bench-{}", std::process::id());
        let versions =
            [("/sys/fs/cgroup/cpuacct", "cpuacct.usage", 1e-9), ("/sys/fs/cgroup", "cpu.stat", 1e-6)];
        let group = versions.into_iter().find_map(|(place, file, unit)| {
            let folder = PathBuf::from(place).join(&name);
            std::fs::create_dir(&folder).ok()?;
            folder.join(file).exists().then_some((folder, file, unit))
        });
        Self { group }
    }

    /// Whether the sandbox's processes are counted, too.
    pub(crate) fn is_whole(&self) -> bool {
        self.group.is_some()
    }

    pub(crate) fn measured(&self, mut command: Command) -> Cost {
        if let Some((folder, ..)) = &self.group {
            command = within(folder, &command);
        }
        let before = self.used();
        let started = Instant::now();
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("{} does not start: {e}", command.get_program().display()));
        let mut memory = 0;
        let code = loop {
            match child.try_wait() {
                Ok(None) => {}
                Ok(Some(status)) => break status.code(),
                Err(e) => panic!("{}: {e}", command.get_program().display()),
            }
            let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kilobytes = line.and_then(|l| l.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
            memory = memory.max(kilobytes.unwrap_or(0) >> 10);
            std::thread::sleep(Duration::from_millis(2));
        };
        Cost { wall: started.elapsed().as_secs_f64(), cpu: self.used() - before, memory, code }
    }

    /// Seconds so far.
    fn used(&self) -> f64 {
        let Some((folder, file, unit)) = &self.group else { return children() };
        let text = std::fs::read_to_string(folder.join(file)).unwrap_or_default();
        let first = text.lines().next().unwrap_or_default();
        first.rsplit(' ').next().and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) * unit
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        if let Some((folder, ..)) = &self.group {
            // Left behind only if a process of it still runs.
            drop(std::fs::remove_dir(folder));
        }
    }
}

/// The command, begun by a shell that joins the group first.
fn within(group: &Path, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", "echo $$ > \"$0\" && exec \"$@\""]).arg(group.join("cgroup.procs"));
    shell.arg(command.get_program()).args(command.get_args());
    shell.envs(command.get_envs().filter_map(|(key, value)| Some((key, value?))));
    command.get_current_dir().map(|folder| shell.current_dir(folder));
    shell
}

/// Seconds that all children and theirs have computed, as far as somebody waited for them.
fn children() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = text[text.rfind(')').map_or(0, |k| k + 1)..].split_whitespace().collect();
    let ticks: f64 = fields.iter().skip(13).take(2).filter_map(|t| t.parse::<f64>().ok()).sum();
    #[expect(clippy::cast_precision_loss, reason = "a hundred")]
    let second = rustix::param::clock_ticks_per_second() as f64;
    ticks / second
}
