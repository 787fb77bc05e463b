//! Makes a matte from a coloured screen: planar YUV in, straight-alpha RGBA out. No clip needs a setting.
//!
//! Two passes. `Learner` looks at a shot's frames and finds the screen, a clean plate and the subject's colours; `Keyer`
//! fits the plate to each frame's light, tells certain screen and core apart, and unmixes what lies between.
//! No I/O, no clock, no threads; builds for wasm32.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positions and counts in a picture are small and never negative; colours are clamped to a byte"
)]
#![expect(clippy::similar_names, reason = "y, p, q; cb, cr; r, g, b are the field's words")]

mod bodies;
mod chroma;
mod classes;
mod color;
mod detect;
mod edge;
mod frame;
mod grid;
mod hue_field;
mod keyer;
mod learn;
mod light;
mod options;
mod outside;
mod paint;
mod palette;
mod plane;
mod plate;
mod rough;
mod sample;
mod sharpness;
mod shot;
mod solve;
mod spread;
mod subject;
mod thumbnail;
mod tones;
mod view;

pub use frame::{PlanarFormat, YuvMatrix};
pub use keyer::{Keyer, ScreenFound};
pub use learn::{Learner, Refusal};
pub use options::{KeyOptions, Outside};

#[cfg(test)]
mod tests;
