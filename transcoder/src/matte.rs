//! How alpha is made: the choice of a strategy, and each strategy.

mod coarse_map;
pub mod keying;
pub(crate) mod keying_step;
pub(crate) mod models;
pub mod static_camera;
pub(crate) mod strategy;
