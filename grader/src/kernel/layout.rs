//! What is where in a box: which folders of the machine are seen, under which names, and the kernel's surroundings.
//! Cargo goes by paths, so the template is made under the same names as it is used.

use std::path::{Path, PathBuf};

use spikelab_box::plan::{Bind, BoxLimits, Canaries, Kernel, Plan};

/// The folder of the template's copy.
const WORK: &str = "/box/k";
/// The folder that cells run in, below the kernel's place.
pub(super) const CELLS: &str = "cells";
/// The folder that probes write to, below the kernel's place.
pub(super) const PROBES: &str = "probes";
/// Where the library is seen.
pub(super) const LIBRARY: &str = "/opt/lib";
/// Where this program is seen.
const GRADER: &str = "/opt/grader";
/// Where its crates are seen.
pub(super) const CRATES: &str = "/opt/vendor";

/// What of a system's own is needed to compile and to link, as far as it exists.
const SYSTEM: [&str; 13] = [
    "/usr/bin",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/libexec",
    "/bin",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/ld-musl-x86_64.path",
    "/etc/ld-musl-aarch64.path",
];

/// Where on the machine the things are that a box shows.
#[derive(Clone, Debug, Default)]
pub(super) struct Layout {
    /// This program, which makes pictures of a notebook's figures.
    pub(super) grader: Option<PathBuf>,
    /// The compiler's folder.
    pub(super) toolchain: PathBuf,
    /// The kernel's program.
    pub(super) kernel: PathBuf,
    /// evcxr's and Cargo's configuration.
    pub(super) config: PathBuf,
    /// The standard library's sources.
    pub(super) sources: PathBuf,
    /// A copy of the library.
    pub(super) library: PathBuf,
    /// Its crates.
    pub(super) crates: PathBuf,
    /// The template of the work folder.
    pub(super) template: PathBuf,
}

impl Layout {
    /// A box for a submission.
    pub(super) fn plan(&self, limits: BoxLimits) -> Plan {
        let mut plan = self.with_kernel(limits);
        plan.binds.push(bind(&self.template, "/opt/template"));
        if let Some(kernel) = &mut plan.kernel {
            kernel.template = Some("/opt/template".into());
        }
        plan
    }

    /// The box in which the template is made, for the grader's own cells only.
    pub(super) fn workshop(&self, limits: BoxLimits, template: &Path) -> Plan {
        let mut plan = self.with_kernel(limits);
        plan.binds.push(Bind { writable: true, ..bind(template, WORK) });
        plan
    }

    fn with_kernel(&self, limits: BoxLimits) -> Plan {
        let mut plan = system(limits);
        for (source, target) in [
            (&self.toolchain, "/opt/rust"),
            (&self.kernel, "/opt/kernel"),
            (&self.config, "/opt/config"),
            (&self.sources, "/opt/std"),
            (&self.library, LIBRARY),
            (&self.crates, CRATES),
        ] {
            plan.binds.push(bind(source, target));
        }
        let grader = self.grader.as_deref().map(|program| bind(program, GRADER));
        plan.binds.extend(grader);
        let environment = [
            ("SPIKELAB_GRADER", GRADER),
            ("PATH", "/opt/rust/bin:/usr/bin:/bin"),
            ("HOME", "/box"),
            ("LANG", "C.UTF-8"),
            ("TMPDIR", "/tmp"),
            ("CARGO_HOME", "/opt/config/cargo"),
            ("CARGO_NET_OFFLINE", "true"),
            ("CARGO_TERM_PROGRESS_WHEN", "never"),
            ("EVCXR_CONFIG_DIR", "/opt/config"),
            ("EVCXR_TMPDIR", WORK),
            ("RUST_SRC_PATH", "/opt/std"),
            ("JUPYTER_PATH", "/opt/config"),
        ];
        plan.kernel = Some(Kernel {
            program: "/opt/kernel".into(),
            clear_environment: true,
            environment: environment.map(|(k, v)| (k.to_owned(), v.to_owned())).to_vec(),
            unwanted: Vec::new(),
            template: None,
            work: WORK.into(),
            cells: Path::new("/box").join(CELLS),
            probes: Path::new("/box").join(PROBES),
        });
        plan
    }
}

/// A box with nothing but the system's programs, to be tested.
pub(super) fn bare(canaries: Canaries, toolchain: &Path) -> Plan {
    let mut plan = system(BoxLimits::default());
    plan.binds.push(bind(toolchain, "/opt/rust"));
    plan.canaries = Some(canaries);
    plan
}

fn system(limits: BoxLimits) -> Plan {
    let (mut binds, mut links) = (Vec::new(), Vec::new());
    for path in SYSTEM.map(PathBuf::from) {
        match std::fs::read_link(&path) {
            Ok(target) => links.push((path, target)),
            Err(_) if path.exists() => {
                binds.push(Bind { source: path.clone(), target: path, writable: false })
            }
            Err(_) => {}
        }
    }
    Plan { isolated: true, binds, links, limits, kernel: None, canaries: None }
}

fn bind(source: &Path, target: &str) -> Bind {
    Bind { source: source.to_owned(), target: target.into(), writable: false }
}
