//! Matting models: ONNX files with a manifest each, run by ONNX Runtime.
//!
//! `catalog` lists the configured models, `model` runs one, `session` makes it a matting backend:
//! inference, then `temporal_smoothing`, `guided_filter` and
//! `foreground_estimation`; `segmentation` does that for models of single pictures of people, and
//! `median_of_three` lets such a model help a recurrent one.

mod catalog;
mod foreground_estimation;
mod guided_filter;
mod limits;
mod manifest;
mod median_of_three;
mod model;
mod ort_session;
mod plane;
mod plane4;
mod ports;
mod precision;
mod provider;
mod runtime;
mod segmentation;
mod session;
mod signature;
mod subject_window;
mod temporal_smoothing;
mod tensor;

pub use catalog::Catalog;
pub use limits::Limits;
pub use manifest::Kind;
pub use model::{Inference, Model};
pub use plane::Plane;
pub use ports::PortNames;
pub use provider::Providers;
pub use segmentation::{SegmentationBackend, matte_samples};
pub use session::OnnxBackend;
