//! The input files of a task: the source, and the pictures and sounds that belong to it.

use std::path::{Path, PathBuf};

use shared::code::JobErrorCode;
use shared::media::BACKGROUND_SIZE_BYTES_MAX;
use shared::report::Work;
use shared::source::Source;

use super::Deps;
use crate::error::{TaskError, TaskResult};

/// Copies a file from the bucket or from a URL into the task's folder.
pub async fn fetch<E>(deps: &Deps<E>, from: &Source, to: &Path, size_bytes_max: u64, note: impl Fn(u64, u64)) -> TaskResult<()> {
    match from {
        Source::Object { size_bytes, .. } if *size_bytes > size_bytes_max => {
            Err(TaskError::with_detail(JobErrorCode::SourceTooLarge, format!("the object has {size_bytes} bytes")))
        }
        Source::Object { object_key, size_bytes } => {
            deps.objects.download(object_key, *size_bytes, to, |received| note(received, *size_bytes)).await
        }
        Source::Url { url } => {
            let note = |received, announced: u64| note(received, announced.max(received + 1));
            deps.fetcher.fetch(url, to, size_bytes_max, note).await
        }
    }
}

/// The picture of the empty background, if the caller has one.
pub async fn fetch_background<E>(deps: &Deps<E>, work: &Work, dir: &Path) -> TaskResult<Option<PathBuf>> {
    fetch_picture(deps, work.background.as_ref(), dir.join("background"), JobErrorCode::BackgroundUnusable).await
}

/// The picture that is to stand behind the subject, if the caller has one.
pub async fn fetch_backdrop<E>(deps: &Deps<E>, work: &Work, dir: &Path) -> TaskResult<Option<PathBuf>> {
    fetch_picture(deps, work.composition.picture.as_ref(), dir.join("backdrop"), JobErrorCode::BackdropUnusable).await
}

/// Fails with `code`: the source is not at fault.
async fn fetch_picture<E>(deps: &Deps<E>, from: Option<&Source>, to: PathBuf, code: JobErrorCode) -> TaskResult<Option<PathBuf>> {
    let Some(from) = from else { return Ok(None) };
    fetch_as(deps, from, &to, BACKGROUND_SIZE_BYTES_MAX, code, |_, _| {}).await?;
    Ok(Some(to))
}

/// As [`fetch`]; every permanent failure has this code, which tells the customer which file it is.
pub async fn fetch_as<E>(
    deps: &Deps<E>,
    from: &Source,
    to: &Path,
    size_bytes_max: u64,
    code: JobErrorCode,
    note: impl Fn(u64, u64),
) -> TaskResult<()> {
    fetch(deps, from, to, size_bytes_max, note).await.map_err(|error| match error {
        TaskError::Permanent { detail, .. } => TaskError::with_detail(code, detail),
        error => error,
    })
}
