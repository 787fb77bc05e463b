//! Maps between the wire types of the bgless API and the domain, both ways. Pure.

pub mod account;
mod job;
mod request;
mod upload;

pub use self::job::*;
pub use self::request::*;
pub use self::upload::*;
use crate::domain::error::Error;

fn missing(field: &'static str, hint: &str) -> Error {
    Error::invalid(field, format!("Is required. {hint}"))
}
