//! What API keys may do.

use shared::names;

names! {
    /// What a key may do.
    Scope {
        /// Work with uploads, jobs, credits and usage.
        Jobs = "jobs",
        /// Work with keys and the account's settings.
        Manage = "manage",
    }
}
