//! Makes everything that kernels need, once: builds the kernel, the library for it, and a template to start from.
//! Done again only when the library, the kernel or the compiler changed.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use indicatif::ProgressBar;

use super::build::build;
use super::environment::write;
use super::layout::{self, Layout};
use super::toolchain::{Toolchain, target, workspace};
use super::{KernelEnvironment, KernelError, Session, standard_library, vendor};
use crate::outcome::Isolation;
use crate::runner::Kernel;

/// What is there, or will be, and the lock that keeps others from making it as long as this lives.
struct Found {
    environment: KernelEnvironment,
    workspace: PathBuf,
    toolchain: Toolchain,
    _lock: std::fs::File,
}

impl KernelEnvironment {
    /// Finds or makes the kernel and its template, with a progress bar while that takes long.
    ///
    /// # Errors
    /// A sandbox that cannot be had although it is asked for, no compiler, no network for the first build, no room on
    /// the disk.
    pub async fn prepare(isolation: Isolation) -> Result<Self, KernelError> {
        let found = Found::look(isolation).await?;
        if !found.environment.is_complete() {
            found.environment.make(&found.workspace, &found.toolchain).await?;
        }
        Ok(found.environment)
    }

    /// The same for a kernel that Jupyter starts, and ends if it takes long (VS Code after a minute): what is to be made is
    /// made by a process of its own, which goes on whatever happens to this one, and which the next start waits for.
    ///
    /// # Errors
    /// As above.
    pub async fn prepare_apart() -> Result<Self, KernelError> {
        let found = Found::look(Isolation::None).await?;
        if found.environment.is_complete() {
            return Ok(found.environment);
        }
        // Whoever makes it needs the lock.
        drop(found);
        eprintln!("compiling the library for the kernel (once; it goes on if Jupyter gives up)");
        // The shell ends at once, so that nobody finds the process among this one's children.
        let mut apart = tokio::process::Command::new("/bin/sh");
        apart.args(["-c", "\"$0\" kernel prepare 2>/dev/null &"]).process_group(0);
        if let Ok(program) = std::env::current_exe() {
            // It ends when all that hold its other end have ended. If it could not start, the work is done here.
            drop(apart.arg(program).stdin(Stdio::null()).output().await);
        }
        Self::prepare(Isolation::None).await
    }

    /// The file that says that everything is made.
    fn complete(&self) -> PathBuf {
        self.work.with_file_name("complete")
    }

    fn is_complete(&self) -> bool {
        self.complete().exists()
    }

    /// How far kernels are kept away from everything else.
    #[must_use]
    pub const fn isolation(&self) -> Isolation {
        self.isolation
    }

    /// Configuration, and a template in which the library has been compiled and used.
    async fn make(&self, workspace: &Path, toolchain: &Toolchain) -> Result<(), KernelError> {
        let bar = spinner("compiling the library for the kernel (once)");
        let layout = &self.layout;
        for folder in [&self.template, &self.work, &self.config, &layout.library, &layout.crates] {
            if folder.exists() {
                std::fs::remove_dir_all(folder).map_err(|e| KernelError::io("remove", folder, &e))?;
            }
            std::fs::create_dir_all(folder).map_err(|e| KernelError::io("make", folder, &e))?;
        }
        // With the library's crates beside it a kernel needs no network, whatever the user's Cargo has at hand.
        vendor::library(workspace, &layout.library)?;
        vendor::crates(&layout.library, &layout.crates, toolchain)?;
        let (library, crates, settings) = match self.isolation {
            Isolation::None => {
                let text = |path: &Path| path.display().to_string();
                (text(&layout.library), text(&layout.crates), self.work.join(".cargo/config.toml"))
            }
            Isolation::Full => {
                (layout::LIBRARY.to_owned(), layout::CRATES.to_owned(), self.config.join("cargo/config.toml"))
            }
        };
        // The student's cells compile fast and check for overflow; the library below them runs fast.
        write(&settings, &format!("{CARGO}{}", offline(&crates)))?;
        for (folder, prelude) in [(self.config.clone(), ""), (self.config.join(STUDENT), PRELUDE)] {
            write(
                &folder.join("evcxr.toml"),
                &format!(
                    "[evcxr]\nopt_level = \"0\"\noffline_mode = true\n{prelude}\n[dependencies]\nspikelab = {{ path = {library:?} }}\n"
                ),
            )?;
        }
        // The versions that the workspace was tested with; they are on this machine already.
        std::fs::copy(workspace.join("Cargo.lock"), self.template.join("Cargo.lock"))
            .map_err(|e| KernelError::io("copy", &workspace.join("Cargo.lock"), &e))?;
        let first = self.work.join("template");
        if self.isolation == Isolation::None {
            std::fs::rename(&self.template, &first)
                .map_err(|e| KernelError::io("rename", &self.template, &e))?;
        }
        let place = self.workshop();
        let mut session = Session::start_in(self, place.plan.limits, place).await?;
        let failed = |what: String| {
            KernelError::new(
                format!("the library cannot be used in the kernel: {what}"),
                "does `cargo check` pass in the repository? If it does, run `cargo clean` and try again",
            )
        };
        // The second cell is wrong on purpose: evcxr checks the dependencies only when a cell fails.
        for (code, right) in
            [("use spikelab::prelude::*; let tau = 10.0 * ms;", true), ("let q = ____;", false)]
        {
            let run =
                session.execute(code, Duration::from_secs(900)).await.map_err(|e| failed(e.to_string()))?;
            if right && run.message.is_some() {
                return Err(failed(run.message.unwrap_or_default()));
            }
        }
        drop(session);
        if self.isolation == Isolation::None {
            std::fs::rename(&first, &self.template).map_err(|e| KernelError::io("rename", &first, &e))?;
        }
        own(&self.template).map_err(|e| KernelError::io("take over", &self.template, &e))?;
        if self.isolation == Isolation::Full {
            let (all, plain) = (&self.layout, &self.plain);
            for (from, to) in
                [(&all.sources, &plain.sources), (&all.library, &plain.library), (&all.crates, &plain.crates)]
            {
                hollow(from, to).map_err(|e| KernelError::io("write", to, &e))?;
            }
        }
        bar.finish_and_clear();
        write(&self.complete(), "")
    }
}

impl Found {
    async fn look(isolation: Isolation) -> Result<Self, KernelError> {
        let workspace = workspace()?;
        let toolchain = Toolchain::find(&workspace)?;
        let target = target(&workspace);
        let cache = target.join("spikelab");
        std::fs::create_dir_all(&cache).map_err(|e| KernelError::io("make", &cache, &e))?;
        // Several graders may start at once; the first one builds, the others wait.
        let place = cache.join("lock");
        let lock = std::fs::File::create(&place).map_err(|e| KernelError::io("write", &place, &e))?;
        lock.lock().map_err(|e| KernelError::io("lock", &place, &e))?;
        let launcher = build("spikelab-box", &workspace, &target, &toolchain)?;
        if isolation == Isolation::Full {
            // Told before the kernel is built, which takes minutes.
            super::sandbox::require(&launcher, &toolchain.sysroot).await?;
        }
        let program = build("spikelab-kernel", &workspace, &target, &toolchain)?;
        let kind = if isolation == Isolation::Full { "box-" } else { "" };
        let place = cache.join(format!("{kind}{}", key(&workspace, &program, &toolchain)?));
        let sources = standard_library::sources(&toolchain, &cache.join(named(&toolchain.version)))?;
        let (config, template) = (place.join("config"), place.join("template"));
        let layout = Layout {
            grader: super::toolchain::grader(),
            toolchain: toolchain.sysroot.clone(),
            kernel: program.clone(),
            config: config.clone(),
            sources: sources.clone(),
            library: place.join("library"),
            crates: place.join("crates"),
            template: template.clone(),
        };
        let plain = Layout {
            sources: place.join("plain/std"),
            library: place.join("plain/library"),
            crates: place.join("plain/crates"),
            ..layout.clone()
        };
        let environment = KernelEnvironment {
            isolation,
            program,
            launcher,
            config,
            sources,
            template,
            work: place.join("work"),
            path: toolchain.path(),
            layout,
            plain,
        };
        Ok(Self { environment, workspace, toolchain, _lock: lock })
    }
}

/// Copies a folder with all sources empty. Cargo goes by times and finds everything built; type inference, which starts
/// with reading all sources, finds nothing to read.
fn hollow(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let (entry, target) = entry.map(|e| (e.path(), to.join(e.file_name())))?;
        if entry.is_dir() {
            hollow(&entry, &target)?;
        } else {
            let source = entry.extension().is_some_and(|e| e == "rs");
            std::fs::write(&target, if source { Vec::new() } else { std::fs::read(&entry)? })?;
            let times = std::fs::FileTimes::new().set_modified(entry.metadata()?.modified()?);
            std::fs::File::options().write(true).open(&target)?.set_times(times)?;
        }
    }
    Ok(())
}

/// Takes over what an unused user made for us: only root has such users, and root's files shall be root's.
#[cfg(unix)]
fn own(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{MetadataExt, lchown};
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            own(&entry.path())?;
        } else if entry.metadata()?.uid() != rustix::process::getuid().as_raw() {
            lchown(
                entry.path(),
                Some(rustix::process::getuid().as_raw()),
                Some(rustix::process::getgid().as_raw()),
            )?;
        }
    }
    if folder.metadata()?.uid() != rustix::process::getuid().as_raw() {
        lchown(folder, Some(rustix::process::getuid().as_raw()), Some(rustix::process::getgid().as_raw()))?;
    }
    Ok(())
}

/// How cells, and the library below them, are compiled. In several units two processors share the library, and without
/// optimisation across them it takes a quarter less of each; what that costs is measured in `benches/README.md`.
pub(crate) const CARGO: &str = "\
[profile.dev]
incremental = false
codegen-units = 1
debug = false
lto = \"off\"

[profile.dev.package.spikelab]
codegen-units = 16
opt-level = 3
debug-assertions = false
overflow-checks = false

[profile.dev.package.plotters-svg]
opt-level = 2

[profile.dev.package.zmij]
opt-level = 2

[profile.dev.package.itoa]
opt-level = 2
";

/// The folder in that of evcxr's configuration which has a student's; graded cells are not shown, and need no prelude.
pub(super) const STUDENT: &str = "student";

/// Evaluated when a student's kernel starts. evcxr allows `?` from the first cell on that fails without; if that `?` stands in what
/// the cell shows, evcxr gives up showing it, too, and a figure comes out as a line of text.
const PRELUDE: &str = "prelude = \"Ok::<(), std::fmt::Error>(())?;\"\n";

/// Raised whenever what is made here changes in kind.
const CONTENTS: u32 = 6;

/// Where Cargo finds the library's crates.
fn offline(crates: &str) -> String {
    format!(
        "\n[source.crates-io]\nreplace-with = \"vendored\"\n\n[source.vendored]\ndirectory = {crates:?}\n\n[net]\noffline = true\n"
    )
}

pub(crate) fn spinner(text: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(text);
    if bar.is_hidden() {
        eprintln!("{text}");
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// The compiled template of a kernel, in a box or not, if one is there for the library as it is now.
pub(super) fn prepared(workspace: &Path, toolchain: &Toolchain) -> Option<PathBuf> {
    let target = target(workspace);
    let program = target.join("release").join(format!("spikelab-kernel{}", std::env::consts::EXE_SUFFIX));
    let key = key(workspace, &program, toolchain).ok()?;
    let places = ["", "box-"].map(|kind| target.join("spikelab").join(format!("{kind}{key}")));
    places.into_iter().find(|place| place.join("complete").exists()).map(|place| place.join("template"))
}

/// A name for this state of library, kernel and compiler.
fn key(workspace: &Path, program: &Path, toolchain: &Toolchain) -> Result<String, KernelError> {
    let mut hasher = DefaultHasher::new();
    toolchain.version.hash(&mut hasher);
    workspace.hash(&mut hasher);
    let built =
        program.metadata().and_then(|m| m.modified()).map_err(|e| KernelError::io("read", program, &e))?;
    built.hash(&mut hasher);
    let mut files = vec![workspace.join("Cargo.toml"), workspace.join("Cargo.lock")];
    gather(&workspace.join("src"), &mut files).map_err(|e| KernelError::io("read", workspace, &e))?;
    files.sort();
    for file in files {
        file.hash(&mut hasher);
        std::fs::read(&file).map_err(|e| KernelError::io("read", &file, &e))?.hash(&mut hasher);
        // Cargo goes by times: after a `touch` every kernel would compile the library anew.
        file.metadata().and_then(|m| m.modified()).ok().hash(&mut hasher);
    }
    (CARGO, offline(""), layout::LIBRARY, layout::CRATES, CONTENTS).hash(&mut hasher);
    Ok(format!("{:016x}", hasher.finish()))
}

pub(super) fn gather(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            gather(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn named(version: &str) -> String {
    version.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect()
}
