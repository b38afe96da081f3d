//! Process 1 of the box, before it becomes the worker: builds the tree, then gives every right away.
//! The order matters: each step needs a right that a later one takes.

use rustix::process::{
    DumpableBehavior, Signal, getpid, set_child_subreaper, set_dumpable_behavior,
    set_parent_process_death_signal,
};
use rustix::system::sethostname;

use crate::failure::{Context, Result};
use crate::{confine, identity, launcher, loopback, mounts, seccomp, system, worker};

/// Closes the box around this process and works until the grader closes the pipe.
pub(crate) fn run() -> Result<()> {
    let plan = launcher::read_plan()?;
    system::keep_no_descriptors().context("list the open files")?;
    if plan.isolated {
        mounts::build(&plan)?;
        sethostname(b"box").context("name the box")?;
        loopback::up()?;
        identity::drop_capabilities()?;
        confine::limit_resources(plan.limits)?;
    } else {
        set_child_subreaper(Some(getpid())).context("adopt orphans")?;
    }
    // Should the launcher end before this process, the box ends too.
    set_parent_process_death_signal(Some(Signal::KILL)).context("tie the box to its launcher")?;
    if plan.isolated {
        seccomp::apply()?;
        // Nobody in the box can read this process's memory, pipes or environment from here on.
        set_dumpable_behavior(DumpableBehavior::NotDumpable).context("hide the worker")?;
    }
    worker::run(&plan)
}
