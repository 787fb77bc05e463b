//! The transcoder: `serve` is a member of the fleet, `run` is the same pipeline on a local file, `portrait`
//! makes a video of a picture and a sound, `probe` looks and tells, `qa` judges.
//!
//! `engine` and what it calls know no network; `source`, `objects`, `queue`, `report` and `health` are the rims.

mod assess;
mod compose;
mod config;
mod confine;
mod encode;
mod engine;
mod error;
mod feed;
mod frame;
mod gamut;
mod geometry;
mod health;
mod inspect;
pub mod keying;
mod lease;
mod length;
mod local;
mod matting;
mod meter;
mod objects;
mod plan;
mod portrait;
mod preset;
mod preview;
mod probe;
mod process;
mod product;
mod progress;
mod pump;
mod qa;
mod queue;
mod report;
mod samples;
pub mod scene;
mod scratch;
mod serve;
mod sound;
mod source;
mod space;
mod stage;
mod step;
mod still;
mod strategy;
mod verify;
mod workplace;

pub use assess::{AssessRequest, assess};
pub use config::{Config, ConfigError, MattingConfig};
pub use confine::{Confinement, EXIT_NOT_STARTED, Enforced, announce as announce_confinement, confine};
pub use engine::Programs;
pub use inspect::{Inspection, ProbeRequest, inspect};
pub use local::portrait::{PortraitRequest, render_local};
pub use local::{RunRequest, RunSummary, run_local};
pub use serve::{ServeError, serve};
pub use strategy::MatteRequest;
pub use workplace::{RunError, Workplace};
