//! The words of the conversation: the grader asks for one thing at a time, the worker answers with its number.
//! What the worker says comes from where the student's code runs; the grader believes none of it unchecked.

use serde::{Deserialize, Serialize};

/// What the grader asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Run a cell.
    Run {
        /// Repeated in the answer.
        seq: u64,
        /// Its source.
        code: String,
        /// What it may use.
        limits: CellLimits,
    },
    /// Run a cell that writes files, and hand the files out.
    Probe {
        /// Repeated in the answer.
        seq: u64,
        /// Its source.
        code: String,
        /// The files' names.
        nonces: Vec<String>,
        /// What it may use.
        limits: CellLimits,
    },
    /// Say which variables exist.
    Variables {
        /// Repeated in the answer.
        seq: u64,
    },
}

/// What one cell may use.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellLimits {
    /// Seconds of computing of all processes of the box together.
    pub cpu_seconds: f64,
    /// Seconds on the clock, unless it computes and the machine is busy.
    pub wall_seconds: f64,
}

impl CellLimits {
    /// On the clock something may take so many times its computing time, because other programs compute too.
    const PATIENCE: f64 = 4.0;
    /// A machine so busy that something which computes has taken so many times longer is too busy.
    const BUSY: f64 = 3.0;
    /// What computes less of its time than this only waits.
    const WAITS: f64 = 0.05;

    /// The limits for so many seconds of computing.
    #[must_use]
    pub const fn of_computing(seconds: f64) -> Self {
        Self { cpu_seconds: seconds, wall_seconds: seconds * Self::PATIENCE }
    }

    /// The longest that something can take under these limits.
    #[must_use]
    pub const fn longest(&self) -> f64 {
        self.wall_seconds * Self::BUSY
    }

    /// True for what has taken too long on the clock. What computes, however slowly, is given more time than what waits.
    #[must_use]
    pub fn is_late(&self, cpu_seconds: f64, wall_seconds: f64) -> bool {
        wall_seconds > self.longest()
            || wall_seconds > self.wall_seconds && cpu_seconds < wall_seconds * Self::WAITS
    }
}

/// What the worker answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// The box stands, and so does the kernel in it, if one was asked for.
    Ready {
        /// What the self-test found.
        checks: Vec<Check>,
    },
    /// The box cannot go on. Never the student's fault.
    Failed {
        /// What went wrong.
        what: String,
        /// What to do about it.
        next: String,
    },
    /// How a cell ended.
    Outcome {
        /// Of the request.
        seq: u64,
        /// How it ended.
        outcome: Outcome,
    },
    /// How a probe ended; the frames in front of it are its files.
    Probed {
        /// Of the request.
        seq: u64,
        /// How its cell ended.
        outcome: Outcome,
        /// The length of each file that is there, in the order in which they were asked for.
        lengths: Vec<Option<u64>>,
        /// What only meddling explains.
        tampered: Option<String>,
    },
    /// The variables that exist.
    Variables {
        /// Of the request.
        seq: u64,
        /// Name and type of each.
        list: Vec<(String, String)>,
    },
}

/// How a cell ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// In one word.
    pub end: End,
    /// In full: the error, or which limit.
    pub message: Option<String>,
    /// Seconds of computing.
    pub cpu_seconds: f64,
    /// Seconds on the clock.
    pub wall_seconds: f64,
    /// What it printed, the middle left out if that is long.
    pub output: String,
    /// True if more was printed than may be.
    pub output_cut: bool,
}

impl Outcome {
    /// One of a cell that did nothing.
    #[must_use]
    pub const fn nothing() -> Self {
        Self {
            end: End::Ok,
            message: None,
            cpu_seconds: 0.0,
            wall_seconds: 0.0,
            output: String::new(),
            output_cut: false,
        }
    }
}

/// How a cell ended, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// It ran to its end.
    Ok,
    /// The compiler refused it.
    CompileError,
    /// It panicked.
    Panicked,
    /// A `?` returned early.
    ReturnedError,
    /// Its process ended.
    Died,
    /// The kernel itself ended or no longer answers; the box is of no more use.
    KernelGone,
    /// A limit was reached; the box is of no more use.
    Limit(Limit),
}

/// The limits of a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Computing time of a cell.
    Cpu,
    /// Time on the clock of a cell.
    Wall,
    /// Memory of all processes and files together.
    Memory,
    /// Processes and threads.
    Processes,
    /// Bytes of files.
    Disk,
    /// Number of files.
    Files,
}

/// One line of the self-test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What must hold.
    pub what: String,
    /// Why it does not.
    pub fault: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_computes_on_a_busy_machine_has_more_time_than_who_waits() {
        let limits = CellLimits::of_computing(60.0);
        assert!(!limits.is_late(0.1, 239.0) && limits.is_late(0.1, 241.0), "a cell that sleeps");
        assert!(!limits.is_late(36.0, 700.0), "a cell that gets a twentieth of a core");
        assert!(limits.is_late(30.0, 700.0), "a cell that gets less still only waits");
        assert!(limits.is_late(59.0, 721.0), "there is an end to everything");
    }
}
