//! The model that `cargo x setup` installs: it is the original's, and transcoders find it.

use std::fs;
use std::process::Command;

use model_import::{Npm, SELFIE};
use serde_json::Value;
use tests::cache::Cache;
use tests::tasks::setup;
use tests::workspace::Workspace;
use tests::{artifacts, pip};

/// Mean and largest difference of alpha. Measured: 3e-7 and 9e-5.
const MEAN_MAX: f64 = 1e-4;
const LARGEST_MAX: f64 = 1e-2;

#[test]
fn the_converted_model_gives_what_the_original_gives_on_a_photograph() {
    let (workspace, cache) = (Workspace::find().unwrap(), Cache::open().unwrap());
    setup::ensure(&workspace, &cache).unwrap();
    let packages = pip::ensure_required("model-import").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let original = dir.path().join("original.tflite");
    fs::write(&original, model_import::fetch_file(&SELFIE, "selfie_segmentation.tflite", &Npm::default()).unwrap()).unwrap();
    let mut command = Command::new("python3");
    command.arg(workspace.join("tests/model-import/original.py")).arg(&original).arg(cache.join("models/selfie.onnx"));
    let output = command.env("PYTHONPATH", packages).env("PYTHONDONTWRITEBYTECODE", "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{said}\nMediaPipe needs libEGL and libGLESv2 on Linux (Debian: apt-get install libegl1 libgles2)."
    );
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let number = |name: &str| found[name].as_f64().unwrap();
    assert!((0.2..0.8).contains(&number("alpha")), "the original finds nobody: {found}");
    assert!(number("mean") <= MEAN_MAX && number("max") <= LARGEST_MAX, "{found}");
}

#[test]
fn after_setup_a_transcoder_finds_the_model_and_onnx_runtime_without_a_variable() {
    let (workspace, cache) = (Workspace::find().unwrap(), Cache::open().unwrap());
    setup::ensure(&workspace, &cache).unwrap();
    let mut command = Command::new(artifacts::ensure_transcoder(&workspace, &cache).unwrap());
    for variable in ["MATTING_MODELS", "ORT_DYLIB_PATH", "ONNXRUNTIME_LIB"] {
        command.env_remove(variable);
    }
    let output = command.args(["model", "list"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    // Other models may have been added to the cache.
    let lines: Vec<&str> = said.lines().collect();
    let [.., model, state] = lines[..] else { panic!("{said}") };
    assert!(model.starts_with("selfie  ") && model.contains(", Apache-2.0, "), "{said}");
    assert_eq!(state, "    works", "{said}");
}
