//! What can go wrong with KIE, asked for by `{kie:NAME}` in the prompt, so that each job meets its own.

/// Something that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The first create is refused with 429.
    TooMany,
    /// The first create is refused with 429 and a `Retry-After` of two seconds.
    TooManyRetryAfter,
    /// The first create is refused with status 200 and code 429.
    CodeTooMany,
    /// Status 200 and code 422: refused for ever.
    CodeInvalid,
    /// Status 200 and code 402: the operator has no credits.
    CodeNoCredits,
    /// Created, but answered with status 200 and code 500.
    CodeServerError,
    /// Created, but the connection breaks before the answer.
    Lost,
    /// `recordInfo` knows nothing of the task for its first three answers.
    UnknownAtFirst,
    /// Never calls back.
    Silent,
    /// Calls back three times.
    Thrice,
    /// Calls back before the create is answered, and at the end.
    CallFirst,
    /// Calls back with a wrong signature.
    BadSignature,
    /// Calls back with a signature of an hour ago.
    OldSignature,
    /// Ends in failure.
    Fails,
    /// The result is no video.
    Broken,
    /// Works for ever, and never calls back.
    Endless,
}

impl Fault {
    /// All, by name.
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

    /// The one that a prompt asks for.
    #[must_use]
    pub fn of(prompt: &str) -> Option<Self> {
        let name = prompt.split_once("{kie:")?.1.split('}').next()?;
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, fault)| fault)
    }
}
