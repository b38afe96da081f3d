//! Copies of folders that Cargo takes for the originals.
//! Used for the template of a kernel's work folder, within a box and without one.

use std::io;
use std::path::Path;

/// Copies a folder with the times of its files, by which Cargo knows that nothing changed.
///
/// # Errors
/// Whatever the file system says, such as a full disk.
pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy(&entry.path(), &target)?;
        } else if kind.is_file() {
            std::fs::copy(entry.path(), &target)?;
            let modified = entry.metadata()?.modified()?;
            std::fs::File::options().write(true).open(&target)?.set_modified(modified)?;
        }
    }
    Ok(())
}
