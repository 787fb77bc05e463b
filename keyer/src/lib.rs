//! Coloured-screen keyer in two passes: planar YUV in, straight-alpha RGBA out; no clip needs a
//! setting.
//!
//! `Analyzer` reads the frames of a clip and estimates, for each shot, the screen's hue and noise,
//! a clean plate, static regions and the colours of the subject. `Keyer` fits the plate to the
//! light of each frame, makes a trimap and estimates alpha and foreground in between. No I/O, no
//! clock, no threads; builds for wasm32. The README has the method.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positions and counts in a picture are small and never negative; colours are clamped to a byte"
)]

mod analyzer;
mod bars;
mod blocks;
mod chromaticity_map;
mod clean_plate;
pub mod coarse_map;
pub mod color;
mod components;
mod core_colors;
mod cut_detection;
mod detect_screen;
pub mod edge_sharpness;
mod foreground_estimation;
mod foreground_model;
mod keyer;
mod light_fit;
mod noise;
mod opaque_regions;
mod options;
pub mod planar;
mod plane;
mod plate_comparison;
mod render;
mod sample;
mod sample_rows;
mod screen_detection;
mod screen_mask;
mod screen_space;
mod shot;
mod shot_model;
mod spill;
mod static_regions;
mod straight_edge;
mod tracking_marks;
mod trimap;
pub mod upsample;

pub use analyzer::{Analyzer, ColorlessScreen};
pub use blocks::Siting;
pub use detect_screen::detect_screen;
pub use keyer::Keyer;
pub use options::{GarbageMatte, KeyOptions, Levels};
pub use planar::{PlanarFormat, YuvMatrix};
pub use shot::{DetectedScreen, ScreenCertainty, Shot};

#[cfg(test)]
mod tests;
