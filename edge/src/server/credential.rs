//! The API key of a request, in either of its two headers. Errors of the key come before errors of
//! anything else.

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, header};

use super::http_error::{HttpError, HttpResult};
use crate::app::authenticate::authenticate;
use crate::deps::Deps;
use crate::domain::api_key::KeyHash;
use crate::domain::error::Error;
use crate::domain::scope::Scope;

/// The key of a request, not yet looked up.
pub struct Credential(pub KeyHash);

impl<S: Sync> FromRequestParts<S> for Credential {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, HttpError> {
        presented_key(&parts.headers).map(|key| Self(KeyHash::of(key))).ok_or_else(|| Error::MissingApiKey.into())
    }
}

/// Returns what was read of the request, such as its body, or the error of reading it. Before an
/// error, the key is checked, since errors of the key come first.
pub async fn after_key<T>(app: &Deps, key: &KeyHash, scope: Scope, read: Result<T, impl Into<HttpError>>) -> HttpResult<T> {
    if read.is_err() {
        authenticate(app, key, scope).await?;
    }
    read.map_err(Into::into)
}

/// The key that a request presents: `Authorization: Bearer …`, else `X-Api-Key`.
pub fn presented_key(headers: &HeaderMap) -> Option<&str> {
    let places = [bearer_token(headers), headers.get("x-api-key").and_then(|value| value.to_str().ok())];
    places.into_iter().flatten().map(str::trim).find(|key| !key.is_empty())
}

/// The token of `Authorization: Bearer …`. The scheme's case does not matter (RFC 9110, section
/// 11.1).
pub fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_in_both_places() {
        let presented = |name: &'static str, value: &'static str| {
            let headers = HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]);
            presented_key(&headers).map(str::to_owned)
        };
        assert_eq!(presented("authorization", "Bearer sk_1"), Some("sk_1".into()));
        assert_eq!(presented("authorization", "bearer  sk_1 "), Some("sk_1".into()));
        assert_eq!(presented("x-api-key", "sk_1"), Some("sk_1".into()));
        assert_eq!(presented("authorization", "Basic c2s="), None);
        assert_eq!(presented("authorization", "Bearer "), None);
        assert_eq!(presented("x-api-key", ""), None);
        let both = HeaderMap::from_iter([
            (header::AUTHORIZATION, "Bearer ".parse().unwrap()),
            ("x-api-key".parse().unwrap(), "sk_1".parse().unwrap()),
        ]);
        assert_eq!(presented_key(&both), Some("sk_1"));
    }
}
