//! `confine`: the sandbox. Restricts its own process, then executes the given program. Every child
//! starts through it.
//!
//! `limits` sets resource limits, `files` Landlock rules, `calls` seccomp filters; `launch` starts
//! children. What a kernel does not support is skipped, never fatal; [`log_confinement`] logs it
//! once.

#[cfg(target_os = "linux")]
mod calls;
#[cfg(target_os = "linux")]
mod files;
mod launch;
mod limits;

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
    /// The program to execute, and its arguments. Without it, prints what this kernel enforces.
    #[arg(last = true)]
    program: Vec<OsString>,
}

/// Restrictions in effect and restrictions that are missing; one line each.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Enforced {
    /// Enforced.
    pub held: Vec<String>,
    /// Not supported by this system.
    pub missing: Vec<String>,
}

/// Confines this process irrevocably and executes the program; returns only without a program, or
/// on failure.
pub fn confine(confinement: &Confinement) -> io::Result<Enforced> {
    limits::die_with(confinement.parent_id)?;
    let enforced = restrict(confinement)?;
    match confinement.program.split_first() {
        None => Ok(enforced),
        Some((program, arguments)) => Err(Command::new(program).args(arguments).exec()),
    }
}

/// Seccomp comes last: it denies system calls that the other measures need.
#[cfg(target_os = "linux")]
fn restrict(confinement: &Confinement) -> io::Result<Enforced> {
    let mut enforced = Enforced::default();
    limits::drop_privileges()?;
    files::restrict(confinement, &mut enforced);
    limits::set(confinement)?;
    calls::restrict(&mut enforced);
    Ok(enforced)
}

#[cfg(not(target_os = "linux"))]
fn restrict(confinement: &Confinement) -> io::Result<Enforced> {
    limits::set(confinement)?;
    let missing = "children may open every file and connection that this user may: only Linux has Landlock and seccomp";
    Ok(Enforced { held: Vec::new(), missing: vec![missing.to_owned()] })
}
