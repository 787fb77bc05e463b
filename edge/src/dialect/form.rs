//! Forms with a file, for the dialects that take them. The file goes to the bucket as it comes.

use axum::body::Body;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{DefaultBodyLimit, FromRequest as _, Multipart, Request};
use futures_util::StreamExt as _;
use http::{HeaderMap, StatusCode, header};

use super::BODY_SIZE_BYTES_MAX;
use super::credential::Credential;
use super::refusal::Refusal;
use crate::app::ports::ByteSource;
use crate::app::store_file::{StoredFile, store_file};
use crate::deps::Deps;
use crate::domain::api_key::{Caller, KeyHash};
use crate::domain::error::Error;

/// Largest request. Source: Cloudflare's limit on request bodies, 100 MB on the smaller plans (2026-11).
/// Units: bytes.
pub const REQUEST_SIZE_BYTES_MAX: u64 = 100_000_000;

/// What was sent.
#[derive(Default)]
pub struct Form {
    /// Names and values, in the order in which they came.
    pub texts: Vec<(String, String)>,
    /// The file that came with them, and what it calls itself.
    pub file: Option<(String, StoredFile)>,
}

/// The type of a body, without parameters and in lower case.
pub fn essence(headers: &HeaderMap) -> String {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Who brings files, if they may now: files are stored before anything else is decided. Otherwise the request is read to its
/// end, unless it announces too much, so that the answer is heard. `admit` looks the key up.
pub async fn admitted(
    app: &Deps,
    key: Result<Credential, Refusal>,
    request: Request,
    admit: impl AsyncFnOnce(&KeyHash) -> Result<Caller, Error>,
) -> Result<(Caller, Request), Refusal> {
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|size_bytes| size_bytes > REQUEST_SIZE_BYTES_MAX) {
        return Err(Refusal::payload_too_large());
    }
    let admit = async || {
        let Credential(key) = key?;
        let caller = admit(&key).await?;
        app.admission.wait().await?;
        Ok(caller)
    };
    match admit().await {
        Ok(caller) => Ok((caller, request)),
        Err(refusal) => {
            drain(request).await;
            Err(refusal)
        }
    }
}

/// Reads a form whose file stands in `file_field`. `form` has what was read, also where the rest is refused, so that a stored
/// file can be discarded.
pub async fn read(app: &Deps, caller: Caller, request: Request, file_field: &str, form: &mut Form) -> Result<(), Refusal> {
    let mut multipart = open(request).await?;
    let read = read_fields(app, caller, &mut multipart, file_field, form).await;
    if read.is_err() {
        drain_fields(&mut multipart).await;
    }
    read
}

/// Begins to read a form.
pub async fn open(mut request: Request) -> Result<Multipart, Refusal> {
    // Counted as it comes.
    DefaultBodyLimit::disable().apply(&mut request);
    Multipart::from_request(request, &()).await.map_err(|_| broken("The form has no boundary."))
}

/// Reads what is left of a form that is refused: who is answered in the middle of a request hears of a lost connection instead.
pub async fn drain_fields(multipart: &mut Multipart) {
    while let Ok(Some(_)) = multipart.next_field().await {}
}

/// Reads what is not wanted, so that the answer is heard. Who announced to wait for a word before it sends all hears it anyway.
pub async fn drain(request: Request) {
    if request.headers().contains_key(header::EXPECT) {
        return;
    }
    let mut stream = request.into_body().into_data_stream();
    while let Some(Ok(_)) = stream.next().await {}
}

/// Reads a body that is no form.
pub async fn whole(body: Body) -> Result<Vec<u8>, Refusal> {
    let mut stream = body.into_data_stream();
    let mut whole = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| broken_off())?;
        if whole.len() + chunk.len() > BODY_SIZE_BYTES_MAX {
            while let Some(Ok(_)) = stream.next().await {}
            return Err(Refusal::payload_too_large());
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
    form: &mut Form,
) -> Result<(), Refusal> {
    let mut left_size_bytes = REQUEST_SIZE_BYTES_MAX;
    while let Some(field) = multipart.next_field().await.map_err(|error| unreadable(&error))? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == file_field && field.file_name().is_some() {
            let file_name = field.file_name().unwrap_or_default().to_owned();
            let content_type = content_type_of(&field)?;
            if form.file.is_some() {
                return Err(broken("Only one file is taken."));
            }
            let mut bytes = FileBytes::new(field, &mut left_size_bytes, REQUEST_SIZE_BYTES_MAX);
            let stored = store_file(app, caller, &file_name, &content_type, &mut bytes).await?;
            form.file = stored.map(|stored| (file_name, stored));
        } else {
            let text = text(field, &mut left_size_bytes).await?;
            form.texts.push((name, text));
        }
    }
    Ok(())
}

/// What a file may say it is; that it is a video is found out when it is read.
fn content_type_of(field: &Field<'_>) -> Result<String, Refusal> {
    let essence = field.content_type().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        // Who does not know sends this, or nothing.
        "" | "application/octet-stream" => Ok("application/octet-stream".to_owned()),
        "image/gif" => Ok(essence),
        _ if essence.starts_with("video/") => Ok(essence),
        _ => Err(Refusal::unsupported_media_type()),
    }
}

/// A file's bytes as they come, counted.
pub struct FileBytes<'a, 'b> {
    field: Field<'a>,
    /// What may still come of the request.
    left_size_bytes: &'b mut u64,
    /// What may still come of the file.
    file_left_size_bytes: u64,
    /// Looked at, and not given on yet.
    head: Vec<u8>,
}

impl<'a, 'b> FileBytes<'a, 'b> {
    pub const fn new(field: Field<'a>, left_size_bytes: &'b mut u64, size_bytes_max: u64) -> Self {
        Self { field, left_size_bytes, file_left_size_bytes: size_bytes_max, head: Vec::new() }
    }

    /// At least so many of the first bytes, if there are so many. They are given on all the same.
    pub async fn head(&mut self, size_bytes: usize) -> Result<&[u8], Error> {
        while self.head.len() < size_bytes {
            let Some(chunk) = self.take().await? else { break };
            self.head.extend_from_slice(&chunk);
        }
        Ok(&self.head)
    }

    async fn take(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let Some(chunk) = self.field.chunk().await.map_err(|_| broken_off())? else { return Ok(None) };
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

pub async fn text(mut field: Field<'_>, left_size_bytes: &mut u64) -> Result<String, Refusal> {
    let mut text = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| unreadable(&error))? {
        *left_size_bytes = left_size_bytes.checked_sub(chunk.len() as u64).ok_or(Error::TooLarge)?;
        text.extend_from_slice(&chunk);
        if text.len() > BODY_SIZE_BYTES_MAX {
            return Err(Refusal::payload_too_large());
        }
    }
    String::from_utf8(text).map_err(|_| broken("A field is no text."))
}

/// A form or a file that cannot be read.
pub fn broken(message: &str) -> Refusal {
    Refusal::invalid_field("body".to_owned(), message.to_owned())
}

fn broken_off() -> Error {
    Error::invalid("body", "Broke off.")
}

pub fn unreadable(error: &MultipartError) -> Refusal {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Refusal::payload_too_large()
    } else {
        broken("The form cannot be read.")
    }
}
