//! Request bodies with a file (`multipart/form-data`). Files are streamed to the bucket, never held
//! in memory.

mod form_reader;

use axum::body::Body;
use axum::extract::Request;
use futures_util::StreamExt as _;
use http::{HeaderMap, header};

use super::BODY_SIZE_BYTES_MAX;
use super::credential::Credential;
use super::http_error::HttpError;
use crate::app::ports::ByteSource;
use crate::app::store_file::{StoredFile, store_file};
use crate::deps::Deps;
use crate::domain::api_key::{Caller, KeyHash};
use crate::domain::error::Error;

pub use self::form_reader::{FormError, FormField, FormReader, REQUEST_SIZE_BYTES_MAX};

/// The fields of a form that its dialect knows.
#[derive(Default)]
pub struct MultipartForm {
    /// Names and values, in the order in which they came.
    pub texts: Vec<(String, String)>,
    /// The file and its name.
    pub file: Option<(String, StoredFile)>,
}

/// The fields of a dialect's form.
#[derive(Clone, Copy)]
pub struct FormFields {
    pub file: &'static str,
    pub texts: &'static [&'static str],
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
    let is_too_large = announced.is_some_and(|size_bytes| size_bytes > REQUEST_SIZE_BYTES_MAX);
    let authorized = async || {
        let Credential(key) = key?;
        let caller = authorize(&key).await?;
        app.wait_for_rate_limit().await?;
        if is_too_large { Err(HttpError::payload_too_large()) } else { Ok(caller) }
    };
    match authorized().await {
        Ok(caller) => Ok((caller, request)),
        Err(error) => {
            if !is_too_large {
                drain(request).await;
            }
            Err(error)
        }
    }
}

/// Reads a form. Fields that are not `fields` are dropped. On an error `form` has what was read so
/// far, so that the caller can discard a stored file.
pub async fn read_form(
    app: &Deps,
    caller: Caller,
    request: Request,
    fields: FormFields,
    form: &mut MultipartForm,
) -> Result<(), HttpError> {
    let mut reader = FormReader::open(request).await?;
    let read = read_fields(app, caller, &mut reader, fields, form).await;
    if read.is_err() {
        reader.drain().await;
    }
    read
}

/// Reads and drops a body, so that the client reads the response instead of a connection reset.
/// Clients that sent `Expect: 100-continue` get the status before the body is read.
pub async fn drain(request: Request) {
    if request.headers().contains_key(header::EXPECT) {
        return;
    }
    let mut left_size_bytes = REQUEST_SIZE_BYTES_MAX;
    let mut stream = request.into_body().into_data_stream();
    while let Some(Ok(chunk)) = stream.next().await {
        let Some(left) = left_size_bytes.checked_sub(chunk.len() as u64) else { return };
        left_size_bytes = left;
    }
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
    reader: &mut FormReader,
    fields: FormFields,
    form: &mut MultipartForm,
) -> Result<(), HttpError> {
    while let Some(field) = reader.next_field().await? {
        let name = field.name().to_owned();
        if name == fields.file
            && let Some(file_name) = field.file_name()
        {
            let file_name = file_name.to_owned();
            let content_type = content_type_of(&field)?;
            if form.file.is_some() {
                return Err(bad_body("Only one file is taken."));
            }
            let mut bytes = FileBytes::new(field, REQUEST_SIZE_BYTES_MAX);
            let stored = store_file(app, caller, &file_name, &content_type, &mut bytes).await?;
            form.file = stored.map(|stored| (file_name, stored));
        } else if fields.texts.contains(&name.as_str()) {
            form.texts.push((name, field.read_text().await?));
        } else {
            field.skip().await?;
        }
    }
    Ok(())
}

/// The declared type of a file. The transcoder checks whether it is a video.
fn content_type_of(field: &FormField<'_>) -> Result<String, HttpError> {
    let media_type = field.content_type().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match media_type.as_str() {
        // Sent by clients that do not know the type.
        "" | "application/octet-stream" => Ok("application/octet-stream".to_owned()),
        "image/gif" => Ok(media_type),
        _ if media_type.starts_with("video/") => Ok(media_type),
        _ => Err(HttpError::unsupported_media_type()),
    }
}

/// The bytes of a file field, counted against the limit of the file.
pub struct FileBytes<'a> {
    field: FormField<'a>,
    /// The rest of the file's limit.
    left_size_bytes: u64,
    /// Peeked at by `head`, and not yet returned by `next`.
    head: Vec<u8>,
}

impl<'a> FileBytes<'a> {
    pub const fn new(field: FormField<'a>, size_bytes_max: u64) -> Self {
        Self { field, left_size_bytes: size_bytes_max, head: Vec::new() }
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
        let Some(chunk) = self.field.chunk().await.map_err(FormError::while_storing)? else { return Ok(None) };
        self.left_size_bytes = self.left_size_bytes.checked_sub(chunk.len() as u64).ok_or(Error::TooLarge)?;
        Ok(Some(chunk.into()))
    }
}

impl ByteSource for FileBytes<'_> {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        if self.head.is_empty() { self.take().await } else { Ok(Some(std::mem::take(&mut self.head))) }
    }
}

/// A body that cannot be read.
pub fn bad_body(message: &str) -> HttpError {
    HttpError::invalid_field("body".to_owned(), message.to_owned())
}

fn interrupted_body() -> Error {
    Error::invalid("body", "Broke off.")
}
