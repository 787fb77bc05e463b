//! How alpha is made: the choice of a strategy, and each strategy.

pub mod keying;
pub mod keying_step;
pub mod models;
pub mod static_camera;
pub mod strategy;
