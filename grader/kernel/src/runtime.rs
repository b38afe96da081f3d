//! Sets up the process that runs the cells: output through the filter, plain panic messages, a memory limit.
//! It then becomes evcxr's own cell process by exec, so evcxr keeps the process id it knows and may kill.

use std::env;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Resource, Rlimit, setrlimit};

use crate::pump;

/// Set for the second life of the cell process, after the exec.
pub(crate) const FILTERED: &str = "SPIKELAB_FILTERED";
/// Bytes of address space the cells may use; the kernel around them is not limited.
const MEMORY_LIMIT: &str = "SPIKELAB_MEMORY_LIMIT";

/// Becomes the cell process; the error says why that was not possible.
pub(crate) fn start() -> io::Error {
    match prepare() {
        Ok(mut command) => command.exec(),
        Err(error) => error,
    }
}

fn prepare() -> io::Result<Command> {
    let kernel = env::current_exe()?;
    let (out_read, out_write) = io::pipe()?;
    let (err_read, err_write) = io::pipe()?;
    // The filter opens this end by its number.
    fcntl_setfd(&err_read, FdFlags::empty())?;
    // The filter is a process of its own so that the last words before an abort are not lost.
    Command::new(&kernel)
        .env(pump::ERROR_PIPE, err_read.as_raw_fd().to_string())
        .stdin(Stdio::from(out_read))
        .spawn()?;
    drop(err_read);
    limit_memory()?;
    let mut command = Command::new(kernel);
    command
        .args(env::args_os().skip(1))
        .env(FILTERED, "1")
        // evcxr asks for backtraces, which show only its own frames.
        .env_remove("RUST_BACKTRACE")
        .stdout(Stdio::from(out_write))
        .stderr(Stdio::from(err_write));
    Ok(command)
}

fn limit_memory() -> io::Result<()> {
    let Ok(text) = env::var(MEMORY_LIMIT) else {
        return Ok(());
    };
    let bytes = text.parse().map_err(|_| {
        io::Error::new(io::ErrorKind::InvalidInput, format!("{MEMORY_LIMIT}={text} is not a number of bytes"))
    })?;
    setrlimit(Resource::As, Rlimit { current: Some(bytes), maximum: Some(bytes) })?;
    Ok(())
}
