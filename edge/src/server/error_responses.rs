//! The error responses of each operation, for the description of the API.

use std::collections::BTreeMap;

use serde_json::json;
use shared::code::RequestErrorCode as Code;
use utoipa::IntoResponses;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

use super::http_error::status;

macro_rules! error_responses {
    ($($name:ident: $($codes:expr),+;)*) => {$(
        pub enum $name {}

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                describe(&[$($codes),+])
            }
        }
    )*};
}

/// Every operation.
const PUBLIC: &[Code] = &[Code::RateLimited, Code::Internal];
/// Operations with a key.
const KEY: &[Code] =
    &[Code::MissingApiKey, Code::InvalidApiKey, Code::RevokedApiKey, Code::Forbidden, Code::RateLimited, Code::Internal];
/// Operations with a JSON body.
const BODY: &[Code] = &[Code::InvalidJson, Code::InvalidRequest, Code::PayloadTooLarge, Code::UnsupportedMediaType];
/// Operations whose body has a URL.
const URL: &[Code] = &[Code::ForbiddenUrl, Code::InvalidFileUrl, Code::ExpiredFileUrl];
const QUERY: &[Code] = &[Code::InvalidRequest];
const JOB: &[Code] = &[Code::JobNotFound];
const THING: &[Code] = &[Code::NotFound];
const OPERATOR: &[Code] = &[Code::MissingApiKey, Code::Forbidden, Code::RateLimited, Code::Internal];
const IDEMPOTENCY: &[Code] = &[Code::IdempotencyKeyRunning, Code::IdempotencyKeyReused];

error_responses! {
    Public: PUBLIC;
    ReadFile: PUBLIC, &[Code::InvalidFileUrl, Code::ExpiredFileUrl, Code::FileNotFound, Code::RangeNotSatisfiable];
    Keyed: KEY;
    KeyedWithQuery: KEY, QUERY;
    KeyedWithBody: KEY, BODY;
    KeyedOfThing: KEY, THING;
    KeyedOfThingWithBody: KEY, THING, BODY;
    KeyedOfJob: KEY, JOB;
    CreateUpload: KEY, BODY, URL;
    CreateJob: KEY, BODY, URL, IDEMPOTENCY, &[Code::InsufficientCredits, Code::UploadMissing, Code::ModelUnavailable];
    DownloadOutput: KEY, QUERY, JOB, &[Code::JobNotReady, Code::OutputNotFound];
    OperatorWithBody: OPERATOR, BODY;
    OperatorOfThing: OPERATOR, THING;
    OperatorOfThingWithBody: OPERATOR, THING, BODY;
    Provider: &[Code::Forbidden, Code::PayloadTooLarge, Code::RateLimited, Code::Internal];
    Fleet: &[Code::Forbidden, Code::InvalidJson, Code::InvalidRequest, Code::PayloadTooLarge, Code::Internal];
}

/// One response for each status, with its codes.
fn describe(sets: &[&[Code]]) -> BTreeMap<String, RefOr<Response>> {
    let mut by_status = BTreeMap::<u16, Vec<Code>>::new();
    for code in sets.iter().copied().flatten() {
        by_status.entry(status(*code).as_u16()).or_default().push(*code);
    }
    by_status.into_iter().map(|(status, codes)| (status.to_string(), response(&codes).into())).collect()
}

fn response(codes: &[Code]) -> Response {
    let lines = codes.iter().map(|code| format!("- `{}`: {}", code.as_str(), code.meaning()));
    let examples = codes.iter().map(|code| {
        let error =
            json!({ "code": code.as_str(), "message": code.meaning(), "requestId": REQUEST_ID, "request_id": REQUEST_ID });
        let example = utoipa::openapi::example::ExampleBuilder::new().value(Some(json!({ "error": error })));
        (code.as_str(), example.build())
    });
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Error"))).examples_from_iter(examples);
    ResponseBuilder::new().description(lines.collect::<Vec<_>>().join("\n")).content("application/json", content.build()).build()
}

const REQUEST_ID: &str = "req_01KAJ4A2G00000000000000000";
