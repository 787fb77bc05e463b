//! `confine`: the sandbox. Restricts its own process, then executes the given program. Every child
//! starts through it.
//!
//! `own_root` leaves it only the files it may use, `files` sets Landlock rules, `limits` resource
//! limits, `calls` seccomp filters; `launch` starts children. A root of its own, Landlock and
//! seccomp are skipped where a system lacks them; limits and privileges that cannot be set are
//! fatal; `trial` finds out what holds, and [`log_confinement`] logs it once.

#[cfg(target_os = "linux")]
mod calls;
#[cfg(target_os = "linux")]
mod files;
mod launch;
mod limits;
#[cfg(target_os = "linux")]
mod own_root;
mod trial;

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

pub use launch::{Allowance, command, log_confinement};

/// Exit code when the program cannot be executed: a fault of the machine, not of the footage.
pub const EXIT_NOT_STARTED: u8 = 125;

/// Limits and permissions of the program; a limit that is not given is not set.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct Confinement {
    /// Private writable memory (`RLIMIT_DATA`).
    #[arg(long)]
    memory_bytes: Option<u64>,
    /// Processor time of all its threads together.
    #[arg(long)]
    cpu_s: Option<u64>,
    /// The largest file it may write.
    #[arg(long)]
    file_size_bytes: Option<u64>,
    /// Open file descriptors.
    #[arg(long)]
    open_files: Option<u64>,
    /// The folder that it may read and write.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// A file or folder that it may read. Repeatable.
    #[arg(long)]
    read: Vec<PathBuf>,
    /// The parent process; when it dies, this one is killed.
    #[arg(long)]
    parent_id: Option<u32>,
    /// Makes the system calls that would be denied, and writes them to the kernel's log.
    #[arg(long)]
    log_calls: bool,
    /// Keeps the root that it has, in which names, sizes and times of other files can be seen.
    #[arg(long)]
    keep_root: bool,
    /// Tries what is denied instead of executing a program; `confine` starts itself so.
    #[arg(long, hide = true)]
    trial: bool,
    /// The program to execute, and its arguments. Without it, prints what this system enforces.
    #[arg(last = true)]
    program: Vec<OsString>,
}

/// The promises of `docs/security.md` on this system; one line each.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Enforced {
    /// Kept.
    pub held: Vec<String>,
    /// Not kept by this system.
    pub missing: Vec<String>,
}

/// Confines this process irrevocably and executes the program; returns only without a program, or
/// on failure.
pub fn confine(confinement: &Confinement) -> io::Result<Enforced> {
    let Some((name, arguments)) = confinement.program.split_first() else {
        return trial::run(confinement);
    };
    // Found before its folder may be out of sight.
    let found = find_program(name, std::env::var_os("PATH").as_deref());
    restrict(confinement, found.as_deref())?;
    let mut program = found.map_or_else(|| Command::new(name), Command::new);
    Err(program.arg0(name).args(arguments).exec())
}

/// How each measure went; a failed one says why.
#[derive(Debug)]
struct Protections {
    own_root: io::Result<()>,
    landlock: Result<String, String>,
    seccomp: io::Result<()>,
}

/// A private root comes first: it needs system calls and capabilities that the others take away.
/// Seccomp comes last: it denies system calls that the others need.
#[cfg(target_os = "linux")]
fn restrict(confinement: &Confinement, program: Option<&std::path::Path>) -> io::Result<Protections> {
    let permitted = files::permitted(confinement, program.and_then(std::path::Path::parent));
    let own_root = if confinement.keep_root { Err(io::Error::other("not wanted")) } else { own_root::enter(&permitted) };
    limits::drop_privileges()?;
    let mut protections = Protections { own_root, landlock: files::restrict(&permitted), seccomp: Ok(()) };
    limits::set(confinement)?;
    // After all that may change the process's credentials, which would clear the request.
    limits::die_with(confinement.parent_id)?;
    calls::restrict(confinement, &mut protections);
    Ok(protections)
}

#[cfg(not(target_os = "linux"))]
fn restrict(confinement: &Confinement, _program: Option<&std::path::Path>) -> io::Result<Protections> {
    limits::set(confinement)?;
    let linux_alone = || io::Error::other("only Linux has it");
    Ok(Protections { own_root: Err(linux_alone()), landlock: Err("only Linux has it".to_owned()), seccomp: Err(linux_alone()) })
}

/// The program's file, through `PATH` and symbolic links; its libraries may be in the same folder.
fn find_program(program: &std::ffi::OsStr, path: Option<&std::ffi::OsStr>) -> Option<PathBuf> {
    let has_folder = std::path::Path::new(program).components().nth(1).is_some();
    let found = if has_folder {
        Some(PathBuf::from(program))
    } else {
        std::env::split_paths(path?).map(|folder| folder.join(program)).find(|candidate| candidate.is_file())
    };
    found?.canonicalize().ok()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::path::Path;

    use super::*;

    #[test]
    fn a_program_is_found_through_path_unless_it_has_a_folder_and_links_are_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        std::fs::write(&real, "").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let real = real.canonicalize().unwrap();
        let path = std::env::join_paths([Path::new("/nowhere"), dir.path()]).unwrap();
        assert_eq!(find_program(OsStr::new("link"), Some(&path)), Some(real.clone()));
        assert_eq!(find_program(link.as_os_str(), None), Some(real));
        assert_eq!(find_program(OsStr::new("absent"), Some(&path)), None);
    }
}
