//! Rows and column values that several stores read. Rows of one store are in its own file.

mod account;
mod file;
mod job;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::database::Rows;
use crate::domain::error::Error;

pub use self::account::*;
pub use self::file::*;
pub use self::job::*;

/// A row of which only the existence matters.
#[derive(Deserialize)]
pub struct AnyRow {}

pub fn is_any(rows: &impl Rows) -> Result<bool, Error> {
    Ok(read_first::<AnyRow>(rows)?.is_some())
}

pub fn read_first<T: DeserializeOwned>(rows: &impl Rows) -> Result<Option<T>, Error> {
    Ok(rows.read::<T>()?.into_iter().next())
}

/// A value as the JSON text of a `…_json` column.
pub fn to_json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Internal(format!("cannot write JSON: {error}")))
}

/// A unit variant as its bare name.
pub fn to_text(value: &impl Serialize) -> Result<String, Error> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => Ok(text),
        _ => Err(Error::Internal("not a unit variant".into())),
    }
}

pub fn from_json<T: DeserializeOwned>(column: &str, text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::Internal(format!("cannot read {column}: {error}")))
}

pub fn from_text<T: DeserializeOwned>(column: &str, text: &str) -> Result<T, Error> {
    T::deserialize(serde::de::value::StrDeserializer::<serde::de::value::Error>::new(text))
        .map_err(|error| Error::Internal(format!("cannot read {column}: {error}")))
}

pub fn unreadable(column: &str, text: &str) -> Error {
    Error::Internal(format!("cannot read {column}: `{text}`"))
}
