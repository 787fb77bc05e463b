//! Mattes: choice of the strategy, chroma keyer, static camera, matting models.

pub(crate) mod first_pass;
pub(crate) mod key_analysis;
pub(crate) mod keying_step;
pub(crate) mod matting_step;
pub(crate) mod models;
pub mod static_camera;
pub(crate) mod strategy;
