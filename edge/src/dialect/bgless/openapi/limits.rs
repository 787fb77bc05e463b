//! Writes the limits that stand beside the wire types into the description.

use utoipa::openapi::schema::{AnyOfBuilder, Object, SchemaType, Type};
use utoipa::openapi::{Components, OpenApi, RefOr, Schema};

use super::operations;
use crate::dialect::bgless::admin;
use crate::dialect::bgless::wire::{self, Limits};

const FIELDS: [&[Limits]; 4] = [wire::UPLOAD_LIMITS, wire::CREATE_JOB_LIMITS, wire::ACCOUNT_LIMITS, admin::LIMITS];

pub fn add(document: &mut OpenApi) {
    let components = document.components.get_or_insert_default();
    for (schema, field, limit) in FIELDS.into_iter().flatten() {
        let found = find(components, schema, field);
        assert!(found.is_some(), "{schema}.{field}");
        found.into_iter().for_each(limit);
    }
    two_forms_of_an_upload(components);
    for (prefix, name, limit) in wire::PARAMETER_LIMITS {
        let mut found = false;
        for (_, item) in document.paths.paths.iter_mut().filter(|(path, _)| path.starts_with(prefix)) {
            let parameters = operations(item).filter_map(|(_, operation)| operation.parameters.as_mut()).flatten();
            for parameter in parameters {
                if let RefOr::T(parameter) = parameter
                    && parameter.name == *name
                    && let Some(RefOr::T(schema)) = &mut parameter.schema
                {
                    limit(schema);
                    found = true;
                }
            }
        }
        assert!(found, "{prefix} {name}");
    }
}

/// An upload needs three fields; a hosted file needs its URL, and then the other fields are
/// ignored.
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
