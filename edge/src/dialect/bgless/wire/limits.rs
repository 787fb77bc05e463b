//! The limits of wire types' fields, for the API description alone. They are stated by the
//! constants that requests are checked with.

use serde_json::Value;
use utoipa::openapi::schema::{Object, Schema};

/// A field or parameter and its limits: the schema, or how the paths begin; the name; what is added
/// to its description.
pub type Limits = (&'static str, &'static str, fn(&mut Schema));

pub fn between(field: &mut Schema, minimum: u64, maximum: u64) {
    let field = object(field);
    field.minimum = Some(minimum.into());
    field.maximum = Some(maximum.into());
}

pub fn characters(field: &mut Schema, maximum: usize) {
    let field = object(field);
    field.min_length = Some(1);
    field.max_length = Some(maximum);
}

/// Characters of which at least one is visible.
pub fn not_blank(field: &mut Schema, maximum: usize) {
    characters(field, maximum);
    pattern(field, r"\S".to_owned());
}

pub fn pattern(field: &mut Schema, pattern: String) {
    object(field).pattern = Some(pattern);
}

pub fn default(field: &mut Schema, value: u64) {
    object(field).default = Some(Value::from(value));
}

/// A list of at least one item.
pub fn items(field: &mut Schema, maximum: Option<usize>) {
    let Schema::Array(list) = field else { panic!("not a list") };
    list.min_items = Some(1);
    list.max_items = maximum;
    list.unique_items = maximum.is_some();
}

pub fn object(field: &mut Schema) -> &mut Object {
    match field {
        Schema::Object(field) => field,
        _ => panic!("not a plain field"),
    }
}
