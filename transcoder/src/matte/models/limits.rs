//! Limits and resources of inference, as the operator configures them.

use std::time::Duration;

use super::provider::Providers;

/// Limits and resources of inference.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Longest time for one frame.
    pub frame: Duration,
    /// Execution providers in order of preference.
    pub providers: Providers,
    /// CPU threads that all models share.
    pub threads: usize,
}
