//! The commands that work on local files: `run`, `portrait`, `probe`, `qa`. Their arguments,
//! progress bar and reports.

pub mod arguments;
pub mod assess;
pub mod environment;
pub mod inspect;
pub mod local;
