//! Mattes a clip of a static camera from a clean plate that is learned from the clip itself. Pure:
//! pixels in, pixels out.
//!
//! Two passes over samples. On small frames, `camera_motion` checks that the camera is static,
//! `exposure` normalises the light,
//! `clusters` and `background_selection` find the background of each pixel, `ghost_outlines` checks
//! it. Then `plate` accumulates the background at full size. `session` compares every frame with
//! it: `evidence`, `shadow`, `mean_field`, `regions`,
//! `motion_blur`, `foreground_estimation`.

mod background_model;
mod background_selection;
mod camera_motion;
mod clusters;
mod color;
mod evidence;
mod exposure;
mod foreground_estimation;
mod ghost_outlines;
mod grid;
mod mean_field;
mod motion_blur;
mod plate;
mod regions;
mod session;
mod shadow;

pub use background_model::{BackgroundModel, Refusal, SAMPLES_MAX, Samples, learn};
pub use plate::{Plate, PlateAccumulator};
pub use session::StaticCameraSession;

#[cfg(test)]
mod tests;
