//! The Unscreen API's route that takes a video, by its address or as a file.

use axum::extract::Request;
use axum::response::Response;

use super::form::{self, Form};
use super::{Answer, map, video};
use crate::app::store_file::discard_file;
use crate::app::{authenticate, submit_job};
use crate::deps::Deps;
use crate::dialect::App;
use crate::dialect::bgless::Credential;
use crate::dialect::bgless::error::Refusal;
use crate::dialect::bgless::openapi::refusals;
use crate::dialect::form::{check_announced_size, drain};
use crate::domain::api_key::{Caller, Scope};
use crate::domain::job::Job;

/// Create a video
#[utoipa::path(
    post,
    path = "",
    operation_id = "createVideo",
    tag = "Unscreen",
    security(("apiKey" = ["jobs"])),
    responses((status = 200, description = "The video; `links.self` says how it goes."), refusals::CreateJob)
)]
#[worker::send]
pub async fn post_video(App(app): App, key: Result<Credential, Refusal>, request: Request) -> Answer<Response> {
    check_announced_size(request.headers())?;
    match identify(&app, key).await {
        Ok(caller) => Ok(video(&app, &create(&app, caller, request).await?)),
        Err(refusal) => {
            drain(request).await;
            Err(refusal)
        }
    }
}

/// Who asks, if they may ask now: a file is stored before anything else is decided.
async fn identify(app: &Deps, key: Result<Credential, Refusal>) -> Answer<Caller> {
    let Credential(key) = key?;
    let caller = authenticate::authenticate(app, &key, Scope::Jobs).await?;
    app.admission.wait().await?;
    Ok(caller)
}

async fn create(app: &Deps, caller: Caller, request: Request) -> Answer<Job> {
    let mut form = Form::default();
    let read = form::read(app, caller, request, &mut form).await;
    let Form { fields, file } = form;
    let created = match read {
        Ok(()) => submit(app, caller, fields, file.as_ref().map(|file| file.file_url.clone())).await,
        Err(refusal) => Err(refusal),
    };
    if let (Err(_), Some(file)) = (&created, &file) {
        discard_file(app, file).await;
    }
    created
}

async fn submit(app: &Deps, caller: Caller, fields: super::wire::VideoIn, file_url: Option<String>) -> Answer<Job> {
    Ok(submit_job::submit_job(app, caller, map::job_request(fields, file_url)?, None).await?)
}
