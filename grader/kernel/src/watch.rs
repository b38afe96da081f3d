//! Watches what the cells print, because evcxr reports a panic and a failed `?` to Jupyter as success.
//! Adds a display block that tells them apart, keeps standard error in its cell, and drops backtraces.

use std::io::{self, BufRead, BufReader, PipeReader, Write};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Lines by which evcxr's generated code speaks to the kernel, and what they say about the cell.
const ENDS: [(&str, Option<&str>); 3] = [
    ("EVCXR_PANIC_NOTIFICATION", Some("panicked")),
    ("EVCXR_ERROR_OCCURRED", Some("returned_error")),
    ("EVCXR_EXECUTION_COMPLETE", None),
];

/// The type of the display block.
const MIME: &str = "application/vnd.spikelab.outcome+json";
/// So much of standard error is kept for the block.
const KEPT: usize = 64 * 1024;

/// What came over standard error since the last cell; the lock is held while a piece is on its way.
type Heard = Arc<Mutex<Vec<u8>>>;

/// Puts this process's standard output and error through two watching threads.
pub(crate) fn standard_streams() -> io::Result<()> {
    let out = divert(rustix::stdio::stdout(), |fd| rustix::stdio::dup2_stdout(fd))?;
    let err = divert(rustix::stdio::stderr(), |fd| rustix::stdio::dup2_stderr(fd))?;
    let heard = Heard::default();
    let pending = err.0.try_clone()?;
    let kept = Arc::clone(&heard);
    std::thread::spawn(move || listen(err.0, std::fs::File::from(err.1), &kept));
    std::thread::spawn(move || relay(out.0, std::fs::File::from(out.1), &pending, &heard));
    Ok(())
}

/// What is written to a stream can be read from the pipe; the stream itself is the second.
fn divert(
    stream: rustix::fd::BorrowedFd<'static>,
    replace: impl FnOnce(&OwnedFd) -> rustix::io::Result<()>,
) -> io::Result<(PipeReader, OwnedFd)> {
    let real = rustix::io::fcntl_dupfd_cloexec(stream, 3)?;
    let (reader, writer) = io::pipe()?;
    replace(&OwnedFd::from(writer))?;
    Ok((reader, real))
}

/// Passes standard error on, without the frames of a backtrace, which show evcxr's insides only.
fn listen(from: PipeReader, mut to: impl Write, heard: &Heard) {
    let mut from = BufReader::new(from);
    let mut in_backtrace = false;
    loop {
        // Wait without the lock, then hold it until the line is passed on.
        if from.fill_buf().map_or(true, <[u8]>::is_empty) {
            return;
        }
        let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
        let mut line = Vec::new();
        if from.read_until(b'\n', &mut line).is_err() {
            return;
        }
        let text = String::from_utf8_lossy(&line);
        if text.trim_end() == "stack backtrace:" {
            in_backtrace = true;
        } else if in_backtrace {
            in_backtrace = text.starts_with(' ');
        }
        if in_backtrace || text.starts_with("note: Some details are omitted") {
            continue;
        }
        if heard.len() < KEPT {
            heard.extend_from_slice(&line);
        }
        drop(to.write_all(&line).and_then(|()| to.flush()));
    }
}

/// Passes standard output on line by line, with a block before the line that ends a failed cell.
fn relay(from: PipeReader, mut to: impl Write, pending: &PipeReader, heard: &Heard) {
    let mut from = BufReader::new(from);
    let mut outcome = None;
    loop {
        let mut line = Vec::new();
        match from.read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let end = ENDS.iter().find(|(word, _)| line.trim_ascii_end().ends_with(word.as_bytes()));
        if let Some((word, says)) = end {
            // A cell that printed without a line break in the end would otherwise never finish.
            let start = line.trim_ascii_end().len() - word.len();
            if start > 0 {
                drop(to.write_all(&line[..start]).and_then(|()| to.write_all(b"\n")));
                line.drain(..start);
            }
            outcome = outcome.or(*says);
            let said = settled(pending, heard);
            if let (Some(kind), true) = (outcome, says.is_some()) {
                let message = String::from_utf8_lossy(&said);
                let block = serde_json::json!({"outcome": kind, "message": message});
                drop(write!(to, "EVCXR_BEGIN_CONTENT {MIME}\n{block}\nEVCXR_END_CONTENT\n"));
            }
            if says.is_none() {
                outcome = None;
            }
        }
        if to.write_all(&line).and_then(|()| to.flush()).is_err() {
            return;
        }
    }
}

/// Waits until standard error has been passed on, so that it is shown with this cell, and takes what was said.
fn settled(pending: &PipeReader, heard: &Heard) -> Vec<u8> {
    let mut said = Vec::new();
    let mut quiet = 0;
    for _ in 0..200 {
        let waiting = rustix::io::ioctl_fionread(pending).unwrap_or(0);
        said.append(&mut heard.lock().unwrap_or_else(PoisonError::into_inner));
        // Twice, because a piece may have left the pipe and not yet have been noted.
        quiet = if waiting == 0 { quiet + 1 } else { 0 };
        if quiet == 2 {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    if !said.is_empty() {
        // The kernel reads the two streams in two threads; let the one with the text go first.
        std::thread::sleep(Duration::from_millis(15));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relayed(out: &str, err: &str) -> String {
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(out.as_bytes()).unwrap();
        drop(writer);
        let (pending, _open) = io::pipe().unwrap();
        let heard = Heard::default();
        heard.lock().unwrap().extend_from_slice(err.as_bytes());
        let mut to = Vec::new();
        relay(reader, &mut to, &pending, &heard);
        String::from_utf8(to).unwrap()
    }

    #[test]
    fn a_panic_gets_a_block_before_evcxrs_line() {
        let out = relayed("hello\nEVCXR_PANIC_NOTIFICATION\nEVCXR_EXECUTION_COMPLETE\n", "thread panicked\n");
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines[0], "hello");
        assert_eq!(lines[1], format!("EVCXR_BEGIN_CONTENT {MIME}"));
        assert!(lines[2].contains(r#""outcome":"panicked""#) && lines[2].contains("thread panicked"));
        assert_eq!(lines[3..], ["EVCXR_END_CONTENT", "EVCXR_PANIC_NOTIFICATION", "EVCXR_EXECUTION_COMPLETE"]);
    }

    #[test]
    fn success_passes_unchanged_even_without_a_last_line_break() {
        assert_eq!(relayed("EVCXR_EXECUTION_COMPLETE\n", ""), "EVCXR_EXECUTION_COMPLETE\n");
        assert_eq!(relayed("abcEVCXR_EXECUTION_COMPLETE\n", ""), "abc\nEVCXR_EXECUTION_COMPLETE\n");
    }

    #[test]
    fn backtraces_are_dropped() {
        let (reader, mut writer) = io::pipe().unwrap();
        let text = "thread panicked at x\nstack backtrace:\n   0: a\n             at b\nnote: Some details are omitted, run\nafter\n";
        writer.write_all(text.as_bytes()).unwrap();
        drop(writer);
        let mut to = Vec::new();
        listen(reader, &mut to, &Heard::default());
        assert_eq!(String::from_utf8(to).unwrap(), "thread panicked at x\nafter\n");
    }
}
