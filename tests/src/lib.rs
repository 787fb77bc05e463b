//! The harness: the local stack, clients of its API, and the tasks of `cargo x`.
//!
//! Synchronous throughout: tests and tasks read from top to bottom. Nothing here is deployed.

pub mod alpha;
pub mod artifacts;
pub mod cache;
pub mod chaos;
pub mod client;
pub mod clip;
pub mod comments;
pub mod fake_transcoder;
pub mod fingerprint;
pub mod fixture;
pub mod form;
pub mod gateway;
pub mod http;
pub mod interrupt;
pub mod kie_sim;
pub mod listen;
pub mod migrations;
pub mod onnx_runtime;
pub mod pip;
pub mod process;
pub mod raw_http;
pub mod schemathesis;
pub mod stack;
pub mod step;
pub mod tasks;
pub mod terminal;
pub mod test_account;
pub mod tools;
pub mod web_server;
pub mod workspace;
pub mod wrangler;
