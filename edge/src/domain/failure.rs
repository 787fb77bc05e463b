//! Why a run failed.

use shared::code::JobErrorCode;

/// Why a run failed, as its owner reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobFailure {
    /// For programs.
    pub code: JobErrorCode,
    /// For people.
    pub message: String,
}

impl JobFailure {
    /// A failure with the standard message of its code.
    pub fn of(code: JobErrorCode) -> Self {
        Self { code, message: code.meaning().to_owned() }
    }
}
