//! The matting models of this installation: what `MATTING_MODELS` names, each with its TOML file, loaded when first needed.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use shared::matting::{MattingModel, UNNAMED_KIND};

use super::card::{Card, ID_CHARS_MAX};
use super::model::{Limits, Model};

/// Extension of a model's file, and of the file of words beside it.
const MODEL_EXTENSION: &str = "onnx";
const CARD_EXTENSION: &str = "toml";

/// All of them, in the order of their names in the variable, and below a folder by file name.
#[derive(Debug, Default)]
pub struct Catalog {
    entries: Vec<Entry>,
}

/// One of them.
#[derive(Debug)]
pub struct Entry {
    /// Its own, or its file's name where it has none.
    pub id: String,
    path: PathBuf,
    card: Result<Card, String>,
    limits: Limits,
    loaded: OnceLock<Result<Arc<Model>, String>>,
}

impl Catalog {
    /// Reads the files of words; loads nothing. `paths` are folders or model files.
    pub fn read(paths: impl IntoIterator<Item = PathBuf>, limits: &Limits) -> Self {
        let mut entries = Vec::<Entry>::new();
        for path in paths.into_iter().flat_map(|path| models_in(&path)) {
            let mut entry = Entry::read(path, limits);
            if entries.iter().any(|earlier| earlier.id == entry.id) {
                entry.card = Err(format!("another model has the id `{}`", entry.id));
                entry.id = format!("{}-{}", entry.id, entries.len() + 1);
            }
            entries.push(entry);
        }
        Self { entries }
    }

    /// Whether there is any, working or not.
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All of them.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Loads what is not loaded yet and says what works; those that do not are said with their reason.
    pub fn check(&self) -> Vec<MattingModel> {
        self.entries.iter().map(Entry::check).collect()
    }
}

impl Entry {
    fn read(path: PathBuf, limits: &Limits) -> Self {
        let words = path.with_extension(CARD_EXTENSION);
        let card = std::fs::read_to_string(&words)
            .map_err(|error| format!("{} cannot be read: {error}", words.display()))
            .and_then(|text| Card::parse(&text).map_err(|error| format!("{}: {error}", words.display())));
        // A model without words of its own must have a name that can be announced.
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let safe = |char: char| if char.is_ascii_alphanumeric() || "-_.".contains(char) { char } else { '_' };
        let stem: String = stem.chars().take(ID_CHARS_MAX).map(safe).collect();
        let id = card.as_ref().map_or(stem, |card| card.id.clone());
        Self { id, path, card, limits: limits.clone(), loaded: OnceLock::new() }
    }

    /// The model, loaded at the first call.
    /// Errors: a sentence for the operator.
    pub fn model(&self) -> Result<Arc<Model>, String> {
        let load = || {
            let loaded = self.card.clone().and_then(|card| Model::load(card, &self.path, self.limits.clone()));
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
        let card = self.card.as_ref().ok();
        MattingModel {
            id: self.id.clone(),
            display_name: card.map_or_else(|| self.id.clone(), |card| card.display_name.clone()),
            kind: card.map_or(UNNAMED_KIND, |card| card.kind.as_str()).to_owned(),
            licence: card.map_or_else(String::new, |card| card.licence.clone()),
            unavailable_reason,
        }
    }
}

/// The model files below a folder, or the one file; what is not there is a model that is missing.
fn models_in(path: &Path) -> Vec<PathBuf> {
    let Ok(folder) = std::fs::read_dir(path) else { return vec![path.to_owned()] };
    let files = folder.flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|found| found == MODEL_EXTENSION)).collect();
    files.sort();
    files
}
