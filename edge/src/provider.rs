//! Those who make videos, each in a folder that implements the port `app::ports::Provider`;
//! `deps.rs` names them.

pub mod kie;
