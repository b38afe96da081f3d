//! What all processes of the box use together, read from /proc and from its RAM disks.
//! Counted for descendants of this process only, so that it also holds without a sandbox.

use std::collections::HashMap;
use std::path::Path;

use rustix::fs::statvfs;
use rustix::param::{clock_ticks_per_second, page_size};
use spikelab_box::message::Limit;
use spikelab_box::plan::BoxLimits;

use crate::mounts::WRITABLE;

/// Memory that the machine must have left; below it the box goes before something else does.
const RESERVE: u64 = 256 << 20;

/// What is used at one moment, and since the start.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    /// Seconds of computing since the start, of ended processes too.
    pub(super) cpu: f64,
    /// Bytes of memory.
    memory: u64,
    /// Processes and threads.
    tasks: u64,
}

/// One process.
#[derive(Debug, PartialEq)]
struct Process {
    parent: u32,
    ticks: u64,
    threads: u64,
    pages: u64,
}

impl Usage {
    pub(super) fn now() -> Self {
        let own = std::process::id();
        let processes = processes();
        let mut usage = Self::default();
        for (pid, process) in &processes {
            if descends(*pid, own, &processes) {
                usage.cpu += process.ticks as f64 / clock_ticks_per_second() as f64;
                usage.memory += process.pages * page_size() as u64;
                usage.tasks += process.threads;
            }
        }
        usage
    }

    /// Which limit of the box is reached, if any, and in words by how much.
    pub(super) fn over(&self, limits: BoxLimits, isolated: bool) -> Option<(Limit, String)> {
        let megabytes = |bytes: u64| bytes >> 20;
        // The kernel refuses the last few; a box that is nearly full cannot go on.
        if isolated && self.tasks * 10 >= limits.processes * 9 {
            let words = format!("too many processes: {} are allowed, threads included", limits.processes);
            return Some((Limit::Processes, words));
        }
        let mut files = 0;
        for place in WRITABLE.iter().filter(|_| isolated) {
            let Ok(disk) = statvfs(*place) else { continue };
            files += (disk.f_blocks - disk.f_bfree) * disk.f_frsize;
            if disk.f_ffree == 0 {
                return Some((Limit::Files, format!("too many files: {} are allowed", limits.files)));
            }
            if disk.f_bavail * disk.f_frsize < 64 << 10 {
                let size = megabytes(disk.f_blocks * disk.f_frsize);
                return Some((
                    Limit::Disk,
                    format!("too much written to files: {size} MB are allowed in {place}"),
                ));
            }
        }
        let words = format!("too much memory: {} MB are allowed, files included", megabytes(limits.memory));
        // Pages that several processes share count several times here, so look closer before an accusation.
        if self.memory + files > limits.memory && shared_fairly() + files > limits.memory {
            return Some((Limit::Memory, words));
        }
        None
    }
}

fn processes() -> HashMap<u32, Process> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return HashMap::new() };
    entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let text = std::fs::read(entry.path().join("stat")).ok()?;
            Some((pid, parse(&String::from_utf8_lossy(&text))?))
        })
        .collect()
}

/// Reads a line of /proc/PID/stat; the name in it is the process's own choice and may hold anything.
fn parse(text: &str) -> Option<Process> {
    let fields: Vec<&str> = text.get(text.rfind(')')? + 1..)?.split_whitespace().collect();
    let number = |k: usize| fields.get(k)?.parse::<u64>().ok();
    Some(Process {
        parent: u32::try_from(number(1)?).ok()?,
        // Its own time in user and in kernel mode, and that of its children that it has waited for.
        ticks: (11..15).map(number).sum::<Option<u64>>()?,
        threads: number(17)?,
        pages: number(21)?,
    })
}

fn descends(mut pid: u32, from: u32, processes: &HashMap<u32, Process>) -> bool {
    for _ in 0..1000 {
        if pid == from {
            return true;
        }
        match processes.get(&pid) {
            Some(process) => pid = process.parent,
            None => return false,
        }
    }
    false
}

/// Bytes of memory with shared pages counted once in all.
fn shared_fairly() -> u64 {
    let own = std::process::id();
    let processes = processes();
    let of = |pid: &u32| {
        let path = Path::new("/proc").join(pid.to_string()).join("smaps_rollup");
        let text = std::fs::read_to_string(path).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        Some(line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? << 10)
    };
    processes
        .iter()
        .filter(|(pid, _)| descends(**pid, own, &processes))
        // A process that hides its memory counts in full.
        .map(|(pid, process)| of(pid).unwrap_or(process.pages * page_size() as u64))
        .sum()
}

/// True if the machine itself is short of memory, which is nobody's fault in particular.
pub(super) fn machine_is_full() -> bool {
    let available = || {
        let text = std::fs::read_to_string("/proc/meminfo").ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
        Some(line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? << 10)
    };
    available().is_some_and(|bytes| bytes < RESERVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_hide_the_numbers() {
        let line = "7 (a) S 99 (b) R 3 7 7 0 -1 4194560 1 2 3 4 10 20 30 40 20 0 5 0 100 1000 250 1844";
        assert_eq!(parse(line), Some(Process { parent: 3, ticks: 100, threads: 5, pages: 250 }));
        assert_eq!(parse("7 (a"), None);
        assert_eq!(parse("7 (a) R 3"), None);
    }

    #[test]
    fn this_process_uses_something() {
        let usage = Usage::now();
        assert!(usage.memory > 0 && usage.tasks > 0);
        assert!(usage.over(BoxLimits { memory: 1, ..BoxLimits::default() }, false).is_some());
        assert!(usage.over(BoxLimits::default(), false).is_none());
    }
}
