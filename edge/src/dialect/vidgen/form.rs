//! The form that creates a job. The first bytes of each file are checked for its type before it is
//! streamed to the bucket.

use axum::extract::multipart::Field;
use axum::extract::{Multipart, Request};
use shared::file_kind::{FileKind, HEAD_SIZE_BYTES};
use shared::portrait::{PICTURE_SIZE_BYTES_MAX, SOUND_SIZE_BYTES_MAX};
use url::Url;

use crate::app::ports::ByteSource as _;
use crate::app::store_file::{StoredFile, discard_file, store_file};
use crate::app::submit_job::callback;
use crate::deps::Deps;
use crate::domain::api_key::Caller;
use crate::domain::error::Error;
use crate::server::http_error::HttpError;
use crate::server::multipart::{
    FileBytes, REQUEST_SIZE_BYTES_MAX, bad_body, drain, drain_fields, media_type, open, read_text, unreadable,
};

/// The fields of the form.
#[derive(Default)]
pub struct Form {
    pub image: Option<StoredFile>,
    pub audio: Option<StoredFile>,
    pub webhook_url: Option<String>,
}

impl Form {
    /// Removes the stored files.
    pub async fn discard(&self, app: &Deps) {
        for file in [&self.image, &self.audio].into_iter().flatten() {
            discard_file(app, file).await;
        }
    }
}

/// One of the two files.
#[derive(Clone, Copy)]
struct FileField {
    name: &'static str,
    size_bytes_max: u64,
    kind: fn(&[u8]) -> Option<FileKind>,
}

const IMAGE: FileField = FileField { name: "image", size_bytes_max: PICTURE_SIZE_BYTES_MAX, kind: FileKind::of_picture };
const AUDIO: FileField = FileField { name: "audio", size_bytes_max: SOUND_SIZE_BYTES_MAX, kind: FileKind::of_sound };

/// Reads a request. On an error `form` has what was read so far, so that stored files can be
/// discarded.
pub async fn read(app: &Deps, caller: Caller, request: Request, form: &mut Form) -> Result<(), HttpError> {
    if media_type(request.headers()) != "multipart/form-data" {
        drain(request).await;
        return Err(bad_body("Must be multipart/form-data with the files `image` and `audio`."));
    }
    let mut multipart = open(request).await?;
    let read = read_fields(app, caller, &mut multipart, form).await;
    if read.is_err() {
        drain_fields(&mut multipart).await;
    }
    read
}

async fn read_fields(app: &Deps, caller: Caller, multipart: &mut Multipart, form: &mut Form) -> Result<(), HttpError> {
    let mut left_size_bytes = REQUEST_SIZE_BYTES_MAX;
    while let Some(field) = multipart.next_field().await.map_err(|error| unreadable(&error))? {
        match field.name() {
            Some("image") => store(app, caller, IMAGE, field, &mut left_size_bytes, &mut form.image).await?,
            Some("audio") => store(app, caller, AUDIO, field, &mut left_size_bytes, &mut form.audio).await?,
            Some("webhookUrl") => form.webhook_url = webhook_url(app, &read_text(field, &mut left_size_bytes).await?)?,
            _ => skip(field, &mut left_size_bytes).await?,
        }
    }
    Ok(())
}

/// An empty file is a file input that was left blank.
async fn store(
    app: &Deps,
    caller: Caller,
    file_field: FileField,
    field: Field<'_>,
    left_size_bytes: &mut u64,
    stored: &mut Option<StoredFile>,
) -> Result<(), HttpError> {
    let FileField { name, size_bytes_max, kind } = file_field;
    let mut bytes = FileBytes::new(field, left_size_bytes, size_bytes_max);
    let head = bytes.head(HEAD_SIZE_BYTES).await?;
    if head.is_empty() {
        return Ok(());
    }
    if stored.is_some() {
        return Err(HttpError::invalid_field(name.to_owned(), "Only one is taken.".to_owned()));
    }
    let kind = kind(head).ok_or(Error::WrongFileType { field: name })?;
    *stored = store_file(app, caller, kind.as_str(), kind.content_type(), &mut bytes).await?;
    Ok(())
}

async fn skip(field: Field<'_>, left_size_bytes: &mut u64) -> Result<(), HttpError> {
    let mut bytes = FileBytes::new(field, left_size_bytes, REQUEST_SIZE_BYTES_MAX);
    while bytes.next().await?.is_some() {}
    Ok(())
}

fn webhook_url(app: &Deps, text: &str) -> Result<Option<String>, HttpError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if !Url::parse(text).is_ok_and(|url| url.scheme() == "https") {
        return Err(HttpError::invalid_field("webhookUrl".to_owned(), "Must start with https://.".to_owned()));
    }
    callback(app, Some(text.to_owned()), None)?;
    Ok(Some(text.to_owned()))
}
