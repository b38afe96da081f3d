//! The filter process: copies the cells' stdout and stderr to evcxr, in an order that keeps messages in their cell.
//! It ends with the cell process, and ends the cell process if the kernel is gone.

use std::env;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::process::ExitCode;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::ioctl_fionread;
use rustix::process::{Pid, Signal, getppid, kill_process};

use crate::advise;
use crate::filter::{Filter, Reader, most_bytes};
use crate::words::{HINT, Words};

/// Names the descriptor that the cells' stderr arrives on; stdout arrives on stdin.
pub(crate) const ERROR_PIPE: &str = "SPIKELAB_ERROR_PIPE";

/// Names the file that says that a cell failed, with the text of the error, until whoever asked for it takes it away.
const FAILED: &str = "SPIKELAB_FAILED";

/// What a student reads above evcxr's own words, which name a signal.
const ENDED: &[u8] = b"The cells' process has ended, by an interrupt, an exit or for want of memory, and all values with it.\n\
    Run the cells again from the top.\n";

/// How much of stderr is kept to explain a failed cell; the end counts, for the error is printed last.
const KEPT: usize = 16 * 1024;

/// Copies until the cell process is gone.
pub(crate) fn run(descriptor: &str) -> ExitCode {
    let parent = getppid();
    match File::open(format!("/dev/fd/{descriptor}")).and_then(|errors| copy(errors, parent)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => {
            // Without its filter the cell process would block for ever on a full pipe.
            end_cells(parent);
            ExitCode::FAILURE
        }
    }
}

fn copy(errors: File, parent: Option<Pid>) -> io::Result<()> {
    let (mut input, mut output) = (io::stdin(), io::stdout());
    let failed = env::var_os(FAILED);
    let reader = if advise::is_given() { Reader::Student } else { Reader::Grader };
    let words = matches!(reader, Reader::Student).then(Words::default);
    let mut errors =
        Errors { source: errors, sink: io::stderr(), words, text: Vec::new(), passed: 0, most: most_bytes() };
    let mut filter = Filter::new(most_bytes(), reader);
    let mut buffer = vec![0; 64 * 1024];
    let (mut out_open, mut err_open) = (true, true);
    let pause = Timespec { tv_sec: 0, tv_nsec: 250_000_000 };
    while out_open || err_open {
        let ready = {
            let watch = |open| if open { PollFlags::IN } else { PollFlags::empty() };
            let mut fds = [
                PollFd::new(&input, watch(out_open)),
                PollFd::new(&errors.source, watch(err_open)),
                PollFd::new(&output, PollFlags::empty()),
            ];
            poll(&mut fds, Some(&pause))?;
            [fds[0].revents(), fds[1].revents(), fds[2].revents()]
        };
        if ready[2].intersects(PollFlags::ERR | PollFlags::HUP) {
            // Nobody reads any more: the kernel is gone, and a loop in a cell would spin on without it.
            end_cells(parent);
            return Ok(());
        }
        let hung_up = |flags: PollFlags| flags.contains(PollFlags::HUP) && !flags.contains(PollFlags::IN);
        errors.drain()?;
        if hung_up(ready[1]) {
            err_open = false;
        }
        if ready[0].contains(PollFlags::IN) {
            let n = input.read(&mut buffer)?;
            if n > 0 {
                let mut stderr = |done| {
                    let text = errors.settle(done);
                    if let Some(file) = failed.as_ref().filter(|_| !done) {
                        // Whoever cannot be told takes the cell for a good one, as evcxr does.
                        drop(fs::write(file, &text));
                    }
                    text
                };
                let text = filter.feed(&buffer[..n], &mut stderr);
                output.write_all(&text)?;
                output.flush()?;
            }
        } else if hung_up(ready[0]) {
            out_open = false;
        }
        // Processes that a cell started may hold the pipes open after the cell process itself is gone.
        if getppid() != parent && ioctl_fionread(&input)? == 0 && ioctl_fionread(&errors.source)? == 0 {
            break;
        }
    }
    errors.settle(true);
    output.write_all(&filter.end())?;
    if advise::is_given() {
        output.write_all(ENDED)?;
    }
    output.flush()
}

/// The pump is a child of the cell process; a changed parent means there is nothing left to end.
fn end_cells(parent: Option<Pid>) {
    if let Some(pid) = parent
        && getppid() == parent
        && pid != Pid::INIT
    {
        // If it cannot be ended it has already ended.
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// The cells' stderr on its way through.
struct Errors {
    source: File,
    sink: io::Stderr,
    /// A student's.
    words: Option<Words>,
    text: Vec<u8>,
    passed: usize,
    most: usize,
}

impl Errors {
    /// Passes on what has arrived, without waiting for more.
    fn drain(&mut self) -> io::Result<()> {
        let mut buffer = [0; 8192];
        while ioctl_fionread(&self.source)? > 0 {
            let n = self.source.read(&mut buffer)?;
            if n == 0 {
                break;
            }
            match &mut self.words {
                Some(words) => {
                    let shown = words.feed(&buffer[..n]);
                    self.pass(&shown)?;
                }
                None => self.pass(&buffer[..n])?,
            }
        }
        Ok(())
    }

    fn pass(&mut self, bytes: &[u8]) -> io::Result<()> {
        let pass = bytes.len().min(self.most.saturating_sub(self.passed));
        self.passed += pass;
        self.sink.write_all(&bytes[..pass])?;
        self.text.extend_from_slice(bytes);
        if self.text.len() > 2 * KEPT {
            self.text.drain(..self.text.len() - KEPT);
        }
        Ok(())
    }

    /// Everything printed to stderr by this cell so far; `done` starts the next cell.
    fn settle(&mut self, done: bool) -> String {
        // A failure to pass on stderr must not keep the end of the cell from arriving.
        let _ = self.drain();
        if let Some(held) = self.words.as_mut().map(Words::end) {
            let _ = self.pass(&held);
        }
        let skip = self.text.len().saturating_sub(KEPT);
        let text = String::from_utf8_lossy(&self.text[skip..]);
        let kept = text.lines().filter(|line| !line.starts_with(HINT));
        let text = kept.collect::<Vec<_>>().join("\n");
        if done {
            if !self.text.is_empty() {
                // evcxr reads stderr in a thread of its own; give it a head start over the end of the cell.
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
            self.text.clear();
            self.passed = 0;
        }
        text
    }
}
