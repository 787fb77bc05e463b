//! The matting models of this installation: those that `MATTING_MODELS` names or the data folder
//! has, each with its manifest, loaded when first used.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use shared::matting::{MattingModel, UNNAMED_KIND};

use super::limits::Limits;
use super::manifest::{ID_CHARS_MAX, Kind, Manifest};
use super::model::Model;
use crate::data_folder;

/// Extension of the manifest beside a model's file.
const MANIFEST_EXTENSION: &str = "toml";

/// The models, in the order of their paths; those of a folder as `data_folder` sorts them.
#[derive(Debug, Default)]
pub struct Catalog {
    entries: Vec<Entry>,
}

/// One model, which may not be usable.
#[derive(Debug)]
pub struct Entry {
    /// Id of its manifest; without a readable one, the name of its file.
    pub id: String,
    path: PathBuf,
    manifest: Result<Manifest, String>,
    limits: Limits,
    loaded: OnceLock<Result<Arc<Model>, String>>,
}

impl Catalog {
    /// Reads the manifests without loading a model. `paths` are folders or model files.
    pub fn read(paths: impl IntoIterator<Item = PathBuf>, limits: &Limits) -> Self {
        let mut entries = Vec::<Entry>::new();
        for path in paths.into_iter().flat_map(|path| models_in(&path)) {
            let mut entry = Entry::read(path, limits);
            if entries.iter().any(|earlier| earlier.id == entry.id) {
                entry.manifest = Err(format!("another model has the id `{}`", entry.id));
                entry.id = format!("{}-{}", entry.id, entries.len() + 1);
            }
            entries.push(entry);
        }
        Self { entries }
    }

    /// True if no model is configured.
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All models, usable or not.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The first segmentation model that is usable.
    pub fn segmentation_model(&self) -> Option<Arc<Model>> {
        let is_segmentation = |entry: &&Entry| entry.manifest.as_ref().is_ok_and(|manifest| manifest.kind == Kind::Segmentation);
        self.entries.iter().filter(is_segmentation).find_map(|entry| entry.model().ok())
    }

    /// Loads every model and lists them; those that cannot be used with the reason.
    pub fn check(&self) -> Vec<MattingModel> {
        self.entries.iter().map(Entry::check).collect()
    }
}

impl Entry {
    fn read(path: PathBuf, limits: &Limits) -> Self {
        let manifest_path = path.with_extension(MANIFEST_EXTENSION);
        let manifest = std::fs::read_to_string(&manifest_path)
            .map_err(|error| format!("{} cannot be read: {error}", manifest_path.display()))
            .and_then(|text| Manifest::parse(&text).map_err(|error| format!("{}: {error}", manifest_path.display())));
        // Without a manifest, the file's name becomes an id that can be announced.
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let safe = |char: char| if char.is_ascii_alphanumeric() || "-_.".contains(char) { char } else { '_' };
        let stem: String = stem.chars().take(ID_CHARS_MAX).map(safe).collect();
        let id = manifest.as_ref().map_or(stem, |manifest| manifest.id.clone());
        Self { id, path, manifest, limits: limits.clone(), loaded: OnceLock::new() }
    }

    /// Its ONNX file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The model, loaded on the first call.
    /// Errors: a sentence for the operator.
    pub fn model(&self) -> Result<Arc<Model>, String> {
        let load = || {
            let loaded = self.manifest.clone().and_then(|manifest| Model::load(manifest, &self.path, self.limits.clone()));
            match &loaded {
                Ok(_) => tracing::info!(model = self.id, path = %self.path.display(), "a matting model works"),
                Err(reason) => {
                    tracing::error!(model = self.id, path = %self.path.display(), reason, "a matting model cannot be used");
                }
            }
            loaded
        };
        self.loaded.get_or_init(load).clone()
    }

    fn check(&self) -> MattingModel {
        let unavailable_reason = self.model().err();
        let manifest = self.manifest.as_ref().ok();
        MattingModel {
            id: self.id.clone(),
            display_name: manifest.map_or_else(|| self.id.clone(), |manifest| manifest.display_name.clone()),
            kind: manifest.map_or(UNNAMED_KIND, |manifest| manifest.kind.as_str()).to_owned(),
            licence: manifest.map_or_else(String::new, |manifest| manifest.licence.clone()),
            unavailable_reason,
        }
    }
}

/// The model files of a folder, or the path itself where it is none.
fn models_in(path: &Path) -> Vec<PathBuf> {
    data_folder::models_in(path).unwrap_or_else(|| vec![path.to_owned()])
}
