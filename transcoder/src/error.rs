//! Failures of a task. `Permanent` carries the message for the customer; everything else is for the
//! log.

use std::io;

use shared::code::JobErrorCode;
use shared::report::{MachineFault, StopReason};

/// Why a task has no result.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// A retry would fail in the same way: report it and acknowledge the message.
    #[error("{}: {detail}", code.as_str())]
    Permanent {
        /// For programs.
        code: JobErrorCode,
        /// For people: one sentence, no internal text.
        message: String,
        /// For the log alone.
        detail: String,
    },
    /// Something around the task failed (tool, disk, network): another machine, or this one later,
    /// may succeed. Costs no attempt.
    #[error("{fault}: {detail}")]
    Machine {
        /// What failed.
        fault: MachineFault,
        /// For the log alone.
        detail: String,
    },
    /// Machine and footage may both be the reason (a child that stalls): another attempt may
    /// succeed. Costs an attempt.
    #[error("transient: {0}")]
    Transient(String),
    /// The edge no longer wants the result.
    #[error("stopped: {0:?}")]
    Stopped(StopReason),
}

impl TaskError {
    /// A failure whose message may be shown to the customer in full.
    pub fn permanent(code: JobErrorCode, message: impl Into<String>) -> Self {
        let message = message.into();
        Self::Permanent { code, detail: message.clone(), message }
    }

    /// A failure with the standard message of its code; `detail` goes to the log only.
    pub fn with_detail(code: JobErrorCode, detail: impl Into<String>) -> Self {
        Self::Permanent { code, message: code.meaning().to_owned(), detail: detail.into() }
    }

    /// A fault of the machine.
    pub fn machine(fault: MachineFault, detail: impl Into<String>) -> Self {
        if fault.costs_attempt() { Self::Transient(detail.into()) } else { Self::Machine { fault, detail: detail.into() } }
    }

    /// A local disk or pipe that failed.
    pub fn disk(doing: &str, error: &io::Error) -> Self {
        let fault = if is_disk_full(error) { MachineFault::ScratchFull } else { MachineFault::ScratchFailed };
        Self::machine(fault, format!("{doing}: {error}"))
    }
}

/// Result of a stage.
pub type TaskResult<T> = Result<T, TaskError>;

/// True if a file could not be written for want of space.
pub fn is_disk_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
