//! Runs the compiled program with the user's own rights, and reads what it left: values, and where it stopped.
//! It may print whatever it likes; nothing of that is shown.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use spikelab::evidence::{Evidence, ProbeFile};

use crate::kernel::{self, KernelError};

/// What came of a run.
#[derive(Debug, Default)]
pub(super) struct Ran {
    /// Question's place and variable → value.
    pub(super) values: BTreeMap<(usize, String), Evidence>,
    /// The place of the cell that failed, and why.
    pub(super) failed: Option<(usize, String)>,
}

/// Runs the program in `folder`, as Jupyter would.
pub(super) fn run(
    binary: &Path,
    place: &Path,
    folder: &Path,
    patience: Duration,
) -> Result<Ran, KernelError> {
    let mut command = Command::new(binary);
    command.env("SPIKELAB_PREVIEW", place).current_dir(folder);
    command.envs(kernel::grader().map(|program| ("SPIKELAB_GRADER", program)));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|e| KernelError::io("start", binary, &e))?;
    let started = Instant::now();
    let mut pause = Duration::from_millis(1);
    let ended = loop {
        if let Some(status) = child.try_wait().map_err(|e| KernelError::io("wait for", binary, &e))? {
            break Some(status);
        }
        if started.elapsed() > patience {
            drop(child.kill());
            drop(child.wait());
            break None;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    };
    let mut out = Ran { values: values(place), failed: None };
    if place.join("done").exists() {
        return Ok(out);
    }
    let said = |file: &str| std::fs::read_to_string(place.join(file)).ok();
    let cell = said("cell").and_then(|text| text.parse().ok()).unwrap_or(usize::MAX);
    let why = match ended {
        None => format!("it took longer than {} seconds and was stopped", patience.as_secs()),
        Some(status) => said("error")
            .or_else(|| said("panic"))
            .unwrap_or_else(|| format!("it ended the whole program ({status})")),
    };
    out.failed = Some((cell, why));
    Ok(out)
}

fn values(place: &Path) -> BTreeMap<(usize, String), Evidence> {
    let files = std::fs::read_dir(place).into_iter().flatten().filter_map(Result::ok);
    let mut out = BTreeMap::new();
    for file in files {
        let name = file.file_name().to_string_lossy().into_owned();
        let Some((number, _)) = name.split_once('.') else { continue };
        let Ok(number) = number.parse::<usize>() else { continue };
        let text = std::fs::read(file.path()).unwrap_or_default();
        if let Ok(probe) = serde_json::from_slice::<ProbeFile>(&text) {
            out.extend(probe.values.into_iter().map(|(name, value)| ((number, name), value)));
        }
    }
    out
}
