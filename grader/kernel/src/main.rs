//! The evcxr Jupyter kernel of this workspace, and the process in which it runs the cells.
//! Both are this program; only the one that runs cells gets its output watched.

use std::process::ExitCode;

mod watch;

fn main() -> ExitCode {
    // evcxr sets this for the process that loads and runs the compiled cells.
    if std::env::var_os("EVCXR_IS_RUNTIME").is_some()
        && let Err(error) = watch::standard_streams()
    {
        eprintln!("warning: panics will look like success: {error}");
    }
    match evcxr_jupyter::main() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: the kernel stopped: {error:#}");
            ExitCode::FAILURE
        }
    }
}
