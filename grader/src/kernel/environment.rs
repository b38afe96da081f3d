//! What every kernel is started with: the programs, their configuration, and a compiled template of a work folder.
//! Two kernels never share a work folder; each gets a copy of the template.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use spikelab_box::plan::{BoxLimits, Kernel, Plan};

use super::KernelError;
use super::layout::{self, Layout};
use crate::outcome::Isolation;

/// A prepared place to start kernels from; made by [`KernelEnvironment::prepare`].
#[derive(Clone, Debug)]
pub struct KernelEnvironment {
    /// How far kernels are kept away from everything else.
    pub(super) isolation: Isolation,
    /// The kernel program.
    pub(super) program: PathBuf,
    /// The program that builds boxes.
    pub(super) launcher: PathBuf,
    /// evcxr's configuration.
    pub(super) config: PathBuf,
    /// Sources of the standard library.
    pub(super) sources: PathBuf,
    /// A work folder with the library compiled in it.
    pub(super) template: PathBuf,
    /// Where copies go that are not in a box; Cargo reads the settings beside it.
    pub(super) work: PathBuf,
    /// PATH for kernels that are not in a box.
    pub(super) path: OsString,
    /// What is seen in a box.
    pub(super) layout: Layout,
    /// The same with sources that are empty files: for a kernel that compiles and infers no types.
    pub(super) plain: Layout,
}

/// Where one kernel works. A folder outside of a box goes when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    /// For the launcher.
    pub(super) plan: Plan,
    folder: Option<PathBuf>,
}

impl Place {
    /// Where probes write, as cells see it.
    pub(super) fn probes(&self) -> &Path {
        self.plan.kernel.as_ref().map_or(Path::new("/"), |k| &k.probes)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(folder) = self.folder.take() {
            // A process on its way out may still write; what stays behind is below target/.
            if std::fs::remove_dir_all(&folder).is_err() {
                std::thread::sleep(std::time::Duration::from_millis(50));
                drop(std::fs::remove_dir_all(&folder));
            }
        }
    }
}

impl KernelEnvironment {
    /// A place of its own for one kernel.
    pub(super) fn place(&self, limits: BoxLimits) -> Result<Place, KernelError> {
        match self.isolation {
            Isolation::Full => Ok(Place { plan: self.layout.plan(limits), folder: None }),
            Isolation::None => {
                let folder = self.work.join(uuid::Uuid::new_v4().to_string());
                std::fs::create_dir_all(&folder).map_err(|e| KernelError::io("make", &folder, &e))?;
                let plan = self.open_plan(limits, &folder, Some(self.template.clone()));
                Ok(Place { plan, folder: Some(folder) })
            }
        }
    }

    /// The same for a kernel that is not asked for types; outside of a box there is no such.
    pub(super) fn plain_place(&self, limits: BoxLimits) -> Result<Place, KernelError> {
        match self.isolation {
            Isolation::Full => Ok(Place { plan: self.plain.plan(limits), folder: None }),
            Isolation::None => self.place(limits),
        }
    }

    /// A place in which the template itself is made.
    pub(super) fn workshop(&self) -> Place {
        let limits = BoxLimits { disk: 2 << 30, ..BoxLimits::default() };
        let plan = match self.isolation {
            Isolation::Full => self.layout.workshop(limits, &self.template),
            Isolation::None => self.open_plan(limits, &self.work.join("template"), None),
        };
        Place { plan, folder: None }
    }

    fn open_plan(&self, limits: BoxLimits, folder: &Path, template: Option<PathBuf>) -> Plan {
        let work = if template.is_some() { folder.join("k") } else { folder.to_owned() };
        let text = |word: OsString| word.to_string_lossy().into_owned();
        let environment = self.variables(&work).into_iter().map(|(k, v)| (k.to_owned(), text(v))).collect();
        Plan {
            isolated: false,
            binds: Vec::new(),
            links: Vec::new(),
            limits,
            kernel: Some(Kernel {
                program: self.program.clone(),
                clear_environment: false,
                environment,
                unwanted: UNWANTED.map(str::to_owned).to_vec(),
                template,
                cells: folder.join(layout::CELLS),
                probes: folder.join(layout::PROBES),
                work,
            }),
            canaries: None,
        }
    }

    /// A fresh copy of the template, for a kernel that Jupyter starts.
    pub(super) fn work_folder(&self) -> Result<PathBuf, KernelError> {
        let folder = self.work.join(uuid::Uuid::new_v4().to_string());
        spikelab_box::tree::copy(&self.template, &folder)
            .map_err(|e| KernelError::io("copy the kernel's template to", &folder, &e))?;
        Ok(folder)
    }

    /// The variables that a kernel needs outside of a box, for a work folder of its own.
    pub(super) fn variables(&self, work: &Path) -> Vec<(&'static str, OsString)> {
        let mut variables: Vec<(&'static str, OsString)> = vec![
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
        ];
        variables.extend(self.layout.grader.clone().map(|program| ("SPIKELAB_GRADER", program.into())));
        variables
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

/// Writes a file, and the folders above it.
pub(super) fn write(path: &Path, text: &str) -> Result<(), KernelError> {
    path.parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| std::fs::write(path, text))
        .map_err(|e| KernelError::io("write", path, &e))
}
