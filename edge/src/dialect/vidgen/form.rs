//! The form that creates a job. The first bytes of each file are checked for its type before it is
//! streamed to the bucket.

use axum::extract::Request;
use shared::file_kind::{FileKind, HEAD_SIZE_BYTES};
use shared::portrait::{PICTURE_SIZE_BYTES_MAX, SOUND_SIZE_BYTES_MAX};
use url::Url;

use crate::app::store_file::{StoredFile, discard_file, store_file};
use crate::app::submit_job::callback;
use crate::deps::Deps;
use crate::domain::api_key::Caller;
use crate::domain::error::Error;
use crate::server::http_error::HttpError;
use crate::server::multipart::{FileBytes, FormField, FormReader, bad_body, drain, media_type};

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
    let mut reader = FormReader::open(request).await?;
    let read = read_fields(app, caller, &mut reader, form).await;
    if read.is_err() {
        reader.drain().await;
    }
    read
}

async fn read_fields(app: &Deps, caller: Caller, reader: &mut FormReader, form: &mut Form) -> Result<(), HttpError> {
    while let Some(field) = reader.next_field().await? {
        match field.name() {
            "image" => store(app, caller, IMAGE, field, &mut form.image).await?,
            "audio" => store(app, caller, AUDIO, field, &mut form.audio).await?,
            "webhookUrl" => form.webhook_url = webhook_url(app, &field.read_text().await?)?,
            _ => field.skip().await?,
        }
    }
    Ok(())
}

/// An empty file is a file input that was left blank.
async fn store(
    app: &Deps,
    caller: Caller,
    file_field: FileField,
    field: FormField<'_>,
    stored: &mut Option<StoredFile>,
) -> Result<(), HttpError> {
    let FileField { name, size_bytes_max, kind } = file_field;
    let mut bytes = FileBytes::new(field, size_bytes_max);
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
