//! Instants as both programs write them. The crate has no clock: callers pass the current time.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::StaticFormatDescription;
use time::macros::format_description;

const ISO_8601: StaticFormatDescription =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
const MONTH: StaticFormatDescription = format_description!("[year]-[month]");
const AMZ_DATE: StaticFormatDescription = format_description!("[year][month][day]T[hour][minute][second]Z");

/// Units: milliseconds.
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// An instant.
/// Units: milliseconds since 1970-01-01 UTC, below 2^53 so that D1 and JavaScript keep it exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixMillis(u64);

impl UnixMillis {
    /// Wraps a count of milliseconds.
    #[must_use]
    pub const fn new(millis: u64) -> Self {
        Self(millis)
    }

    /// The count of milliseconds.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// The count of whole seconds, as HTTP signatures use it.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0 / 1_000
    }

    /// The instant `duration_ms` later.
    #[must_use]
    pub const fn plus_ms(self, duration_ms: u64) -> Self {
        Self(self.0.saturating_add(duration_ms))
    }

    /// The instant `duration_ms` earlier; not before 1970.
    #[must_use]
    pub const fn minus_ms(self, duration_ms: u64) -> Self {
        Self(self.0.saturating_sub(duration_ms))
    }

    /// The time since `earlier`; 0 if that is later.
    /// Units: milliseconds.
    #[must_use]
    pub const fn ms_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// `2026-05-08T12:00:00.000Z`, the form of every instant in an answer.
    #[must_use]
    pub fn to_iso_8601(self) -> String {
        self.format(ISO_8601)
    }

    /// `20260508T120000Z`, the form AWS signatures use.
    #[must_use]
    pub fn to_amz_date(self) -> String {
        self.format(AMZ_DATE)
    }

    /// `2026-05`, the calendar month in UTC that quotas are counted in.
    #[must_use]
    pub fn to_month(self) -> String {
        self.format(MONTH)
    }

    /// The first instant of the next calendar month in UTC.
    #[must_use]
    pub fn next_month(self) -> Self {
        let days = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .map_or(0, |instant| u64::from(instant.month().length(instant.year()) - instant.day()) + 1);
        Self((self.0 / DAY_MS + days) * DAY_MS)
    }

    fn format(self, description: StaticFormatDescription) -> String {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .ok()
            .and_then(|instant| instant.format(description).ok())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_print_as_the_contracts_ask() {
        let at = UnixMillis::new(1_778_241_600_007);
        assert_eq!(at.to_iso_8601(), "2026-05-08T12:00:00.007Z");
        assert_eq!(at.to_amz_date(), "20260508T120000Z");
        assert_eq!(at.plus_ms(1_000).as_secs(), 1_778_241_601);
        assert_eq!(at.to_month(), "2026-05");
    }

    #[test]
    fn differences_stop_at_zero() {
        let (early, late) = (UnixMillis::new(5), UnixMillis::new(7));
        assert_eq!((late.minus_ms(2), early.minus_ms(6)), (early, UnixMillis::new(0)));
        assert_eq!((late.ms_since(early), early.ms_since(late)), (2, 0));
    }

    #[test]
    fn months_end_when_they_end() {
        for (at_ms, next) in [
            (1_778_241_600_007, "2026-06-01T00:00:00.000Z"),
            (1_798_761_599_999, "2027-01-01T00:00:00.000Z"),
            (1_835_395_200_000, "2028-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(UnixMillis::new(at_ms).next_month().to_iso_8601(), next);
        }
    }
}
