//! The scopes of API keys.

use shared::names;

names! {
    /// A group of operations that a key permits.
    Scope {
        /// Work with uploads, jobs, credits and usage.
        Jobs = "jobs",
        /// Work with keys, of any scope, and the account's settings.
        Manage = "manage",
    }
}
