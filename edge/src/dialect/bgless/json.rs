//! The bgless API's own JSON extractor, so that a parse failure has its shape too.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use http::{StatusCode, header};
use serde::de::DeserializeOwned;

use super::error::Refusal;

/// A JSON body, read into `T`.
pub struct JsonBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !content_type.is_some_and(is_json) {
            return Err(Refusal::unsupported_media_type());
        }
        let body = Bytes::from_request(request, state).await.map_err(|rejection| unreadable(&rejection))?;
        parse(&body).map(Self)
    }
}

fn is_json(content_type: &str) -> bool {
    content_type.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

fn unreadable(rejection: &BytesRejection) -> Refusal {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE { Refusal::payload_too_large() } else { Refusal::invalid_json() }
}

/// Errors: bad syntax is `invalid_json`; good syntax that does not fit is `invalid_request`, naming the field.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let parsed = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        if error.inner().is_data() {
            let path = error.path().to_string();
            let message = error.inner().to_string();
            // The position means nothing to somebody who did not write the text by hand.
            let message = message.split(" at line ").next().unwrap_or_default();
            Refusal::invalid_field(if path == "." { "body".into() } else { path }, format!("Cannot be read: {message}."))
        } else {
            Refusal::invalid_json()
        }
    })?;
    deserializer.end().map_err(|_| Refusal::invalid_json())?;
    Ok(parsed)
}
