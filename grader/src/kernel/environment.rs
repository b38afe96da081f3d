//! What every kernel is started with: the program, its configuration, and a compiled template of its work folder.
//! Two kernels never share a work folder; each gets a copy of the template.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::KernelError;

/// A prepared place to start kernels from; made by [`KernelEnvironment::prepare`].
#[derive(Clone, Debug)]
pub struct KernelEnvironment {
    /// The kernel program.
    pub(super) program: PathBuf,
    /// evcxr's configuration.
    pub(super) config: PathBuf,
    /// Sources of the standard library.
    pub(super) sources: PathBuf,
    /// A work folder with the library compiled in it.
    pub(super) template: PathBuf,
    /// Where copies go; Cargo reads the settings beside it.
    pub(super) work: PathBuf,
    /// PATH for the kernel.
    pub(super) path: OsString,
}

impl KernelEnvironment {
    /// A fresh copy of the template, for one kernel.
    pub(super) fn work_folder(&self) -> Result<PathBuf, KernelError> {
        let folder = self.work.join(uuid::Uuid::new_v4().to_string());
        copy_tree(&self.template, &folder)
            .map_err(|e| KernelError::io("copy the kernel's template to", &folder, &e))?;
        Ok(folder)
    }

    /// The variables that the kernel needs, for a work folder of its own.
    pub(super) fn variables(&self, work: &Path) -> Vec<(&'static str, OsString)> {
        vec![
            ("EVCXR_CONFIG_DIR", self.config.clone().into()),
            ("EVCXR_TMPDIR", work.into()),
            ("RUST_SRC_PATH", self.sources.clone().into()),
            ("PATH", self.path.clone()),
            // Ctrl-C ends the grader at once; a kernel in a group of its own must notice by itself.
            ("SPIKELAB_EXIT_WITH_PARENT", "1".into()),
            // evcxr rewrites an installed kernelspec named `rust` if it finds one; it must not find one.
            ("JUPYTER_PATH", self.config.clone().into()),
            // Set by Cargo for this program; in the kernel they would make its own Cargo rebuild everything.
            ("CARGO_TERM_PROGRESS_WHEN", "never".into()),
        ]
    }
}

/// Variables of an outer Cargo or compiler that must not reach the kernel's.
pub(super) const UNWANTED: [&str; 8] = [
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_TARGET_DIR",
    "CARGO_BUILD_TARGET_DIR",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTUP_TOOLCHAIN",
    "EVCXR_IS_RUNTIME",
];

/// Copies a folder with the times of its files, by which Cargo knows that nothing changed.
pub(super) fn copy_tree(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else if kind.is_file() {
            std::fs::copy(entry.path(), &target)?;
            let modified = entry.metadata()?.modified()?;
            std::fs::File::options().write(true).open(&target)?.set_modified(modified)?;
        }
    }
    Ok(())
}
