//! Child processes: confined, own process group, empty environment, bounded stderr, dead when
//! dropped.
//!
//! A read or a write on a child's pipe may take at most `STALL_S_MAX`: wrap each in
//! [`with_stall_limit`].

mod failure;

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::task::JoinSet;

pub use failure::ProcessError;

use crate::ffmpeg::confine::{self, Allowance};

/// Longest time without progress on a child's pipe.
/// Units: seconds.
pub const STALL_S_MAX: u64 = 60;
/// How long a child may take to end once it has been given everything: an encoder still holds
/// frames then.
/// Units: seconds.
const FINISH_S_MAX: u64 = 300;
/// How much of a child's stderr is kept for the log.
/// Units: bytes.
const STDERR_SIZE_BYTES_MAX: usize = 4 * 1024;
/// Asked of the kernel for pipes that carry frames; it may give less.
/// Units: bytes.
const PIPE_SIZE_BYTES: usize = 1024 * 1024;
/// Most that [`Tool::capture`] reads from a child.
/// Units: bytes. Enough for the time stamps of the longest source: 216,000 frames × 40 bytes.
const CAPTURE_SIZE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// An executable and where it runs.
#[derive(Debug, Clone, Copy)]
pub struct Tool<'a> {
    /// `ffmpeg` or `ffprobe`, found through PATH unless it is a path.
    pub program: &'a str,
    /// The task's folder.
    pub dir: &'a Path,
}

/// Which of a child's standard streams are pipes; the others are `/dev/null`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pipes {
    /// We write frames to it.
    Stdin,
    /// We read frames from it.
    Stdout,
    /// We write frames to it and read its output at the same time.
    Both,
}

impl Tool<'_> {
    /// Starts a child. Only one that we write to writes files.
    pub fn spawn(&self, arguments: &[OsString], piped: Pipes) -> Result<Child, ProcessError> {
        let allowance = if piped == Pipes::Stdin { Allowance::Write } else { Allowance::Read };
        self.start(arguments, piped, allowance)
    }

    /// Starts a child that samples a file to stdout, with the processor time of probing.
    pub fn spawn_sampler(&self, arguments: &[OsString]) -> Result<Child, ProcessError> {
        self.start(arguments, Pipes::Stdout, Allowance::Glance)
    }

    fn start(&self, arguments: &[OsString], piped: Pipes, allowance: Allowance) -> Result<Child, ProcessError> {
        let pipe = |wanted| if piped == wanted || piped == Pipes::Both { Stdio::piped() } else { Stdio::null() };
        let mut command = confine::command(self.program, self.dir, arguments, allowance)?;
        command.env_clear().process_group(0).kill_on_drop(true);
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        let mut child = command.stdin(pipe(Pipes::Stdin)).stdout(pipe(Pipes::Stdout)).stderr(Stdio::piped()).spawn()?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let mut stderr_reader = JoinSet::new();
        if let Some(stderr) = child.stderr.take() {
            stderr_reader.spawn(read_tail(stderr));
        }
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        if let Some(pipe) = &stdin {
            widen(pipe);
        }
        if let Some(pipe) = &stdout {
            widen(pipe);
        }
        Ok(Child { inner: child, group, stdin, stdout, stderr_reader })
    }

    /// Runs a child to its end and returns what it wrote; one that writes more than the limit is
    /// killed.
    pub async fn capture(&self, arguments: &[OsString]) -> Result<Vec<u8>, ProcessError> {
        self.capture_up_to(arguments, CAPTURE_SIZE_BYTES_MAX).await
    }

    /// As [`Self::capture`], with a limit of its own.
    pub async fn capture_up_to(&self, arguments: &[OsString], size_bytes_max: u64) -> Result<Vec<u8>, ProcessError> {
        let mut child = self.start(arguments, Pipes::Stdout, Allowance::Glance)?;
        let mut stdout = Vec::new();
        let mut pipe = child.take_stdout()?.take(size_bytes_max + 1);
        while within_processor_time(pipe.read_buf(&mut stdout)).await? > 0 {}
        drop(pipe);
        if stdout.len() as u64 > size_bytes_max {
            return Err(ProcessError::TooMuch(size_bytes_max));
        }
        child.finish().await?;
        Ok(stdout)
    }
}

/// A running child; dropping it kills its whole process group.
#[derive(Debug)]
pub struct Child {
    inner: tokio::process::Child,
    group: Option<Pid>,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr_reader: JoinSet<String>,
}

impl Child {
    /// The pipe into the child; dropping it ends the child's input.
    pub fn take_stdin(&mut self) -> io::Result<ChildStdin> {
        self.stdin.take().ok_or_else(|| io::Error::other("stdin is not piped"))
    }

    /// The pipe out of the child.
    pub fn take_stdout(&mut self) -> io::Result<ChildStdout> {
        self.stdout.take().ok_or_else(|| io::Error::other("stdout is not piped"))
    }

    /// Waits for the child's exit; the end of its stderr if it succeeded.
    pub async fn finish(mut self) -> Result<String, ProcessError> {
        drop(self.stdin.take());
        let status = finished(self.inner.wait()).await?;
        // Reaped: the process id may be reused, so `Drop` must not kill this group.
        self.group = None;
        let stderr = self.stderr_reader.join_next().await.and_then(Result::ok).unwrap_or_default();
        if status.success() { Ok(stderr) } else { Err(ProcessError::Exit { status, stderr }) }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if let Some(group) = self.group.take()
            && let Err(error) = kill_process_group(group, Signal::KILL)
        {
            tracing::debug!(%error, "a process group was gone before it was killed");
        }
    }
}

/// Bounds what a child may take once it has been given everything.
pub async fn finished<T>(wait: impl Future<Output = io::Result<T>>) -> Result<T, ProcessError> {
    within(FINISH_S_MAX, wait).await
}

/// Bounds one wait on a child.
pub async fn with_stall_limit<T>(wait: impl Future<Output = io::Result<T>>) -> Result<T, ProcessError> {
    within(STALL_S_MAX, wait).await
}

/// Bounds one wait on a child that examines a source and may write nothing for long: its processor
/// time is limited, and may be shared with other tasks.
pub async fn within_processor_time<T>(wait: impl Future<Output = io::Result<T>>) -> Result<T, ProcessError> {
    within(FINISH_S_MAX, wait).await
}

async fn within<T>(limit_s: u64, wait: impl Future<Output = io::Result<T>>) -> Result<T, ProcessError> {
    match tokio::time::timeout(Duration::from_secs(limit_s), wait).await {
        Ok(result) => Ok(result?),
        Err(_) => Err(ProcessError::Stalled(limit_s)),
    }
}

async fn read_tail(mut stderr: impl AsyncRead + Unpin) -> String {
    let mut tail = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(size_bytes) = stderr.read(&mut chunk).await {
        if size_bytes == 0 {
            break;
        }
        tail.extend(chunk.iter().take(size_bytes));
        let excess = tail.len().saturating_sub(STDERR_SIZE_BYTES_MAX);
        tail.drain(..excess);
    }
    String::from_utf8_lossy(&tail).trim().to_owned()
}

fn widen(pipe: impl std::os::fd::AsFd) {
    if let Err(error) = rustix::pipe::fcntl_setpipe_size(pipe, PIPE_SIZE_BYTES) {
        tracing::debug!(%error, "a pipe kept its default size");
    }
}

/// Command-line arguments from strings.
pub fn args<const N: usize>(arguments: [&str; N]) -> Vec<OsString> {
    arguments.iter().map(OsString::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(dir: &Path) -> Tool<'_> {
        Tool { program: "sh", dir }
    }

    #[tokio::test]
    async fn a_child_sees_path_alone_and_its_exit_is_told_with_the_end_of_stderr() {
        let dir = tempfile::tempdir().unwrap();
        let script = "env | grep -v -e ^PWD= -e ^SHLVL= -e ^_= | cut -d= -f1";
        let seen = shell(dir.path()).capture(&args(["-c", script])).await.unwrap();
        assert_eq!(String::from_utf8(seen).unwrap(), "PATH\n");
        let script = "i=0; while [ $i -lt 2000 ]; do echo line $i >&2; i=$((i+1)); done; exit 3";
        let error = shell(dir.path()).capture(&args(["-c", script])).await.unwrap_err();
        let ProcessError::Exit { status, stderr } = error else { panic!("{error}") };
        assert_eq!(status.code(), Some(3));
        assert!(stderr.ends_with("line 1999") && stderr.len() <= STDERR_SIZE_BYTES_MAX, "{}", stderr.len());
    }

    #[tokio::test]
    async fn a_child_that_writes_without_end_is_told_from_one_that_fails() {
        let dir = tempfile::tempdir().unwrap();
        let error = shell(dir.path()).capture(&args(["-c", "cat /dev/zero"])).await.unwrap_err();
        assert!(matches!(error, ProcessError::TooMuch(_)) && !error.is_passing(), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_child_that_neither_writes_nor_ends_is_given_up() {
        let dir = tempfile::tempdir().unwrap();
        let error = shell(dir.path()).capture(&args(["-c", "sleep 1000"])).await.unwrap_err();
        assert!(matches!(error, ProcessError::Stalled(_)) && error.is_passing(), "{error}");
    }

    #[tokio::test]
    async fn dropping_a_child_kills_its_grandchildren_too() {
        let dir = tempfile::tempdir().unwrap();
        let script = "sleep 1000 & echo $!; wait";
        let mut child = shell(dir.path()).spawn(&args(["-c", script]), Pipes::Stdout).unwrap();
        let mut line = [0; 16];
        let size_bytes = child.take_stdout().unwrap().read(&mut line).await.unwrap();
        let grandchild: i32 = std::str::from_utf8(&line[..size_bytes]).unwrap().trim().parse().unwrap();
        // A killed process without a parent that asks stays in the table as a zombie.
        let lives = || std::fs::read_to_string(format!("/proc/{grandchild}/stat")).is_ok_and(|stat| !stat.contains(") Z"));
        assert!(lives());
        drop(child);
        for _ in 0..1_000 {
            if !lives() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the grandchild lives");
    }
}
