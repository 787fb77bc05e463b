//! Pixels: raw frames, scaling, colour conversion and compositing.

pub mod compositor;
pub mod feed;
pub mod gamut;
pub mod geometry;
pub mod pixels;
pub mod raw_format;
pub mod samples;
