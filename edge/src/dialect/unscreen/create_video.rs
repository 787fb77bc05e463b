//! The Unscreen API's route that takes a video, by its address or as a file.

use axum::extract::Request;
use axum::response::Response;

use super::form::{self, Form};
use super::{map, video};
use crate::app::authenticate::authenticate;
use crate::app::store_file::discard_file;
use crate::app::submit_job;
use crate::deps::Deps;
use crate::domain::api_key::Caller;
use crate::domain::job::Job;
use crate::domain::scope::Scope;
use crate::server::credential::Credential;
use crate::server::http_error::{HttpError, HttpResult};
use crate::server::multipart::authorize_upload;
use crate::server::{App, error_responses};

/// Create a video
#[utoipa::path(
    post,
    path = "",
    operation_id = "createVideo",
    tag = "Unscreen",
    security(("apiKey" = ["jobs"])),
    responses((status = 200, description = "The video; `links.self` says how it goes."), error_responses::CreateJob)
)]
#[worker::send]
pub async fn post_video(App(app): App, key: Result<Credential, HttpError>, request: Request) -> HttpResult<Response> {
    let (caller, request) = authorize_upload(&app, key, request, async |key| authenticate(&*app, key, Scope::Jobs).await).await?;
    Ok(video(&app, &create(&app, caller, request).await?))
}

async fn create(app: &Deps, caller: Caller, request: Request) -> HttpResult<Job> {
    let mut form = Form::default();
    let read = form::read(app, caller, request, &mut form).await;
    let Form { fields, file } = form;
    let created = match read {
        Ok(()) => submit(app, caller, fields, file.as_ref().map(|file| file.file_url.clone())).await,
        Err(error) => Err(error),
    };
    if let (Err(_), Some(file)) = (&created, &file) {
        discard_file(app, file).await;
    }
    created
}

async fn submit(app: &Deps, caller: Caller, fields: super::wire::VideoIn, file_url: Option<String>) -> HttpResult<Job> {
    Ok(submit_job::submit_job(app, caller, map::job_request(fields, file_url)?, None).await?)
}
