//! What a cell can do in the sandbox, tried from within: every way out must be closed, and honest work must go on.
//! Which threat is tried where stands in `attacks/README.md`.

mod support;

use std::time::Duration;

use grader::kernel::Session;
use grader::outcome::{CellStatus, Isolation};
use grader::runner::{Kernel, Limits, Probed};
use support::{LIMIT, assert_all_gone, descendants, environment, mounts, run, run_for, session};

/// The tests count the processes below this one, so one runs after the other.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// A cell that fails if any of the statements fails.
async fn all_hold(session: &mut Session, code: &str) {
    let done = run(session, code).await;
    assert_eq!(done.status, CellStatus::Ok, "{:?}", done.message);
}

/// R4, F1, F2, F3, F4, F5, N1, N2, P1, P2, P5, C1, E8 and the honest side of each.
#[tokio::test(flavor = "multi_thread")]
async fn every_way_out_is_closed() {
    let _alone = ALONE.lock().await;
    let before = mounts();
    let mut session = session(Limits::default()).await;
    let started = descendants(std::process::id());

    // Honest work: the library, files of one's own, threads, local names for things.
    all_hold(
        &mut session,
        r#"use spikelab::prelude::*;
let mut net = Network::new();
let neuron = net.add(NeuronGroup::new(1, "dv/dt = (1 - v)/tau : 1").threshold("v > 0.8").reset("v = 0").with("tau", 10.0*ms))?;
let spikes = net.add(SpikeMonitor::new(&neuron))?;
net.run(50.0*ms)?;
let list = vec![1.0, 2.0];
let total: f64 = list.iter().sum();
std::fs::write("notes.txt", "mine")?;
assert_eq!(std::fs::read_to_string("notes.txt")?, "mine");
assert_eq!(std::thread::spawn(|| 7).join().unwrap(), 7);
assert!(std::process::Command::new("true").status()?.success());"#,
    )
    .await;

    // F1, F2: nothing of the machine but its programs.
    all_hold(
        &mut session,
        r#"{ for path in ["/etc/passwd", "/etc/shadow", "/etc/hostname", "/root", "/home", "/var", "/srv", "/mnt", "/media", "/run", "/sys",
        "/usr/share", "/usr/local", "/usr/src", "/boot", "/workspace", "../expected", "../solutions", "/opt/lib/solutions",
        "/opt/lib/grader", "/opt/lib/tests", "/dev/kmsg", "/dev/mem", "/dev/tty", "/dev/kvm", "/dev/vda", "/dev/sda"] {
    assert!(std::fs::symlink_metadata(path).is_err(), "{path} is there");
}
let secret = |k: &str| ["TOKEN", "SECRET", "PASSWORD", "KEY", "SPIKELAB_BOX", "SSH", "USER"].iter().any(|w| k.to_uppercase().contains(w));
for (key, _) in std::env::vars() { assert!(!secret(&key), "{key}"); }
let place = std::env::current_dir()?.display().to_string();
assert!(place.starts_with("/box/"), "{place}"); }"#,
    )
    .await;

    // F3: nothing but its own three places can be written to.
    all_hold(
        &mut session,
        r#"for folder in ["/", "/usr/bin", "/usr/lib", "/opt", "/opt/rust", "/opt/rust/lib", "/opt/lib/src", "/opt/vendor", "/opt/std",
        "/opt/config", "/opt/config/cargo", "/opt/template", "/dev", "/proc", "/proc/sys/kernel"] {
    assert!(std::fs::write(format!("{folder}/planted"), "x").is_err(), "{folder} can be written to");
}
for file in ["/opt/lib/src/lib.rs", "/opt/kernel", "/opt/rust/bin/rustc", "/opt/config/evcxr.toml", "/usr/bin/cc",
        "/proc/sys/kernel/core_pattern", "/proc/sys/vm/drop_caches", "/proc/sysrq-trigger", "/proc/1/oom_score_adj"] {
    assert!(std::fs::OpenOptions::new().write(true).open(file).is_err(), "{file} can be written to");
    assert!(std::fs::remove_file(file).is_err(), "{file} can be removed");
}"#,
    )
    .await;

    // P1, P2: process 1 cannot be killed, read or traced, and shows nothing of itself.
    all_hold(
        &mut session,
        r#"mod c { unsafe extern "C" { pub fn kill(pid: i32, signal: i32) -> i32; pub fn ptrace(r: i64, pid: i32, a: usize, d: usize) -> i64; } }
for signal in [1, 2, 9, 11, 15, 19] { unsafe { c::kill(1, signal); } }
std::thread::sleep(std::time::Duration::from_millis(100));
assert!(std::fs::metadata("/proc/1").is_ok(), "the worker lives");
for file in ["mem", "environ", "maps", "fd", "exe", "cwd", "root", "stack"] {
    let path = format!("/proc/1/{file}");
    assert!(std::fs::read(&path).is_err() && std::fs::read_dir(&path).is_err() && std::fs::read_link(&path).is_err(), "{path} can be read");
}
assert!(unsafe { c::ptrace(16, 1, 0, 0) } < 0, "attached to process 1");
assert!(unsafe { c::ptrace(0, 0, 0, 0) } < 0, "traced");
let inherited: Vec<_> = std::fs::read_dir("/proc/self/fd")?.filter_map(|e| std::fs::read_link(e.ok()?.path()).ok()).collect();
assert!(inherited.iter().all(|p| { let p = p.display().to_string(); p.starts_with("pipe:") || p.starts_with("socket:") || p.starts_with("/box/") || p.starts_with("/dev/") || p.contains("/proc/") || p.starts_with("anon_inode:") }), "{inherited:?}");
let outsiders = std::fs::read_dir("/proc")?.filter_map(|e| e.ok()?.file_name().to_str()?.parse::<u32>().ok()).filter(|p| *p > 10_000).count();
assert_eq!(outsiders, 0, "processes of the machine are seen");"#,
    )
    .await;

    // P5, R4, N2, F5: no namespaces, no stores beside memory and files, no families of sockets but two.
    all_hold(
        &mut session,
        r#"mod s { unsafe extern "C" { pub fn syscall(number: i64, ...) -> i64; pub fn socket(a: i32, b: i32, c: i32) -> i32; pub fn getuid() -> u32; pub fn setuid(u: u32) -> i32; } }
{ let x86 = cfg!(target_arch = "x86_64");
let calls: &[(&str, i64)] = &[("unshare", 272), ("mount", 165), ("setns", 308), ("keyctl", 250), ("add_key", 248), ("memfd_create", 319), ("shmget", 29),
    ("semget", 64), ("msgget", 68), ("mq_open", 240), ("bpf", 321), ("userfaultfd", 323), ("io_uring_setup", 425), ("perf_event_open", 298), ("process_vm_readv", 310),
    ("personality", 135), ("clone3", 435), ("open_by_handle_at", 304), ("kcmp", 312), ("pidfd_getfd", 438), ("chroot", 161), ("memfd_secret", 447)];
for (name, number) in calls.iter().copied().filter(|_| x86) {
    assert_eq!(unsafe { s::syscall(number, 0x10000000_i64, 0_i64, 0_i64, 0_i64, 0_i64) }, -1, "{name}");
    let why = std::io::Error::last_os_error().raw_os_error();
    assert!(why == Some(1) || why == Some(38), "{name}: {why:?}");
    assert_eq!(unsafe { s::syscall(number | 0x40000000, 0x10000000_i64, 0_i64, 0_i64, 0_i64, 0_i64) }, -1, "{name} by its other number");
}
for flag in [0x10000000_i64, 0x20000, 0x20000000, 0x40000000, 0x8000000, 0x4000000, 0x2000000].into_iter().filter(|_| x86) {
    assert_eq!(unsafe { s::syscall(56, flag | 17, 0_i64, 0_i64, 0_i64, 0_i64) }, -1, "clone {flag:x}");
}
for (family, kind, protocol) in [(2, 2, 0), (2, 3, 1), (10, 1, 0), (16, 3, 0), (17, 3, 0), (38, 5, 0), (40, 1, 0), (1 << 16, 1, 0), (2, 1, 132)] {
    assert!(unsafe { s::socket(family, kind, protocol) } < 0, "socket {family} {kind} {protocol}");
}
assert_eq!(unsafe { s::getuid() }, 1000);
assert_eq!(unsafe { s::setuid(0) }, -1);
let status = std::fs::read_to_string("/proc/self/status")?;
for line in ["CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"] { assert!(status.contains(line), "{status}"); }
assert_eq!(std::fs::read_to_string("/proc/sys/user/max_user_namespaces")?.trim(), "0"); }"#,
    )
    .await;

    // N1: nobody to speak to.
    let outside = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = outside.local_addr().unwrap().port();
    all_hold(
        &mut session,
        &format!(
            r#"for address in ["192.0.2.1:80", "127.0.0.1:22", "127.0.0.1:{port}", "169.254.169.254:80"] {{
    assert!(std::net::TcpStream::connect_timeout(&address.parse().unwrap(), std::time::Duration::from_secs(2)).is_err(), "{{address}}");
}}
assert!(std::net::UdpSocket::bind("127.0.0.1:0").is_err());
for socket in ["/var/run/docker.sock", "/run/dbus/system_bus_socket", "/tmp/.X11-unix"] {{ assert!(!std::path::Path::new(socket).exists()); }}"#
        ),
    )
    .await;
    let refused = run(&mut session, "extern crate rand;\nlet r = 1;").await;
    assert_eq!(refused.status, CellStatus::CompileError, "N3: no crate but the course's");
    let refused = run(&mut session, "let n = include_str!(\"/etc/passwd\").len();").await;
    assert_eq!(refused.status, CellStatus::CompileError, "C1: the compiler is in the box, too");
    let refused =
        run(&mut session, "const N: u64 = { let mut n = 0_u64; while n < u64::MAX { n += 1; } n };").await;
    assert_ne!(refused.status, CellStatus::Ok, "C3: the compiler does not compute for ever");

    // F4 and friends: what lies where the probe's file should be.
    let path = session.probe_path("planted");
    all_hold(&mut session, &format!("std::fs::write({path:?}, \"{{}}\")?;")).await;
    assert!(matches!(probe(&mut session, "planted", "let a = 1;").await, Probed::Tampered(_)));
    all_hold(&mut session, &format!("std::fs::remove_file({path:?})?;")).await;
    for (name, code) in [
        ("link", "std::os::unix::fs::symlink(\"/proc/self/environ\", PATH).unwrap();"),
        ("folder", "std::fs::create_dir(PATH).unwrap();"),
        ("pipe", "assert!(std::process::Command::new(\"mkfifo\").arg(PATH).status().unwrap().success());"),
        ("giant", "std::fs::File::create(PATH).unwrap().set_len(65 << 20).unwrap();"),
    ] {
        let path = session.probe_path(name);
        let code = format!("{{ {} }}", code.replace("PATH", &format!("{path:?}")));
        assert!(matches!(probe(&mut session, name, &code).await, Probed::Tampered(_)), "{name}");
        all_hold(
            &mut session,
            &format!("{{ let p = std::path::Path::new({path:?}); if p.is_dir() {{ std::fs::remove_dir(p)? }} else {{ std::fs::remove_file(p)? }} }}"),
        )
        .await;
    }
    assert_eq!(probe(&mut session, "none", "{ }").await, Probed::Nothing);
    let path = session.probe_path("data");
    let written =
        probe(&mut session, "data", &format!("{{ ::std::fs::write({path:?}, [7_u8; 3]).unwrap(); }}")).await;
    assert_eq!(written, Probed::File(vec![7; 3]));

    // P4: what a cell leaves running in a session of its own ends with the box.
    all_hold(&mut session, "std::process::Command::new(\"setsid\").args([\"sleep\", \"1000\"]).spawn()?;")
        .await;
    let all = descendants(std::process::id());
    assert!(all.len() > started.len(), "the sleeper is seen from outside");
    drop(session);
    assert_all_gone(&all);
    assert_eq!(mounts(), before, "no mount is left");
}

async fn probe(session: &mut Session, nonce: &str, code: &str) -> Probed {
    let probed = session.probe(code, nonce).await.unwrap();
    eprintln!("probe {nonce}: {probed:?}");
    probed
}

/// The limits, each in a box of its own: the cell is stopped, the limit named, the next box works.
/// R1, R2, R3, R4, R5, R6, R7, C4, E7, E8, P1, P3.
#[tokio::test(flavor = "multi_thread")]
async fn each_limit_is_named() {
    let _alone = ALONE.lock().await;
    let limits = Limits { memory_mb: 1200, disk_mb: 200, files: 6_000, processes: 100, ..Limits::default() };
    let mut session = session(limits).await;
    let short = Duration::from_secs(3);
    for (code, limit, status, words) in [
        (
            "let t: std::time::Instant = std::time::Instant::now();\nwhile t.elapsed().as_secs() < 120 { std::hint::spin_loop(); }",
            short,
            CellStatus::TimedOut,
            "stopped after",
        ),
        (
            "for _ in 0..4 { std::thread::spawn(|| loop { std::hint::spin_loop(); }); }\nstd::thread::sleep(std::time::Duration::from_secs(100));",
            short,
            CellStatus::TimedOut,
            "stopped after",
        ),
        (
            "std::thread::sleep(std::time::Duration::from_secs(100));",
            Duration::from_secs(4),
            CellStatus::TimedOut,
            "waiting",
        ),
        (
            // Nothing that takes the compiler long: its computing counts, too.
            "{ let mut line = String::new(); std::io::stdin().read_line(&mut line).unwrap(); }",
            Duration::from_secs(4),
            CellStatus::TimedOut,
            "waiting",
        ),
        (
            "{ let mut kids = Vec::new(); while let Ok(k) = std::process::Command::new(\"sleep\").arg(\"100\").spawn() { kids.push(k); } std::thread::sleep(std::time::Duration::from_secs(1)); }",
            LIMIT,
            CellStatus::OverLimit,
            "100 are allowed",
        ),
        (
            "let mut v: Vec<Vec<u8>> = Vec::new(); for _ in 0..64 { v.push(vec![1u8; 64 << 20]); }",
            LIMIT,
            CellStatus::OverLimit,
            "memory",
        ),
        (
            "{ use std::io::Write; let b = vec![1u8; 1 << 20]; let mut k = 0; loop { let mut f = std::fs::File::create(format!(\"{k}\")).unwrap(); for _ in 0..50 { if f.write_all(&b).is_err() { std::thread::sleep(std::time::Duration::from_secs(1)); panic!(\"full\"); } } k += 1; } }",
            LIMIT,
            CellStatus::OverLimit,
            "MB are allowed",
        ),
        (
            "for k in 0..1_000_000 { if std::fs::File::create(format!(\"/tmp/{k}\")).is_err() { std::thread::sleep(std::time::Duration::from_secs(1)); break; } }",
            LIMIT,
            CellStatus::OverLimit,
            "6000 are allowed",
        ),
        (
            "let parent = std::os::unix::process::parent_id();\nstd::process::Command::new(\"kill\").args([\"-9\", &parent.to_string()]).status().unwrap();\nstd::thread::sleep(std::time::Duration::from_secs(30));",
            LIMIT,
            CellStatus::Died,
            "kernel",
        ),
        (
            "fn deep(n: u64) -> u64 { if n == u64::MAX { 0 } else { deep(n + 1) + 1 } }\ndeep(0)",
            LIMIT,
            CellStatus::Died,
            "signal",
        ),
        ("std::process::abort();", LIMIT, CellStatus::Died, "signal: 6"),
    ] {
        let stopped = run_for(&mut session, code, limit).await;
        assert_eq!(stopped.status, status, "{code}");
        assert!(
            stopped.message.as_ref().is_some_and(|m| m.contains(words)),
            "{words}: {:?}",
            stopped.message
        );
        assert!(stopped.seconds < 60.0, "{} s for {code}", stopped.seconds);
        let all = descendants(std::process::id());
        session.restart().await.unwrap();
        assert_all_gone(&all.difference(&descendants(std::process::id())).cloned().collect());
    }
    let flood = run(&mut session, "for k in 0..200_000 { println!(\"line {k}\"); }").await;
    assert!(flood.status == CellStatus::Ok && flood.output_cut, "a flood is cut and told");
    let line = run(&mut session, "println!(\"{}\", \"x\".repeat(20 << 20));").await;
    assert_eq!(line.status, CellStatus::Ok, "{:?}", line.message);
    let after = run(&mut session, "let after = 1;").await;
    assert_eq!((after.status, after.output_cut), (CellStatus::Ok, false));
}

/// G4, P6: a grader that is killed takes its box along.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_grader_takes_its_box_along() {
    let _alone = ALONE.lock().await;
    drop(environment(Isolation::Full).await);
    let folder = tempfile::tempdir().unwrap();
    let notebook = serde_json::json!({
        "nbformat": 4, "nbformat_minor": 5, "metadata": { "spikelab": { "assignment": "exercise1" } },
        "cells": [{ "cell_type": "code", "id": "a", "execution_count": null, "metadata": {}, "outputs": [],
            "source": "std::process::Command::new(\"setsid\").args([\"sleep\", \"1000\"]).spawn()?;\nloop {}" }],
    });
    std::fs::write(folder.path().join("exercise1.ipynb"), notebook.to_string()).unwrap();
    let mut grader = std::process::Command::new(env!("CARGO_BIN_EXE_grader"))
        .args(["grade", "exercise1.ipynb", "--out", "out", "--course"])
        .arg(support::root())
        .current_dir(folder.path())
        .spawn()
        .unwrap();
    let started = std::time::Instant::now();
    let mut all = std::collections::BTreeSet::new();
    while !all.iter().any(|(pid, _)| comm(*pid) == "sleep") {
        assert!(started.elapsed() < Duration::from_secs(120), "the loop never began");
        assert!(grader.try_wait().unwrap().is_none(), "the grader ended");
        std::thread::sleep(Duration::from_millis(100));
        all = descendants(grader.id());
    }
    grader.kill().unwrap();
    grader.wait().unwrap();
    assert_all_gone(&all);
}

fn comm(pid: u32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim().to_owned()
}

/// Without a sandbox there is one road too: the same worker, only with nothing around it.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_sandbox_the_same_worker_runs() {
    let _alone = ALONE.lock().await;
    let environment = environment(Isolation::None).await;
    let mut session = Session::start(&environment, Limits::default().of_box()).await.unwrap();
    assert_eq!(session.isolation(), Isolation::None);
    all_hold(&mut session, "use spikelab::prelude::*;\nlet tau = 10.0 * ms;\nassert!(std::path::Path::new(\"/etc/passwd\").exists());").await;
    let path = session.probe_path("n");
    let written =
        probe(&mut session, "n", &format!("{{ ::std::fs::write({path:?}, b\"x\").unwrap(); }}")).await;
    assert_eq!(written, Probed::File(b"x".to_vec()));
    let stopped = run_for(
        &mut session,
        "std::process::Command::new(\"setsid\").args([\"sleep\", \"1000\"]).spawn()?;\nloop {}",
        Duration::from_secs(2),
    )
    .await;
    assert_eq!(stopped.status, CellStatus::TimedOut);
    let all = descendants(std::process::id());
    drop(session);
    assert_all_gone(&all);
}
