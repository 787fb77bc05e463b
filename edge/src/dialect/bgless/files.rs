//! The bgless API's routes for files: announcing one, reading one.

use axum::Json;
use axum::extract::{FromRequest as _, Request};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, Method, Uri};

use super::map;
use super::wire::{CreateUploadIn, Data, FilePath, FileQuery, UploadOut};
use crate::app::ports::Ports as _;
use crate::app::{authenticate, create_upload, open_file};
use crate::deps::Deps;
use crate::domain::error::Error;
use crate::domain::scope::Scope;
use crate::server::credential::Credential;
use crate::server::extract::JsonBody;
use crate::server::http_error::{HttpError, HttpResult};
use crate::server::{App, error_responses};

/// Announce a file
///
/// Returns where to PUT a file, and the `fileUrl` by which jobs find it. Nothing is stored yet. For
/// a file that is hosted elsewhere, send its `url`: it is checked and returned as `fileUrl`.
#[utoipa::path(
    post,
    path = "/uploads",
    operation_id = "createUpload",
    tag = "Uploads",
    security(("bearer" = ["jobs"]), ("apiKey" = ["jobs"])),
    request_body = CreateUploadIn,
    responses((status = 200, description = "Where to put the file.", body = Data<UploadOut>), error_responses::CreateUpload)
)]
#[worker::send]
pub async fn post_upload(App(app): App, key: Result<Credential, HttpError>, request: Request) -> HttpResult<Response> {
    upload(&app, key, request).await
}

/// Announces the file that a body describes.
pub async fn upload(app: &Deps, key: Result<Credential, HttpError>, request: Request) -> HttpResult<Response> {
    let Credential(key) = key?;
    let body = JsonBody::<CreateUploadIn>::from_request(request, &()).await;
    let caller = authenticate::authenticate(app, &key, Scope::Jobs).await?;
    let JsonBody(body) = body?;
    let data = match map::upload_request(body)? {
        map::UploadRequest::File { file_name, content_type, size_bytes } => {
            map::ticket_out(create_upload::create_upload(app, caller, &file_name, &content_type, size_bytes).await?)
        }
        map::UploadRequest::Hosted { url } => {
            create_upload::check_hosted_file(app, caller, &url)?;
            map::hosted_out(url)
        }
    };
    Ok(Json(Data { data }).into_response())
}

/// Read a file
///
/// Serves the file of a `fileUrl` or of an asset's `url`, which clients use as they get them.
/// Supports GET, HEAD, single ranges and `If-Range`.
#[utoipa::path(
    get,
    path = "/files/{*object_key}",
    operation_id = "readFile",
    tag = "Files",
    security(("fileSignature" = [])),
    params(FilePath, FileQuery),
    responses(
        (status = 200, description = "The file.", content(("*/*"))),
        (status = 206, description = "The range asked for.", content(("*/*"))),
        error_responses::ReadFile
    )
)]
#[worker::send]
pub async fn get_file(App(app): App, method: Method, uri: Uri, headers: HeaderMap) -> HttpResult<Response> {
    // Clients made from the description write a key's slashes as `%2F`; no key holds anything else
    // to be escaped.
    let (path, query) = (uri.path().replace("%2F", "/"), uri.query().unwrap_or_default());
    let url = format!("{}{path}?{query}", app.settings().public_base_url).parse().map_err(|_| Error::InvalidFileUrl)?;
    let file = open_file::open_file(&*app, &url).await?;
    Ok(app.objects().serve(&file, &method, &headers).await?)
}
