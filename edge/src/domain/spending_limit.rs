//! The credits that a key can still spend: the balance of its account, within its own monthly
//! quota.

use shared::time::UnixMillis;

use super::error::Error;
use super::quota::Quota;

/// The credits that a key can still spend: the lesser of the balance and the rest of its quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpendingLimit {
    pub balance_credits: u64,
    pub quota: Option<Quota>,
}

impl SpendingLimit {
    /// The error for a price above the limit; None if it is covered. The quota is checked first,
    /// since more balance would not help. The view `spending_limits` applies the same rule.
    pub fn refusal(self, required_credits: u64, now: UnixMillis) -> Option<Error> {
        if let Some(quota) = self.quota.filter(|quota| quota.remaining_credits() < required_credits) {
            return Some(Error::QuotaExceeded { quota, required_credits, resets_at_ms: now.next_month() });
        }
        let available_credits = self.balance_credits;
        (available_credits < required_credits).then_some(Error::InsufficientCredits { available_credits, required_credits })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quota_is_named_before_the_balance() {
        let now = UnixMillis::new(0);
        let spending_limit = |balance_credits, quota: Option<(u64, u64)>| SpendingLimit {
            balance_credits,
            quota: quota.map(|(monthly_credits, used_credits)| Quota { monthly_credits, used_credits }),
        };
        assert_eq!(spending_limit(10, None).refusal(10, now), None);
        assert_eq!(spending_limit(10, Some((15, 5))).refusal(10, now), None);
        assert!(matches!(spending_limit(9, Some((15, 5))).refusal(10, now), Some(Error::InsufficientCredits { .. })));
        assert!(matches!(spending_limit(9, Some((14, 5))).refusal(10, now), Some(Error::QuotaExceeded { .. })));
        assert!(matches!(spending_limit(99, Some((4, 5))).refusal(1, now), Some(Error::QuotaExceeded { .. })));
    }
}
