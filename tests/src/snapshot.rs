//! Whole answers as text, compared with committed files: status, headers, body; what changes from run to run is left out.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must end")]
#![expect(clippy::must_use_candidate, reason = "calls are made for what they do")]

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use ureq::Body;
use ureq::http::Response;

/// Set, files are written instead of compared.
const UPDATE: &str = "BGLESS_UPDATE_SNAPSHOTS";
/// Headers that are part of a contract. The values of the second kind differ from run to run.
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
const CHANGING_HEADERS: [&str; 7] = [
    "ratelimit",
    "ratelimit-remaining",
    "ratelimit-reset",
    "retry-after",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-request-id",
];
/// What our ids begin with; a ULID follows.
const ID_PREFIXES: [&str; 8] = ["job_", "acc_", "upl_", "lea_", "req_", "key_", "evt_", "led_"];
const ULID_CHARS: usize = 26;

/// Compares an answer with `snapshots/<name>.txt`; returns its body.
///
/// # Panics
/// When they differ.
pub fn check(name: &str, base_url: &str, mut response: Response<Body>) -> Value {
    let mut text = format!("{}\n", response.status().as_u16());
    for header in HEADERS {
        if let Some(value) = response.headers().get(header) {
            writeln!(text, "{header}: {}", value.to_str().unwrap()).unwrap();
        }
    }
    for header in CHANGING_HEADERS.iter().filter(|header| response.headers().contains_key(**header)) {
        writeln!(text, "{header}: …").unwrap();
    }
    let body = response.body_mut().read_to_string().unwrap();
    let value = serde_json::from_str(&body).unwrap_or(Value::Null);
    check_text(name, base_url, &format!("{text}\n{}", pretty(&body)));
    value
}

/// Compares a body with `snapshots/<name>.txt`.
///
/// # Panics
/// When they differ.
pub fn check_body(name: &str, base_url: &str, body: &str) {
    check_text(name, base_url, &pretty(body));
}

fn pretty(body: &str) -> String {
    let value = serde_json::from_str::<Value>(body);
    value.map_or_else(|_| body.to_owned(), |value| serde_json::to_string_pretty(&value).unwrap())
}

fn check_text(name: &str, base_url: &str, text: &str) {
    let text = settled(&text.replace(base_url, "BASE")) + "\n";
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("snapshots").join(format!("{name}.txt"));
    if std::env::var_os(UPDATE).is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &text).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, committed, "{} differs; if that is meant: {UPDATE}=1", path.display());
}

/// The text without what changes: ids, signatures, sizes and instants.
fn settled(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (kept, skipped) = changing(rest).unwrap_or((first.len_utf8(), 0));
        out.push_str(&rest[..kept]);
        if skipped > 0 {
            out.push('…');
        }
        rest = &rest[kept + skipped..];
    }
    out
}

/// Where something begins that changes: how much of it is kept, and how much is not.
fn changing(text: &str) -> Option<(usize, usize)> {
    let count = |from: &str, is: fn(&char) -> bool| from.chars().take_while(is).count();
    for prefix in ID_PREFIXES {
        if let Some(id) = text.strip_prefix(prefix)
            && count(id, char::is_ascii_alphanumeric) == ULID_CHARS
        {
            return Some((prefix.len(), ULID_CHARS));
        }
    }
    for prefix in ["signature=", "expires=", "size="] {
        if let Some(value) = text.strip_prefix(prefix) {
            return Some((prefix.len(), count(value, char::is_ascii_hexdigit)));
        }
    }
    // A receiver on this machine has a free port.
    if let Some(port) = text.strip_prefix("127.0.0.1:") {
        return Some(("127.0.0.1:".len(), count(port, char::is_ascii_digit)));
    }
    if let Some(token) = text.strip_prefix("/share/") {
        return Some(("/share/".len(), count(token, |char| char.is_ascii_alphanumeric() || *char == '-')));
    }
    let shape = |byte: &u8| if byte.is_ascii_digit() { b'0' } else { *byte };
    let instant = text.as_bytes().get(..24)?.iter().map(shape).eq(b"0000-00-00T00:00:00.000Z".iter().copied());
    instant.then_some((0, 24))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_is_left_out_and_nothing_else() {
        let text = "job_01KAJ4A2G00000000000000000 at 2026-11-22T06:00:00.123Z, ?size=12&expires=17&signature=0af, job_short, größe, BASE/share/01KA-0af.";
        assert_eq!(settled(text), "job_… at …, ?size=…&expires=…&signature=…, job_short, größe, BASE/share/….");
    }
}
