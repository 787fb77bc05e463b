//! The location of an input file.

use serde::{Deserialize, Serialize};

/// Where the bytes of an input come from: a video, a picture or a sound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Source {
    /// An object in our own bucket, read through the S3 API.
    Object {
        /// Its key.
        object_key: String,
        /// Its size when the job was created; another size is `upload_missing`.
        size_bytes: u64,
    },
    /// An external URL, fetched by the guarded HTTP client only.
    Url {
        /// Absolute, `http` or `https`.
        url: String,
    },
}
