//! The kinds of ledger entries. A test compares them with the database's constraint.

/// Credits granted, reserved for a run, corrected, spent, refunded.
pub const ENTRY_KINDS: [&str; 5] = ["grant", "reserve", "adjust", "settle", "refund"];
