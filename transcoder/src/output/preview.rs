//! Previews, for people to judge a result by: small videos over three backdrops (encoded with the
//! outputs), a still of each, and the QA report as a file.

use std::path::{Path, PathBuf};

use shared::media::{PixelSize, PreviewKind};
use shared::qa::QaReport;

use crate::error::{TaskError, TaskResult};
use crate::output::master::Master;
use crate::output::png;
use crate::output::rendition::{Rendition, RenditionKind};

/// One preview file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewFile {
    /// The kind of preview.
    pub kind: PreviewKind,
    /// Where it is.
    pub path: PathBuf,
    /// Its size.
    pub size_bytes: u64,
    /// The size of its picture; none for the report.
    pub size: Option<PixelSize>,
}

/// Writes the stills, and lists each after its video.
pub fn collect(dir: &Path, renditions: &[Rendition], master: &Master) -> TaskResult<Vec<PreviewFile>> {
    let mut files = Vec::new();
    for rendition in renditions {
        let RenditionKind::Preview(backdrop) = rendition.kind else { continue };
        files.push(measured(dir, backdrop.kind(), Some(rendition.feed.padded))?);
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

/// Writes the report as JSON.
pub fn write_report(dir: &Path, report: &QaReport) -> TaskResult<PreviewFile> {
    let json = serde_json::to_vec_pretty(report).map_err(|error| TaskError::Transient(error.to_string()))?;
    let written = std::fs::write(dir.join(PreviewKind::Qa.file_name()), json);
    written.map_err(|error| TaskError::disk("writing the report", &error))?;
    measured(dir, PreviewKind::Qa, None)
}
