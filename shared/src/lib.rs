//! The types, constants and functions that the edge and the transcoder share.
//!
//! No I/O, no clock, no randomness: every function is a pure one of its arguments, and the crate
//! builds for `wasm32-unknown-unknown` and for the host alike.

pub mod address;
pub mod code;
pub mod color;
pub mod composition;
pub mod file_kind;
pub mod id;
pub mod keying;
pub mod matting;
pub mod media;
pub mod names;
pub mod output;
pub mod portrait;
pub mod price;
pub mod qa;
pub mod report;
pub mod signature;
pub mod source;
pub mod source_alpha;
pub mod strategy;
pub mod task;
pub mod time;
