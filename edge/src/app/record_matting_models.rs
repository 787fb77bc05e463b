//! Records the matting models that a transcoder reports.

use shared::matting::MattingModelReport;

use crate::app::ports::{ModelStore as _, Ports};
use crate::domain::error::Error;
use crate::domain::model::{self, MATTING_MODELS_MAX, MODEL_DELETED_AFTER_MS, MODEL_STALE_AFTER_MS};

/// Records them. Models that no transcoder reports any more are deleted after a day.
/// Errors: `InvalidRequest` for more than are taken, or an id that no request could name.
pub async fn record_matting_models(ports: &impl Ports, report: &MattingModelReport) -> Result<(), Error> {
    let models = &report.models;
    if models.len() > MATTING_MODELS_MAX || !models.iter().all(|found| model::is_matting_id(&found.id)) {
        let message = format!("At most {MATTING_MODELS_MAX}, with ids of letters, digits, `-`, `_` and `.`.");
        return Err(Error::invalid("models", message));
    }
    let (now, before) = (ports.now(), |age_ms| ports.now().minus_ms(age_ms));
    ports.store().record_matting_models(models, now, before(MODEL_STALE_AFTER_MS), before(MODEL_DELETED_AFTER_MS)).await
}
