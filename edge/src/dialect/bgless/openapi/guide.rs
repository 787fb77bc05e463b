//! The guide before the operations: what concerns more than one of them.

use shared::code::{JobErrorCode, RequestErrorCode};
use shared::media::{SOURCE_DURATION_MS_MAX, SOURCE_FRAMES_MAX, SOURCE_PIXELS_MAX, SOURCE_SIDE_PX_MAX, SOURCE_SIZE_BYTES_MAX};

use crate::server::BODY_SIZE_BYTES_MAX;
use crate::server::http_error::status;
use crate::server::metadata::METADATA_SIZE_BYTES_MAX;

/// Markdown.
pub fn text() -> String {
    [
        include_str!("guide/basics.md"),
        include_str!("guide/jobs.md"),
        include_str!("guide/webhooks.md"),
        include_str!("guide/limits.md").trim_end(),
        &limits(),
        include_str!("guide/errors.md"),
        &request_errors(),
        &job_errors(),
    ]
    .join("\n")
}

fn limits() -> String {
    let rows = [
        ("source", format!("{SOURCE_SIZE_BYTES_MAX} bytes")),
        ("source", format!("{} seconds", SOURCE_DURATION_MS_MAX / 1_000)),
        ("source", format!("{SOURCE_FRAMES_MAX} frames")),
        ("picture", format!("{SOURCE_PIXELS_MAX} pixels, {SOURCE_SIDE_PX_MAX} on a side")),
        ("body of a request", format!("{BODY_SIZE_BYTES_MAX} bytes")),
        ("`metadata`", format!("{METADATA_SIZE_BYTES_MAX} bytes as JSON")),
    ];
    rows.map(|(what, limit)| format!("| {what} | {limit} |\n")).concat()
}

fn request_errors() -> String {
    let row = |code: &RequestErrorCode| format!("| `{}` | {} | {} |", code.as_str(), status(*code).as_u16(), code.meaning());
    let rows: Vec<_> = RequestErrorCode::ALL.iter().map(row).collect();
    format!("## Error codes\n\n| code | status | meaning |\n|---|---|---|\n{}\n", rows.join("\n"))
}

fn job_errors() -> String {
    let row = |code: &JobErrorCode| format!("| `{}` | {} |", code.as_str(), code.meaning());
    let rows: Vec<_> = JobErrorCode::ALL.iter().map(row).collect();
    format!("## Codes of failed jobs\n\n| code | meaning |\n|---|---|\n{}\n", rows.join("\n"))
}
