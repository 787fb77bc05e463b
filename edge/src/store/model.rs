//! `ModelStore` over SQL.

use serde::Deserialize;
use shared::matting::MattingModel;
use shared::time::UnixMillis;

use super::Store;
use super::database::{Database, Rows as _, statement};
use super::row::{from_json, to_json};
use crate::app::ports::{ModelStore, SeenModel};
use crate::domain::error::Error;

/// A row of `matting_models`.
#[derive(Deserialize)]
struct MattingModelRow {
    position: u32,
    model_json: String,
    seen_at_ms: UnixMillis,
}

impl TryFrom<MattingModelRow> for SeenModel {
    type Error = Error;

    fn try_from(row: MattingModelRow) -> Result<Self, Error> {
        Ok(Self { model: from_json("model_json", &row.model_json)?, seen_at_ms: row.seen_at_ms })
    }
}

impl<D: Database> ModelStore for Store<D> {
    async fn record_matting_models(
        &self,
        models: &[MattingModel],
        now: UnixMillis,
        stale_before_ms: UnixMillis,
        deleted_before_ms: UnixMillis,
    ) -> Result<(), Error> {
        let mut statements = vec![statement!(delete_old_matting_models, deleted_before_ms)];
        for (position, model) in (0_u32..).zip(models) {
            let works = u32::from(model.unavailable_reason.is_none());
            let record =
                statement!(record_matting_model, model.id.as_str(), position, to_json(model)?, works, now, stale_before_ms);
            statements.push(record);
        }
        self.0.batch(statements).await.map(|_| ())
    }

    async fn list_matting_models(&self, seen_since_ms: UnixMillis) -> Result<Vec<SeenModel>, Error> {
        let [rows] = self.run([statement!(list_matting_models, seen_since_ms)]).await?;
        let mut rows = rows.read::<MattingModelRow>()?;
        // In the operator's order: a few rows, which no index need keep so.
        rows.sort_by_key(|row| row.position);
        rows.into_iter().map(SeenModel::try_from).collect()
    }
}
