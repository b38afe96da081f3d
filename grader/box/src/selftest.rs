//! The self-test: process 1 tries what no process in the box may do, before any code of a student is there.
//! Each line says what must hold; a fault says what held instead.

use std::fs::{self, OpenOptions};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::fs::{StatVfsMountFlags, statvfs};
use rustix::net::{AddressFamily, SocketType, socket};
use rustix::thread::UnshareFlags;
use spikelab_box::message::Check;
use spikelab_box::plan::{Canaries, Plan};

use crate::mounts::WRITABLE;
use crate::system;

/// Who owns what belongs to nobody in a user namespace.
const NOBODY: u32 = 65534;

/// Tests this process and its surroundings; the slow part only if the plan has canaries.
pub(crate) fn run(plan: &Plan) -> Vec<Check> {
    let mut checks = vec![
        check("it belongs to an ordinary user outside", user()),
        check("it has no capabilities", capabilities()),
        check("it gains no rights from programs", status_is("NoNewPrivs", "1")),
        check("its system calls are filtered", status_is("Seccomp", "2")),
        check("settings of the machine cannot be changed", settings()),
        check("it makes no namespaces of its own", namespaces()),
        check("everything but its own files is read-only", read_only(plan)),
        check("it has no network but itself", network()),
    ];
    if let Some(canaries) = &plan.canaries {
        checks.extend([
            check("files outside are out of reach", outside_file(canaries)),
            check("services of this machine are out of reach", outside_service(canaries)),
            check("processes outside are out of reach", outside_processes()),
            check("its processes are counted", processes(plan.limits.processes)),
            check("the compiler can be started", compiler(plan)),
        ]);
    }
    checks
}

type Tried = Result<(), String>;

fn check(what: &str, tried: Tried) -> Check {
    Check { what: what.to_owned(), fault: tried.err() }
}

fn must(holds: bool, otherwise: impl Into<String>) -> Tried {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}

fn status(key: &str) -> Result<String, String> {
    let text = fs::read_to_string("/proc/self/status").map_err(|e| format!("/proc/self/status: {e}"))?;
    let value = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    value.map(|v| v.trim().to_owned()).ok_or_else(|| format!("the kernel does not tell {key}"))
}

fn status_is(key: &str, value: &str) -> Tried {
    let got = status(key)?;
    must(got == value, format!("{key} is {got}"))
}

fn user() -> Tried {
    let map = fs::read_to_string("/proc/self/uid_map").map_err(|e| format!("uid_map: {e}"))?;
    let outside: Vec<u32> = map.split_whitespace().filter_map(|n| n.parse().ok()).collect();
    must(
        matches!(outside[..], [_, outside, 1] if outside != 0 && outside != NOBODY),
        format!("its map of users is {}", map.trim()),
    )?;
    let owner = fs::metadata("/usr/bin").map_err(|e| format!("/usr/bin: {e}"))?.uid();
    must(owner == NOBODY, format!("/usr/bin belongs to user {owner} of the box"))
}

fn capabilities() -> Tried {
    for key in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        let got = status(key)?;
        must(got.chars().all(|c| c == '0'), format!("{key} is {got}"))?;
    }
    Ok(())
}

fn settings() -> Tried {
    for path in ["/proc/sys/kernel/core_pattern", "/proc/sys/vm/drop_caches", "/proc/sysrq-trigger"] {
        must(OpenOptions::new().write(true).open(path).is_err(), format!("{path} can be written"))?;
    }
    Ok(())
}

fn namespaces() -> Tried {
    must(system::unshare(UnshareFlags::NEWUSER).is_err(), "it could make a user namespace")?;
    // The filter is the first lock, this the second.
    let most = fs::read_to_string("/proc/sys/user/max_user_namespaces").unwrap_or_default();
    must(most.trim() == "0", format!("it may have {} user namespaces", most.trim()))
}

fn read_only(plan: &Plan) -> Tried {
    let table = fs::read_to_string("/proc/self/mounts").map_err(|e| format!("/proc/self/mounts: {e}"))?;
    for point in table.lines().filter_map(|line| line.split(' ').nth(1)) {
        let device = point.strip_prefix("/dev/").is_some_and(|name| !name.contains('/') && name != "shm");
        // The workshop of the template has a folder of the machine, and no student.
        let workshop = plan.binds.iter().any(|bind| bind.writable && bind.target == Path::new(point));
        if WRITABLE.contains(&point) || device || workshop || point == "/proc" {
            continue;
        }
        let flags = statvfs(point).map_err(|e| format!("{point}: {e}"))?.f_flag;
        must(flags.contains(StatVfsMountFlags::RDONLY), format!("{point} can be written"))?;
    }
    for folder in ["/", "/dev", "/usr/bin", "/opt"] {
        let path = Path::new(folder).join("canary");
        must(fs::write(&path, "").is_err(), format!("{folder} can be written"))?;
    }
    Ok(())
}

fn network() -> Tried {
    let table = fs::read_to_string("/proc/net/dev").map_err(|e| format!("/proc/net/dev: {e}"))?;
    let devices: Vec<&str> =
        table.lines().skip(2).filter_map(|line| line.split(':').next()).map(str::trim).collect();
    // Some kernels put unused tunnels into every network namespace; without an address they lead nowhere.
    let routes = fs::read_to_string("/proc/net/route").unwrap_or_default();
    must(routes.lines().count() <= 1, format!("there are routes to elsewhere: {}", routes.trim()))?;
    must(devices.contains(&"lo"), format!("its devices are {devices:?}"))?;
    must(socket(AddressFamily::INET, SocketType::DGRAM, None).is_err(), "it can send datagrams")?;
    must(socket(AddressFamily::VSOCK, SocketType::STREAM, None).is_err(), "it can speak to the host by vsock")
}

fn outside_file(canaries: &Canaries) -> Tried {
    must(fs::metadata(&canaries.file).is_err(), format!("{} can be seen", canaries.file.display()))?;
    must(
        fs::metadata("/etc/passwd").is_err() && fs::metadata("/home").is_err(),
        "/etc/passwd or /home is there",
    )
}

fn outside_service(canaries: &Canaries) -> Tried {
    let address = SocketAddr::from(([127, 0, 0, 1], canaries.port));
    let tried = TcpStream::connect_timeout(&address, Duration::from_secs(2));
    must(tried.is_err(), format!("port {} of the machine answers", canaries.port))
}

fn outside_processes() -> Tried {
    let names = fs::read_dir("/proc").map_err(|e| format!("/proc: {e}"))?;
    let pids: Vec<u32> = names.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
    must(pids == [1] && std::process::id() == 1, format!("it sees the processes {pids:?}"))
}

fn processes(limit: u64) -> Tried {
    let done = Arc::new(AtomicBool::new(false));
    let mut started = Vec::new();
    for _ in 0..limit + 8 {
        let done = Arc::clone(&done);
        let work = move || {
            while !done.load(Ordering::Relaxed) {
                thread::park();
            }
        };
        match thread::Builder::new().stack_size(16 << 10).spawn(work) {
            Ok(thread) => started.push(thread),
            Err(_) => break,
        }
    }
    let count = started.len() as u64;
    done.store(true, Ordering::Relaxed);
    for thread in started {
        thread.thread().unpark();
        // A parked thread cannot have panicked.
        drop(thread.join());
    }
    must(count < limit, format!("it could start {count} threads, although {limit} are allowed"))
}

fn compiler(plan: &Plan) -> Tried {
    if plan.kernel.is_none() {
        return Ok(());
    }
    for program in ["/opt/rust/bin/rustc", "/opt/rust/bin/cargo", "/usr/bin/cc"] {
        fs::File::open(program).map_err(|e| format!("{program}: {e}"))?;
    }
    Ok(())
}
