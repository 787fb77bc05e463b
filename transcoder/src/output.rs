//! What is written: encoders, previews, verification and the QA report.

pub mod encode;
pub mod matte_metrics;
pub mod preset;
pub mod preview;
pub mod product;
pub mod qa;
pub mod space;
pub mod verify;
