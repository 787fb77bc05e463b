//! What people look at instead of the outputs: small videos over three backdrops (made with the outputs, see `product`), a
//! still of each, and their sizes.

use std::path::{Path, PathBuf};

use shared::media::{PixelSize, PreviewKind};

use crate::error::{TaskError, TaskResult};
use crate::output::encode::{Master, png};
use crate::output::product::{Item, Product};

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewFile {
    /// What it is.
    pub kind: PreviewKind,
    /// Where it is.
    pub path: PathBuf,
    /// Its size.
    pub size_bytes: u64,
    /// Its picture size; none where it is no picture.
    pub size: Option<PixelSize>,
}

/// Writes the stills, and lists them behind their videos.
pub fn collect(dir: &Path, products: &[Product], master: &Master) -> TaskResult<Vec<PreviewFile>> {
    let mut files = Vec::new();
    for product in products {
        let Item::Preview(backdrop) = product.item else { continue };
        files.push(measured(dir, backdrop.kind(), Some(product.feed.padded))?);
        let poster = master.posters.iter().find(|(kept, ..)| *kept == backdrop);
        if let Some((_, size, rgb)) = poster {
            let path = dir.join(backdrop.poster_kind().file_name());
            let still = png::encode_rgb(rgb, *size).map_err(|error| TaskError::disk("encoding a still", &error))?;
            std::fs::write(&path, still).map_err(|error| TaskError::disk("writing a still", &error))?;
            files.push(measured(dir, backdrop.poster_kind(), Some(*size))?);
        }
    }
    Ok(files)
}

/// A file that has been written.
pub fn measured(dir: &Path, kind: PreviewKind, size: Option<PixelSize>) -> TaskResult<PreviewFile> {
    let path = dir.join(kind.file_name());
    let size_bytes = std::fs::metadata(&path).map_err(|error| TaskError::disk("measuring a preview", &error))?.len();
    Ok(PreviewFile { kind, path, size_bytes, size })
}
