//! A name for what a notebook is run with: the library, the kernel and the compiler, by their contents.
//! Unlike the key of the prepared template it does not change when files are copied or touched.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::KernelError;
use super::prepare::gather;
use super::toolchain::{Toolchain, workspace};

/// The name, the same on every machine with the same sources and compiler.
///
/// # Errors
/// No repository, no compiler, a file that cannot be read.
pub fn identity() -> Result<String, KernelError> {
    let workspace = workspace()?;
    let toolchain = Toolchain::find(&workspace)?;
    let mut files: Vec<PathBuf> =
        ["Cargo.toml", "Cargo.lock", "grader/kernel/Cargo.toml"].map(|f| workspace.join(f)).to_vec();
    for folder in ["src", "grader/kernel/src"] {
        let folder = workspace.join(folder);
        gather(&folder, &mut files).map_err(|e| KernelError::io("read", &folder, &e))?;
    }
    files.sort();
    let mut hash = Sha256::new();
    hash.update(&toolchain.version);
    for file in files {
        let bytes = std::fs::read(&file).map_err(|e| KernelError::io("read", &file, &e))?;
        let name = file.strip_prefix(&workspace).unwrap_or(&file).display().to_string();
        // Lengths keep names and contents of neighbours apart.
        hash.update(format!("{} {name} {}\n", name.len(), bytes.len()));
        hash.update(&bytes);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
