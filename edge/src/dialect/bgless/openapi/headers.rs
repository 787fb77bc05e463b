//! The headers of responses.

use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::schema::{Object, Type};
use utoipa::openapi::{OpenApi, Ref, RefOr, Response};

use super::operations;

/// Every header: name, type, meaning, example.
const HEADERS: [(&str, Type, &str, &str); 14] = [
    ("X-Request-Id", Type::String, "Names the request.", "req_01KAJ4A2G00000000000000000"),
    ("RateLimit", Type::String, "What is left of which limit, and for how many seconds.", "\"requests\";r=599;t=60"),
    ("RateLimit-Policy", Type::String, "Which limits there are: how much in how many seconds.", "\"requests\";q=600;w=60"),
    ("RateLimit-Limit", Type::Integer, "How many requests a minute.", "600"),
    ("RateLimit-Remaining", Type::Integer, "How many of them are left.", "599"),
    ("RateLimit-Reset", Type::Integer, "In how many seconds they are all back.", "60"),
    ("Retry-After", Type::Integer, "In how many seconds the same request may succeed.", "60"),
    ("WWW-Authenticate", Type::String, "The scheme to authenticate with.", "Bearer"),
    ("Location", Type::String, "A signed URL of the file.", "https://api.example.com/files/outputs/…"),
    ("Content-Range", Type::String, "Which bytes these are, or how many there are.", "bytes 0-99/123456"),
    ("Accept-Ranges", Type::String, "Single ranges are served.", "bytes"),
    ("Content-Disposition", Type::String, "The file's name.", "inline; filename=\"webm-vp9-alpha.webm\""),
    ("ETag", Type::String, "Changes with the content.", "\"5d41402abc4b2a76b9719d911017c592\""),
    ("Cache-Control", Type::String, "How long the answer stays good.", "public, max-age=300"),
];
const RATE_LIMIT: [&str; 5] = ["RateLimit", "RateLimit-Policy", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"];

/// Describes each header once, and refers to it from each response that has it.
pub fn add(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        for (_, operation) in operations(item) {
            for (status, response) in &mut operation.responses.responses {
                if let RefOr::T(response) = response {
                    add_references(response, &names(path, status));
                }
            }
        }
    }
    document.components.get_or_insert_default().headers = HEADERS
        .into_iter()
        .map(|(name, kind, meaning, example)| (name.to_owned(), header(kind, meaning, example).into()))
        .collect();
}

fn names(path: &str, status: &str) -> Vec<&'static str> {
    let mut names = vec!["X-Request-Id"];
    // Health checks are not counted.
    if path != "/health" {
        names.extend(RATE_LIMIT);
    }
    if path.starts_with("/files/") && matches!(status, "200" | "206") {
        names.extend(["Accept-Ranges", "Content-Disposition", "ETag", "Cache-Control"]);
    }
    names.extend(match status {
        "206" | "416" => Some("Content-Range"),
        "302" => Some("Location"),
        "401" => Some("WWW-Authenticate"),
        "429" => Some("Retry-After"),
        _ => None,
    });
    names
}

fn add_references(response: &mut Response, names: &[&str]) {
    let headers = names.iter().map(|name| ((*name).to_owned(), RefOr::Ref(Ref::new(format!("#/components/headers/{name}")))));
    response.headers.extend(headers);
}

fn header(kind: Type, meaning: &str, example: &str) -> Header {
    let example = match kind {
        Type::Integer => example.parse::<u64>().map_or_else(|_| example.into(), Into::into),
        _ => example.into(),
    };
    HeaderBuilder::new().schema(Some(Object::with_type(kind))).description(Some(meaning)).example(Some(example)).build()
}
