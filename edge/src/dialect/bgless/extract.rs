//! The bgless API's own extractors, so that whatever cannot be read is refused in its shape too.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use http::request::Parts;
use http::{StatusCode, header};
use serde::de::DeserializeOwned;

use super::error::Refusal;

/// A JSON body, read into `T`.
pub struct JsonBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let JsonText(text) = JsonText::from_request(request, state).await?;
        parse(&text).map(Self)
    }
}

/// A body that says it is JSON, not yet read.
pub struct JsonText(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for JsonText {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !content_type.is_some_and(is_json) {
            return Err(Refusal::unsupported_media_type());
        }
        RawBody::from_request(request, state).await.map(|RawBody(body)| Self(body))
    }
}

/// The one parameter of a path.
pub struct PathText(pub String);

impl<S: Send + Sync> FromRequestParts<S> for PathText {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        // What is not even text names nothing.
        let text = Path::<String>::from_request_parts(parts, state).await.map_err(|_| Refusal::no_such_route())?;
        Ok(Self(text.0))
    }
}

/// The query of a request, read into `T`.
pub struct QueryOf<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for QueryOf<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query.map(|query| Self(query.0)).map_err(|rejection| {
            let message = rejection.body_text();
            Refusal::invalid_field(
                "query".into(),
                format!("Cannot be read: {}.", message.rsplit(": ").next().unwrap_or_default()),
            )
        })
    }
}

/// A body that is read by its handler, within the limit.
pub struct RawBody(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for RawBody {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        Bytes::from_request(request, state).await.map(Self).map_err(|rejection| unreadable(&rejection))
    }
}

fn is_json(content_type: &str) -> bool {
    content_type.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

fn unreadable(rejection: &BytesRejection) -> Refusal {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE { Refusal::payload_too_large() } else { Refusal::invalid_json() }
}

/// Errors: bad syntax is `invalid_json`; good syntax that does not fit is `invalid_request`, naming the field.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let parsed = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        if error.inner().is_data() {
            let path = error.path().to_string();
            let message = public_text(&error.inner().to_string());
            Refusal::invalid_field(if path == "." { "body".into() } else { path }, format!("Cannot be read: {message}."))
        } else {
            Refusal::invalid_json()
        }
    })?;
    deserializer.end().map_err(|_| Refusal::invalid_json())?;
    Ok(parsed)
}

/// The parser's words without its position, which means nothing to a program, and without the names of our own types.
fn public_text(message: &str) -> String {
    let message = message.split(" at line ").next().unwrap_or_default();
    match message.split_once("expected struct ") {
        Some((before, _)) => format!("{before}expected an object"),
        None => message.to_owned(),
    }
}
