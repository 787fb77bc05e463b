//! `UploadStore` over SQL.

use serde::Deserialize;
use shared::id::{AccountId, UploadId};
use shared::source::Source;
use shared::time::UnixMillis;

use super::Store;
use super::database::{Database, Rows as _, statement};
use super::row::{from_json, to_json};
use crate::app::ports::{OldUpload, UploadStore};
use crate::domain::error::Error;

/// A row of `uploads`.
#[derive(Deserialize)]
struct UploadRow {
    id: UploadId,
    source_json: String,
}

impl TryFrom<UploadRow> for OldUpload {
    type Error = Error;

    fn try_from(row: UploadRow) -> Result<Self, Error> {
        Ok(Self { id: row.id, source: from_json("source_json", &row.source_json)? })
    }
}

impl<D: Database> UploadStore for Store<D> {
    async fn create_upload(&self, id: UploadId, account_id: AccountId, source: &Source, now: UnixMillis) -> Result<(), Error> {
        let create = statement!(create_upload, id.to_string(), account_id.to_string(), to_json(source)?, now);
        self.run([create]).await.map(|[_]| ())
    }

    async fn list_old_uploads(&self, created_before_ms: UnixMillis, limit: u32) -> Result<Vec<OldUpload>, Error> {
        let [rows] = self.run([statement!(list_old_uploads, created_before_ms, limit)]).await?;
        rows.read::<UploadRow>()?.into_iter().map(OldUpload::try_from).collect()
    }

    async fn delete_upload(&self, id: UploadId) -> Result<(), Error> {
        self.run([statement!(delete_upload, id.to_string())]).await.map(|[_]| ())
    }
}
