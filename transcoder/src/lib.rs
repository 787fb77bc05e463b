//! The transcoder: `serve` is a member of the fleet, `run` is the same pipeline on a local file.
//!
//! `engine` and what it calls know no network; `source`, `objects`, `queue`, `report` and `health` are the rims.

mod compose;
mod config;
mod encode;
mod engine;
mod error;
mod health;
mod keying;
mod lease;
mod length;
mod local;
mod objects;
mod plan;
mod probe;
mod process;
mod progress;
mod pump;
mod queue;
mod report;
mod scratch;
mod serve;
mod sound;
mod source;
mod step;
mod strategy;
mod verify;

pub use config::{Config, ConfigError};
pub use engine::Programs;
pub use local::{RunError, RunRequest, run_local};
pub use serve::{ServeError, serve};
