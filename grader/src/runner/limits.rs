//! What a notebook may use, as the rubric says it, with defaults that an honest notebook never meets.
//! A cell has its limits, the submission as a whole has them, and so has the box that it runs in.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spikelab_box::plan::BoxLimits;

/// The limits of one assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Seconds of computing of one cell, its compilation included. On the clock it may take four times as long.
    pub cell_seconds: u64,
    /// Seconds of computing of the whole notebook, and likewise on the clock.
    pub submission_seconds: u64,
    /// Megabytes of memory, files included.
    pub memory_mb: u64,
    /// Processes and threads; the kernel and the compiler need up to 40 of them.
    pub processes: u64,
    /// Megabytes of files.
    pub disk_mb: u64,
    /// Files.
    pub files: u64,
    /// Kilobytes that a cell may print; what is printed beyond them is dropped.
    pub output_kb: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            cell_seconds: 60,
            submission_seconds: 600,
            memory_mb: 3072,
            processes: 256,
            disk_mb: 512,
            files: 100_000,
            output_kb: 1024,
        }
    }
}

impl Limits {
    /// The smallest with which an honest notebook still runs.
    const LEAST: Self = Self {
        cell_seconds: 1,
        submission_seconds: 1,
        memory_mb: 1024,
        processes: 96,
        disk_mb: 160,
        files: 5_000,
        output_kb: 1,
    };

    /// The first limit that is too small for any notebook: its key, and the smallest value.
    #[must_use]
    pub fn too_small(&self) -> Option<(&'static str, u64)> {
        let least = Self::LEAST;
        [
            ("cell_seconds", self.cell_seconds, least.cell_seconds),
            ("submission_seconds", self.submission_seconds, least.submission_seconds),
            ("memory_mb", self.memory_mb, least.memory_mb),
            ("processes", self.processes, least.processes),
            ("disk_mb", self.disk_mb, least.disk_mb),
            ("files", self.files, least.files),
            ("output_kb", self.output_kb, least.output_kb),
        ]
        .into_iter()
        .find(|(_, value, least)| value < least)
        .map(|(key, _, least)| (key, least))
    }

    /// Those of one cell.
    #[must_use]
    pub const fn cell(&self) -> Duration {
        Duration::from_secs(self.cell_seconds)
    }

    /// Those of the box.
    #[must_use]
    pub const fn of_box(&self) -> BoxLimits {
        BoxLimits {
            memory: self.memory_mb << 20,
            processes: self.processes,
            disk: self.disk_mb << 20,
            files: self.files,
            output: self.output_kb << 10,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_box() {
        assert_eq!(Limits::default().of_box(), BoxLimits::default());
        assert_eq!(Limits::default().too_small(), None);
        assert_eq!(Limits { disk_mb: 1, ..Limits::default() }.too_small(), Some(("disk_mb", 160)));
    }
}
