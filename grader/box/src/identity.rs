//! Who the box is: outside an ordinary or an unused user, never root; inside user 1000 without any capability.
//! Outside root must not reach a sandbox, because some files of the kernel ask for that number alone.

use rustix::fs::{Gid, Uid};
use rustix::process::{DumpableBehavior, getgid, getuid, set_dumpable_behavior};
use rustix::thread::{
    CapabilitySet, capabilities, clear_ambient_capability_set, configure_capability_in_ambient_set,
    remove_capability_from_bounding_set, set_capabilities, set_no_new_privs, set_thread_groups,
    set_thread_res_gid, set_thread_res_uid,
};

use crate::failure::{Context, Failure, Result};

/// User and group inside.
const INSIDE: u32 = 1000;
/// Users that no system hands out to people or services (65534 owns things, on some disks more than it should).
const SPARE: std::ops::Range<u32> = 60_100..60_500;

/// A user number that nobody has.
pub(crate) fn unused() -> Result<u32> {
    let taken = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let taken: Vec<u32> = taken.lines().filter_map(|line| line.split(':').nth(2)?.parse().ok()).collect();
    let spare = SPARE.len() as u32;
    let start = std::process::id() % spare;
    (0..spare)
        .map(|k| SPARE.start + (start + k) % spare)
        .find(|uid| !taken.contains(uid))
        .ok_or_else(|| Failure::new("there is no unused user number", "grade as an ordinary user"))
}

/// Becomes that user, for good.
pub(crate) fn drop_root(uid: u32) -> Result<()> {
    let doing = format!("become the unused user {uid}");
    set_thread_groups(&[]).context(&doing)?;
    let gid = Gid::from_raw(uid);
    set_thread_res_gid(gid, gid, gid).context(&doing)?;
    let uid = Uid::from_raw(uid);
    set_thread_res_uid(uid, uid, uid).context(&doing)?;
    // The change of user took away the right to write its own maps below.
    set_dumpable_behavior(DumpableBehavior::Dumpable).context(&doing)
}

/// The user and group that the box has on the machine.
pub(crate) fn outside() -> (u32, u32) {
    (getuid().as_raw(), getgid().as_raw())
}

/// Names the outer user inside the new user namespace, and closes that namespace to further ones.
pub(crate) fn map(uid: u32, gid: u32) -> Result<()> {
    let write = |file: &str, text: &str| {
        std::fs::write(format!("/proc/self/{file}"), text)
            .context(format!("write the user namespace's {file}"))
    };
    write("setgroups", "deny")?;
    write("uid_map", &format!("{INSIDE} {uid} 1\n"))?;
    write("gid_map", &format!("{INSIDE} {gid} 1\n"))?;
    std::fs::write("/proc/sys/user/max_user_namespaces", "0").context("forbid nested user namespaces")
}

/// Lets process 1 of the box mount and configure; it gives everything up before it does anything else.
pub(crate) fn keep_capabilities_over_exec() -> Result<()> {
    let doing = "hand the capabilities of the new namespace on";
    let mut sets = capabilities(None).context(doing)?;
    sets.inheritable = sets.permitted;
    set_capabilities(None, sets).context(doing)?;
    for capability in sets.permitted.iter() {
        configure_capability_in_ambient_set(capability, true).context(doing)?;
    }
    Ok(())
}

/// Gives up every capability, for this process and all that it starts.
pub(crate) fn drop_capabilities() -> Result<()> {
    let doing = "give up all capabilities";
    clear_ambient_capability_set().context(doing)?;
    for capability in CapabilitySet::all().iter() {
        // The kernel may know fewer than this program.
        let _ = remove_capability_from_bounding_set(capability);
    }
    let none = CapabilitySet::empty();
    let sets = rustix::thread::CapabilitySets { effective: none, permitted: none, inheritable: none };
    set_capabilities(None, sets).context(doing)?;
    set_no_new_privs(true).context("forbid new privileges")
}
