//! Makes a matte from a coloured screen: planar frames in, straight-alpha RGBA out. No clip needs a setting.
//!
//! The stages, each a file: `screen` finds the screen's colour, `blocks` reads a frame, `plate` maps the screen over the
//! picture, `rough` says what is screen and what is core, `subject` and `palette` learn the subject's colours, `solve`
//! unmixes the edges, `paint` writes the picture. `keyer` runs them.

mod blocks;
pub(crate) mod cells;
mod color;
mod edge;
mod keyer;
mod options;
mod paint;
mod palette;
mod plane;
mod plate;
mod rough;
mod screen;
mod sharpness;
mod solve;
mod spill;
mod spread;
mod subject;

pub use crate::frame::planar::{PlanarFormat, YuvMatrix};
pub use keyer::Keyer;
pub use options::KeyOptions;
pub use screen::{RgbFrame, ScreenModel};

#[cfg(test)]
mod tests;
