//! Child processes in process groups of their own, so that no grandchild outlives them.
//!
//! wrangler starts workerd and esbuild, the transcoder starts ffmpeg: signals go to the whole
//! group. A guard process ends the group even when this program is killed.

use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process_group};

const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// The time limit for a group to end after SIGKILL.
const KILL_GRACE: Duration = Duration::from_secs(5);

/// A child, the leader of its own process group. Dropping it ends the group.
#[derive(Debug)]
pub struct Group {
    child: Child,
    guard: Child,
    pid: Pid,
    stop_grace: Duration,
}

impl Group {
    /// Starts a command. `stop_grace` is the time between SIGTERM and SIGKILL.
    pub fn spawn(command: &mut Command, stop_grace: Duration) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut child = command.process_group(0).spawn().with_context(|| format!("`{name}` cannot be started"))?;
        let pid = Pid::from_child(&child);
        match spawn_guard(pid) {
            Ok(guard) => Ok(Self { child, guard, pid, stop_grace }),
            Err(error) => {
                child.kill()?;
                child.wait()?;
                Err(error)
            }
        }
    }

    /// The leader's process id, which is also the group's.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal to the leader alone.
    pub fn signal_leader(&self, signal: Signal) -> Result<()> {
        kill_process(self.pid, signal).context("the process is gone")
    }

    /// Sends a signal to the whole group.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        kill_process_group(self.pid, signal).context("the processes are gone")
    }

    /// The exit status of the leader, once it has ended.
    pub fn try_wait(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits for the leader to end by itself, within a time limit.
    pub fn wait_at_most(&mut self, limit: Duration) -> Result<Option<ExitStatus>> {
        let deadline = Instant::now() + limit;
        loop {
            let status = self.try_wait()?;
            if status.is_some() || Instant::now() >= deadline {
                return Ok(status);
            }
            thread::sleep(POLL_INTERVAL);
        }
    }

    /// Sends SIGTERM to the group, waits, then sends SIGKILL.
    pub fn stop(&mut self) -> Result<()> {
        // An error means that the group has ended already.
        kill_process_group(self.pid, Signal::TERM).ok();
        if !self.is_gone_within(self.stop_grace)? {
            kill_process_group(self.pid, Signal::KILL).ok();
            self.is_gone_within(KILL_GRACE)?;
        }
        self.child.wait()?;
        self.dismiss_guard()
    }

    fn is_gone_within(&mut self, limit: Duration) -> Result<bool> {
        let deadline = Instant::now() + limit;
        loop {
            if self.child.try_wait()?.is_some() && !has_living_member(self.pid) {
                return Ok(true);
            }
            if Instant::now() >= deadline {
                return Ok(false);
            }
            thread::sleep(POLL_INTERVAL);
        }
    }

    fn dismiss_guard(&mut self) -> Result<()> {
        if let Some(mut stdin) = self.guard.stdin.take() {
            // The guard may have been killed by another program.
            stdin.write_all(b"done\n").ok();
        }
        self.guard.wait()?;
        Ok(())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.stop().ok();
    }
}

/// A shell that waits for a line. When the pipe closes without one, this program was killed, and
/// the shell ends the group.
fn spawn_guard(pid: Pid) -> Result<Child> {
    Command::new("/bin/sh")
        .args(["-c", r#"read -r _ || kill -TERM "-$1""#, "guard", &pid.as_raw_nonzero().to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .context("`/bin/sh` cannot be started")
}

/// Whether the group has a member that is not a zombie. In a container, process 1 may never reap
/// orphans.
fn has_living_member(group: Pid) -> bool {
    let Ok(processes) = fs::read_dir("/proc") else {
        return test_kill_process_group(group).is_ok();
    };
    let group = group.as_raw_nonzero().to_string();
    processes.flatten().any(|process| {
        let stat = fs::read_to_string(process.path().join("stat")).unwrap_or_default();
        // `pid (name) state parent group …`; the name may hold anything, also parentheses.
        let mut fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
        let state = fields.next();
        fields.nth(1) == Some(group.as_str()) && !matches!(state, Some("Z" | "X"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_group_leaves_no_grandchild() {
        let mut group =
            Group::spawn(Command::new("/bin/sh").args(["-c", "sleep 600 & sleep 600"]), Duration::from_secs(5)).unwrap();
        assert!(has_living_member(group.pid));
        group.stop().unwrap();
        assert!(!has_living_member(group.pid));
    }

    #[test]
    fn a_group_that_ignores_the_request_is_killed() {
        let script = "trap '' TERM; echo ready; while :; do sleep 600; done";
        let mut command = Command::new("/bin/sh");
        let mut group = Group::spawn(command.args(["-c", script]).stdout(Stdio::piped()), Duration::from_millis(100)).unwrap();
        let mut ready = [0; 6];
        std::io::Read::read_exact(&mut group.child.stdout.take().unwrap(), &mut ready).unwrap();
        group.stop().unwrap();
        assert!(!has_living_member(group.pid));
    }

    #[test]
    fn the_guard_ends_the_group_when_this_program_is_killed() {
        let mut group = Group::spawn(Command::new("sleep").arg("600"), Duration::from_secs(5)).unwrap();
        // What the kernel does to the pipe of a killed program.
        drop(group.guard.stdin.take());
        assert!(group.wait_at_most(Duration::from_secs(10)).unwrap().is_some());
    }
}
