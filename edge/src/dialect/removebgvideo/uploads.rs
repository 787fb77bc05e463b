//! The RemoveBGVideo API's uploads: a file in a form, stored as it comes.

use axum::Json;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use shared::code::RequestErrorCode as Code;

use super::wire::UploadOut;
use crate::app::authenticate::authenticate;
use crate::app::store_file::discard_file;
use crate::deps::Deps;
use crate::domain::scope::Scope;
use crate::server::credential::Credential;
use crate::server::http_error::HttpError;
use crate::server::multipart::{self, FormFields, MultipartForm, bad_body};

/// The text for a file that is too large.
const TOO_LARGE: &str = "Is larger than the 100 MB that are taken at once. Announce it with POST /v1/uploads as JSON (`filename`, \
    `contentType`, `sizeBytes`), PUT it to the answer's `uploadUrl`, and send the answer's `fileUrl` as `video_url`.";

/// The one field of the form.
const FIELDS: FormFields = FormFields { file: "file", texts: &[] };

/// Stores the file of a form. This API has status 400 for every error of a file.
pub async fn upload(app: &Deps, key: Result<Credential, HttpError>, request: Request) -> Result<Response, HttpError> {
    let file = |message: &str| HttpError::invalid_field("file".to_owned(), message.to_owned());
    store(app, key, request).await.map_err(|error| match error.code() {
        // Errors of the form have the status that they have everywhere.
        Code::PayloadTooLarge if error.field().is_none() => file(TOO_LARGE),
        Code::UnsupportedMediaType => file("Must call itself a video."),
        _ => error,
    })
}

async fn store(app: &Deps, key: Result<Credential, HttpError>, request: Request) -> Result<Response, HttpError> {
    let (caller, request) =
        multipart::authorize_upload(app, key, request, async |key| authenticate(app, key, Scope::Jobs).await).await?;
    let mut form = MultipartForm::default();
    let read = multipart::read_form(app, caller, request, FIELDS, &mut form).await;
    match (read, form.file) {
        (Ok(()), Some((filename, file))) => {
            let (video_id, size) = (file.id.to_string(), file.size_bytes);
            Ok(Json(UploadOut { success: true, video_id, video_url: file.file_url, filename, size }).into_response())
        }
        (Ok(()), None) => Err(bad_body("Must have a file named `file`.")),
        (Err(error), file) => {
            if let Some((_, file)) = file {
                discard_file(app, &file).await;
            }
            Err(error)
        }
    }
}
