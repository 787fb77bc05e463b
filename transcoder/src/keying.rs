//! Makes a matte from a coloured screen: frames in, straight-alpha RGBA out. No clip needs a setting.
//!
//! Per frame: map the screen's colour over the picture, find what is surely subject, spread the subject's colours
//! outward, then solve each pixel between the local screen and the local subject.

mod color;
mod grid;
mod matte;
mod plate;
mod screen;

pub use matte::Keyer;
pub use screen::ScreenModel;

/// A picture of packed 8-bit RGB.
#[derive(Debug, Clone, Copy)]
pub struct RgbFrame<'a> {
    /// Units: pixels.
    pub width: usize,
    /// Units: pixels.
    pub height: usize,
    /// Three bytes a pixel, rows without padding.
    pub pixels: &'a [u8],
}

#[cfg(test)]
mod tests;
