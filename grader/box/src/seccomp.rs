//! Which system calls the box may not make, as lists, and their filter.
//! A list of what is forbidden, because compiler, kernel and student code need too much to list what is allowed.

use std::collections::BTreeMap;

use libc::{AF_INET, AF_UNIX};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen::Dword, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};

use crate::failure::{Failure, Result};

/// Calls that no notebook needs.
const FORBIDDEN: &[i64] = &[
    // Namespaces and mounts.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_perf_event_open,
    // Stores that outlive or evade the box.
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_memfd_create,
    libc::SYS_memfd_secret,
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_shmctl,
    libc::SYS_shmdt,
    libc::SYS_semget,
    libc::SYS_semop,
    libc::SYS_semctl,
    libc::SYS_semtimedop,
    libc::SYS_msgget,
    libc::SYS_msgsnd,
    libc::SYS_msgrcv,
    libc::SYS_msgctl,
    libc::SYS_mq_open,
    libc::SYS_mq_unlink,
    libc::SYS_mq_timedsend,
    libc::SYS_mq_timedreceive,
    libc::SYS_mq_notify,
    libc::SYS_mq_getsetattr,
    // Parts of the kernel with a history of holes.
    libc::SYS_bpf,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_fanotify_init,
    libc::SYS_personality,
    libc::SYS_vhangup,
    libc::SYS_quotactl,
    libc::SYS_acct,
    libc::SYS_syslog,
    // The machine.
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_reboot,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_adjtimex,
    libc::SYS_clock_adjtime,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_kexec_file_load,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_modify_ldt,
];

/// Kinds of new namespaces that `clone` can make.
const NEW_NAMESPACES: [i32; 7] = [
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWCGROUP,
];

/// Requests that put words into another's terminal.
const TERMINAL_REQUESTS: [u64; 2] = [0x5412, 0x541C];
/// Kinds of internet sockets other than streams.
const NO_STREAMS: [u64; 5] = [2, 3, 4, 5, 10];

/// On x86_64 every call has a second number, of an interface that this kernel may offer too.
#[cfg(target_arch = "x86_64")]
const SECOND_NUMBERS: i64 = 0x4000_0000;
/// Calls with a number of their own there: execve, ptrace and others that are not listed above by that number.
#[cfg(target_arch = "x86_64")]
const SECOND_ONLY: std::ops::Range<i64> = 512..548;

/// Applies the filter to this process and all that it starts.
pub(crate) fn apply() -> Result<()> {
    let failed = |e: &dyn std::fmt::Display| Failure::new(format!("cannot filter system calls: {e}"), REMEDY);
    for (rules, errno) in [(rules().map_err(|e| failed(&e))?, libc::EPERM), (hidden(), libc::ENOSYS)] {
        let arch: TargetArch = std::env::consts::ARCH.try_into().map_err(|e| failed(&e))?;
        let refusal = SeccompAction::Errno(errno.unsigned_abs());
        let filter =
            SeccompFilter::new(rules, SeccompAction::Allow, refusal, arch).map_err(|e| failed(&e))?;
        let program: BpfProgram = filter.try_into().map_err(|e| failed(&e))?;
        apply_filter(&program).map_err(|e| failed(&e))?;
    }
    Ok(())
}

const REMEDY: &str = "this needs a Linux kernel with seccomp, on x86_64 or aarch64";

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

fn rules() -> Built<Rules> {
    let mut rules: Rules = FORBIDDEN.iter().map(|call| (*call, Vec::new())).collect();
    let namespaces = NEW_NAMESPACES.map(|flag| vec![masked(0, flag as u32)]);
    rules.insert(libc::SYS_clone, any_of(namespaces)?);
    rules.insert(libc::SYS_ioctl, any_of(TERMINAL_REQUESTS.map(|request| vec![equal(1, request)]))?);
    let (inet, unix) = (AF_INET as u64, AF_UNIX as u64);
    let mut sockets = vec![vec![differs(0, inet), differs(0, unix)]];
    // No datagrams, and TCP is the only stream.
    sockets.extend(NO_STREAMS.map(|kind| vec![equal(0, inet), kind_is(1, kind)]));
    sockets.push(vec![equal(0, inet), differs(2, 0), differs(2, libc::IPPROTO_TCP as u64)]);
    rules.insert(libc::SYS_socket, any_of(sockets)?);
    rules.insert(libc::SYS_socketpair, any_of([vec![differs(0, unix)]])?);
    #[cfg(target_arch = "x86_64")]
    {
        let seconds: Vec<_> = rules.iter().map(|(call, r)| (call | SECOND_NUMBERS, r.clone())).collect();
        rules.extend(seconds);
        rules.extend(SECOND_ONLY.map(|call| (call | SECOND_NUMBERS, Vec::new())));
    }
    Ok(rules)
}

/// `clone3` hides its flags in memory, where no filter sees them; programs fall back on `clone` if it does not exist.
fn hidden() -> Rules {
    let mut rules = Rules::from([(libc::SYS_clone3, Vec::new())]);
    #[cfg(target_arch = "x86_64")]
    rules.insert(libc::SYS_clone3 | SECOND_NUMBERS, Vec::new());
    rules
}

type Built<T> = std::result::Result<T, seccompiler::BackendError>;

fn any_of(alternatives: impl IntoIterator<Item = Vec<Built<SeccompCondition>>>) -> Built<Vec<SeccompRule>> {
    alternatives
        .into_iter()
        .map(|conditions| SeccompRule::new(conditions.into_iter().collect::<Built<_>>()?))
        .collect()
}

fn equal(argument: u8, value: u64) -> Built<SeccompCondition> {
    SeccompCondition::new(argument, Dword, SeccompCmpOp::Eq, value)
}

fn differs(argument: u8, value: u64) -> Built<SeccompCondition> {
    SeccompCondition::new(argument, Dword, SeccompCmpOp::Ne, value)
}

fn masked(argument: u8, bits: u32) -> Built<SeccompCondition> {
    SeccompCondition::new(argument, Dword, SeccompCmpOp::MaskedEq(u64::from(bits)), u64::from(bits))
}

/// The kind of a socket without its flags.
fn kind_is(argument: u8, kind: u64) -> Built<SeccompCondition> {
    SeccompCondition::new(argument, Dword, SeccompCmpOp::MaskedEq(0xF), kind)
}
