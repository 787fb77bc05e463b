//! The codes of KIE's envelope. They hold whatever the HTTP status.

use shared::code::JobErrorCode as Code;

/// The consequence of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    Success,
    /// Nothing was done; the request may be repeated later.
    Later,
    /// A repeat would fail in the same way.
    Never(Code),
    /// KIE does not know the task, or not yet.
    Unknown,
    /// The task may or may not have been created.
    Unclear,
}

impl Meaning {
    pub const fn of_create(code: u16) -> Self {
        match code {
            200 => Self::Success,
            // 429 too many requests, 455 maintenance: refused before anything was made.
            429 | 455 => Self::Later,
            // 401 the key, 402 the credits, 433 the sub-key's limit, 505 switched off: the
            // operator's account.
            401..=403 | 433 | 505 => Self::Never(Code::ProviderUnavailable),
            400 | 404 | 413 | 415 | 422 => Self::Never(Code::ProviderRefused),
            501 => Self::Never(Code::ProviderFailed),
            // 408, 500, responses of gateways: the request may have arrived.
            _ => Self::Unclear,
        }
    }

    pub const fn of_question(code: u16) -> Self {
        match code {
            200 => Self::Success,
            404 | 422 => Self::Unknown,
            // The outcome of the task, not of this request.
            501 => Self::Never(Code::ProviderFailed),
            408 => Self::Never(Code::ProviderTimeout),
            _ => Self::Later,
        }
    }
}
