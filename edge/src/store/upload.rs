//! `UploadStore` over SQL.

use serde::Deserialize;
use shared::id::{AccountId, UploadId};
use shared::time::UnixMillis;

use super::Store;
use super::database::{Database, Rows as _, statement};
use crate::app::ports::{OldUpload, UploadStore};
use crate::domain::error::Error;

/// A row of `uploads`.
#[derive(Deserialize)]
struct UploadRow {
    id: UploadId,
    object_key: String,
}

impl From<UploadRow> for OldUpload {
    fn from(row: UploadRow) -> Self {
        Self { id: row.id, object_key: row.object_key }
    }
}

impl<D: Database> UploadStore for Store<D> {
    async fn create_upload(&self, id: UploadId, account_id: AccountId, object_key: &str, now: UnixMillis) -> Result<(), Error> {
        let create = statement!(create_upload, id.to_string(), account_id.to_string(), object_key, now);
        self.run([create]).await.map(|[_]| ())
    }

    async fn list_old_uploads(&self, created_before_ms: UnixMillis, limit: u32) -> Result<Vec<OldUpload>, Error> {
        let [rows] = self.run([statement!(list_old_uploads, created_before_ms, limit)]).await?;
        Ok(rows.read::<UploadRow>()?.into_iter().map(OldUpload::from).collect())
    }

    async fn delete_upload(&self, id: UploadId) -> Result<(), Error> {
        self.run([statement!(delete_upload, id.to_string())]).await.map(|[_]| ())
    }
}
