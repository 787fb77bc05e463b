//! The caller's own words about a job, kept as they are.

use serde_json::{Map, Value};

use crate::domain::error::Error;

/// Units: bytes.
pub const METADATA_SIZE_BYTES_MAX: usize = 4 * 1024;

/// As they are kept.
pub fn metadata_json(metadata: Map<String, Value>) -> Result<String, Error> {
    let text = Value::Object(metadata).to_string();
    if text.len() > METADATA_SIZE_BYTES_MAX {
        let message = format!("Must have at most {METADATA_SIZE_BYTES_MAX} bytes as JSON.");
        return Err(Error::invalid("metadata", message));
    }
    Ok(text)
}
