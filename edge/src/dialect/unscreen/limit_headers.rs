//! The rate-limit headers of this API's family: the reset is an instant, in Unix seconds.

use http::{HeaderMap, HeaderName, HeaderValue};
use shared::time::UnixMillis;

use crate::domain::rate::RateLimitCheck;

pub fn render(check: &RateLimitCheck, now: UnixMillis) -> HeaderMap {
    let tightest = check.tightest();
    let resets_at_s = now.plus_ms(tightest.resets_in_ms).as_u64().div_ceil(1_000);
    let lines: [(&'static str, HeaderValue); 3] = [
        ("x-ratelimit-limit", tightest.limit.into()),
        ("x-ratelimit-remaining", tightest.remaining().into()),
        ("x-ratelimit-reset", resets_at_s.into()),
    ];
    lines.into_iter().map(|(name, value)| (HeaderName::from_static(name), value)).collect()
}
