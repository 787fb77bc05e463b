//! Request bodies with a file (`multipart/form-data`). Files are streamed to the bucket, never held
//! in memory.

use axum::body::Body;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{DefaultBodyLimit, FromRequest as _, Multipart, Request};
use futures_util::StreamExt as _;
use http::{HeaderMap, StatusCode, header};

use super::BODY_SIZE_BYTES_MAX;
use super::credential::Credential;
use super::http_error::HttpError;
use crate::app::ports::ByteSource;
use crate::app::store_file::{StoredFile, store_file};
use crate::deps::Deps;
use crate::domain::api_key::{Caller, KeyHash};
use crate::domain::error::Error;

/// Largest request. Source: Cloudflare's limit on request bodies, 100 MB on the smaller plans
/// (2026-11).
/// Units: bytes.
pub const REQUEST_SIZE_BYTES_MAX: u64 = 100_000_000;

/// The fields of a form.
#[derive(Default)]
pub struct MultipartForm {
    /// Names and values, in the order in which they came.
    pub texts: Vec<(String, String)>,
    /// The file and its name.
    pub file: Option<(String, StoredFile)>,
}

/// The media type of a body, without parameters and in lower case.
pub fn media_type(headers: &HeaderMap) -> String {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Authorizes a request before any of its files is stored: `authorize` looks up the key, and the
/// rate limits are waited for. A request that is refused is read to its end, unless its announced
/// size is too large, so that the client reads the response.
pub async fn authorize_upload(
    app: &Deps,
    key: Result<Credential, HttpError>,
    request: Request,
    authorize: impl AsyncFnOnce(&KeyHash) -> Result<Caller, Error>,
) -> Result<(Caller, Request), HttpError> {
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|size_bytes| size_bytes > REQUEST_SIZE_BYTES_MAX) {
        return Err(HttpError::payload_too_large());
    }
    let authorized = async || {
        let Credential(key) = key?;
        let caller = authorize(&key).await?;
        app.wait_for_rate_limit().await?;
        Ok(caller)
    };
    match authorized().await {
        Ok(caller) => Ok((caller, request)),
        Err(error) => {
            drain(request).await;
            Err(error)
        }
    }
}

/// Reads a form whose file is the field `file_field`. On an error `form` has what was read so far,
/// so that the caller can discard a stored file.
pub async fn read_form(
    app: &Deps,
    caller: Caller,
    request: Request,
    file_field: &str,
    form: &mut MultipartForm,
) -> Result<(), HttpError> {
    let mut multipart = open(request).await?;
    let read = read_fields(app, caller, &mut multipart, file_field, form).await;
    if read.is_err() {
        drain_fields(&mut multipart).await;
    }
    read
}

/// Opens a form for reading field by field.
pub async fn open(mut request: Request) -> Result<Multipart, HttpError> {
    // `FileBytes` and `read_text` count instead.
    DefaultBodyLimit::disable().apply(&mut request);
    Multipart::from_request(request, &()).await.map_err(|_| bad_body("The form has no boundary."))
}

/// Reads the rest of a form that is refused. A client that gets the response in the middle of its
/// request sees a connection reset instead.
pub async fn drain_fields(multipart: &mut Multipart) {
    while let Ok(Some(_)) = multipart.next_field().await {}
}

/// Reads and drops a body, so that the client reads the response instead of a connection reset.
/// Clients that sent `Expect: 100-continue` get the status before the body is read.
pub async fn drain(request: Request) {
    if request.headers().contains_key(header::EXPECT) {
        return;
    }
    let mut stream = request.into_body().into_data_stream();
    while let Some(Ok(_)) = stream.next().await {}
}

/// Reads a whole body that is no form, up to the limit of JSON requests.
pub async fn read_body(body: Body) -> Result<Vec<u8>, HttpError> {
    let mut stream = body.into_data_stream();
    let mut whole = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| interrupted_body())?;
        if whole.len() + chunk.len() > BODY_SIZE_BYTES_MAX {
            while let Some(Ok(_)) = stream.next().await {}
            return Err(HttpError::payload_too_large());
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole)
}

async fn read_fields(
    app: &Deps,
    caller: Caller,
    multipart: &mut Multipart,
    file_field: &str,
    form: &mut MultipartForm,
) -> Result<(), HttpError> {
    let mut left_size_bytes = REQUEST_SIZE_BYTES_MAX;
    while let Some(field) = multipart.next_field().await.map_err(|error| unreadable(&error))? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == file_field && field.file_name().is_some() {
            let file_name = field.file_name().unwrap_or_default().to_owned();
            let content_type = content_type_of(&field)?;
            if form.file.is_some() {
                return Err(bad_body("Only one file is taken."));
            }
            let mut bytes = FileBytes::new(field, &mut left_size_bytes, REQUEST_SIZE_BYTES_MAX);
            let stored = store_file(app, caller, &file_name, &content_type, &mut bytes).await?;
            form.file = stored.map(|stored| (file_name, stored));
        } else {
            let text = read_text(field, &mut left_size_bytes).await?;
            form.texts.push((name, text));
        }
    }
    Ok(())
}

/// The declared type of a file. The transcoder checks whether it is a video.
fn content_type_of(field: &Field<'_>) -> Result<String, HttpError> {
    let media_type = field.content_type().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match media_type.as_str() {
        // Sent by clients that do not know the type.
        "" | "application/octet-stream" => Ok("application/octet-stream".to_owned()),
        "image/gif" => Ok(media_type),
        _ if media_type.starts_with("video/") => Ok(media_type),
        _ => Err(HttpError::unsupported_media_type()),
    }
}

/// The bytes of a file field, counted against the limits of the request and of the file.
pub struct FileBytes<'a, 'b> {
    field: Field<'a>,
    /// The rest of the request's limit.
    left_size_bytes: &'b mut u64,
    /// The rest of the file's limit.
    file_left_size_bytes: u64,
    /// Peeked at by `head`, and not yet returned by `next`.
    head: Vec<u8>,
}

impl<'a, 'b> FileBytes<'a, 'b> {
    pub const fn new(field: Field<'a>, left_size_bytes: &'b mut u64, size_bytes_max: u64) -> Self {
        Self { field, left_size_bytes, file_left_size_bytes: size_bytes_max, head: Vec::new() }
    }

    /// Peeks at the first bytes: at least `size_bytes`, unless the file is shorter.
    pub async fn head(&mut self, size_bytes: usize) -> Result<&[u8], Error> {
        while self.head.len() < size_bytes {
            let Some(chunk) = self.take().await? else { break };
            self.head.extend_from_slice(&chunk);
        }
        Ok(&self.head)
    }

    async fn take(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let Some(chunk) = self.field.chunk().await.map_err(|_| interrupted_body())? else { return Ok(None) };
        let less = |left_size_bytes: u64| left_size_bytes.checked_sub(chunk.len() as u64).ok_or(Error::TooLarge);
        self.file_left_size_bytes = less(self.file_left_size_bytes)?;
        *self.left_size_bytes = less(*self.left_size_bytes)?;
        Ok(Some(chunk.into()))
    }
}

impl ByteSource for FileBytes<'_, '_> {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        if self.head.is_empty() { self.take().await } else { Ok(Some(std::mem::take(&mut self.head))) }
    }
}

pub async fn read_text(mut field: Field<'_>, left_size_bytes: &mut u64) -> Result<String, HttpError> {
    let mut text = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| unreadable(&error))? {
        *left_size_bytes = left_size_bytes.checked_sub(chunk.len() as u64).ok_or(Error::TooLarge)?;
        text.extend_from_slice(&chunk);
        if text.len() > BODY_SIZE_BYTES_MAX {
            return Err(HttpError::payload_too_large());
        }
    }
    String::from_utf8(text).map_err(|_| bad_body("A field is no text."))
}

/// A body that cannot be read.
pub fn bad_body(message: &str) -> HttpError {
    HttpError::invalid_field("body".to_owned(), message.to_owned())
}

fn interrupted_body() -> Error {
    Error::invalid("body", "Broke off.")
}

pub fn unreadable(error: &MultipartError) -> HttpError {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        HttpError::payload_too_large()
    } else {
        bad_body("The form cannot be read.")
    }
}
