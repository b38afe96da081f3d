//! What can be seen in the box: a root of its own with the plan's folders read-only, and three small RAM disks.
//! Sources are opened before anything is covered, and mounted through their descriptors.

use std::fs::{DirBuilder, File};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, lchown, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, StatVfsMountFlags, openat, statvfs};
use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind_recursive, mount_change,
    mount_remount, unmount,
};
use rustix::process::{chdir, pivot_root};
use spikelab_box::plan::{Bind, BoxLimits, Plan};

use crate::failure::{Context, Failure, Result};

/// Where things are put together; it exists everywhere, and is covered only in namespaces of our own.
const BASE: &str = "/tmp";
/// Folders that can be written to, with their share of the disk limit.
pub(crate) const WRITABLE: [&str; 3] = ["/box", "/tmp", "/dev/shm"];
const DEVICES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];

/// Gives the folders that may be written to, and what lies in them, to the user that the box will have.
pub(crate) fn hand_over(binds: &[Bind], uid: u32) -> Result<()> {
    for bind in binds.iter().filter(|bind| bind.writable) {
        let doing = format!("hand {} over", bind.source.display());
        let entries = std::fs::read_dir(&bind.source).context(&doing)?;
        let entries = entries.filter_map(|entry| Some(entry.ok()?.path()));
        for path in entries.chain([bind.source.clone()]) {
            lchown(path, Some(uid), Some(uid)).context(&doing)?;
        }
    }
    Ok(())
}

/// Mounts the sources where the unused user can reach them; for root only, in a namespace of its own.
pub(crate) fn stage(binds: &mut [Bind]) -> Result<()> {
    keep_private()?;
    let sources = open_all(binds)?;
    ram_disk(Path::new(BASE), "size=1m,nr_inodes=4096,mode=0755")?;
    for (k, (bind, source)) in binds.iter_mut().zip(sources).enumerate() {
        let place = Path::new(BASE).join(k.to_string());
        bind_at(&source, &place)?;
        bind.source = place;
    }
    Ok(())
}

/// Builds the whole tree and makes it the root of this process.
pub(crate) fn build(plan: &Plan) -> Result<()> {
    keep_private()?;
    let sources = open_all(&plan.binds)?;
    let devices: Vec<(&str, OwnedFd)> = DEVICES
        .iter()
        .map(|name| Ok((*name, open(&Path::new("/dev").join(name))?)))
        .collect::<Result<_>>()?;
    let base = Path::new(BASE);
    let at = |path: &Path| base.join(path.strip_prefix("/").unwrap_or(path));
    ram_disk(base, "size=1m,nr_inodes=4096,mode=0755")?;
    writable(base, plan.limits)?;
    for (bind, source) in plan.binds.iter().zip(&sources) {
        bind_at(source, &at(&bind.target))?;
        if !bind.writable {
            read_only(&at(&bind.target))?;
        }
    }
    for (path, target) in &plan.links {
        symlink(target, at(path)).context(format!("make the link {}", path.display()))?;
    }
    for (name, source) in &devices {
        bind_at(source, &base.join("dev").join(name))?;
    }
    for (name, target) in [("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")] {
        symlink(Path::new("/proc/self").join(target), base.join("dev").join(name)).context("fill /dev")?;
    }
    remount(&base.join("dev"), MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NOEXEC)?;
    let proc = base.join("proc");
    folder(&proc)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("proc", &proc, "proc", flags, None).context("mount /proc")?;
    chdir(base).context("enter the new root")?;
    // The old root ends up on top of the new one, from where it is taken away.
    pivot_root(".", ".").context("change the root")?;
    unmount(".", UnmountFlags::DETACH).context("take the old root away")?;
    chdir("/").context("enter the new root")?;
    remount(Path::new("/"), MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV)
}

/// Nothing that is mounted from here on shows anywhere else.
fn keep_private() -> Result<()> {
    mount_change("/", MountPropagationFlags::REC | MountPropagationFlags::PRIVATE)
        .context("keep mounts to ourselves")
}

fn writable(base: &Path, limits: BoxLimits) -> Result<()> {
    let small = limits.disk / 8;
    let sizes = [limits.disk, small, small];
    for (place, size) in WRITABLE.iter().zip(sizes) {
        if *place == "/dev/shm" {
            ram_disk(&base.join("dev"), "size=64k,nr_inodes=64,mode=0755")?;
        }
        let place = base.join(place.trim_start_matches('/'));
        ram_disk(&place, &format!("size={size},nr_inodes={},mode=0700", limits.files))?;
    }
    Ok(())
}

fn open_all(binds: &[Bind]) -> Result<Vec<OwnedFd>> {
    binds.iter().map(|bind| open(&bind.source)).collect()
}

fn open(path: &Path) -> Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    openat(CWD, path, flags, Mode::empty()).context(format!("find {}", path.display()))
}

fn folder(path: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(path)
        .context(format!("make the folder {}", path.display()))
}

fn ram_disk(path: &Path, options: &str) -> Result<()> {
    folder(path)?;
    let options = std::ffi::CString::new(options).map_err(|e| Failure::new(e, ""))?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    mount("tmpfs", path, "tmpfs", flags, options.as_c_str())
        .context(format!("mount a RAM disk at {}", path.display()))
}

fn bind_at(source: &OwnedFd, target: &Path) -> Result<()> {
    let path = format!("/proc/self/fd/{}", source.as_raw_fd());
    if std::fs::metadata(&path).context("look at what is to be mounted")?.is_dir() {
        folder(target)?;
    } else {
        target.parent().map_or(Ok(()), folder)?;
        File::create(target).context(format!("make the file {}", target.display()))?;
    }
    // With what is mounted below: taking a part only would uncover what its owner has hidden.
    mount_bind_recursive(path, target).context(format!("mount {}", target.display()))
}

/// Makes a mount and all below it read-only.
fn read_only(top: &Path) -> Result<()> {
    for place in mounts_below(top)? {
        remount(&place, MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV)?;
    }
    Ok(())
}

/// Changes the flags of a mount; those that its owner has set must stay, or the kernel refuses.
fn remount(place: &Path, flags: MountFlags) -> Result<()> {
    let doing = format!("restrict the mount {}", place.display());
    let present = statvfs(place).context(&doing)?.f_flag;
    let mut all = flags | MountFlags::BIND;
    for (present_flag, flag) in [
        (StatVfsMountFlags::NODEV, MountFlags::NODEV),
        (StatVfsMountFlags::NOEXEC, MountFlags::NOEXEC),
        (StatVfsMountFlags::NOSUID, MountFlags::NOSUID),
        (StatVfsMountFlags::NOATIME, MountFlags::NOATIME),
        (StatVfsMountFlags::NODIRATIME, MountFlags::NODIRATIME),
        (StatVfsMountFlags::RELATIME, MountFlags::RELATIME),
    ] {
        if present.contains(present_flag) {
            all |= flag;
        }
    }
    mount_remount(place, all, "").context(doing)
}

/// The mount points at and below a path, as the kernel lists them.
fn mounts_below(top: &Path) -> Result<Vec<PathBuf>> {
    let table = std::fs::read_to_string("/proc/self/mountinfo").context("read the table of mounts")?;
    let points = table.lines().filter_map(|line| line.split(' ').nth(4)).map(unescaped);
    Ok(points.filter(|point| point.starts_with(top)).collect())
}

/// The kernel writes blanks and backslashes in octal.
fn unescaped(text: &str) -> PathBuf {
    let plain = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    PathBuf::from(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_in_the_table_of_mounts_are_read() {
        assert_eq!(unescaped("/mnt/a\\040b\\134"), PathBuf::from("/mnt/a b\\"));
    }
}
