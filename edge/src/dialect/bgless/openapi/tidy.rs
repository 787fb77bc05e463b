//! Makes the description shorter and clearer without changing what it says.

use std::collections::BTreeMap;

use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::ArrayItems;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Components, OpenApi, Ref, RefOr, Schema};

use super::operations;

/// Schemas of envelopes, which are written inline; their contents become references.
const ENVELOPES: [&str; 2] = ["Data_", "PageOut_"];

pub fn tidy(document: &mut OpenApi) {
    let Some(components) = &mut document.components else { return };
    let (envelopes, named) = std::mem::take(&mut components.schemas)
        .into_iter()
        .partition(|(name, _)| ENVELOPES.iter().any(|prefix| name.starts_with(prefix)));
    components.schemas = named;
    let mut envelopes: BTreeMap<_, _> = envelopes;
    for envelope in envelopes.values_mut() {
        restore_reference(envelope, components);
    }
    for schema in components.schemas.values_mut() {
        lift_descriptions(schema);
    }
    for item in document.paths.paths.values_mut() {
        for (_, operation) in operations(item) {
            write_envelopes(operation, &envelopes);
            // An operation without security is public; macros can only say that security is
            // optional.
            if operation.security.as_deref() == Some(&[SecurityRequirement::default()]) {
                operation.security = Some(Vec::new());
            }
        }
    }
}

/// The macros write the contents of an envelope inline; here they become a reference again.
fn restore_reference(envelope: &mut RefOr<Schema>, components: &Components) {
    let RefOr::T(Schema::Object(envelope)) = envelope else { return };
    envelope.description = None;
    match envelope.properties.get_mut("data") {
        Some(RefOr::T(Schema::Array(list))) => {
            if let ArrayItems::RefOrSchema(item) = &mut list.items {
                replace_by_reference(item, components);
            }
        }
        Some(data) => replace_by_reference(data, components),
        None => {}
    }
}

fn replace_by_reference(schema: &mut RefOr<Schema>, components: &Components) {
    if let Some((name, _)) = components.schemas.iter().find(|(_, named)| *named == schema) {
        *schema = Ref::from_schema_name(name.as_str()).into();
    }
}

fn write_envelopes(operation: &mut Operation, envelopes: &BTreeMap<String, RefOr<Schema>>) {
    for response in operation.responses.responses.values_mut() {
        let RefOr::T(response) = response else { continue };
        for content in response.content.values_mut() {
            let RefOr::T(content) = content else { continue };
            let Some(RefOr::Ref(reference)) = &content.schema else { continue };
            let name = reference.ref_location.rsplit('/').next().unwrap_or_default();
            if let Some(envelope) = envelopes.get(name) {
                content.schema = Some(envelope.clone());
            }
        }
    }
}

/// A nullable field is `oneOf` a reference and null, and the macros put the field's description on
/// the reference.
fn lift_descriptions(schema: &mut RefOr<Schema>) {
    let RefOr::T(Schema::Object(object)) = schema else { return };
    for property in object.properties.values_mut() {
        let RefOr::T(Schema::OneOf(either)) = property else { continue };
        if let Some(RefOr::Ref(reference)) = either.items.first_mut()
            && !reference.description.is_empty()
        {
            either.description = Some(std::mem::take(&mut reference.description));
        }
    }
}
