//! The words of the ledger. The database knows the same ones, and a test compares them.

/// What an entry may be for: credits given, held for a run, corrected, spent, given back.
pub const ENTRY_KINDS: [&str; 5] = ["grant", "reserve", "adjust", "settle", "refund"];
