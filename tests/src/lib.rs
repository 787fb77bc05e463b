//! The harness: the local stack, clients of its API, and the tasks of `cargo x`.
//!
//! Synchronous throughout: tests and tasks read from top to bottom. Nothing here is deployed.

pub mod alpha;
pub mod artifacts;
pub mod cache;
pub mod client;
pub mod clip;
pub mod customer;
pub mod fleet;
pub mod form;
pub mod gateway;
pub mod http;
pub mod interrupt;
pub mod kie_sim;
pub mod listen;
pub mod migrations;
pub mod onnx_runtime;
pub mod process;
pub mod raw;
pub mod scene;
pub mod schemathesis;
pub mod snapshot;
pub mod stack;
pub mod stamp;
pub mod step;
pub mod tasks;
pub mod terminal;
pub mod tools;
pub mod venv;
pub mod web;
pub mod workspace;
pub mod wrangler;
