//! `UploadStore` over SQL.

use serde::Deserialize;
use shared::id::{AccountId, UploadId};
use shared::time::UnixMillis;

use super::Store;
use super::database::{Database, Rows as _, statement};
use super::row::{AnyRow, is_any};
use crate::app::ports::{RemovedUpload, UploadStore};
use crate::domain::error::Error;

/// A row of `uploads`.
#[derive(Deserialize)]
struct UploadRow {
    id: UploadId,
    object_key: String,
}

impl From<UploadRow> for RemovedUpload {
    fn from(row: UploadRow) -> Self {
        Self { id: row.id, object_key: row.object_key }
    }
}

impl<D: Database> UploadStore for Store<D> {
    async fn create_upload(&self, id: UploadId, account_id: AccountId, object_key: &str, now: UnixMillis) -> Result<(), Error> {
        let create = statement!(create_upload, id.to_string(), account_id.to_string(), object_key, now);
        self.run([create]).await.map(|[_]| ())
    }

    async fn is_upload_readable(&self, object_key: &str) -> Result<bool, Error> {
        let [found] = self.run([statement!(find_readable_upload, object_key)]).await?;
        is_any(&found)
    }

    async fn remove_old_uploads(&self, created_before_ms: UnixMillis, limit: u32, now: UnixMillis) -> Result<usize, Error> {
        let [removed] = self.run([statement!(remove_old_uploads, created_before_ms, limit, now)]).await?;
        Ok(removed.read::<AnyRow>()?.len())
    }

    async fn list_removed_uploads(&self, created_before_ms: UnixMillis, limit: u32) -> Result<Vec<RemovedUpload>, Error> {
        let [rows] = self.run([statement!(list_removed_uploads, created_before_ms, limit)]).await?;
        Ok(rows.read::<UploadRow>()?.into_iter().map(RemovedUpload::from).collect())
    }

    async fn delete_upload(&self, id: UploadId) -> Result<(), Error> {
        self.run([statement!(delete_upload, id.to_string())]).await.map(|[_]| ())
    }
}
