//! What an attempt stores in the bucket, and what is removed if nobody wants it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use shared::qa::PreviewAsset;
use shared::report::{AttemptStage, OutputAsset, Work};
use tokio::time::timeout;

use super::Deps;
use crate::error::TaskResult;
use crate::output::preview::PreviewFile;
use crate::output::verify::Verified;
use crate::progress::ProgressSink;

/// How long the removal of unwanted objects may take.
/// Units: seconds.
const REMOVE_S_MAX: u64 = 10;

/// The keys of objects whose upload has begun.
#[derive(Debug, Default)]
pub struct StoredKeys(Mutex<Vec<String>>);

impl StoredKeys {
    /// Notes that the upload of this object begins.
    pub fn note(&self, key: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(key.to_owned());
    }

    fn keys(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Stores the previews; returns them as they are reported.
pub async fn store_previews<E>(
    deps: &Deps<E>,
    work: &Work,
    files: &[PreviewFile],
    sink: &ProgressSink,
    stored: &StoredKeys,
) -> TaskResult<Vec<PreviewAsset>> {
    let total = files.iter().map(|file| file.size_bytes).sum();
    let (mut assets, mut before) = (Vec::new(), 0);
    sink.set(AttemptStage::Storing, 0, total);
    for PreviewFile { kind, path, size_bytes, size } in files {
        let key = object_key(work, &kind.file_name());
        stored.note(&key);
        let note = |sent| sink.set(AttemptStage::Storing, before + sent, total);
        deps.objects.upload(path, &key, kind.content_type(), note).await?;
        before += size_bytes;
        assets.push(PreviewAsset { kind: *kind, object_key: key, size_bytes: *size_bytes, size: *size });
    }
    Ok(assets)
}

/// The key of a file of this run.
pub fn object_key(work: &Work, file_name: &str) -> String {
    format!("{}{file_name}", work.object_prefix)
}

/// An output as it is reported.
pub fn asset(work: &Work, made: &Verified) -> OutputAsset {
    let figures = &made.figures;
    OutputAsset {
        output: made.output,
        object_key: object_key(work, &made.output.file_name()),
        size_bytes: figures.size_bytes,
        size: made.size,
        frame_count: figures.frame_count,
        duration_ms: made.duration_ms,
        has_audio: made.has_audio,
    }
}

/// Removes what an unsuccessful attempt has stored.
pub async fn remove_stored<E>(deps: &Deps<E>, stored: &StoredKeys) {
    let removals = async {
        for key in stored.keys() {
            deps.objects.remove(&key).await;
        }
    };
    if timeout(Duration::from_secs(REMOVE_S_MAX), removals).await.is_err() {
        tracing::warn!("unwanted objects were left in the bucket");
    }
}
