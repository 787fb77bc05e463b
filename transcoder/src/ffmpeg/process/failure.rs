//! Failures of a child process, and the task failure that follows: transient, too large, or bad
//! footage.

use std::io;
use std::os::unix::process::ExitStatusExt;

use rustix::process::Signal;
use shared::code::JobErrorCode;
use shared::report::MachineFault;

use crate::error::TaskError;
use crate::ffmpeg::confine::EXIT_NOT_STARTED;

/// Exit code of ffmpeg after a signal that it handles. Nobody sends it one but the kernel, which
/// tells that the processor time is used up.
const EXIT_SIGNALLED: i32 = 255;
/// Exit code of the loader when a library of the program is missing.
const EXIT_NO_LIBRARY: i32 = 127;

/// Failure of a child process.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It could not be started, or its pipe broke.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It ended with something other than 0, or by a signal.
    #[error("{status}: {stderr}")]
    Exit {
        /// As the system tells it.
        status: std::process::ExitStatus,
        /// The last of its stderr.
        stderr: String,
    },
    /// It did nothing for too long.
    #[error("no progress in {0} s")]
    Stalled(u64),
    /// It wrote more than is read of it.
    #[error("more than {0} bytes written")]
    TooMuch(u64),
}

/// Resource limit of a child process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limit {
    Memory,
    ProcessorTime,
    FileSize,
}

impl Limit {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::ProcessorTime => "processor time",
            Self::FileSize => "disk space",
        }
    }
}

impl ProcessError {
    /// True if another attempt may succeed: the cause is the machine (broken pipe, missing program,
    /// stall, SIGKILL), not the footage. A crash would recur.
    pub fn is_passing(&self) -> bool {
        self.fault().is_some()
    }

    /// What failed, if it was not the footage.
    fn fault(&self) -> Option<MachineFault> {
        match self {
            // A child that is gone closes its pipes, whatever ended it.
            Self::Io(error) if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) => {
                Some(MachineFault::Unclear)
            }
            Self::Io(_) => Some(MachineFault::ToolFailed),
            Self::Stalled(_) => Some(MachineFault::Unclear),
            // Limits of our own end a child by other signals first: this is the system's.
            Self::Exit { status, .. } if status.signal() == Some(Signal::KILL.as_raw()) => Some(MachineFault::ToolKilled),
            Self::Exit { status, .. } => {
                let not_started = [EXIT_NOT_STARTED.into(), EXIT_NO_LIBRARY];
                status.code().is_some_and(|code| not_started.contains(&code)).then_some(MachineFault::ToolFailed)
            }
            Self::TooMuch(_) => None,
        }
    }

    /// True if the child's processor time was used up.
    pub fn is_out_of_processor_time(&self) -> bool {
        self.exceeded() == Some(Limit::ProcessorTime)
    }

    /// The task's failure, for one that [is passing](Self::is_passing).
    pub fn passing_error(&self, who: &str) -> TaskError {
        TaskError::machine(self.fault().unwrap_or(MachineFault::Unclear), format!("{who}: {self}"))
    }

    /// The task's failure; `code` is what stands for this child's crashes and refusals.
    pub fn into_task_error(self, who: &str, code: JobErrorCode) -> TaskError {
        if self.is_passing() {
            return self.passing_error(who);
        }
        let detail = format!("{who}: {self}");
        match self.exceeded() {
            Some(limit) => TaskError::Permanent {
                code: JobErrorCode::SourceTooLarge,
                message: format!("The source needs more {} than one job is given.", limit.as_str()),
                detail,
            },
            None => TaskError::with_detail(code, detail),
        }
    }

    /// Children report exhausted memory on stderr: allocations fail, and no signal is sent.
    fn exceeded(&self) -> Option<Limit> {
        let Self::Exit { status, stderr } = self else { return None };
        match status.signal() {
            Some(signal) if signal == Signal::XCPU.as_raw() => Some(Limit::ProcessorTime),
            Some(signal) if signal == Signal::XFSZ.as_raw() => Some(Limit::FileSize),
            // Newer versions exit so where a system call was denied, too.
            None if status.code() == Some(EXIT_SIGNALLED) && !stderr.contains("Operation not permitted") => {
                Some(Limit::ProcessorTime)
            }
            _ => stderr.contains("Cannot allocate memory").then_some(Limit::Memory),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::ExitStatus;

    use super::*;

    fn ended(raw: i32, stderr: &str) -> ProcessError {
        ProcessError::Exit { status: ExitStatus::from_raw(raw), stderr: stderr.to_owned() }
    }

    #[test]
    fn what_the_machine_did_is_tried_again_and_what_the_footage_did_is_not() {
        let not_started = i32::from(EXIT_NOT_STARTED) << 8;
        for (passing, expected) in [
            (ended(9, ""), MachineFault::ToolKilled),
            (ended(not_started, ""), MachineFault::ToolFailed),
            (ended(EXIT_NO_LIBRARY << 8, ""), MachineFault::ToolFailed),
            (io::Error::from(io::ErrorKind::NotFound).into(), MachineFault::ToolFailed),
        ] {
            assert!(passing.is_passing(), "{passing}");
            let error = passing.into_task_error("ffmpeg", JobErrorCode::EncodeFailed);
            assert!(matches!(error, TaskError::Machine { fault, .. } if fault == expected), "{error}");
        }
        for unclear in [ProcessError::Stalled(1), io::Error::from(io::ErrorKind::BrokenPipe).into()] {
            assert!(unclear.is_passing(), "{unclear}");
            assert!(matches!(unclear.into_task_error("ffmpeg", JobErrorCode::EncodeFailed), TaskError::Transient(_)));
        }
        let (segv, abrt, sys, xcpu, xfsz) = (11, 6, 31, 24, 25);
        for (raw, stderr, expected) in [
            (segv, "", JobErrorCode::EncodeFailed),
            (abrt, "", JobErrorCode::EncodeFailed),
            (sys, "", JobErrorCode::EncodeFailed),
            (1 << 8, "Invalid data", JobErrorCode::EncodeFailed),
            (1 << 8, "x264: Cannot allocate memory", JobErrorCode::SourceTooLarge),
            (xcpu, "", JobErrorCode::SourceTooLarge),
            (EXIT_SIGNALLED << 8, "", JobErrorCode::SourceTooLarge),
            (xfsz, "", JobErrorCode::SourceTooLarge),
        ] {
            let error = ended(raw, stderr).into_task_error("ffmpeg", JobErrorCode::EncodeFailed);
            assert!(matches!(error, TaskError::Permanent { code, .. } if code == expected), "{raw}: {error}");
        }
    }
}
