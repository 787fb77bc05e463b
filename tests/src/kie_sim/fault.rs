//! Faults of KIE, selected for a job by `{kie:NAME}` in its prompt.

/// A fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The first create is refused with 429.
    TooMany,
    /// The first create is refused with 429 and a `Retry-After` of two seconds.
    TooManyRetryAfter,
    /// The first create is refused with status 200 and code 429.
    CodeTooMany,
    /// Status 200 and code 422: refused permanently.
    CodeInvalid,
    /// Status 200 and code 402: the operator's KIE account has no credits.
    CodeNoCredits,
    /// Created, but answered with status 200 and code 500.
    CodeServerError,
    /// Created, but the connection breaks before the answer.
    Lost,
    /// `recordInfo` does not find the task for its first three responses.
    UnknownAtFirst,
    /// Never calls back.
    Silent,
    /// Calls back three times.
    Thrice,
    /// Calls back before the create is answered, and again at the end.
    CallFirst,
    /// Calls back with a wrong signature.
    BadSignature,
    /// Calls back with a signature that is an hour old.
    OldSignature,
    /// Ends in failure.
    Fails,
    /// The result is no video.
    Broken,
    /// Never ends and never calls back.
    Endless,
}

impl Fault {
    /// All faults, by name.
    pub const ALL: [(&'static str, Self); 16] = [
        ("429", Self::TooMany),
        ("429-retry-after", Self::TooManyRetryAfter),
        ("code-429", Self::CodeTooMany),
        ("code-422", Self::CodeInvalid),
        ("code-402", Self::CodeNoCredits),
        ("code-500", Self::CodeServerError),
        ("lost", Self::Lost),
        ("unknown-at-first", Self::UnknownAtFirst),
        ("silent", Self::Silent),
        ("thrice", Self::Thrice),
        ("call-first", Self::CallFirst),
        ("bad-signature", Self::BadSignature),
        ("old-signature", Self::OldSignature),
        ("fails", Self::Fails),
        ("broken", Self::Broken),
        ("endless", Self::Endless),
    ];

    /// The fault that a prompt selects.
    #[must_use]
    pub fn of(prompt: &str) -> Option<Self> {
        let name = prompt.split_once("{kie:")?.1.split('}').next()?;
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, fault)| fault)
    }
}
