//! Jupyter's interrupt, as a run notices it: a file that the kernel makes, and that the run takes away in answer.
//! So the network stops between two steps and keeps what it recorded; without an answer the kernel ends the cell.

use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Names the file; the kernel sets it.
const FILE: &str = "SPIKELAB_INTERRUPT";
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// Looks for the file from time to time.
pub(super) struct Interrupt {
    file: Option<PathBuf>,
    looked: Instant,
}

impl Interrupt {
    pub(super) fn new() -> Self {
        Self::by(std::env::var_os(FILE).map(PathBuf::from))
    }

    fn by(file: Option<PathBuf>) -> Self {
        Self { file, looked: Instant::now() }
    }

    /// True if the run is to end here.
    pub(super) fn came(&mut self) -> bool {
        let Some(file) = &self.file else { return false };
        if self.looked.elapsed() < PAUSE {
            return false;
        }
        self.looked = Instant::now();
        std::fs::remove_file(file).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_appears_is_taken_away_and_means_the_end() {
        let file = std::env::temp_dir().join(format!("spikelab-interrupt-{}", std::process::id()));
        let mut interrupt = Interrupt::by(Some(file.clone()));
        std::thread::sleep(PAUSE);
        assert!(!interrupt.came());
        std::fs::write(&file, "").unwrap();
        assert!(!interrupt.came(), "too soon after the last look");
        std::thread::sleep(PAUSE);
        assert!(interrupt.came() && !file.exists());
        assert!(!Interrupt::by(None).came());
    }
}
