//! Estimates the price and the work time of a job. Creates nothing, spends nothing.

use shared::price;
use shared::time::UnixMillis;

use crate::app::authenticate::{authenticate, identify};
use crate::app::ports::{AccountStore as _, Ports};
use crate::domain::api_key::KeyHash;
use crate::domain::error::Error;
use crate::domain::job::JobOptions;
use crate::domain::model::Model;
use crate::domain::scope::Scope;
use crate::domain::spending_limit::SpendingLimit;

/// The job to estimate.
#[derive(Debug, Clone, PartialEq)]
pub struct EstimateRequest {
    pub model: Model,
    pub options: JobOptions,
    pub duration_ms: Option<u64>,
    pub output_count: usize,
}

/// The estimated price and work time of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Estimate {
    pub model: Model,
    pub matting_model: Option<String>,
    pub credits: u64,
    pub work_ms: u64,
    pub spending_limit: SpendingLimit,
    pub quota_resets_at_ms: UnixMillis,
    pub can_afford: bool,
}

/// Prices a job for a key. One D1 round trip.
/// Errors: those of the key, then what is wrong with the request.
pub async fn estimate_job(ports: &impl Ports, key: &KeyHash, request: Result<EstimateRequest, Error>) -> Result<Estimate, Error> {
    let request = match request {
        Ok(request) => request,
        Err(refusal) => {
            // Errors of the key come before errors of the request.
            authenticate(ports, key, Scope::Jobs).await?;
            return Err(refusal);
        }
    };
    let (now, model) = (ports.now(), request.model);
    let resolution = request.options.assumed_resolution();
    let (key, spending_limit, history) =
        ports.store().get_spending_limit_and_history(key, &now.to_month(), model, resolution).await?;
    identify(ports, key, Scope::Jobs)?;
    let spending_limit = spending_limit.ok_or_else(|| Error::Internal("a key without an account".into()))?;
    let tariff = model.info().tariff;
    let duration_ms = request.duration_ms.unwrap_or(model.info().assumed_duration_ms());
    let credits = price::price_credits(tariff, duration_ms, resolution, request.output_count);
    let expected_work_ms = history.and_then(|history| history.expected_work_ms(duration_ms));
    Ok(Estimate {
        model,
        matting_model: request.options.matting_model,
        credits,
        work_ms: expected_work_ms.unwrap_or_else(|| tariff.assumed_work_ms(resolution, duration_ms)),
        can_afford: spending_limit.refusal(credits, now).is_none(),
        spending_limit,
        quota_resets_at_ms: now.next_month(),
    })
}
