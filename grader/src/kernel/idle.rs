//! Whether a kernel's process for cells waits to be told what to run: then an interrupt is for what comes before, its compiler.
//! Linux says what a process is waiting for; elsewhere the answer is that it does not wait.

use std::path::Path;

/// The system call that reads, by its number.
const READ: &str = if cfg!(target_arch = "x86_64") { "0" } else { "63" };

/// True if a child of this process, a program of this name (its first 15 letters), waits for its standard input.
pub(super) fn waits(parent: u32, name: &str) -> bool {
    let Ok(processes) = std::fs::read_dir("/proc") else { return false };
    processes.flatten().any(|process| waits_for_input(&process.path(), parent, name))
}

fn waits_for_input(process: &Path, parent: u32, name: &str) -> bool {
    let read = |file: &str| std::fs::read_to_string(process.join(file)).unwrap_or_default();
    // Its number, its name in brackets, its state, its parent.
    let stat = read("stat");
    let Some((of, rest)) = stat.rsplit_once(')') else { return false };
    let is_child = rest.split_whitespace().nth(1) == Some(&*parent.to_string());
    let is_named = of.split_once('(').is_some_and(|(_, own)| own == name);
    let call = || read("syscall");
    is_child && is_named && call().split_whitespace().take(2).eq([READ, "0x0"])
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::process::{Command, Stdio};
    use std::time::Duration;

    use super::*;

    #[test]
    fn who_reads_its_input_waits_and_who_sleeps_does_not() {
        for (program, argument, expected) in [("cat", "-", true), ("sleep", "60", false)] {
            let mut child = Command::new(program).arg(argument).stdin(Stdio::piped()).spawn().unwrap();
            let own = std::process::id();
            let waits_soon = (0..30).any(|_| {
                std::thread::sleep(Duration::from_millis(20));
                waits(own, program)
            });
            assert_eq!(waits_soon, expected, "{program}");
            assert!(!waits(own, "dog") && !waits(own + 1, program));
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}
