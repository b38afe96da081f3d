//! The plan of a box: what can be seen in it, what may be used in it, and which kernel runs there.
//! The grader makes it; the launcher and the worker only follow it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The environment variable that a plan travels in.
pub const PLAN: &str = "SPIKELAB_BOX_PLAN";

/// Everything about one box.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// True for a sandbox; false runs the kernel with the grader's own rights.
    pub isolated: bool,
    /// What of the machine is seen inside.
    pub binds: Vec<Bind>,
    /// Symbolic links inside: path and target.
    pub links: Vec<(PathBuf, PathBuf)>,
    /// What all of it together may use.
    pub limits: BoxLimits,
    /// The kernel, unless only the box itself is to be tested.
    pub kernel: Option<Kernel>,
    /// Things outside that must not be reachable; tested if given.
    pub canaries: Option<Canaries>,
}

/// A file or folder of the machine that is seen in the box.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bind {
    /// Where it is on the machine.
    pub source: PathBuf,
    /// Where it is in the box.
    pub target: PathBuf,
    /// Only for the grader's own work, never for a submission.
    #[serde(default)]
    pub writable: bool,
}

/// What a box may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoxLimits {
    /// Bytes of memory of all processes and files together.
    pub memory: u64,
    /// Processes and threads.
    pub processes: u64,
    /// Bytes of files in the box.
    pub disk: u64,
    /// Files in the box.
    pub files: u64,
    /// Bytes that a cell may print.
    pub output: u64,
}

impl Default for BoxLimits {
    fn default() -> Self {
        Self { memory: 3 << 30, processes: 256, disk: 512 << 20, files: 100_000, output: 1 << 20 }
    }
}

/// The kernel and its folders, as paths in the box.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kernel {
    /// The kernel's program.
    pub program: PathBuf,
    /// True if it gets the variables below and no others.
    pub clear_environment: bool,
    /// Variables.
    pub environment: Vec<(String, String)>,
    /// Variables taken away.
    pub unwanted: Vec<String>,
    /// A folder that is copied to `work`; without one `work` is used as it is.
    pub template: Option<PathBuf>,
    /// evcxr's folder.
    pub work: PathBuf,
    /// Where cells run.
    pub cells: PathBuf,
    /// Where probes write.
    pub probes: PathBuf,
}

/// Things outside that the box must not reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Canaries {
    /// A file that everybody may read.
    pub file: PathBuf,
    /// A port of this machine that somebody listens on.
    pub port: u16,
}
