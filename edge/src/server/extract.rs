//! Extractors whose errors are rendered by the dialects.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use http::request::Parts;
use http::{StatusCode, header};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize as _, Deserializer};
use serde_json::Number;

use super::http_error::HttpError;

/// A JSON body, read into `T`.
pub struct JsonBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = HttpError;

    async fn from_request(request: Request, state: &S) -> Result<Self, HttpError> {
        let JsonText(text) = JsonText::from_request(request, state).await?;
        parse(&text).map(Self)
    }
}

/// A body with the media type of JSON, not yet parsed.
pub struct JsonText(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for JsonText {
    type Rejection = HttpError;

    async fn from_request(request: Request, state: &S) -> Result<Self, HttpError> {
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !content_type.is_some_and(is_json) {
            return Err(HttpError::unsupported_media_type());
        }
        RawBody::from_request(request, state).await.map(|RawBody(body)| Self(body))
    }
}

/// The one parameter of a path.
pub struct PathText(pub String);

impl<S: Send + Sync> FromRequestParts<S> for PathText {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        // A path that is not UTF-8 names nothing.
        let text = Path::<String>::from_request_parts(parts, state).await.map_err(|_| HttpError::no_such_route())?;
        Ok(Self(text.0))
    }
}

/// The query of a request, read into `T`.
pub struct QueryOf<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for QueryOf<T> {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query.map(|query| Self(query.0)).map_err(|rejection| {
            let message = rejection.body_text();
            HttpError::invalid_field(
                "query".into(),
                format!("Cannot be read: {}.", message.rsplit(": ").next().unwrap_or_default()),
            )
        })
    }
}

/// A body that is read by its handler, within the limit.
pub struct RawBody(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for RawBody {
    type Rejection = HttpError;

    async fn from_request(request: Request, state: &S) -> Result<Self, HttpError> {
        Bytes::from_request(request, state).await.map(Self).map_err(|rejection| unreadable(&rejection))
    }
}

fn is_json(content_type: &str) -> bool {
    content_type.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

fn unreadable(rejection: &BytesRejection) -> HttpError {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE { HttpError::payload_too_large() } else { HttpError::invalid_json() }
}

/// A whole number in any notation: JSON has no integers, and some clients write `3.0`.
pub fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let number = Number::deserialize(deserializer)?;
    whole_of(&number).ok_or_else(|| D::Error::custom("expected a whole number of at least 0"))
}

/// The same for a field that may be left out.
pub fn whole_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let number = Option::<Number>::deserialize(deserializer)?;
    let whole = number.map(|number| whole_of(&number).ok_or_else(|| D::Error::custom("expected a whole number of at least 0")));
    whole.transpose()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the value is whole and compared with both bounds")]
fn whole_of(number: &Number) -> Option<u64> {
    /// 2^53: up to here every whole number is exact.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let written_so = number.as_f64().filter(|value| value.fract() == 0.0 && (0.0..=EXACT_MAX).contains(value));
    number.as_u64().or_else(|| written_so.map(|value| value as u64))
}

/// Errors: bad syntax is `invalid_json`; good syntax that does not fit is `invalid_request`, naming
/// the field.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, HttpError> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let parsed = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        if error.inner().is_data() {
            let path = error.path().to_string();
            let message = public_text(&error.inner().to_string());
            HttpError::invalid_field(if path == "." { "body".into() } else { path }, format!("Cannot be read: {message}."))
        } else {
            HttpError::invalid_json()
        }
    })?;
    deserializer.end().map_err(|_| HttpError::invalid_json())?;
    Ok(parsed)
}

/// The parser's message without the position and without the names of our types.
fn public_text(message: &str) -> String {
    let message = message.split(" at line ").next().unwrap_or_default();
    match message.split_once("expected struct ") {
        Some((before, _)) => format!("{before}expected an object"),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_is_one_however_it_is_written() {
        let read = |text: &str| whole(&mut serde_json::Deserializer::from_str(text)).ok();
        assert_eq!((read("3"), read("3.0"), read("0"), read("2e3")), (Some(3), Some(3), Some(0), Some(2_000)));
        for text in ["-1", "-0.5", "3.5", "1e300", "\"3\"", "null"] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(whole_or_none(&mut serde_json::Deserializer::from_str("null")).ok(), Some(None));
    }
}
