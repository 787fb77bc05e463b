//! Begins and ends a request that carries an `Idempotency-Key`. Scoped to the account.

use crate::app::authenticate::identify;
use crate::app::ports::{EarlierRequest, IdempotencyStore as _, Ports};
use crate::domain::api_key::{Caller, KeyHash};
use crate::domain::error::Error;
use crate::domain::idempotency::IdempotencyKey;
use crate::domain::scope::Scope;
use shared::id::JobId;

/// The state of an idempotency key when a request arrives.
pub enum BeginOutcome {
    /// The key is new: run the request, then call `finish` or `abandon`.
    First,
    /// It was answered before; this is the stored response.
    Answered(String),
    /// Its job was created, but the response was not stored: respond with the job in its current
    /// state.
    Created(JobId),
}

/// Takes the key, or finds the earlier request with it. One D1 round trip, the API key included.
/// Errors: `InvalidApiKey`, `RevokedApiKey`, `MissingScope`, `IdempotencyKeyRunning`,
/// `IdempotencyKeyReused`.
pub async fn begin(ports: &impl Ports, key: &KeyHash, idempotency: &IdempotencyKey) -> Result<(Caller, BeginOutcome), Error> {
    let now = ports.now();
    let (key, earlier) = ports.store().begin_request(key, idempotency, now).await?;
    let caller = identify(ports, key, Scope::Jobs)?;
    let outcome = match earlier {
        EarlierRequest::Absent => BeginOutcome::First,
        EarlierRequest::Present { fingerprint, .. } if fingerprint != idempotency.fingerprint => {
            return Err(Error::IdempotencyKeyReused);
        }
        EarlierRequest::Present { answer_json: Some(answer), .. } => BeginOutcome::Answered(answer),
        EarlierRequest::Present { lost_job: Some(job_id), .. } => BeginOutcome::Created(job_id),
        EarlierRequest::Present { .. } => return Err(Error::IdempotencyKeyRunning),
    };
    Ok((caller, outcome))
}

/// Records the answer, for repeats of the request.
pub async fn finish(ports: &impl Ports, caller: Caller, idempotency: &IdempotencyKey, answer_json: &str) {
    if let Err(error) = ports.store().record_answer(caller.account_id, idempotency, answer_json).await {
        ports.warn("an answer was not kept; a repeat is answered with the job as it is then", &[("error", &error)]);
    }
}

/// Releases the key of a request that was refused, so that it can be repeated with the same key.
pub async fn abandon(ports: &impl Ports, caller: Caller, idempotency: &IdempotencyKey) {
    if let Err(error) = ports.store().delete_idempotency_key(caller.account_id, idempotency).await {
        ports.warn("an idempotency key stays taken for a while", &[("error", &error)]);
    }
}
