//! Jupyter's interrupt while a cell is compiled: a file that `grader kernel` makes, and that whoever stops for it takes away.
//! The same file asks a simulation, see the library's `interrupt.rs`.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// Names the file.
const REQUEST: &str = "SPIKELAB_INTERRUPT";
/// How often it is looked for.
const PAUSE: Duration = Duration::from_millis(50);

/// Where an interrupt would show itself.
#[derive(Clone)]
pub(crate) struct Interrupt {
    request: Option<PathBuf>,
}

/// A compiler that is ended when an interrupt comes.
pub(crate) struct Watch {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<bool>,
}

impl Interrupt {
    /// That of the kernel this process works for.
    pub(crate) fn of_kernel() -> Self {
        Self { request: std::env::var_os(REQUEST).map(PathBuf::from) }
    }

    /// True if one came; it counts as answered then.
    fn came(&self) -> bool {
        self.request.as_ref().is_some_and(|request| std::fs::remove_file(request).is_ok())
    }

    /// True if one came, or comes in a moment.
    pub(crate) fn comes_soon(&self) -> bool {
        (0..6).any(|look| {
            if look > 0 && self.request.is_some() {
                thread::sleep(PAUSE);
            }
            self.came()
        })
    }

    /// Ends a process when one comes.
    pub(crate) fn watch(&self, process: u32) -> Watch {
        let is_over = Arc::new(AtomicBool::new(false));
        let (interrupt, over) = (self.clone(), Arc::clone(&is_over));
        let thread = thread::spawn(move || {
            while interrupt.request.is_some() && !over.load(Ordering::SeqCst) {
                if interrupt.came() {
                    let process = i32::try_from(process).ok().and_then(Pid::from_raw);
                    // It may have ended by itself.
                    let _ = process.map(|process| kill_process(process, Signal::TERM));
                    return true;
                }
                thread::park_timeout(PAUSE);
            }
            false
        });
        Watch { is_over, thread }
    }
}

impl Watch {
    /// The process has ended; true if that was for an interrupt.
    pub(crate) fn end(self) -> bool {
        self.is_over.store(true, Ordering::SeqCst);
        self.thread.thread().unpark();
        self.thread.join().unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_process_ends_when_an_interrupt_comes_and_else_by_itself() {
        let request = std::env::temp_dir().join(format!("spikelab-compiler-{}", std::process::id()));
        let interrupt = Interrupt { request: Some(request.clone()) };
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let watch = interrupt.watch(child.id());
        std::fs::write(&request, "").unwrap();
        assert!(!child.wait().unwrap().success());
        assert!(watch.end() && !request.exists());
        for interrupt in [interrupt, Interrupt { request: None }] {
            let mut child = Command::new("true").spawn().unwrap();
            let watch = interrupt.watch(child.id());
            assert!(child.wait().unwrap().success());
            assert!(!watch.end() && !interrupt.comes_soon());
        }
    }
}
