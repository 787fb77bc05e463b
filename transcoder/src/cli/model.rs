//! `model add`, `list` and `remove`: the matting models of this machine.

mod add;
mod proposal;
mod trial;

use std::path::{Path, PathBuf};

use crate::cli::arguments::{ModelArguments, ModelCommand};
use crate::data_folder;
use crate::matte::models::Catalog;
use crate::settings::Settings;

/// Runs the command; returns what is printed.
/// Errors: sentences for the operator.
pub fn manage_models(arguments: &ModelArguments) -> Result<String, String> {
    match &arguments.command {
        ModelCommand::Add(arguments) => add::add(arguments),
        ModelCommand::List { settings } => Ok(list(settings)),
        ModelCommand::Remove { id, folder, settings } => remove(id, folder.as_deref(), settings),
    }
}

fn list(settings: &Settings) -> String {
    let catalog = settings.catalog();
    let mut lines: Vec<String> = Vec::new();
    for (entry, model) in catalog.entries().iter().zip(catalog.check()) {
        let state = model.unavailable_reason.map_or_else(|| "works".to_owned(), |reason| format!("does not work: {reason}"));
        let licence = if model.licence.is_empty() { "no licence stated" } else { &model.licence };
        lines.push(format!("{}  {}, {licence}, {}\n    {state}", model.id, model.kind, entry.path().display()));
    }
    if lines.is_empty() {
        lines.push("no matting model; `model add selfie` installs a small one, `model add rvm` the best for people".to_owned());
    }
    lines.join("\n")
}

fn remove(id: &str, folder: Option<&Path>, settings: &Settings) -> Result<String, String> {
    let catalog = catalog_of(folder, settings);
    let entry = catalog.entries().iter().find(|entry| entry.id == id);
    let entry = entry.ok_or_else(|| format!("there is no matting model {id}; `model list` names them"))?;
    model_import::remove(entry.path()).map_err(|error| error.to_string())?;
    Ok(format!("{id} is removed from {}\n{}", entry.path().display(), order(&catalog_of(folder, settings))))
}

/// The models of a folder, or those that the transcoder finds.
fn catalog_of(folder: Option<&Path>, settings: &Settings) -> Catalog {
    let Some(folder) = folder else { return settings.catalog() };
    Catalog::read(data_folder::models_in(folder).unwrap_or_default(), &settings.limits())
}

/// The folder that is named, or the one of the data folder.
fn target_folder(folder: Option<&Path>) -> Result<PathBuf, String> {
    let folder = folder.map(Path::to_owned).or_else(data_folder::models_folder);
    let folder = folder.ok_or("there is no home folder: name a folder with --folder")?;
    std::path::absolute(&folder).map_err(|error| format!("{}: {error}", folder.display()))
}

/// Which model a job gets that names none.
fn order(catalog: &Catalog) -> String {
    let ids: Vec<&str> = catalog.entries().iter().map(|entry| entry.id.as_str()).collect();
    match ids.split_first() {
        None => "there is no matting model now".to_owned(),
        Some((first, [])) => format!("`auto` takes {first} where no exact way fits"),
        Some((first, rest)) => format!("`auto` now takes {first} before {}", rest.join(", ")),
    }
}
