//! The few calls for which there is no safe wrapper, each with the reason why it is sound here.
//! The rest of the program is safe code.

use std::os::fd::{BorrowedFd, RawFd};

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::thread::UnshareFlags;

/// Gives this process namespaces of its own.
pub(crate) fn unshare(flags: UnshareFlags) -> rustix::io::Result<()> {
    assert!(!flags.contains(UnshareFlags::FILES), "descriptors stay shared");
    #[expect(unsafe_code, reason = "rustix has no safe form of unshare")]
    // SAFETY: only a separate table of descriptors could surprise other threads, and that is ruled out above.
    unsafe {
        rustix::thread::unshare_unsafe(flags)
    }
}

/// Marks every descriptor but the three standard ones to be closed when another program is started.
pub(crate) fn keep_no_descriptors() -> std::io::Result<()> {
    let numbers: Vec<RawFd> = std::fs::read_dir("/proc/self/fd")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|number| *number > 2)
        .collect();
    for number in numbers {
        #[expect(unsafe_code, reason = "descriptors that were inherited have no owner in this program")]
        // SAFETY: the descriptor is borrowed for one call, which fails cleanly if it is closed by now.
        let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
        // The one that listed the folder is gone already.
        let _ = fcntl_setfd(descriptor, FdFlags::CLOEXEC);
    }
    Ok(())
}
