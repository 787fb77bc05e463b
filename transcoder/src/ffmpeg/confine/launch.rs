//! Starts children through `confine` of our own executable, with the least that each kind of child
//! needs.

use std::ffi::{OsStr, OsString};
use std::io;
use std::num::NonZero;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

/// The largest object: 10,000 parts of 8 MiB, plus what an encoder writes beyond its own limit to
/// finish the file.
/// Units: bytes.
const FILE_SIZE_BYTES_MAX: u64 = 10_000 * 8 * 1024 * 1024 + 1024 * 1024 * 1024;
/// Memory of an encoder of the largest picture with alpha, or of a decoder with one frame per core
/// on many cores.
/// Units: bytes.
const MEMORY_SIZE_BYTES_MAX: u64 = 8 * 1024 * 1024 * 1024;
/// Memory of a child that samples a few frames.
/// Units: bytes.
const GLANCE_MEMORY_SIZE_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;
/// Processor time of a child that samples a few frames or lists the packets of the largest source.
/// Units: seconds, of all cores together.
const GLANCE_CPU_S_MAX: u64 = 120;
/// Processor time: the longest attempt that can be configured. Stalled children are killed long
/// before.
/// Units: seconds, of each core.
const CPU_S_MAX: u64 = 86_400;
/// Open files: a few inputs and outputs, and libraries while they are loaded.
const OPEN_FILES_MAX: u64 = 64;
/// A variable for operators of another ffmpeg: system calls that would be denied are logged by the
/// kernel instead.
const LOG_VARIABLE: &str = "CONFINE_LOG_CALLS";
/// Prefix of the file arguments of a child.
const FILE_URL_PREFIX: &[u8] = b"file:";

/// The kind of a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowance {
    /// Probes or samples a file; writes to stdout.
    Glance,
    /// Decodes a whole file to stdout.
    Read,
    /// Encodes: writes files into the task's folder.
    Write,
}

impl Allowance {
    pub(super) fn flags(self) -> Vec<String> {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get) as u64;
        let (memory_bytes, cpu_s, file_size_bytes) = match self {
            Self::Glance => (GLANCE_MEMORY_SIZE_BYTES_MAX, GLANCE_CPU_S_MAX, 0),
            Self::Read => (MEMORY_SIZE_BYTES_MAX, CPU_S_MAX * cores, 0),
            Self::Write => (MEMORY_SIZE_BYTES_MAX, CPU_S_MAX * cores, FILE_SIZE_BYTES_MAX),
        };
        vec![
            format!("--memory-bytes={memory_bytes}"),
            format!("--cpu-s={cpu_s}"),
            format!("--file-size-bytes={file_size_bytes}"),
            format!("--open-files={OPEN_FILES_MAX}"),
        ]
    }

    const fn dir_flag(self) -> &'static str {
        match self {
            Self::Glance | Self::Read => "--read",
            Self::Write => "--dir",
        }
    }
}

/// The command that runs `program` confined: its folder, the files that its arguments name, and
/// nothing else.
pub fn command(program: &str, dir: &Path, arguments: &[OsString], allowance: Allowance) -> io::Result<Command> {
    // The executable of a unit test has no `confine` command; integration tests check the
    // confinement of children.
    if cfg!(test) {
        let mut bare = Command::new(program);
        bare.args(arguments).current_dir(dir);
        return Ok(bare);
    }
    let mut command = Command::new(own_executable()?);
    command.current_dir(dir).arg("confine").args(allowance.flags()).arg(allowance.dir_flag()).arg(".");
    command.arg("--parent-id").arg(std::process::id().to_string());
    if std::env::var_os(LOG_VARIABLE).is_some_and(|value| !value.is_empty()) {
        command.arg("--log-calls");
    }
    for path in arguments.iter().filter_map(|argument| named_file(argument)) {
        command.arg("--read").arg(path);
    }
    command.arg("--").arg(program).args(arguments);
    Ok(command)
}

/// The path of a `file:` URL, the form in which our own arguments name inputs.
fn named_file(argument: &OsStr) -> Option<&Path> {
    argument.as_bytes().strip_prefix(FILE_URL_PREFIX).map(|path| Path::new(OsStr::from_bytes(path)))
}

/// The running executable, even if its file was replaced since.
pub(super) fn own_executable() -> io::Result<PathBuf> {
    if cfg!(target_os = "linux") { Ok(PathBuf::from("/proc/self/exe")) } else { std::env::current_exe() }
}

/// Logs once what this system enforces and what it does not.
pub async fn log_confinement() {
    let trial = async { Command::new(own_executable()?).arg("confine").env_clear().stdin(Stdio::null()).output().await };
    let answer = match trial.await {
        Ok(answer) if answer.status.success() => answer,
        Ok(answer) => {
            let complaint = String::from_utf8_lossy(&answer.stderr);
            return tracing::error!(status = %answer.status, complaint = complaint.trim(), "children cannot be confined");
        }
        Err(error) => return tracing::error!(%error, "children cannot be confined"),
    };
    let missing = String::from_utf8_lossy(&answer.stderr);
    for line in missing.lines() {
        tracing::warn!("confinement is not complete: {line}");
    }
    let held = String::from_utf8_lossy(&answer.stdout);
    tracing::info!(held = held.lines().collect::<Vec<_>>().join("; "), "children are confined");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_file_urls_name_files() {
        let named = |argument: &str| named_file(OsStr::new(argument)).map(Path::to_owned);
        assert_eq!(named("file:/task/source"), Some(PathBuf::from("/task/source")));
        assert_eq!(named("file"), None);
        assert_eq!(named("pipe:0"), None);
        assert_eq!(named("webm-vp9-alpha.webm"), None);
    }
}
