//! `confine`: restricts its own process, then becomes the program it was given. Every child is started through it.
//!
//! `limits` bounds what the program may use, `files` what it may open, `calls` what it may ask of the kernel, `launch`
//! starts children so. What a kernel cannot do is left out, never fatal; [`log_confinement`] says it once.

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

/// How `confine` ends when it cannot become the program: no fault of the footage.
pub const EXIT_NOT_STARTED: u8 = 125;

/// What the program may have and do; a limit that is not given is not set.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct Confinement {
    /// Writable memory of its own.
    #[arg(long)]
    memory_bytes: Option<u64>,
    /// Processor time, of all its threads together.
    #[arg(long)]
    cpu_s: Option<u64>,
    /// The largest file it may write.
    #[arg(long)]
    file_size_bytes: Option<u64>,
    /// Files and pipes at once.
    #[arg(long)]
    open_files: Option<u64>,
    /// The folder that it may read and write.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// A file or folder that it may read. Repeatable.
    #[arg(long)]
    read: Vec<PathBuf>,
    /// The process with which it dies.
    #[arg(long)]
    parent_id: Option<u32>,
    /// What to become, and its arguments. Without it, tells what this kernel enforces.
    #[arg(last = true)]
    program: Vec<OsString>,
}

/// What is enforced from here on, a line each.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Enforced {
    /// What holds.
    pub held: Vec<String>,
    /// What this system cannot do.
    pub missing: Vec<String>,
}

/// Confines this process for good, and becomes the program; returns only when there is none, or on failure.
pub fn confine(confinement: &Confinement) -> io::Result<Enforced> {
    limits::die_with(confinement.parent_id)?;
    let enforced = restrict(confinement)?;
    match confinement.program.split_first() {
        None => Ok(enforced),
        Some((program, arguments)) => Err(Command::new(program).args(arguments).exec()),
    }
}

/// The filter comes last: it denies calls that the other measures are made of.
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
