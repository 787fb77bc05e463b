//! The webhooks, one for each event.

use serde_json::json;
use utoipa::openapi::path::{OperationBuilder, ParameterBuilder, ParameterIn, PathItemBuilder, PathsBuilder};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{Object, Type};
use utoipa::openapi::{ContentBuilder, HttpMethod, Paths, Ref, Required, ResponseBuilder};

use crate::domain::webhook::{EVENTS, START_EVENT};

/// Name, whether it is always there, meaning, example. The names are those of
/// `domain::webhook::headers`.
const HEADERS: [(&str, Required, &str, &str); 4] = [
    ("webhook-id", Required::True, "The event's id, the same at each try.", "evt_01KAJ4A2G00000000000000000_1"),
    ("webhook-timestamp", Required::True, "When this try was signed. Unit: seconds since 1970.", "1763750000"),
    (
        "webhook-signature",
        Required::False,
        "Standard Webhooks: `v1,` and the base64 of HMAC-SHA256 over `<webhook-id>.<webhook-timestamp>.<body>`. Only with a secret.",
        "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    ),
    (
        "X-Bgless-Signature",
        Required::False,
        "`t=<timestamp>,v1=<hex>`, HMAC-SHA256 over `<timestamp>.<body>`. Only with a secret.",
        "t=1763750000,v1=2b9a668f9d0ae0d9c1b1d5e5a8d7f4f8c2f1e0b3a49586776a5b4c3d2e1f0a9b",
    ),
];

/// Every event by its name.
pub fn paths() -> Paths {
    let paths = EVENTS.into_iter().filter(|event| *event != START_EVENT).fold(PathsBuilder::new(), |paths, event| {
        let item = PathItemBuilder::new().operation(HttpMethod::Post, operation(event)).build();
        paths.path(event, item)
    });
    paths.build()
}

fn operation(event: &str) -> OperationBuilder {
    let summary = match event.rsplit('.').next() {
        Some("completed") => "A job succeeded",
        Some("failed") => "A job failed, and its credits came back",
        _ => "A job was canceled, and its credits came back",
    };
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Event"))).example(Some(
        json!({ "id": "evt_01KAJ4A2G00000000000000000_1", "type": event, "timestamp": "2026-11-21T12:00:00.000Z", "data": {} }),
    ));
    HEADERS
        .into_iter()
        .fold(OperationBuilder::new(), |operation, (name, required, meaning, example)| {
            operation.parameter(
                ParameterBuilder::new()
                    .name(name)
                    .parameter_in(ParameterIn::Header)
                    .required(required)
                    .description(Some(meaning))
                    .schema(Some(Object::with_type(Type::String)))
                    .example(Some(example.into())),
            )
        })
        .tag("Webhooks")
        .operation_id(Some(event))
        .summary(Some(summary))
        .request_body(Some(
            RequestBodyBuilder::new().content("application/json", content.build()).required(Some(Required::True)).build(),
        ))
        .response("2XX", ResponseBuilder::new().description("Received. Any other status is tried again."))
}
