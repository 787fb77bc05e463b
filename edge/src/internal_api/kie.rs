//! The callback of KIE: a task changed. The body is not trusted, so the call only makes the edge
//! ask KIE for the task now.

use crate::server::routes::{Routes, routes};
use http::{HeaderMap, StatusCode};

use crate::app::ports::{Ports as _, ProviderWake, TaskQueue as _};
use crate::domain::error::Error;
use crate::domain::model::KIE;
use crate::provider::kie::callback::{self, SIGNATURE_HEADER, TIMESTAMP_HEADER};
use crate::server::extract::RawBody;
use crate::server::http_error::HttpResult;
use crate::server::{App, error_responses};

pub const PATH: &str = "/api/v1/webhooks/kie";

pub fn routes() -> Routes {
    Routes::default().routes(routes!(post_kie))
}

/// Take a callback of KIE
#[utoipa::path(
    post,
    path = PATH,
    security(("providerSignature" = [])),
    responses((status = 200, description = "Taken."), error_responses::Provider)
)]
#[worker::send]
async fn post_kie(App(app): App, headers: HeaderMap, RawBody(body): RawBody) -> HttpResult<StatusCode> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let task_id = callback::task_id(&body).ok_or(Error::Forbidden)?;
    let callbacks = &app.kie().callbacks;
    if !callback::is_accepted(callbacks, &task_id, header(TIMESTAMP_HEADER), header(SIGNATURE_HEADER), app.now()) {
        return Err(Error::Forbidden.into());
    }
    // If the queue fails, the provider repeats the callback, and the sweep polls in any case.
    app.tasks().wake_provider(&[ProviderWake::Callback { provider: KIE.to_owned(), task_id }], 0).await?;
    Ok(StatusCode::OK)
}
