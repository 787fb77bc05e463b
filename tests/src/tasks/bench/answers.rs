//! Compares the responses of two Workers field by field: only then do their costs compare.

use anyhow::{Result, bail, ensure};
use serde_json::Value;
use ureq::http::{HeaderMap, Response};

use crate::http::Answer;

/// Headers that are not compared: each runtime frames bodies in its own way.
const FRAMING: [&str; 2] = ["content-length", "transfer-encoding"];

/// Fails where two responses differ in more than ids, timestamps and signatures.
pub fn expect_same(ours: Response<ureq::Body>, theirs: Response<ureq::Body>) -> Result<()> {
    let (our_headers, their_headers) = (headers(ours.headers()), headers(theirs.headers()));
    let (ours, theirs) = (Answer::read(ours)?, Answer::read(theirs)?);
    ensure!((200..300).contains(&ours.status), "the edge responds with {}: {}", ours.status, ours.body);
    ensure!(ours.status == theirs.status, "statuses: {} and {}: {}", ours.status, theirs.status, theirs.body);
    ensure!(our_headers == their_headers, "headers: {our_headers:?} and {their_headers:?}");
    expect_same_value("", &ours.body, &theirs.body)
}

fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let headers = headers.iter().filter(|(name, _)| !FRAMING.contains(&name.as_str()));
    let mut headers: Vec<_> =
        headers.map(|(name, value)| (name.to_string(), mask(&String::from_utf8_lossy(value.as_bytes())))).collect();
    headers.sort();
    headers
}

fn expect_same_value(path: &str, ours: &Value, theirs: &Value) -> Result<()> {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            let (names, their_names): (Vec<_>, Vec<_>) = (ours.keys().collect(), theirs.keys().collect());
            ensure!(names == their_names, "fields of `{path}`: {names:?} and {their_names:?}");
            ours.iter()
                .zip(theirs.values())
                .try_for_each(|((name, ours), theirs)| expect_same_value(&format!("{path}.{name}"), ours, theirs))
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            ensure!(ours.len() == theirs.len(), "`{path}` has {} and {} items", ours.len(), theirs.len());
            ours.iter()
                .zip(theirs)
                .enumerate()
                .try_for_each(|(index, (ours, theirs))| expect_same_value(&format!("{path}[{index}]"), ours, theirs))
        }
        (Value::String(ours), Value::String(theirs)) if mask(ours) == mask(theirs) => Ok(()),
        // `30.0` and `30` are one number.
        (Value::Number(ours), Value::Number(theirs)) if ours.as_f64() == theirs.as_f64() => Ok(()),
        _ if ours == theirs => Ok(()),
        _ => bail!("`{path}` is {ours} and {theirs}"),
    }
}

/// The text with placeholders for what differs between any two requests: timestamps, new ids,
/// signatures and their expiry.
fn mask(text: &str) -> String {
    let is_timestamp = text.len() == "2026-05-08T12:00:00.000Z".len() && text.ends_with('Z') && text.starts_with("20");
    if is_timestamp {
        return text.replace(|character: char| character.is_ascii_digit(), "0");
    }
    let words = text.split_inclusive(|character: char| !character.is_ascii_alphanumeric());
    let masked = words.map(|word| {
        let end = word.chars().last().filter(|character| !character.is_ascii_alphanumeric());
        let bare = word.trim_end_matches(|character: char| !character.is_ascii_alphanumeric());
        let kind = match bare.len() {
            26 if bare.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()) => "<ulid>",
            64 if bare.bytes().all(|byte| byte.is_ascii_hexdigit()) => "<hash>",
            10 if bare.bytes().all(|byte| byte.is_ascii_digit()) => "<seconds>",
            _ => bare,
        };
        kind.chars().chain(end).collect::<String>()
    });
    masked.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_timestamps_and_signatures_may_differ_and_nothing_else() {
        let url = |ulid: &str, seconds: u32| json!({ "a": [format!("https://x/job_{ulid}?size=7&expires={seconds}&signature={}", "ab".repeat(32))] });
        let (one, other) = ("01M8086DP2Y7H9YP04CKJ4HJXT", "01M8086DP2Y7H9YP04CKJ4HJXV");
        assert!(expect_same_value("", &url(one, 1_795_000_000), &url(other, 1_795_000_001)).is_ok());
        assert!(expect_same_value("", &json!(1.0), &json!(1)).is_ok());
        assert!(expect_same_value("", &json!("2026-05-08T12:00:00.000Z"), &json!("2026-05-08T12:00:00.001Z")).is_ok());
        for (ours, theirs) in [
            (json!({ "a": 1 }), json!({ "a": 1, "b": null })),
            (json!([1]), json!([1, 2])),
            (json!("queued"), json!("failed")),
            (json!(null), json!(0)),
            (json!("https://x/?size=7"), json!("https://x/?size=8")),
            (json!("2026-05-08T12:00:00.000Z"), json!("2026-05-08T12:00:00Z")),
        ] {
            assert!(expect_same_value("", &ours, &theirs).is_err(), "{ours} {theirs}");
        }
    }
}
