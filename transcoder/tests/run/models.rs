//! `model add`, `list` and `remove`: models are installed as a whole or not at all, and are found
//! without a variable.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output};

use crate::clips::Bench;
use crate::matting::{model, onnx_runtime};

/// The command with a data folder of its own, which has ONNX Runtime but no model.
fn command(bench: &Bench, words: &[&str]) -> Command {
    let data = bench.path("data");
    if !data.exists() {
        fs::create_dir_all(data.join("onnxruntime")).unwrap();
        let name = if cfg!(target_os = "macos") { "libonnxruntime.dylib" } else { "libonnxruntime.so" };
        symlink(onnx_runtime(), data.join("onnxruntime").join(name)).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_bgless-transcoder"));
    command.arg("model").args(words).env("BGLESS_CACHE", data).env("SCRATCH_DIR", bench.path("scratch"));
    for variable in ["MATTING_MODELS", "ORT_DYLIB_PATH", "ONNXRUNTIME_LIB"] {
        command.env_remove(variable);
    }
    command
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn done(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    text(&output)
}

fn refused(mut command: Command) -> String {
    let output = command.stdin(std::process::Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    text(&output)
}

fn has_no_models(bench: &Bench) -> bool {
    fs::read_dir(bench.path("data/models")).is_err()
}

/// A folder with a program in place of npm.
fn fake_npm(bench: &Bench, script: &str) -> std::path::PathBuf {
    let folder = bench.path("npm");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("npm"), format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(folder.join("npm"), fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

#[test]
fn a_licence_that_is_not_accepted_changes_nothing() {
    let bench = Bench::new();
    let said = refused(command(&bench, &["add", "rvm"]));
    assert!(said.contains("GPL-3.0") && said.contains("container image") && said.contains("--accept-licence"), "{said}");
    assert!(has_no_models(&bench));
}

#[test]
fn no_npm_no_network_and_another_archive_leave_nothing_behind() {
    let bench = Bench::new();
    let add = || command(&bench, &["add", "selfie"]);
    let mut without_npm = add();
    without_npm.env("PATH", bench.path("out"));
    assert!(refused(without_npm).contains("npm cannot be started"));
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut without_network = add();
    without_network.env("npm_config_registry", format!("http://{closed}/")).env("npm_config_fetch_retries", "0");
    without_network.env("npm_config_cache", bench.path("npm-cache"));
    let said = refused(without_network);
    assert!(said.contains("npm cannot fetch @mediapipe/selfie_segmentation@") && said.contains("ECONNREFUSED"), "{said}");
    let mut other_archive = add();
    other_archive.env("PATH", fake_npm(&bench, "for folder; do :; done; echo other > \"$folder/a.tgz\""));
    assert!(refused(other_archive).contains("is not the archive that is expected"));
    assert!(has_no_models(&bench));
}

#[test]
fn a_file_is_added_tried_listed_and_removed() {
    let bench = Bench::new();
    let file = model("portrait.onnx");
    let file = file.to_str().unwrap();
    let list = || done(command(&bench, &["list"]));
    assert!(list().contains("no matting model"));
    let said = done(command(&bench, &["add", file, "--id", "own", "--licence", "MIT"]));
    assert!(said.contains("kind = \"image\"") && said.contains("`auto` takes own"), "{said}");
    let matte = fs::read(bench.path("data/models/own.matte.png")).unwrap();
    assert_eq!((&matte[1..4], &matte[16..24]), (&b"PNG"[..], &[0, 0, 1, 128, 0, 0, 2, 0][..]));
    let said = list();
    assert!(said.contains("own  image, MIT, ") && said.contains("own.onnx\n    works"), "{said}");
    assert!(refused(command(&bench, &["add", file, "--id", "own"])).contains("there is a model own"));
    let said = done(command(&bench, &["add", model("recurrent.onnx").to_str().unwrap()]));
    assert!(said.contains("kind = \"recurrent\"") && said.contains("`auto` now takes own before recurrent"), "{said}");
    let mut without = command(&bench, &["list"]);
    without.env("MATTING_MODELS", "");
    assert!(done(without).contains("no matting model"));
    // A folder that is not there yet, and has the id for a name.
    let elsewhere = bench.path("own");
    let said = done(command(&bench, &["add", file, "--id", "own", "--folder", elsewhere.to_str().unwrap()]));
    assert!(said.contains("own.onnx"), "{said}");
    assert!(
        done(command(&bench, &["remove", "own", "--folder", elsewhere.to_str().unwrap()]))
            .contains("there is no matting model now")
    );
    let said = done(command(&bench, &["remove", "own"]));
    assert!(said.contains("own is removed") && said.contains("`auto` takes recurrent"), "{said}");
    let mut left: Vec<_> = fs::read_dir(bench.path("data/models")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["recurrent.matte.png", "recurrent.onnx", "recurrent.toml"]);
    assert!(refused(command(&bench, &["remove", "own"])).contains("there is no matting model own"));
}

#[test]
fn a_file_that_is_no_model_or_does_not_work_is_not_added() {
    let bench = Bench::new();
    let broken = bench.path("broken.onnx");
    fs::write(&broken, b"no model").unwrap();
    let add = |file: &Path, more: &[&str]| refused(command(&bench, &[&["add", file.to_str().unwrap()], more].concat()));
    assert!(add(&broken, &[]).contains("no model that ONNX Runtime can run"));
    assert!(add(&model("image.onnx"), &["--id", "a b"]).contains("`id` must have"));
    assert!(add(&model("image.onnx"), &["--picture", broken.to_str().unwrap()]).contains("no known picture"));
    assert!(add(&bench.path("absent.onnx"), &[]).contains("is neither rvm nor selfie nor a file"));
    assert!(add(&model("image.onnx"), &["--id", "../own"]).contains("`id` must have"));
    let left: Vec<_> = fs::read_dir(bench.path("data/models")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}
