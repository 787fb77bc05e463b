//! The chroma keyer: planar YUV in, straight RGBA out, from a flat coloured screen. It needs no
//! settings.
//!
//! Steps, one file each: `screen` detects the screen, `blocks` compares a frame with the
//! `clean_plate`, `trimap` finds screen, core and the uncertain band, `core_colors` and
//! `foreground_model` collect the subject's colours, `foreground_estimation` estimates alpha and
//! colour in the band, `spill` measures spill, `render` writes the picture. `keyer` runs them.

mod blocks;
mod byte_filters;
mod clean_plate;
mod core_colors;
mod foreground_estimation;
mod foreground_model;
mod keyer;
mod render;
mod screen;
mod screen_distance;
mod screen_space;
mod spill;
mod trimap;

pub use self::keyer::Keyer;
pub use ::keyer::KeyOptions;
pub use ::keyer::planar::{PlanarFormat, YuvMatrix};
pub use screen::{RgbFrame, Screen};

#[cfg(test)]
mod tests;
