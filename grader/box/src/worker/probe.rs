//! The file that a probe wrote, taken as what it is: something that a student's process may have put there.
//! Never follows a link, never waits for a pipe, never reads more than it may.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, openat, unlink};

/// No more bytes than these are read in answer to one request: a million spikes need 30 MB.
pub(super) const LARGEST: u64 = 64 << 20;

/// Reads and removes the file; none if there is none, an error if it is no such file as a probe writes.
pub(super) fn take(folder: &Path, nonce: &str, largest: u64) -> Result<Option<Vec<u8>>, String> {
    let path = folder.join(nonce);
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match openat(CWD, &path, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(rustix::io::Errno::NOENT) => return Ok(None),
        Err(e) => return Err(format!("the probe's file cannot be opened ({e})")),
    };
    let facts = file.metadata().map_err(|e| format!("the probe's file cannot be looked at ({e})"))?;
    if !facts.is_file() {
        return Err("the probe's file is no regular file".to_owned());
    }
    let mut bytes = Vec::new();
    file.take(largest + 1).read_to_end(&mut bytes).map_err(|e| format!("the probe's file: {e}"))?;
    if bytes.len() as u64 > largest {
        return Err(format!("the probe's file is larger than {} MB", LARGEST >> 20));
    }
    unlink(&path).map_err(|e| format!("the probe's file cannot be removed ({e})"))?;
    Ok(Some(bytes))
}

/// What lies in the folder of probes although no probe put it there.
pub(super) fn unexpected(folder: &Path, nonces: &[String]) -> Option<String> {
    let Ok(mut entries) = std::fs::read_dir(folder) else {
        return Some("the folder of probes is gone".to_owned());
    };
    let found = entries.any(|e| e.is_ok_and(|e| nonces.iter().all(|n| e.file_name() != n.as_str())));
    found.then(|| "there is a file among the probes' that no probe wrote".to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn folder(name: &str) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("spikelab-probe-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn a_probes_file_is_read_once() {
        let folder = folder("once");
        assert_eq!(take(&folder, "n", LARGEST), Ok(None));
        std::fs::write(folder.join("n"), "data").unwrap();
        assert!(unexpected(&folder, &[]).is_some() && unexpected(&folder, &["n".to_owned()]).is_none());
        assert_eq!(take(&folder, "n", LARGEST), Ok(Some(b"data".to_vec())));
        assert!(unexpected(&folder, &[]).is_none());
        std::fs::write(folder.join("n"), "data").unwrap();
        assert!(take(&folder, "n", 3).is_err(), "more than is left to read");
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(unexpected(&folder, &[]).is_some());
    }

    #[test]
    fn links_pipes_folders_and_giants_are_refused() {
        let folder = folder("odd");
        symlink("/etc/hostname", folder.join("link")).unwrap();
        assert!(take(&folder, "link", LARGEST).is_err());
        std::fs::create_dir(folder.join("folder")).unwrap();
        assert!(take(&folder, "folder", LARGEST).is_err());
        rustix::fs::mkfifoat(CWD, folder.join("pipe"), Mode::RUSR | Mode::WUSR).unwrap();
        assert!(take(&folder, "pipe", LARGEST).is_err());
        File::create(folder.join("giant")).unwrap().set_len(LARGEST + 1).unwrap();
        assert!(take(&folder, "giant", LARGEST).is_err());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
