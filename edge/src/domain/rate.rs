//! The limit on requests per minute and client. A client is an address and, beside it, a key:
//! each has a count of its own.

use std::net::IpAddr;

use shared::time::UnixMillis;

/// Length of a window.
/// Units: milliseconds. One minute.
pub const WINDOW_MS: u64 = 60 * 1_000;

/// The operator's limits per client and window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimits {
    /// Requests of any kind.
    pub requests: u32,
    /// Requests that create or start jobs; they count as requests, too.
    pub submissions: u32,
}

/// The kind of a counted request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Request,
    /// It would create or start a job.
    Submission,
}

/// A client's requests in the current window, this one included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowCounts {
    pub requests: u32,
    pub submissions: u32,
    pub resets_in_ms: u64,
}

/// Counts one client. The window begins with its first request, so clients do not all begin anew at
/// the same instant.
#[derive(Debug, Default)]
pub struct Window {
    started_at_ms: Option<UnixMillis>,
    requests: u32,
    submissions: u32,
}

impl Window {
    pub fn count(&mut self, kind: Kind, now: UnixMillis) -> WindowCounts {
        let started_at_ms = match self.started_at_ms {
            Some(start) if now.ms_since(start) < WINDOW_MS => start,
            _ => {
                *self = Self { started_at_ms: Some(now), ..Self::default() };
                now
            }
        };
        self.requests = self.requests.saturating_add(1);
        self.submissions = self.submissions.saturating_add(u32::from(kind == Kind::Submission));
        let resets_in_ms = WINDOW_MS - now.ms_since(started_at_ms);
        WindowCounts { requests: self.requests, submissions: self.submissions, resets_in_ms }
    }
}

/// A client's use of one limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitUsage {
    /// The limit's name in headers and refusals.
    pub name: &'static str,
    pub limit: u32,
    pub used: u32,
    pub resets_in_ms: u64,
}

impl LimitUsage {
    pub const fn remaining(&self) -> u32 {
        self.limit.saturating_sub(self.used)
    }

    /// Rounded up, so that a client that waits so long is not refused again.
    pub const fn resets_in_s(&self) -> u64 {
        self.resets_in_ms.div_ceil(1_000)
    }
}

/// A client's use of both limits when a request was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimitCheck {
    pub kind: Kind,
    pub requests: LimitUsage,
    pub submissions: LimitUsage,
}

impl RateLimitCheck {
    /// Judges by whichever of the client's counts is nearer to its limit; none when nothing was
    /// counted.
    pub fn of(kind: Kind, limits: RateLimits, all_counts: &[WindowCounts]) -> Option<Self> {
        let nearest = |name, limit, used: fn(&WindowCounts) -> u32| {
            let counts = all_counts.iter().max_by_key(|counts| (used(counts), counts.resets_in_ms))?;
            Some(LimitUsage { name, limit, used: used(counts), resets_in_ms: counts.resets_in_ms })
        };
        Some(Self {
            kind,
            requests: nearest("requests", limits.requests, |counts| counts.requests)?,
            submissions: nearest("submissions", limits.submissions, |counts| counts.submissions)?,
        })
    }

    /// The limit that this request is nearest to, of those that it counts against.
    pub const fn tightest(&self) -> &LimitUsage {
        match self.kind {
            Kind::Submission if self.submissions.remaining() <= self.requests.remaining() => &self.submissions,
            Kind::Submission | Kind::Request => &self.requests,
        }
    }

    /// The limit that this request is beyond.
    pub fn exceeded(&self) -> Option<&LimitUsage> {
        let submissions = (self.kind == Kind::Submission).then_some(&self.submissions);
        let mut exceeded: Vec<_> =
            [Some(&self.requests), submissions].into_iter().flatten().filter(|usage| usage.used > usage.limit).collect();
        // A client that waits for the later reset is refused by neither.
        exceeded.sort_by_key(|usage| usage.resets_in_ms);
        exceeded.pop()
    }
}

/// The name that an address is counted under. A customer has a whole /64 of IPv6, so the host part
/// is dropped.
pub fn address_name(address: &str) -> String {
    match address.parse() {
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Ok(IpAddr::V4(address)) => address.to_string(),
        Err(_) => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: RateLimits = RateLimits { requests: 3, submissions: 1 };

    fn at(ms: u64) -> UnixMillis {
        UnixMillis::new(1_763_750_000_000 + ms)
    }

    #[test]
    fn a_window_counts_for_a_minute_from_its_first_request_and_then_begins_anew() {
        let mut window = Window::default();
        assert_eq!(window.count(Kind::Request, at(0)), WindowCounts { requests: 1, submissions: 0, resets_in_ms: 60_000 });
        assert_eq!(window.count(Kind::Submission, at(59_999)), WindowCounts { requests: 2, submissions: 1, resets_in_ms: 1 });
        assert_eq!(window.count(Kind::Request, at(60_000)), WindowCounts { requests: 1, submissions: 0, resets_in_ms: 60_000 });
    }

    #[test]
    fn the_nearer_count_decides_and_submissions_bind_submissions_alone() {
        let counts = |requests, submissions, resets_in_ms| WindowCounts { requests, submissions, resets_in_ms };
        let verdict = |kind, all_counts: &[WindowCounts]| RateLimitCheck::of(kind, LIMITS, all_counts).unwrap();
        let named = |verdict: RateLimitCheck| verdict.exceeded().map(|usage| (usage.name, usage.resets_in_s()));
        for (kind, all_counts, expected) in [
            (Kind::Request, [counts(3, 1, 10), counts(1, 0, 20)], None),
            (Kind::Request, [counts(4, 1, 10_001), counts(1, 0, 20_000)], Some(("requests", 11))),
            (Kind::Request, [counts(1, 9, 10), counts(2, 9, 20)], None),
            (Kind::Submission, [counts(1, 1, 10), counts(2, 2, 20)], Some(("submissions", 1))),
            (Kind::Submission, [counts(9, 1, 50_000), counts(2, 2, 20)], Some(("requests", 50))),
        ] {
            assert_eq!(named(verdict(kind, &all_counts)), expected, "{kind:?} {all_counts:?}");
        }
        assert_eq!(verdict(Kind::Submission, &[counts(1, 0, 1)]).tightest().name, "submissions");
        assert_eq!(verdict(Kind::Request, &[counts(1, 9, 1)]).tightest().name, "requests");
        assert_eq!(RateLimitCheck::of(Kind::Request, LIMITS, &[]), None);
    }

    #[test]
    fn a_line_is_counted_as_one() {
        for (address, name) in [
            ("203.0.113.7", "203.0.113.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
            ("", "unknown"),
        ] {
            assert_eq!(address_name(address), name);
        }
    }
}
