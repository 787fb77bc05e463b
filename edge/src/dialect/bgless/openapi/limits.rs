//! Bounds of fields and parameters, from the constants that requests are checked with.

use serde_json::Value;
use shared::id::{AccountId, ApiKeyId, JobId, LedgerEntryId};
use shared::media::{Output, SOURCE_DURATION_MS_MAX, SOURCE_SIZE_BYTES_MAX};
use utoipa::openapi::schema::{AnyOfBuilder, Array, Object, SchemaType, Type};
use utoipa::openapi::{Components, OpenApi, RefOr, Schema};

use super::operations;
use crate::app::manage_accounts::{GRANT_CREDITS_MAX, NAME_CHARS_MAX};
use crate::dialect::bgless::map::{WAIT_S, WAIT_S_MAX};
use crate::domain::api_key::{ROTATION_OVERLAP_S, ROTATION_OVERLAP_S_MAX};
use crate::domain::generation::PROMPT_CHARS_MAX;
use crate::domain::upload::CONTENT_TYPE_CHARS_MAX;
use crate::domain::webhook::{SECRET_CHARS_MAX, SECRET_OVERLAP_S, SECRET_OVERLAP_S_MAX};
use crate::server::page::{PAGE_LIMIT, PAGE_LIMIT_MAX};

/// Where something stands, what it is called, and how it is bounded.
type Limit<T> = (&'static str, &'static str, fn(&mut T));

/// One field of one schema.
const FIELDS: &[Limit<Object>] = &[
    ("CreateUpload", "contentType", |field| {
        field.max_length = Some(CONTENT_TYPE_CHARS_MAX);
        field.pattern = Some("^(video|image)/[A-Za-z0-9!#$&^_.+-]+$".into());
    }),
    ("CreateUpload", "sizeBytes", |field| between(field, 1, SOURCE_SIZE_BYTES_MAX)),
    ("JobInput", "durationSec", |field| {
        field.exclusive_minimum = Some(0_u64.into());
        field.maximum = Some((SOURCE_DURATION_MS_MAX / 1_000).into());
    }),
    ("JobInput", "prompt", |field| {
        characters(field, PROMPT_CHARS_MAX);
        field.pattern = Some(r"\S".into());
    }),
    ("JobOptions", "callbackSecret", |field| characters(field, SECRET_CHARS_MAX)),
    ("CreateKey", "label", name),
    ("CreateKey", "projectLabel", name),
    ("CreateKey", "monthlyQuotaCredits", |field| between(field, 0, GRANT_CREDITS_MAX)),
    ("RotateWebhookSecret", "overlapSec", |field| {
        between(field, 0, SECRET_OVERLAP_S_MAX);
        field.default = Some(SECRET_OVERLAP_S.into());
    }),
    ("RotateKey", "overlapSec", |field| {
        between(field, 0, ROTATION_OVERLAP_S_MAX);
        field.default = Some(ROTATION_OVERLAP_S.into());
    }),
    ("CreateAccount", "name", name),
    ("CreateAccount", "credits", |field| {
        between(field, 0, GRANT_CREDITS_MAX);
        field.default = Some(Value::from(0));
    }),
    ("Grant", "credits", |field| between(field, 0, GRANT_CREDITS_MAX)),
];

/// One list of one schema.
const LISTS: &[Limit<Array>] = &[
    ("JobOptions", "outputs", |list| {
        list.min_items = Some(1);
        list.max_items = Some(Output::ALL.len());
        list.unique_items = true;
    }),
    ("CreateKey", "scopes", |list| list.min_items = Some(1)),
];

/// One parameter, wherever a path starts so.
const PARAMETERS: &[Limit<Object>] = &[
    ("/v1/", "limit", |parameter| {
        between(parameter, 1, PAGE_LIMIT_MAX.into());
        parameter.default = Some(PAGE_LIMIT.into());
    }),
    ("/v1/jobs", "cursor", |parameter| cursor(parameter, JobId::PREFIX)),
    ("/v1/credits/ledger", "cursor", |parameter| cursor(parameter, LedgerEntryId::PREFIX)),
    ("/v1/jobs", "timeout", |parameter| {
        between(parameter, 1, WAIT_S_MAX);
        parameter.default = Some(WAIT_S.into());
    }),
    ("/v1/jobs", "id", |parameter| id(parameter, JobId::PREFIX)),
    ("/v1/keys", "id", |parameter| id(parameter, ApiKeyId::PREFIX)),
    ("/admin/v1/keys", "id", |parameter| id(parameter, ApiKeyId::PREFIX)),
    ("/admin/v1/accounts", "id", |parameter| id(parameter, AccountId::PREFIX)),
    ("/v1/deliveries", "id", |parameter| {
        parameter.pattern = Some(format!("^evt_{ULID}_[1-9][0-9]{{0,9}}$"));
    }),
];

/// Crockford base32, as we write it.
const ULID: &str = "[0-7][0-9A-HJKMNP-TV-Z]{25}";

pub fn add(document: &mut OpenApi) {
    let components = document.components.get_or_insert_default();
    for (schema, field, limit) in FIELDS {
        if let Some(Schema::Object(object)) = find(components, schema, field) {
            limit(object);
        } else {
            debug_assert!(false, "{schema}.{field}");
        }
    }
    for (schema, field, limit) in LISTS {
        if let Some(Schema::Array(array)) = find(components, schema, field) {
            limit(array);
        } else {
            debug_assert!(false, "{schema}.{field}");
        }
    }
    two_forms_of_an_upload(components);
    for (prefix, name, limit) in PARAMETERS {
        let mut found = false;
        for (_, item) in document.paths.paths.iter_mut().filter(|(path, _)| path.starts_with(prefix)) {
            let parameters = operations(item).filter_map(|(_, operation)| operation.parameters.as_mut()).flatten();
            for parameter in parameters {
                if let RefOr::T(parameter) = parameter
                    && parameter.name == *name
                    && let Some(RefOr::T(Schema::Object(schema))) = &mut parameter.schema
                {
                    limit(schema);
                    found = true;
                }
            }
        }
        debug_assert!(found, "{prefix} {name}");
    }
}

/// A file that is to come needs three fields; one that lies elsewhere its address, and then nothing else is looked at.
fn two_forms_of_an_upload(components: &mut Components) {
    const NAME: &str = "CreateUpload";
    let Some(RefOr::T(Schema::Object(both))) = components.schemas.remove(NAME) else { return };
    let form = |title: &str, required: &[&str]| {
        let mut form = both.clone();
        form.title = Some(title.to_owned());
        form.description = None;
        form.required = required.iter().map(|name| (*name).to_owned()).collect();
        form.properties.retain(|name, _| required.contains(&name.as_str()));
        for property in form.properties.values_mut() {
            if let RefOr::T(Schema::Object(property)) = property {
                not_null(property);
            }
        }
        form
    };
    let mut file = form("A file to be uploaded", &["filename", "contentType", "sizeBytes"]);
    file.properties.insert("url".to_owned(), Object::with_type(Type::Null).into());
    let elsewhere = form("A file that lies elsewhere", &["url"]);
    let either = AnyOfBuilder::new().item(file).item(elsewhere).description(both.description);
    components.schemas.insert(NAME.to_owned(), Schema::from(either).into());
}

fn not_null(field: &mut Object) {
    if let SchemaType::Array(types) = &field.schema_type
        && let Some(first) = types.first()
    {
        field.schema_type = SchemaType::Type(first.clone());
    }
}

fn find<'a>(components: &'a mut Components, schema: &str, field: &str) -> Option<&'a mut Schema> {
    let RefOr::T(Schema::Object(object)) = components.schemas.get_mut(schema)? else { return None };
    let RefOr::T(property) = object.properties.get_mut(field)? else { return None };
    Some(property)
}

fn between(field: &mut Object, minimum: u64, maximum: u64) {
    field.minimum = Some(minimum.into());
    field.maximum = Some(maximum.into());
}

fn characters(field: &mut Object, maximum: usize) {
    field.min_length = Some(1);
    field.max_length = Some(maximum);
}

/// Not blank.
fn name(field: &mut Object) {
    characters(field, NAME_CHARS_MAX);
    field.pattern = Some(r"\S".into());
}

fn cursor(parameter: &mut Object, prefix: &str) {
    parameter.max_length = Some(40);
    parameter.pattern = Some(format!("^{prefix}"));
}

fn id(parameter: &mut Object, prefix: &str) {
    parameter.pattern = Some(format!("^{prefix}_{ULID}$"));
}
