//! The RemoveBGVideo API's uploads: a file in a form, stored as it comes.

use axum::Json;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use shared::code::RequestErrorCode as Code;

use super::wire::UploadOut;
use crate::app::authenticate::authenticate;
use crate::app::store_file::discard_file;
use crate::deps::Deps;
use crate::dialect::credential::Credential;
use crate::dialect::form::{self, Form, broken};
use crate::dialect::refusal::Refusal;
use crate::domain::scope::Scope;

/// What is said of a file that is too large.
const TOO_LARGE: &str = "Is larger than the 100 MB that are taken at once. Announce it with POST /v1/uploads as JSON (`filename`, \
    `contentType`, `sizeBytes`), PUT it to the answer's `uploadUrl`, and send the answer's `fileUrl` as `video_url`.";

/// Takes a file and answers where it is. This API says 400 of whatever is wrong with a file.
pub async fn take(app: &Deps, key: Result<Credential, Refusal>, request: Request) -> Result<Response, Refusal> {
    let file = |message: &str| Refusal::invalid_field("file".to_owned(), message.to_owned());
    store(app, key, request).await.map_err(|refusal| match refusal.code() {
        Code::PayloadTooLarge => file(TOO_LARGE),
        Code::UnsupportedMediaType => file("Must call itself a video."),
        _ => refusal,
    })
}

async fn store(app: &Deps, key: Result<Credential, Refusal>, request: Request) -> Result<Response, Refusal> {
    let (caller, request) = form::admitted(app, key, request, async |key| authenticate(app, key, Scope::Jobs).await).await?;
    let mut form = Form::default();
    let read = form::read(app, caller, request, "file", &mut form).await;
    match (read, form.file) {
        (Ok(()), Some((filename, file))) => {
            let (video_id, size) = (file.id.to_string(), file.size_bytes);
            Ok(Json(UploadOut { success: true, video_id, video_url: file.file_url, filename, size }).into_response())
        }
        (Ok(()), None) => Err(broken("Must have a file named `file`.")),
        (Err(refusal), file) => {
            if let Some((_, file)) = file {
                discard_file(app, &file).await;
            }
            Err(refusal)
        }
    }
}
