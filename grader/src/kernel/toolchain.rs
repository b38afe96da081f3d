//! Which Rust is used, and where this workspace is.
//! The real compiler's own folder comes first on PATH, because rustup's stand-ins cost a second for each kernel.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::KernelError;
use super::environment::UNWANTED;

/// The compiler that kernels use.
#[derive(Clone, Debug)]
pub(super) struct Toolchain {
    /// Its folder, with `bin` and `lib` in it.
    pub(super) sysroot: PathBuf,
    /// `rustc --version`.
    pub(super) version: String,
    /// The system that it compiles for, such as `x86_64-unknown-linux-gnu`.
    pub(super) host: String,
}

impl Toolchain {
    pub(super) fn find(workspace: &Path) -> Result<Self, KernelError> {
        let rustc = rustc();
        let ask = |argument: &[&str]| {
            let output = Command::new(&rustc).args(argument).current_dir(workspace).output();
            match output {
                Ok(o) if o.status.success() => Ok(String::from_utf8_lossy(&o.stdout).trim().to_owned()),
                _ => Err(KernelError::new(
                    "the Rust compiler `rustc` cannot be started",
                    "install Rust from https://rustup.rs and open a new terminal",
                )),
            }
        };
        let (sysroot, words) = (ask(&["--print", "sysroot"])?, ask(&["--version", "--verbose"])?);
        let host = words.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        let version = words.lines().next().unwrap_or_default();
        Ok(Self { sysroot: sysroot.into(), version: version.to_owned(), host: host.to_owned() })
    }

    /// PATH with the real compiler in front.
    pub(super) fn path(&self) -> std::ffi::OsString {
        let bin = self.sysroot.join("bin");
        let rest = std::env::var_os("PATH").unwrap_or_default();
        let places =
            bin.join("cargo").exists().then_some(bin).into_iter().chain(std::env::split_paths(&rest));
        std::env::join_paths(places).unwrap_or(rest)
    }
}

/// The compiler on PATH; if there is none, the one where rustup puts it. An editor that was started from a menu or over
/// the network often lacks what the shell adds to PATH.
fn rustc() -> PathBuf {
    let name = format!("rustc{}", std::env::consts::EXE_SUFFIX);
    let on_path = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(&name).is_file()));
    let cargo = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let own = cargo.map(|cargo| cargo.join("bin").join(&name)).filter(|own| own.is_file());
    own.filter(|_| !on_path).unwrap_or_else(|| name.into())
}

/// The compiler and the places of this workspace, for what is compiled without a kernel.
#[derive(Clone, Debug)]
pub(crate) struct Tools {
    toolchain: Toolchain,
    /// The repository.
    pub(crate) workspace: PathBuf,
    /// Where this program keeps what it made for itself.
    pub(crate) cache: PathBuf,
}

impl Tools {
    pub(crate) fn find() -> Result<Self, KernelError> {
        let workspace = workspace()?;
        let toolchain = Toolchain::find(&workspace)?;
        let cache = target(&workspace).join("spikelab");
        // Compilers are started in other folders.
        let cache = std::path::absolute(&cache).unwrap_or(cache);
        Ok(Self { toolchain, workspace, cache })
    }

    /// PATH with the real compiler in front.
    fn path(&self) -> std::ffi::OsString {
        self.toolchain.path()
    }

    /// The library as kernels have it, if it is compiled: the file, and the folders of what it is made from.
    pub(crate) fn library(&self) -> Option<(PathBuf, [PathBuf; 2])> {
        let built = super::prepare::prepared(&self.workspace, &self.toolchain)?.join("target");
        let folders = [built.join(&self.toolchain.host).join("debug/deps"), built.join("debug/deps")];
        let files = std::fs::read_dir(&folders[0]).ok()?.filter_map(|e| Some(e.ok()?.path()));
        let is_library = |p: &PathBuf| {
            let name = p.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("libspikelab-") && name.ends_with(".rlib")
        };
        let newest = files.filter(is_library).max_by_key(|p| p.metadata().and_then(|m| m.modified()).ok())?;
        Some((newest, folders))
    }

    /// Cargo or rustc, without what an outer Cargo would tell it.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("PATH", self.path()).stdin(std::process::Stdio::null());
        for name in UNWANTED {
            command.env_remove(name);
        }
        command
    }
}

/// Where Cargo puts what it builds of this workspace.
pub(super) fn target(workspace: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from)
}

/// The program `grader`: this one, or the one that was built beside what runs, such as a test.
pub(crate) fn grader() -> Option<PathBuf> {
    let name = format!("grader{}", std::env::consts::EXE_SUFFIX);
    let program = std::env::current_exe().ok()?;
    program.ancestors().take(4).map(|folder| folder.with_file_name(&name)).find(|path| path.is_file())
}

/// The folder of this workspace: where the program was started from, or where it was built.
pub(super) fn workspace() -> Result<PathBuf, KernelError> {
    let is_workspace =
        |p: &Path| p.join("Cargo.lock").is_file() && p.join("grader/kernel/Cargo.toml").is_file();
    let above = |p: PathBuf| p.ancestors().find(|p| is_workspace(p)).map(Path::to_owned);
    let named = std::env::var_os("SPIKELAB_HOME").map(PathBuf::from);
    if let Some(named) = named {
        return if is_workspace(&named) {
            Ok(named)
        } else {
            Err(KernelError::new(
                format!("SPIKELAB_HOME is {}, which is not the spikelab repository", named.display()),
                "set it to the folder with Cargo.toml, src and grader in it, or unset it",
            ))
        };
    }
    let program = std::env::current_exe().ok().and_then(above);
    let here = || std::env::current_dir().ok().and_then(above);
    let built = || above(PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    program.or_else(here).or_else(built).ok_or_else(|| {
        KernelError::new(
            "the spikelab repository is not where this program was built",
            "set SPIKELAB_HOME to the folder with Cargo.toml, src and grader in it",
        )
    })
}
