//! Mattes: choice of the strategy, chroma keyer, static camera, matting models.

mod coarse_map;
pub mod keying;
pub(crate) mod keying_step;
pub(crate) mod matting_step;
pub(crate) mod models;
pub mod static_camera;
pub(crate) mod strategy;
