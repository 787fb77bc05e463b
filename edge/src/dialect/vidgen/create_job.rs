//! The VidGen API's route that takes a picture and a sound.

use axum::Json;
use axum::extract::Request;
use http::StatusCode;

use super::form::{self, Form};
use super::policy::POLICY;
use super::wire::CreatedOut;
use crate::app::admit_portrait::admit_portrait;
use crate::app::create_portrait::create_portrait;
use crate::deps::Deps;
use crate::domain::api_key::Caller;
use crate::domain::job::Job;
use crate::server::credential::Credential;
use crate::server::http_error::{HttpError, HttpResult};
use crate::server::multipart::authorize_upload;
use crate::server::{App, error_responses};

/// Create a job
#[utoipa::path(
    post,
    path = "/api/jobs",
    operation_id = "createVidgenJob",
    tag = "VidGen",
    security(("apiKey" = ["jobs"])),
    responses((status = 201, description = "The job's id."), error_responses::CreateJob)
)]
#[worker::send]
pub async fn post_job(
    App(app): App,
    key: Result<Credential, HttpError>,
    request: Request,
) -> HttpResult<(StatusCode, Json<CreatedOut>)> {
    let (caller, request) = authorize_upload(&app, key, request, async |key| admit_portrait(&*app, key).await).await?;
    let job = create(&app, caller, request).await?;
    Ok((StatusCode::CREATED, Json(CreatedOut { message: "Job created", job_id: job.id.to_string() })))
}

async fn create(app: &Deps, caller: Caller, request: Request) -> HttpResult<Job> {
    let mut form = Form::default();
    let created = match form::read(app, caller, request, &mut form).await {
        Ok(()) => submit(app, caller, &form).await,
        Err(error) => Err(error),
    };
    if created.is_err() {
        form.discard(app).await;
    }
    created
}

async fn submit(app: &Deps, caller: Caller, form: &Form) -> HttpResult<Job> {
    let missing = |field: &str, what: &str| HttpError::invalid_field(field.to_owned(), format!("Is required: {what}."));
    let image = form.image.as_ref().ok_or_else(|| missing("image", "a JPEG, PNG or WebP file"))?;
    let audio = form.audio.as_ref().ok_or_else(|| missing("audio", "an MP3, WAV, M4A or Ogg file"))?;
    Ok(create_portrait(app, caller, POLICY, image, audio, form.webhook_url.clone()).await?)
}
