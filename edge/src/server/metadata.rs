//! The metadata of a job: any JSON object of the caller's, stored as it is.

use serde_json::{Map, Value};

use crate::domain::error::Error;

/// Units: bytes.
pub const METADATA_SIZE_BYTES_MAX: usize = 4 * 1024;

/// The text that is stored.
pub fn metadata_json(metadata: Map<String, Value>) -> Result<String, Error> {
    let text = Value::Object(metadata).to_string();
    if text.len() > METADATA_SIZE_BYTES_MAX {
        let message = format!("Must have at most {METADATA_SIZE_BYTES_MAX} bytes as JSON.");
        return Err(Error::invalid("metadata", message));
    }
    Ok(text)
}
