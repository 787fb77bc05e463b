//! Typed identifiers: one newtype per kind of thing, `<prefix>_` + ULID.
//!
//! The prefix makes an id readable in a log and a mix-up a parse error; the ULID makes ids sort by
//! creation time, which is what lists are paged by. Source: <https://github.com/ulid/spec>.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::time::UnixMillis;

/// A text that is not an id of the expected kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid `{prefix}` id")]
pub struct ParseIdError {
    prefix: &'static str,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name(Ulid);

        impl $name {
            /// The text before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// Makes an id from an instant and random bits, both given by the caller.
            #[must_use]
            pub const fn from_parts(at: UnixMillis, randomness: u128) -> Self {
                Self(Ulid::from_parts(at.as_u64(), randomness))
            }

            /// The instant that the id was made from.
            #[must_use]
            pub const fn created_at(&self) -> UnixMillis {
                UnixMillis::new(self.0.timestamp_ms())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let id = text
                    .strip_prefix(concat!($prefix, "_"))
                    .and_then(|ulid| Ulid::from_string(ulid).ok())
                    .map(Self);
                // Crockford base32 reads several spellings as one value; only the one we write is
                // an id.
                id.filter(|id| id.to_string() == text).ok_or(ParseIdError { prefix: $prefix })
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }

        impl TryFrom<String> for $name {
            type Error = ParseIdError;

            fn try_from(text: String) -> Result<Self, ParseIdError> {
                text.parse()
            }
        }
    )*};
}

ids! {
    /// An account, which owns keys, credits and jobs.
    AccountId = "acc";
    /// An API key's public name; the key itself is never stored.
    ApiKeyId = "key";
    /// A customer's job.
    JobId = "job";
    /// One movement of credits.
    LedgerEntryId = "led";
    /// A file that a client puts into our bucket.
    UploadId = "upl";
    /// A lease: the right of one transcoder to work on one attempt of one job.
    LeaseId = "lea";
    /// One request to the edge; responses and logs carry it.
    RequestId = "req";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text_form() {
        let id = JobId::from_parts(UnixMillis::new(1_763_750_000_000), 42);
        assert_eq!(id.to_string().parse::<JobId>(), Ok(id));
        assert_eq!(id.to_string().len(), 30);
        assert_eq!(id.created_at(), UnixMillis::new(1_763_750_000_000));
    }

    #[test]
    fn ids_sort_by_creation_time() {
        let early = JobId::from_parts(UnixMillis::new(1), u128::MAX);
        let late = JobId::from_parts(UnixMillis::new(2), 0);
        assert!(early.to_string() < late.to_string());
    }

    #[test]
    fn another_kind_another_spelling_and_noise_are_refused() {
        let id = JobId::from_parts(UnixMillis::new(1_763_750_000_000), 42).to_string();
        for text in [id.replace("job_", "acc_"), id.to_lowercase(), id.replace("job_", ""), "job_".into(), String::new()] {
            assert!(text.parse::<JobId>().is_err(), "{text}");
        }
    }
}
