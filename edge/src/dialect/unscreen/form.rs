//! The three kinds of body that a video can be asked for with. Files go to the bucket as they come.

use axum::body::Body;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest as _, Multipart, Request};
use futures_util::StreamExt as _;
use http::{StatusCode, header};
use url::form_urlencoded;

use super::wire::VideoIn;
use crate::app::ports::ByteSource;
use crate::app::store_file::{StoredFile, store_file};
use crate::deps::Deps;
use crate::dialect::BODY_SIZE_BYTES_MAX;
use crate::dialect::bgless::error::Refusal;
use crate::dialect::bgless::extract::parse;
use crate::domain::api_key::Caller;
use crate::domain::error::Error;

/// Largest request. Source: Cloudflare's limit on request bodies, 100 MB on the smaller plans (2026-11).
/// Units: bytes.
pub const REQUEST_SIZE_BYTES_MAX: u64 = 100_000_000;

/// What was sent.
#[derive(Default)]
pub struct Form {
    pub fields: VideoIn,
    /// The file that came with it.
    pub file: Option<StoredFile>,
}

/// Reads a request. `form` has what was read, also where the rest is refused, so that a stored file can be discarded.
pub async fn read(app: &Deps, caller: Caller, request: Request, form: &mut Form) -> Result<(), Refusal> {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "multipart/form-data" => {
            let multipart = Multipart::from_request(request, &()).await;
            let mut multipart = multipart.map_err(|_| broken("The form has no boundary."))?;
            let read = read_multipart(app, caller, &mut multipart, form).await;
            if read.is_err() {
                // Who is answered in the middle of a request hears of a lost connection instead.
                while let Ok(Some(_)) = multipart.next_field().await {}
            }
            read
        }
        "application/x-www-form-urlencoded" => {
            let body = whole(request.into_body()).await?;
            form_urlencoded::parse(&body).for_each(|(name, value)| set(&mut form.fields, &name, value.into_owned()));
            Ok(())
        }
        "application/json" => {
            form.fields = parse(&whole(request.into_body()).await?)?;
            Ok(())
        }
        _ => {
            drain(request.into_body()).await;
            Err(Refusal::unsupported_media_type())
        }
    }
}

/// Reads what is not wanted.
pub async fn drain(body: Body) {
    let mut stream = body.into_data_stream();
    while let Some(Ok(_)) = stream.next().await {}
}

async fn read_multipart(app: &Deps, caller: Caller, multipart: &mut Multipart, form: &mut Form) -> Result<(), Refusal> {
    let mut left_size_bytes = REQUEST_SIZE_BYTES_MAX;
    while let Some(field) = multipart.next_field().await.map_err(|error| unreadable(&error))? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "video_file" && field.file_name().is_some() {
            let file_name = field.file_name().unwrap_or_default().to_owned();
            let content_type = content_type_of(&field)?;
            if form.file.is_some() {
                return Err(broken("Only one `video_file` is taken."));
            }
            let mut bytes = FileBytes { field, left_size_bytes: &mut left_size_bytes };
            form.file = store_file(app, caller, &file_name, &content_type, &mut bytes).await?;
        } else {
            let text = text(field, &mut left_size_bytes).await?;
            set(&mut form.fields, &name, text);
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
struct FileBytes<'a, 'b> {
    field: Field<'a>,
    left_size_bytes: &'b mut u64,
}

impl ByteSource for FileBytes<'_, '_> {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let Some(chunk) = self.field.chunk().await.map_err(|_| broken_off())? else { return Ok(None) };
        *self.left_size_bytes = self.left_size_bytes.checked_sub(chunk.len() as u64).ok_or(Error::TooLarge)?;
        Ok(Some(chunk.into()))
    }
}

async fn text(mut field: Field<'_>, left_size_bytes: &mut u64) -> Result<String, Refusal> {
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

async fn whole(body: Body) -> Result<Vec<u8>, Refusal> {
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

fn set(fields: &mut VideoIn, name: &str, value: String) {
    let field = match name {
        "video_url" => &mut fields.video_url,
        "format" => &mut fields.format,
        "background_color" => &mut fields.background_color,
        "webhook_url" => &mut fields.webhook_url,
        // A `video_file` that is a text is what a form sends of a file that was not chosen.
        _ => return,
    };
    *field = Some(value);
}

fn unreadable(error: &MultipartError) -> Refusal {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Refusal::payload_too_large()
    } else {
        broken("The form cannot be read.")
    }
}

fn broken(message: &str) -> Refusal {
    Refusal::invalid_field("body".to_owned(), message.to_owned())
}

fn broken_off() -> Error {
    Error::InvalidRequest { field: "body", message: "Broke off.".to_owned() }
}
