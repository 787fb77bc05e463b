//! Whole HTTP responses as `insta` snapshots: status, the headers that are part of a contract,
//! body.
//!
//! To accept a change: `INSTA_UPDATE=always cargo x test contract::unscreen`, then read the diff
//! before it is committed.

use std::fmt::Write as _;

use serde_json::Value;
use ureq::Body;
use ureq::http::Response;

/// Headers that are part of a contract.
const HEADERS: [&str; 9] = [
    "access-control-allow-origin",
    "allow",
    "content-type",
    "www-authenticate",
    "ratelimit-limit",
    "ratelimit-policy",
    "x-ratelimit-limit",
    "x-credits-charged",
    "location",
];
/// Headers that must be there, with values that differ from run to run.
const REDACTED_HEADERS: [&str; 7] = [
    "ratelimit",
    "ratelimit-remaining",
    "ratelimit-reset",
    "retry-after",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-request-id",
];
/// Patterns of texts that differ from run to run, and their replacements in snapshots.
const FILTERS: [(&str, &str); 5] = [
    // An id: three letters and a ULID.
    (r"\b(job|acc|upl|lea|req|key|evt|led)_[0-7][0-9A-HJKMNP-TV-Z]{25}", "${1}_…"),
    // The query of a signed file URL.
    (r"\b(signature|expires|size)=[0-9a-f]+", "$1=…"),
    // A webhook receiver on this machine has a free port.
    (r"127\.0\.0\.1:\d+", "127.0.0.1:…"),
    (r"/share/[0-9A-Za-z-]+", "/share/…"),
    (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "…"),
];

/// Compares a response with `snapshots/<dialect>/<name>.snap`; returns its body.
pub fn check(dialect: &str, name: &str, base_url: &str, mut response: Response<Body>) -> Value {
    let mut text = format!("{}\n", response.status().as_u16());
    for header in HEADERS {
        if let Some(value) = response.headers().get(header) {
            writeln!(text, "{header}: {}", value.to_str().unwrap()).unwrap();
        }
    }
    for header in REDACTED_HEADERS.iter().filter(|header| response.headers().contains_key(**header)) {
        writeln!(text, "{header}: …").unwrap();
    }
    let body = response.body_mut().read_to_string().unwrap();
    check_text(dialect, name, base_url, &format!("{text}\n{}", pretty(&body)));
    serde_json::from_str(&body).unwrap_or(Value::Null)
}

/// Compares a body with `snapshots/<dialect>/<name>.snap`.
pub fn check_body(dialect: &str, name: &str, base_url: &str, body: &str) {
    check_text(dialect, name, base_url, &pretty(body));
}

fn pretty(body: &str) -> String {
    let value = serde_json::from_str::<Value>(body);
    value.map_or_else(|_| body.to_owned(), |value| serde_json::to_string_pretty(&value).unwrap())
}

fn check_text(dialect: &str, name: &str, base_url: &str, text: &str) {
    let mut settings = settings();
    settings.set_snapshot_path(format!("snapshots/{dialect}"));
    settings.bind(|| insta::assert_snapshot!(name, text.replace(base_url, "BASE")));
}

fn settings() -> insta::Settings {
    let mut settings = insta::Settings::new();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (pattern, replacement) in FILTERS {
        settings.add_filter(pattern, replacement);
    }
    settings
}

#[test]
fn filters_replace_what_differs_from_run_to_run_and_nothing_else() {
    let text = "job_01KAJ4A2G00000000000000000 evt_01KAJ4A2G00000000000000000_1 at 2026-11-22T06:00:00.123Z, \
                ?size=12&expires=17&signature=0af, job_short, größe, BASE/share/01KA-0af.";
    settings().bind(|| {
        insta::assert_snapshot!(text, @"job_… evt_…_1 at …, ?size=…&expires=…&signature=…, job_short, größe, BASE/share/….");
    });
}
