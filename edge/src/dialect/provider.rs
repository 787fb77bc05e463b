//! What providers call: something became of a task. Such a call is a hint alone, so it only wakes what asks the provider.

use http::{HeaderMap, StatusCode};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::RawBody;
use super::refusal::Answer;
use super::{App, refusals};
use crate::app::ports::{Ports as _, ProviderWake, TaskQueue as _};
use crate::domain::error::Error;
use crate::domain::model::KIE;
use crate::provider::kie::callback::{self, SIGNATURE_HEADER, TIMESTAMP_HEADER};

pub fn routes() -> OpenApiRouter {
    OpenApiRouter::default().routes(routes!(post_kie))
}

/// Hear KIE
#[utoipa::path(
    post,
    path = "/api/v1/webhooks/kie",
    security(("providerSignature" = [])),
    responses((status = 200, description = "Heard."), refusals::Provider)
)]
#[worker::send]
async fn post_kie(App(app): App, headers: HeaderMap, RawBody(body): RawBody) -> Answer<StatusCode> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let task_id = callback::task_id(&body).ok_or(Error::Forbidden)?;
    let callbacks = &app.kie().callbacks;
    if !callback::is_heard(callbacks, &task_id, header(TIMESTAMP_HEADER), header(SIGNATURE_HEADER), app.now()) {
        return Err(Error::Forbidden.into());
    }
    // Should the queue be out of order, the provider calls again, and the sweep asks in any case.
    app.tasks().wake_provider(&[ProviderWake::Callback { provider: KIE.to_owned(), task_id }], 0).await?;
    Ok(StatusCode::OK)
}
