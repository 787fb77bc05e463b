//! Makes a matte where the camera stands still and the subject moves. Pure: pixels in, pixels out.
//!
//! Twice over a clip. First a few small frames: `camera` says whether it stood still, `exposure` how its light changed,
//! `clusters` and `choice` which colour of each pixel is the background, `seams` whether something never moved off. Then
//! `plate` gathers the background at full size, and `matter` compares every frame with it: `evidence`, `shadow`, `relax`,
//! `smear`, `edge`.

mod camera;
mod choice;
mod clusters;
mod color;
mod edge;
mod evidence;
mod exposure;
mod grid;
mod learn;
mod matter;
mod plate;
mod regions;
mod relax;
mod seams;
mod shadow;
mod smear;

pub use learn::{Learned, Refusal, SAMPLES_MAX, Samples, learn};
pub use matter::Matter;
pub use plate::{Gatherer, Plate};

#[cfg(test)]
mod tests;
