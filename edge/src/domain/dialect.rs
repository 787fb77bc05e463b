//! The API shapes that jobs are created through. What is an API's own lives in `edge/src/dialect/<name>/`.

use shared::names;

names! {
    /// The API shape that a job was created through.
    Dialect {
        Bgless = "bgless",
        Unscreen = "unscreen",
        Removebgvideo = "removebgvideo",
        Vidgen = "vidgen",
    }
}

impl Dialect {
    /// Those that share a path, so that a key says which of them it wants to read there.
    pub const OF_KEYS: [Self; 2] = [Self::Bgless, Self::Removebgvideo];
}

/// What the edge does differently for the jobs of a dialect. Each dialect states its own, and each job keeps it as columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DialectPolicy {
    pub dialect: Dialect,
    /// Receivers get an event when the work on a job starts, and not at its end alone.
    pub notifies_start: bool,
    /// Receivers get an event when a job is canceled.
    pub notifies_cancellation: bool,
    /// A key has no other job of this kind that is not over.
    pub is_only_active_job: bool,
}
