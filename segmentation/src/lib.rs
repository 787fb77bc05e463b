//! Evidence for people in each frame of a clip, from a model that segments single pictures. Pure:
//! pictures in, log-odds out.
//!
//! `clip` runs the steps: `view` shows the model each frame in several ways, `motion` and
//! `optical_flow` follow the picture, `temporal_fusion` carries evidence along, `tracks` and
//! `stray` find the subjects.

mod clip;
mod components;
mod motion;
mod optical_flow;
mod plane;
mod pyramid;
mod stray;
mod temporal_fusion;
mod tracks;
mod view;

pub use clip::{ClipSegmenter, FRAMES_AT_ONCE_MAX, Model, Views};
pub use plane::{Picture, Plane};
