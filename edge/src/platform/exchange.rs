//! Converts between the runtime's requests and responses and axum's. Streams of the runtime are
//! expensive, so small bodies are converted as a whole.

use std::pin::Pin;

use axum::body::{Body, Bytes, to_bytes};
use futures_util::io::AsyncRead as _;
use futures_util::{FutureExt as _, stream};
use http::{HeaderMap, HeaderValue, Request, Response, header};
use wasm_streams::ReadableStream;
use worker::send::SendWrapper;
use worker::wasm_bindgen::JsCast as _;
use worker::wasm_bindgen_futures::JsFuture;
use worker::{Error, Result, js_sys, web_sys};

use super::r2::NativeBody;

/// A request's body up to this announced size is read at once.
/// Units: bytes. 256 KB, the most that any JSON request may have.
const WHOLE_BODY_SIZE_BYTES_MAX: u64 = 256 * 1024;

/// Most bytes of a larger body that are read at once.
/// Units: bytes. 64 KiB.
const CHUNK_SIZE_BYTES: usize = 64 * 1024;

/// The runtime's request.
pub async fn from_wasm(request: web_sys::Request) -> Result<Request<Body>> {
    let mut made = Request::builder().method(request.method().as_str()).uri(request.url()).body(())?;
    *made.headers_mut() = headers_from_wasm(&request.headers())?;
    let announced = made.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let body = match request.body() {
        None => Body::empty(),
        Some(_) if announced.is_some_and(|size_bytes| size_bytes <= WHOLE_BODY_SIZE_BYTES_MAX) => {
            let buffer = JsFuture::from(request.array_buffer()?).await?;
            Body::from(js_sys::Uint8Array::new(&buffer).to_vec())
        }
        Some(stream) => stream_into_body(stream),
    };
    Ok(made.map(|()| body))
}

/// A large body, read into one buffer again and again. The runtime's own chunks are garbage that it
/// collects late: all of them together, up to the size of the body.
fn stream_into_body(stream: web_sys::ReadableStream) -> Body {
    let reader = match ReadableStream::from_raw(stream.unchecked_into()).try_into_async_read() {
        Ok(reader) => reader,
        // Not a stream of bytes; every request's body is one.
        Err((_, stream)) => return Body::new(worker::Body::new(stream.into_raw().unchecked_into())),
    };
    let mut source = SendWrapper::new((reader, vec![0; CHUNK_SIZE_BYTES]));
    Body::from_stream(stream::poll_fn(move |context| {
        let (reader, buffer) = &mut *source;
        Pin::new(reader).poll_read(context, buffer).map(|read| match read {
            Ok(0) => None,
            Ok(size_bytes) => Some(Ok(Bytes::copy_from_slice(buffer.get(..size_bytes).unwrap_or_default()))),
            Err(error) => Some(Err(error)),
        })
    }))
}

/// The runtime's answer: with its own stream where there is one, else the body in one piece.
/// Errors: a body that is not complete yet; none of ours is made so.
pub fn into_wasm(mut response: Response<Body>) -> Result<web_sys::Response> {
    let native = response.extensions_mut().remove::<NativeBody>();
    let (parts, body) = response.into_parts();
    let init = web_sys::ResponseInit::new();
    init.set_status(parts.status.as_u16());
    init.set_headers(headers_into_wasm(&parts.headers)?.unchecked_ref());
    if let Some(NativeBody(stream)) = native {
        return Ok(web_sys::Response::new_with_opt_readable_stream_and_init(Some(&stream.0), &init)?);
    }
    let bytes = to_bytes(body, usize::MAX).now_or_never().and_then(std::result::Result::ok);
    let bytes = bytes.ok_or_else(|| Error::RustError("an answer was sent before it was complete".into()))?;
    match std::str::from_utf8(&bytes) {
        Ok("") => Ok(web_sys::Response::new_with_opt_str_and_init(None, &init)?),
        // Cheaper to hand over than a buffer.
        Ok(text) => Ok(web_sys::Response::new_with_opt_str_and_init(Some(text), &init)?),
        Err(_) => {
            let buffer = js_sys::Uint8Array::from(bytes.as_ref());
            Ok(web_sys::Response::new_with_opt_buffer_source_and_init(Some(buffer.unchecked_ref()), &init)?)
        }
    }
}

/// All headers in one piece: a call for each name and each value costs more than writing and
/// reading JSON.
fn headers_from_wasm(headers: &web_sys::Headers) -> Result<HeaderMap> {
    let text: String = js_sys::JSON::stringify(&js_sys::Array::from(headers))?.into();
    parse_headers(&text)
}

/// One call per header: the runtime is slower with a list of headers.
fn headers_into_wasm(headers: &HeaderMap) -> Result<web_sys::Headers> {
    let made = web_sys::Headers::new()?;
    for (name, value) in headers {
        // A value beyond ASCII can only be one that the caller sent.
        if let Ok(value) = value.to_str() {
            made.append(name.as_str(), value)?;
        }
    }
    Ok(made)
}

/// A header that cannot be read as one is left out: none of those that matter to us is such.
fn parse_headers(json: &str) -> Result<HeaderMap> {
    let pairs: Vec<(String, String)> = serde_json::from_str(json)?;
    let pairs = pairs.into_iter().filter_map(|(name, value)| Some((name.parse().ok()?, HeaderValue::try_from(value).ok()?)));
    Ok(pairs.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_come_whole_and_repeated_ones_stay_apart() {
        let headers = parse_headers(r#"[["accept","*/*"],["if-none-match","\"a\""],["cookie","a=1"],["cookie","b=2"]]"#).unwrap();
        assert_eq!((&headers["accept"], &headers["if-none-match"]), (&"*/*".parse().unwrap(), &"\"a\"".parse().unwrap()));
        assert_eq!(headers.get_all("cookie").iter().collect::<Vec<_>>(), ["a=1", "b=2"]);
    }

    #[test]
    fn a_header_beyond_ascii_is_taken_as_bytes_and_ends_no_request() {
        let headers = parse_headers(r#"[["x-name","Jürgen"],["x-other","1"]]"#).unwrap();
        assert_eq!(headers["x-name"].as_bytes(), "Jürgen".as_bytes());
        assert_eq!(headers["x-other"], "1");
    }
}
