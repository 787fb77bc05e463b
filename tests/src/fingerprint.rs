//! Change detection by the contents of the inputs, for artifacts that are built from them.
//!
//! File times do not suffice: a checkout changes them, and a removed file has none.

use std::fmt;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A hash of all inputs of one artifact. Not for security.
#[derive(Debug, Default)]
pub struct Fingerprint(DefaultHasher);

impl Fingerprint {
    /// Adds an input that is not a file.
    #[must_use]
    pub fn with(mut self, fact: impl Hash) -> Self {
        fact.hash(&mut self.0);
        self
    }

    /// Adds a file, or all files of a folder, by relative path and content.
    pub fn with_path(mut self, root: &Path, path: &str) -> Result<Self> {
        let mut files = Vec::new();
        list_files(&root.join(path), &mut files).with_context(|| format!("{path} cannot be read"))?;
        files.sort();
        for file in files {
            file.strip_prefix(root).unwrap_or(&file).hash(&mut self.0);
            fs::read(&file)?.hash(&mut self.0);
        }
        Ok(self)
    }

    /// Returns true if the stored fingerprint is the same.
    #[must_use]
    pub fn matches(&self, fingerprint_file: &Path) -> bool {
        fs::read_to_string(fingerprint_file).is_ok_and(|text| text == self.to_string())
    }

    /// Stores the fingerprint. Call it last, when the artifact is complete.
    pub fn write(&self, fingerprint_file: &Path) -> Result<()> {
        fs::write(fingerprint_file, self.to_string()).with_context(|| format!("{} cannot be written", fingerprint_file.display()))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0.finish())
    }
}

fn list_files(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            list_files(&entry?.path(), files)?;
        }
    } else {
        fs::metadata(path)?;
        files.push(path.to_owned());
    }
    Ok(())
}
