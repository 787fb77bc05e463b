//! The description against what is committed, and against itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::*;
use crate::dialect::bgless::map;
use crate::dialect::bgless::wire::{CreateJobIn, CreateKeyIn, CreateUploadIn};
use crate::domain::ledger::ENTRY_KINDS;
use crate::domain::webhook::{DELIVERY_STATES, EVENTS};
use crate::router;

const UPDATE: &str = "BGLESS_UPDATE_SNAPSHOTS";

fn public() -> OpenApi {
    document(&router::described())
}

fn value() -> Value {
    serde_json::to_value(public()).unwrap()
}

/// Compares with a committed file, or writes it where that was asked for.
fn assert_committed(path: &str, text: &str) {
    if std::env::var_os(UPDATE).is_some() {
        fs::write(path, text).unwrap();
    }
    let committed = fs::read_to_string(path).unwrap_or_default();
    let differs = committed.lines().zip(text.lines()).position(|(left, right)| left != right);
    let line = differs.unwrap_or_else(|| committed.lines().count().min(text.lines().count())) + 1;
    assert!(committed == text, "{path} differs from line {line}; if that is meant: {UPDATE}=1 cargo test -p edge openapi");
}

#[test]
fn the_description_is_the_committed_one() {
    assert_committed("assets/openapi.json", &(public().to_pretty_json().unwrap() + "\n"));
}

#[test]
fn the_routes_are_the_committed_ones() {
    let mut lines = vec![];
    for (path, item) in &mut router::described().paths.paths.clone() {
        for (method, operation) in operations(item) {
            lines.push(format!("{method} {path} {}\n", authorization_of(operation)));
        }
    }
    lines.sort_by_key(|line| line.split(' ').nth(1).unwrap().to_owned() + line);
    assert_committed("../tests/fixtures/routes.txt", &lines.concat());
}

/// The authorization of a route, from its description, which must state one.
fn authorization_of(operation: &Operation) -> String {
    let security = operation.security.as_ref().expect("every route says what opens it");
    let mut guards = security.iter().map(|requirement| {
        let requirement = serde_json::to_value(requirement).unwrap();
        let (scheme, scopes) =
            requirement.as_object().unwrap().iter().next().map_or(("", ""), |(scheme, scopes)| {
                (scheme.as_str(), scopes.get(0).and_then(Value::as_str).unwrap_or_default())
            });
        match scheme {
            "" => "public".to_owned(),
            "bearer" | "apiKey" => format!("key:{scopes}"),
            "operatorToken" => "operator".to_owned(),
            "fleetSignature" => "fleet".to_owned(),
            "providerSignature" => "provider".to_owned(),
            "fileSignature" => "file-signature".to_owned(),
            "shareToken" => "share-token".to_owned(),
            other => panic!("no guard is known for {other}"),
        }
    });
    let first = guards.next().unwrap();
    assert!(guards.all(|guard| guard == first));
    first
}

#[test]
fn no_route_is_mounted_without_a_description() {
    fn search(folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                search(&path);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !["openapi/tests.rs", "server/routes.rs"].iter().any(|mounts| path.ends_with(mounts))
            {
                let text = fs::read_to_string(&path).unwrap();
                for plain in [".route(", ".route_service(", ".nest_service(", "axum::routing"] {
                    assert!(!text.contains(plain), "{} in {}", plain, path.display());
                }
            }
        }
    }
    search(Path::new("src"));
}

#[test]
fn every_operation_is_described() {
    let mut ids = BTreeSet::new();
    for (path, item) in &mut public().paths.paths {
        for (method, operation) in operations(item) {
            let id = operation.operation_id.clone().unwrap();
            assert!(ids.insert(id.clone()), "{id} twice");
            assert!(
                operation.summary.is_some() && operation.tags.as_ref().is_some_and(|tags| tags.len() == 1),
                "{method} {path}"
            );
            let statuses: BTreeSet<_> = operation.responses.responses.keys().map(String::as_str).collect();
            assert!(statuses.iter().any(|status| status.starts_with(['2', '3'])), "{method} {path}");
            assert_eq!(operation.request_body.is_some(), statuses.contains("415"), "{method} {path}");
            assert_eq!(path != "/health", statuses.contains("429"), "{method} {path}");
        }
    }
}

#[test]
fn every_reference_leads_somewhere_and_nothing_is_left_over() {
    fn collect(value: &Value, references: &mut BTreeSet<String>) {
        match value {
            Value::Object(object) => {
                references.extend(object.get("$ref").and_then(Value::as_str).map(str::to_owned));
                object.values().for_each(|value| collect(value, references));
            }
            Value::Array(array) => array.iter().for_each(|value| collect(value, references)),
            _ => {}
        }
    }
    let document = value();
    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    let mut known = BTreeSet::new();
    for kind in ["schemas", "headers"] {
        let names = document["components"][kind].as_object().unwrap().keys();
        known.extend(names.map(|name| format!("#/components/{kind}/{name}")));
    }
    assert_eq!(references, known);
}

#[test]
fn every_body_has_examples_and_each_is_valid() {
    let document = value();
    let hooks = document["webhooks"].as_object().unwrap();
    for (path, item) in document["paths"].as_object().unwrap().iter().chain(hooks) {
        for (method, operation) in item.as_object().unwrap() {
            let answers = operation["responses"].as_object().unwrap().iter();
            let bodies = answers.filter(|(status, _)| status.starts_with('2')).map(|(_, answer)| answer);
            for body in bodies.chain(operation.get("requestBody")) {
                let Some(content) = body.pointer("/content/application~1json") else { continue };
                let examples = content["examples"].as_object().unwrap_or_else(|| panic!("{method} {path} has no example"));
                for (name, example) in examples {
                    let fits = fits(&document, &content["schema"], &example["value"]);
                    assert!(fits, "{method} {path} {name}");
                }
            }
        }
    }
}

/// Whether an example fits its schema, as far as shapes and names go.
fn fits(document: &Value, schema: &Value, value: &Value) -> bool {
    if let Some(reference) = schema["$ref"].as_str() {
        return fits(document, document.pointer(&reference[1..]).unwrap(), value);
    }
    if let Some(either) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        return either.iter().any(|schema| fits(document, schema, value));
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let is = |known: &Value| known == kind || known == "number" && kind == "integer";
    let known = match &schema["type"] {
        Value::Array(types) => types.iter().any(is),
        one => is(one),
    };
    let listed = schema["enum"].as_array().is_none_or(|values| values.contains(value));
    let items = value.as_array().into_iter().flatten().all(|item| fits(document, &schema["items"], item));
    let required = schema["required"].as_array().into_iter().flatten();
    let whole = value.as_object().is_none_or(|object| required.clone().all(|name| object.contains_key(name.as_str().unwrap())));
    let fields = value.as_object().into_iter().flatten().filter_map(|(name, value)| {
        let field = schema["properties"].get(name)?;
        Some(fits(document, field, value))
    });
    known && listed && items && whole && fields.into_iter().all(|fits| fits)
}

#[test]
fn the_examples_of_requests_are_understood() {
    let all = examples::all();
    let requests = |id: &str| all[id].request.values().cloned();
    for body in requests("createUpload") {
        map::upload_request(serde_json::from_value::<CreateUploadIn>(body).unwrap()).unwrap();
    }
    for body in requests("createJob") {
        map::job_request(serde_json::from_value::<CreateJobIn>(body).unwrap()).unwrap();
    }
    for body in requests("estimateJob") {
        map::estimate_request(serde_json::from_value::<CreateJobIn>(body).unwrap()).unwrap();
    }
    for body in requests("createKey") {
        map::account::key_request(serde_json::from_value::<CreateKeyIn>(body).unwrap()).unwrap();
    }
}

#[test]
fn the_database_knows_the_same_words() {
    let migrations = ["0003_create_ledger", "0004_create_deliveries"]
        .map(|name| fs::read_to_string(format!("../migrations/d1/{name}.sql")).unwrap())
        .concat();
    for (check, words) in [("kind IN (", &ENTRY_KINDS[..]), ("event IN (", &EVENTS[..]), ("state IN (", &DELIVERY_STATES[..])] {
        let listed = migrations.split(&format!("CHECK ({check}")).nth(1).unwrap().split(')').next().unwrap();
        let listed: Vec<_> = listed.split(", ").map(|word| word.trim_matches('\'')).collect();
        assert_eq!(listed, words);
    }
}
