//! The endpoints for transcoders: claim a run, report on an attempt, report matting models, check
//! secret and clock. Calls are signed with the transcoders' shared secret.

use crate::server::routes::{Routes, routes};
use axum::Json;
use http::HeaderMap;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::matting::{MODELS_PATH, MattingModelReport};
use shared::report::{CHECK_PATH, CLAIM_PATH, CheckAnswer, Claim, ClaimAnswer, REPORT_PATH, Report, ReportAnswer};
use shared::signature::{self, SIGNATURE_HEADER, TIMESTAMP_HEADER};

use crate::app::ports::Ports;
use crate::app::{apply_report, claim_task, record_matting_models};
use crate::domain::error::Error;
use crate::server::extract::RawBody;
use crate::server::http_error::{HttpError, HttpResult};
use crate::server::{App, error_responses};

pub fn routes() -> Routes {
    let routes = Routes::default().routes(routes!(post_claim)).routes(routes!(post_report));
    routes.routes(routes!(post_models)).routes(routes!(post_check))
}

/// Check secret and clock
#[utoipa::path(
    post,
    path = CHECK_PATH,
    security(("fleetSignature" = [])),
    responses((status = 200, description = "They are accepted; the edge's clock."), error_responses::Fleet)
)]
#[worker::send]
async fn post_check(App(app): App, headers: HeaderMap, RawBody(body): RawBody) -> HttpResult<Json<CheckAnswer>> {
    let Empty {} = read(&*app, &headers, &body)?;
    Ok(Json(CheckAnswer { now_ms: app.now() }))
}

/// Claim a run
#[utoipa::path(
    post,
    path = CLAIM_PATH,
    security(("fleetSignature" = [])),
    responses((status = 200, description = "The lease, or why not."), error_responses::Fleet)
)]
#[worker::send]
async fn post_claim(App(app): App, headers: HeaderMap, RawBody(body): RawBody) -> HttpResult<Json<ClaimAnswer>> {
    let claim: Claim = read(&*app, &headers, &body)?;
    Ok(Json(claim_task::claim_task(&*app, &claim).await?))
}

/// Report on an attempt
#[utoipa::path(
    post,
    path = REPORT_PATH,
    security(("fleetSignature" = [])),
    responses((status = 200, description = "Whether to go on."), error_responses::Fleet)
)]
#[worker::send]
async fn post_report(App(app): App, headers: HeaderMap, RawBody(body): RawBody) -> HttpResult<Json<ReportAnswer>> {
    let report: Report = read(&*app, &headers, &body)?;
    Ok(Json(apply_report::apply_report(&*app, report).await?))
}

/// Announce matting models
#[utoipa::path(
    post,
    path = MODELS_PATH,
    security(("fleetSignature" = [])),
    responses((status = 200, description = "They are listed."), error_responses::Fleet)
)]
#[worker::send]
async fn post_models(App(app): App, headers: HeaderMap, RawBody(body): RawBody) -> HttpResult<Json<Empty>> {
    let report: MattingModelReport = read(&*app, &headers, &body)?;
    record_matting_models::record_matting_models(&*app, &report).await?;
    Ok(Json(Empty {}))
}

/// `{}`
#[derive(Serialize, Deserialize)]
struct Empty {}

/// Checks the signature before it parses the body.
fn read<T: DeserializeOwned>(ports: &impl Ports, headers: &HeaderMap, body: &[u8]) -> Result<T, HttpError> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let secret = &ports.settings().transcoder_secret;
    if !signature::verify_call(secret, header(TIMESTAMP_HEADER), body, header(SIGNATURE_HEADER), ports.now()) {
        return Err(Error::Forbidden.into());
    }
    serde_json::from_slice(body).map_err(|_| HttpError::invalid_json())
}
