//! The rules of the edge as plain functions and types. No HTTP, no SQL, no clock, no randomness.

pub mod api_key;
pub mod dialect;
pub mod error;
pub mod failure;
pub mod file_url;
pub mod generation;
pub mod history;
pub mod idempotency;
pub mod job;
pub mod ledger;
pub mod model;
pub mod pause;
pub mod presign;
pub mod quota;
pub mod rate;
pub mod run;
pub mod scope;
pub mod screen;
pub mod secret_box;
pub mod share;
pub mod spending_limit;
pub mod upload;
pub mod webhook;
