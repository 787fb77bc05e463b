//! The job that a path names.

use shared::id::JobId;
use utoipa::IntoParams;

use super::credential::after_key;
use super::http_error::HttpResult;
use crate::deps::Deps;
use crate::domain::api_key::KeyHash;
use crate::domain::error::Error;
use crate::domain::scope::Scope;

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "read as text, since errors of the key come first")]
pub struct JobPath {
    /// The job's id.
    #[param(example = "job_01KAJ4A2G00000000000000000")]
    id: String,
}

/// A malformed id is that of no job.
pub async fn job_id(app: &Deps, key: &KeyHash, text: &str) -> HttpResult<JobId> {
    after_key(app, key, Scope::Jobs, text.parse().map_err(|_| Error::JobNotFound)).await
}
