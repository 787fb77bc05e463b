//! Fetches a pinned package through npm, so that the registry and the proxy of the user's own
//! configuration apply, and reads single files of it. Nothing is extracted to a path that an
//! archive names, and no script of a package runs.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::read::GzDecoder;
use sha2::{Digest, Sha512};

use crate::error::{ImportError, Result};
use crate::packages::Package;

/// The largest archive of a known package has 145 MB.
const ARCHIVE_SIZE_BYTES_MAX: u64 = 512 * 1024 * 1024;
const UNPACKED_SIZE_BYTES_MAX: u64 = 2 * ARCHIVE_SIZE_BYTES_MAX;
/// The largest file that is read of one has 4 MB.
const FILE_SIZE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Lines that are shown of what npm prints when it fails.
const LINES_SHOWN: usize = 8;

/// The npm program.
#[derive(Debug, Clone)]
pub struct Npm {
    program: OsString,
    environment: Vec<(OsString, OsString)>,
}

impl Default for Npm {
    /// The one on the search path.
    fn default() -> Self {
        Self { program: "npm".into(), environment: Vec::new() }
    }
}

/// A package's archive whose integrity is checked.
#[derive(Debug)]
pub struct Archive<'a> {
    package: &'a Package,
    path: PathBuf,
}

impl Npm {
    /// Another program, or another environment.
    #[must_use]
    pub fn new(program: impl Into<OsString>, environment: Vec<(OsString, OsString)>) -> Self {
        Self { program: program.into(), environment }
    }

    /// Fetches a package into a folder that holds nothing else, and checks it.
    pub(crate) fn fetch<'a>(&self, package: &'a Package, folder: &Path) -> Result<Archive<'a>> {
        let mut command = Command::new(&self.program);
        command.args(["pack", &package.pinned(), "--ignore-scripts", "--loglevel", "error", "--pack-destination"]);
        command.arg(folder).envs(self.environment.iter().map(|(name, value)| (name, value)));
        let output = command.stdin(Stdio::null()).output().map_err(ImportError::NpmMissing)?;
        let entries = std::fs::read_dir(folder).map_err(ImportError::io(folder))?;
        let archive =
            entries.flatten().map(|entry| entry.path()).find(|path| path.extension().is_some_and(|found| found == "tgz"));
        let Some(path) = archive.filter(|_| output.status.success()) else {
            let lines = String::from_utf8_lossy(&output.stderr);
            let lines: Vec<&str> = lines.lines().filter(|line| !line.trim().is_empty()).collect();
            let shown = lines.get(..LINES_SHOWN.min(lines.len())).unwrap_or_default();
            return Err(ImportError::Npm { package: package.pinned(), output: shown.join("\n") });
        };
        Archive { package, path }.checked()
    }
}

impl Archive<'_> {
    /// Checks the size and the integrity.
    fn checked(self) -> Result<Self> {
        let file = File::open(&self.path).map_err(ImportError::io(&self.path))?;
        let (mut reader, mut hash) = (file.take(ARCHIVE_SIZE_BYTES_MAX + 1), Sha512::new());
        let (mut buffer, mut size) = (vec![0; 64 * 1024], 0);
        loop {
            let count = reader.read(&mut buffer).map_err(ImportError::io(&self.path))?;
            hash.update(buffer.get(..count).unwrap_or_default());
            size += count as u64;
            if count == 0 {
                break;
            }
        }
        if size > ARCHIVE_SIZE_BYTES_MAX {
            return Err(ImportError::TooLarge(self.package.pinned()));
        }
        let found = format!("sha512-{}", BASE64_STANDARD.encode(hash.finalize()));
        let expected = self.package.integrity;
        if found == expected {
            return Ok(self);
        }
        Err(ImportError::Integrity { package: self.package.pinned(), expected: expected.to_owned(), found })
    }

    /// Reads files of the package.
    pub fn read<const N: usize>(&self, files: [&str; N]) -> Result<[Vec<u8>; N]> {
        let damaged = || ImportError::io(&self.path);
        let file = BufReader::new(File::open(&self.path).map_err(damaged())?);
        let mut archive = tar::Archive::new(GzDecoder::new(file).take(UNPACKED_SIZE_BYTES_MAX));
        let mut found = HashMap::new();
        for entry in archive.entries().map_err(damaged())? {
            let entry = entry.map_err(damaged())?;
            let path = entry.path().map_err(damaged())?;
            // npm's archives have one folder, whose name does not matter.
            let path: PathBuf = path.components().skip(1).collect();
            let Some(name) = files.iter().find(|name| Path::new(name) == path) else { continue };
            let mut bytes = Vec::new();
            entry.take(FILE_SIZE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(damaged())?;
            if bytes.len() as u64 > FILE_SIZE_BYTES_MAX {
                return Err(ImportError::TooLarge(format!("{name} of {}", self.package.pinned())));
            }
            found.insert(*name, bytes);
            if files.iter().all(|name| found.contains_key(name)) {
                break;
            }
        }
        if let Some(missing) = files.iter().find(|name| !found.contains_key(*name)) {
            return Err(ImportError::FileMissing { package: self.package.pinned(), file: (*missing).to_owned() });
        }
        Ok(files.map(|name| found.remove(name).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests;
