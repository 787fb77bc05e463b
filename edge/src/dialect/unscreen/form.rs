//! The three kinds of body that a video can be asked for with.

use axum::extract::Request;
use url::form_urlencoded;

use super::wire::VideoIn;
use crate::app::store_file::StoredFile;
use crate::deps::Deps;
use crate::domain::api_key::Caller;
use crate::server::extract::parse;
use crate::server::http_error::HttpError;
use crate::server::multipart::{self, FormFields, MultipartForm, drain, media_type, read_body};

const FIELDS: FormFields = FormFields { file: "video_file", texts: &["video_url", "format", "background_color", "webhook_url"] };

/// The fields of a request, whatever its type.
#[derive(Default)]
pub struct Form {
    pub fields: VideoIn,
    /// The file that came with it.
    pub file: Option<StoredFile>,
}

/// Reads a request. On an error `form` has what was read so far, so that a stored file can be
/// discarded.
pub async fn read(app: &Deps, caller: Caller, request: Request, form: &mut Form) -> Result<(), HttpError> {
    match media_type(request.headers()).as_str() {
        "multipart/form-data" => {
            let mut sent = MultipartForm::default();
            let read = multipart::read_form(app, caller, request, FIELDS, &mut sent).await;
            form.file = sent.file.map(|(_, file)| file);
            sent.texts.into_iter().for_each(|(name, value)| set(&mut form.fields, &name, value));
            read
        }
        "application/x-www-form-urlencoded" => {
            let body = read_body(request.into_body()).await?;
            form_urlencoded::parse(&body).for_each(|(name, value)| set(&mut form.fields, &name, value.into_owned()));
            Ok(())
        }
        "application/json" => {
            form.fields = parse(&read_body(request.into_body()).await?)?;
            Ok(())
        }
        _ => {
            drain(request).await;
            Err(HttpError::unsupported_media_type())
        }
    }
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
