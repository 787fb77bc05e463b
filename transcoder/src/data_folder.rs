//! Where models and ONNX Runtime are found when no variable names them: in the data folder, which
//! `cargo x setup` and `model add` fill, then beside the program, as an image installs them.

use std::env;
use std::path::{Path, PathBuf};

use model_import::data_folder;

/// File name of ONNX Runtime's shared library, which the system's loader can find, too.
pub const LIBRARY: &str = if cfg!(target_os = "macos") { "libonnxruntime.dylib" } else { "libonnxruntime.so" };
/// Folders of models and of ONNX Runtime: below the data folder, and below the program's prefix.
const MODELS: [&str; 2] = ["models", "share/bgless/models"];
const LIBRARIES: [&str; 2] = ["onnxruntime", "lib/bgless"];
const MODEL_EXTENSION: &str = "onnx";
/// File name of the model that is there from the start. Every other one was added because it is
/// better, so it comes last.
const BUILT_IN_MODEL: &str = "selfie";

/// The folder above the one of the program.
fn prefix() -> Option<PathBuf> {
    env::current_exe().ok()?.parent()?.parent().map(Path::to_owned)
}

/// A folder of the data folder, then one of the program's prefix.
fn folders([data, installed]: [&str; 2]) -> impl Iterator<Item = PathBuf> {
    [data_folder().map(|folder| folder.join(data)), prefix().map(|folder| folder.join(installed))].into_iter().flatten()
}

/// The folder into which models are added.
pub fn models_folder() -> Option<PathBuf> {
    data_folder().map(|folder| folder.join(MODELS[0]))
}

/// The models that are there; of two with the same file name the first.
pub fn models() -> Vec<PathBuf> {
    models_of(folders(MODELS))
}

fn models_of(folders: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let mut models = Vec::<PathBuf>::new();
    for model in folders.filter_map(|folder| models_in(&folder)).flatten() {
        if models.iter().all(|earlier| earlier.file_name() != model.file_name()) {
            models.push(model);
        }
    }
    models.sort_by_key(|path| is_built_in(path));
    models
}

/// The model files of a folder by name, the built-in one last; none if it is no folder.
pub fn models_in(folder: &Path) -> Option<Vec<PathBuf>> {
    let files = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|found| found == MODEL_EXTENSION)).collect();
    files.sort_by_cached_key(|path| (is_built_in(path), path.clone()));
    Some(files)
}

fn is_built_in(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| stem == BUILT_IN_MODEL)
}

/// ONNX Runtime's shared library, if it is in one of the folders.
pub fn onnx_runtime() -> Option<PathBuf> {
    folders(LIBRARIES).map(|folder| folder.join(LIBRARY)).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_that_were_added_come_before_the_built_in_one_and_the_data_folder_first() {
        let dir = tempfile::tempdir().unwrap();
        let (data, installed) = (dir.path().join("data"), dir.path().join("installed"));
        for (folder, names) in [
            (&data, ["zoo.onnx", "selfie.onnx", "rvm.onnx", "rvm.toml"]),
            (&installed, ["a.onnx", "selfie.onnx", "zoo.onnx", "b"]),
        ] {
            std::fs::create_dir(folder).unwrap();
            for name in names {
                std::fs::write(folder.join(name), "").unwrap();
            }
        }
        let found = models_of([dir.path().join("absent"), data.clone(), installed.clone()].into_iter());
        assert_eq!(found, [data.join("rvm.onnx"), data.join("zoo.onnx"), installed.join("a.onnx"), data.join("selfie.onnx")]);
        assert_eq!(models_in(&data.join("rvm.onnx")), None);
    }
}
