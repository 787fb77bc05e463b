//! Examples of bodies, by operation: `examples.json`.

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::{Content, OpenApi, RefOr};

use super::operations;

/// The examples of one operation; each kind by its summary.
#[derive(Deserialize)]
pub struct Examples {
    #[serde(default)]
    pub request: BTreeMap<String, Value>,
    /// By status.
    #[serde(default)]
    pub answers: BTreeMap<String, BTreeMap<String, Value>>,
}

/// By operation id; a test reads the file too, so it is well-formed.
pub fn all() -> BTreeMap<String, Examples> {
    serde_json::from_str(include_str!("examples.json")).unwrap_or_default()
}

pub fn add(document: &mut OpenApi) {
    let mut all = all();
    let items = document.paths.paths.values_mut().chain(document.webhooks.iter_mut().flat_map(|hooks| hooks.paths.values_mut()));
    for item in items {
        for (_, operation) in operations(item) {
            let Some(examples) = operation.operation_id.as_ref().and_then(|id| all.remove(id)) else { continue };
            if let Some(RefOr::T(body)) = &mut operation.request_body {
                give(body.content.values_mut(), &examples.request);
            }
            for (status, answers) in &examples.answers {
                if let Some(RefOr::T(response)) = operation.responses.responses.get_mut(status) {
                    give(response.content.values_mut(), answers);
                }
            }
        }
    }
    debug_assert!(all.is_empty(), "{:?}", all.keys());
}

fn give<'a>(contents: impl Iterator<Item = &'a mut RefOr<Content>>, examples: &BTreeMap<String, Value>) {
    for content in contents {
        let RefOr::T(content) = content else { continue };
        for (summary, value) in examples {
            let name = summary.to_lowercase().replace(|char: char| !char.is_ascii_alphanumeric(), "-");
            let example = ExampleBuilder::new().summary(summary.as_str()).value(Some(value.clone()));
            content.examples.insert(name, example.build().into());
        }
    }
}
