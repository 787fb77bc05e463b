//! The commands that work on this machine: `run`, `portrait`, `probe`, `qa`, `model`. Their
//! arguments, progress bar and reports.

pub mod arguments;
pub mod assess;
pub mod environment;
pub mod inspect;
pub mod local;
pub mod model;
