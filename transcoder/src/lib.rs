//! The transcoder: `serve` is a member of the fleet, `run` is the same pipeline on a local file, `portrait`
//! makes a video of a picture and a sound, `probe` reports what a file holds, `qa` scores a result.
//!
//! `fleet` alone uses the network; `engine` and what it calls do not.

mod cli;
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

pub use cli::arguments;
pub use cli::assess::{AssessRequest, assess};
pub use cli::inspect::{Inspection, ProbeRequest, inspect};
pub use cli::local::portrait::{PortraitRequest, render_local};
pub use cli::local::{RunRequest, RunSummary, run_local};
pub use cli::workplace::{RunError, Workplace};
pub use engine::Programs;
pub use ffmpeg::confine::{Confinement, EXIT_NOT_STARTED, Enforced, announce as announce_confinement, confine};
pub use fleet::config::{Config, ConfigError, MattingConfig};
pub use fleet::serve::{ServeError, serve};
pub use matte::strategy::MatteRequest;
