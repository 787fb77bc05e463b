//! The description of the API, `edge/assets/openapi.json`: made from the types and routes that
//! serve requests. What macros cannot express is added here. Tests alone compile it: one of them
//! holds the file, which the Worker serves as a static asset.

mod examples;
mod guide;
mod headers;
mod limits;
mod tests;
mod tidy;
mod webhooks;

use utoipa::ToSchema as _;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{Components, InfoBuilder, LicenseBuilder, OpenApi, PathItem, Server, Tag};

use super::wire::{ErrorOut, EventOut};

/// The groups of operations: name, meaning.
const TAGS: [(&str, &str); 9] = [
    ("Jobs", "Cut a subject out of a video."),
    ("Uploads", "Bring a video."),
    ("Files", "Read what was uploaded or made."),
    ("Models", "The models and their prices."),
    ("Credits", "Balance, quota and usage."),
    ("Keys", "Who may call. These need a key with the scope `manage`."),
    ("Webhooks", "Get a call when a job is over."),
    ("Operator", "Accounts, grants and keys, for the operator of the installation."),
    ("Service", "The service itself."),
];

/// The published part of the description of all routes. Its server is the one that serves the
/// description.
fn document(described: &OpenApi) -> OpenApi {
    let license = LicenseBuilder::new().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0"));
    let mut document = OpenApi::new(
        InfoBuilder::new()
            .title("bgless")
            .version(env!("CARGO_PKG_VERSION"))
            .description(Some(guide::text()))
            .license(Some(license.build()))
            .build(),
        described.paths.clone(),
    );
    document.servers = Some(vec![Server::new("/")]);
    document.tags = Some(tags());
    let mut paths = std::mem::take(&mut document.paths.paths);
    paths.retain(|path, item| is_published(path, item));
    document.paths.paths = paths.into_iter().map(|(path, item)| (path.replace("{*object_key}", "{objectKey}"), item)).collect();
    let components = document.components.get_or_insert_default();
    components.schemas = described.components.as_ref().map(|components| components.schemas.clone()).unwrap_or_default();
    add_schemas(components);
    add_security_schemes(components);
    document.webhooks = Some(webhooks::paths());
    tidy::tidy(&mut document);
    headers::add(&mut document);
    limits::add(&mut document);
    examples::add(&mut document);
    document
}

/// The guide names aliases; other dialects have pages of their own; the internal API is not
/// published.
fn is_published(path: &str, item: &mut PathItem) -> bool {
    let is_alias = path.starts_with("/api/v1/") || path.starts_with("/v1/alpha-videos");
    !is_alias && operations(item).any(|(_, operation)| is_tagged(operation))
}

fn is_tagged(operation: &Operation) -> bool {
    operation.tags.iter().flatten().any(|tag| TAGS.iter().any(|(name, _)| name == tag))
}

/// The schemas that no handler names.
fn add_schemas(components: &mut Components) {
    let mut schemas = Vec::new();
    for (name, schema, add) in [
        (
            ErrorOut::name(),
            <ErrorOut as utoipa::PartialSchema>::schema(),
            <ErrorOut as utoipa::ToSchema>::schemas as fn(&mut Vec<_>),
        ),
        (EventOut::name(), <EventOut as utoipa::PartialSchema>::schema(), <EventOut as utoipa::ToSchema>::schemas),
    ] {
        schemas.push((name.into_owned(), schema));
        add(&mut schemas);
    }
    components.schemas.extend(schemas);
}

fn add_security_schemes(components: &mut Components) {
    let key = "An API key, `sk_…`. The scopes named by an operation are those that the key must have.";
    let bearer = |description: &str| {
        SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(description)).build())
    };
    for (name, scheme) in [
        ("bearer", bearer(key)),
        ("apiKey", SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description("X-Api-Key", key)))),
        ("operatorToken", bearer("The operator's own token, `ADMIN_TOKEN`.")),
        (
            "fileSignature",
            SecurityScheme::ApiKey(ApiKey::Query(ApiKeyValue::with_description(
                "signature",
                "Part of every file URL that this API hands out.",
            ))),
        ),
    ] {
        components.add_security_scheme(name, scheme);
    }
}

fn tags() -> Vec<Tag> {
    TAGS.map(|(name, description)| TagBuilder::new().name(name).description(Some(description)).build()).into()
}

/// The operations of a path, with their methods.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let methods = [("DELETE", &mut item.delete), ("GET", &mut item.get), ("POST", &mut item.post)];
    methods.into_iter().filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}
