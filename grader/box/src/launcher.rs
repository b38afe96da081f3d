//! The outer half: prepares identity and namespaces, starts process 1 of the box, and stays to end it.
//! Single-threaded, and never the place where code of a student runs.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, getuid, kill_process, pidfd_open, set_child_subreaper, setsid, wait,
};
use rustix::thread::UnshareFlags;
use spikelab_box::plan::{PLAN, Plan};

use crate::failure::{Context, Failure, Result};
use crate::{identity, mounts, system};

/// Builds the box and waits until it, or the grader, has ended.
pub(crate) fn run() -> Result<()> {
    let mut plan = read_plan()?;
    system::keep_no_descriptors().context("list the open files")?;
    // No terminal, and no part in the grader's Ctrl-C: the grader ends the box by closing the pipe.
    let _ = setsid();
    if plan.isolated {
        isolate(&mut plan)?;
    } else {
        // Without a namespace of processes, orphans must at least come here.
        set_child_subreaper(Some(rustix::process::getpid())).context("adopt orphans")?;
    }
    let child = Command::new("/proc/self/exe")
        .arg0("spikelab-box")
        .arg("inside")
        .env(PLAN, serde_json::to_string(&plan).unwrap_or_default())
        .current_dir("/")
        .spawn()
        .context("start the first process of the box")?;
    supervise(child)
}

/// The plan that the grader passed on.
pub(crate) fn read_plan() -> Result<Plan> {
    let text = std::env::var(PLAN).unwrap_or_default();
    serde_json::from_str(&text).map_err(|e| {
        Failure::new(
            format!("there is no plan of the box: {e}"),
            "grader and spikelab-box are of different versions; run `cargo clean` and try again",
        )
    })
}

fn isolate(plan: &mut Plan) -> Result<()> {
    if getuid().is_root() {
        // Root would stay root for files such as /proc/sys/kernel/core_pattern, whatever namespaces it has.
        system::unshare(UnshareFlags::NEWNS).context("make a mount namespace of its own")?;
        let uid = identity::unused()?;
        mounts::hand_over(&plan.binds, uid)?;
        mounts::stage(&mut plan.binds)?;
        identity::drop_root(uid)?;
    }
    let (uid, gid) = identity::outside();
    let all = UnshareFlags::NEWUSER
        | UnshareFlags::NEWNS
        | UnshareFlags::NEWPID
        | UnshareFlags::NEWNET
        | UnshareFlags::NEWIPC
        | UnshareFlags::NEWUTS;
    if system::unshare(all | UnshareFlags::NEWCGROUP).is_err() {
        system::unshare(all).context("make namespaces of its own")?;
    }
    identity::map(uid, gid)?;
    identity::keep_capabilities_over_exec()
}

/// Waits for the end of the box, and ends it when the grader has closed its pipe, on purpose or by its own end.
fn supervise(mut child: Child) -> Result<()> {
    let pid = Pid::from_child(&child);
    let ended = pidfd_open(pid, PidfdFlags::empty()).context("watch the box")?;
    let requests = std::io::stdin();
    loop {
        let mut watched = [PollFd::new(&ended, PollFlags::IN), PollFd::new(&requests, PollFlags::empty())];
        match poll(&mut watched, None::<&Timespec>) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(e).context("watch the box"),
        }
        if watched[0].revents().contains(PollFlags::IN) || !watched[1].revents().is_empty() {
            break;
        }
    }
    // Process 1 of a namespace is waited for until all others in it are gone.
    let _ = child.kill();
    let _ = child.wait();
    end_orphans();
    Ok(())
}

/// Ends what came here as an orphan; in a box there is nothing left to end.
fn end_orphans() {
    loop {
        for pid in children() {
            let _ = kill_process(pid, Signal::KILL);
        }
        if wait(WaitOptions::empty()).is_err() {
            break;
        }
    }
}

/// Direct children; the orphans of those killed follow in the next round.
fn children() -> Vec<Pid> {
    let own = std::process::id();
    let text = std::fs::read_to_string(format!("/proc/self/task/{own}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect()
}
