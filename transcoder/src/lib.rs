//! The transcoder: `serve` is a member of the fleet, `run` is the same pipeline on a local file,
//! `portrait` makes a video of a picture and a sound, `probe` reports what a file holds, `qa`
//! scores a result, `model` adds and removes matting models.
//!
//! `fleet` alone uses the network, and `model add` through npm; `engine` and what it calls do not.

mod blocking;
mod cli;
mod data_folder;
mod engine;
mod error;
mod ffmpeg;
mod fleet;
mod frame;
mod length;
pub mod matte;
mod output;
mod plan;
mod portrait;
mod progress;
mod settings;

pub use cli::arguments;
pub use cli::assess::assess;
pub use cli::environment::RunError;
pub use cli::inspect::{Inspection, inspect};
pub use cli::local::portrait::render_local;
pub use cli::local::{RunSummary, run_local};
pub use cli::model::manage_models;
pub use ffmpeg::confine::{Confinement, EXIT_NOT_STARTED, Enforced, confine, log_confinement};
pub use fleet::config::Config;
pub use fleet::serve::{ServeError, serve};
