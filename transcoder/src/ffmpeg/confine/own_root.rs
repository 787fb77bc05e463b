//! A mount namespace whose root holds only what the process may open, read-only but for its own
//! folder: other files cannot even be seen. Landlock does not hide names, sizes and times.
//!
//! Needs `CAP_SYS_ADMIN` or an unprivileged user namespace; most container runtimes refuse both.
//! With user namespaces, root's capabilities hold for files of its own user only.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, StatVfsMountFlags};
use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind_recursive, mount_change, mount_remount, unmount,
};
use rustix::process::{getgid, getuid, pivot_root};
use rustix::thread::{CapabilitySet, UnshareFlags, capabilities};

use super::files::{Permitted, Right};

/// Where the new root is put together: a folder that every system has, and from which all that is
/// needed is opened beforehand.
const MOUNT_POINT: &str = "/dev";
/// Own facts of a process are below its number.
const PROC_SELF: &str = "/proc/self";

/// Enters the new root, or leaves everything visible and says why.
pub fn enter(permitted: &Permitted) -> io::Result<()> {
    let cwd = std::env::current_dir()?;
    unshare_mounts()?;
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
    let sources = open_all(permitted)?;
    mount("none", MOUNT_POINT, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, c"mode=755,size=1m")?;
    let entered = build(Path::new(MOUNT_POINT), &sources, &cwd).and_then(|()| {
        std::env::set_current_dir(MOUNT_POINT)?;
        pivot_root(".", ".")?;
        Ok(())
    });
    if let Err(error) = entered {
        std::env::set_current_dir(&cwd)?;
        unmount(MOUNT_POINT, UnmountFlags::DETACH)?;
        return Err(error);
    }
    // The old root is mounted over the new one.
    unmount(".", UnmountFlags::DETACH)?;
    std::env::set_current_dir(&cwd)
}

/// A new mount namespace, in a new user namespace without the privilege. A user namespace would
/// take `CAP_DAC_READ_SEARCH` from root, which reads files of other owners.
fn unshare_mounts() -> io::Result<()> {
    let (user, group) = (getuid(), getgid());
    let own = capabilities(None)?.effective;
    if own.contains(CapabilitySet::SYS_ADMIN) {
        return unshare(UnshareFlags::NEWNS);
    }
    if own.contains(CapabilitySet::DAC_READ_SEARCH) {
        return Err(io::Error::other("a user namespace would take CAP_DAC_READ_SEARCH away"));
    }
    unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWNS)?;
    std::fs::write("/proc/self/setgroups", "deny")?;
    std::fs::write("/proc/self/uid_map", format!("{0} {0} 1", user.as_raw()))?;
    std::fs::write("/proc/self/gid_map", format!("{0} {0} 1", group.as_raw()))
}

#[expect(deprecated, reason = "unsafe is only UnshareFlags::FILES in a process of several threads")]
fn unshare(flags: UnshareFlags) -> io::Result<()> {
    Ok(rustix::thread::unshare(flags)?)
}

/// A part of the new root.
enum Source {
    Link(PathBuf),
    Opened { file: OwnedFd, is_dir: bool, right: Right },
}

/// Opened before anything is mounted over. Folders first, then what is in them.
fn open_all(permitted: &Permitted) -> io::Result<Vec<(PathBuf, Source)>> {
    let own_facts = PathBuf::from(format!("/proc/{}", std::process::id()));
    let own_link = (PathBuf::from(PROC_SELF), Source::Link(own_facts.clone()));
    let mut sources = vec![own_link, (own_facts.clone(), open(&own_facts, Right::Read)?)];
    let is_inside_another = |path: &Path| permitted.iter().any(|(other, _)| path != other && path.starts_with(other));
    for (path, right) in permitted {
        let is_there = path.starts_with(PROC_SELF) || (*right != Right::Work && is_inside_another(path));
        if is_there {
            continue;
        }
        let is_system_link = *right == Right::Run && path.is_symlink();
        let source = if is_system_link { Source::Link(std::fs::read_link(path)?) } else { open(path, *right)? };
        sources.push((path.clone(), source));
    }
    sources.sort_by_key(|(path, _)| path.components().count());
    Ok(sources)
}

fn open(path: &Path, right: Right) -> io::Result<Source> {
    let file = rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    Ok(Source::Opened { file, is_dir: path.is_dir(), right })
}

fn build(root: &Path, sources: &[(PathBuf, Source)], cwd: &Path) -> io::Result<()> {
    let inside = |path: &Path| root.join(path.strip_prefix("/").unwrap_or(path));
    for (path, source) in sources {
        let target = inside(path);
        create_dirs(target.parent().unwrap_or(root))?;
        match source {
            Source::Link(to) => symlink(to, &target)?,
            Source::Opened { file, is_dir, right } => bind(file, &target, *is_dir, *right)?,
        }
    }
    create_dirs(&inside(cwd))?;
    Ok(mount_remount(root, MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV | MountFlags::BIND, c"")?)
}

fn bind(file: &OwnedFd, target: &Path, is_dir: bool, right: Right) -> io::Result<()> {
    if is_dir {
        create_dirs(target)?;
    } else if !target.exists() {
        File::create(target)?;
    }
    mount_bind_recursive(format!("/proc/self/fd/{}", file.as_raw_fd()), target)?;
    if right == Right::Work {
        return Ok(());
    }
    // A user namespace may add flags, but not drop those that are set.
    let set = rustix::fs::statvfs(target)?.f_flag;
    let kept = [
        (StatVfsMountFlags::NOSUID, MountFlags::NOSUID),
        (StatVfsMountFlags::NODEV, MountFlags::NODEV),
        (StatVfsMountFlags::NOEXEC, MountFlags::NOEXEC),
        (StatVfsMountFlags::NOATIME, MountFlags::NOATIME),
        (StatVfsMountFlags::NODIRATIME, MountFlags::NODIRATIME),
        (StatVfsMountFlags::RELATIME, MountFlags::RELATIME),
    ];
    let kept = kept.iter().filter(|(is, _)| set.contains(*is)).fold(MountFlags::empty(), |flags, (_, flag)| flags | *flag);
    Ok(mount_remount(target, MountFlags::BIND | MountFlags::RDONLY | kept, c"")?)
}

fn create_dirs(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o755).create(path)
}
