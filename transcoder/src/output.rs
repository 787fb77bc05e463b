//! Outputs: formats (a file each), encoding, previews, verification and the QA report.

pub mod encode;
pub mod ffmpeg_arguments;
pub mod format;
pub mod formats;
pub mod master;
pub mod matte_metrics;
mod ordered;
pub mod png;
pub mod preview;
pub mod qa;
pub mod rendition;
pub mod run_plan;
pub mod second_opinion;
pub mod space;
pub mod verify;
mod zip;
