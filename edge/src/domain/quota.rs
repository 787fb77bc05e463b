//! A key's monthly quota of credits.

/// A limit on what a key may spend in a calendar month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    pub monthly_credits: u64,
    pub used_credits: u64,
}

impl Quota {
    pub const fn remaining_credits(self) -> u64 {
        self.monthly_credits.saturating_sub(self.used_credits)
    }
}
