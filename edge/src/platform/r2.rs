//! The bucket: looks up, stores and removes objects, and serves them with ranges.
//!
//! The bytes of a served file never pass through wasm: the response has the runtime's own stream.

use axum::body::Body;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use http_range_header::{EndPosition, StartPosition, parse_range_header};
use worker::send::SendWrapper;
use worker::{Bucket, HttpMetadata, MultipartUpload, Range, ResponseBody, UploadedPart, web_sys};

use crate::app::ports::{ByteSource, Objects};
use crate::domain::error::Error;
use crate::domain::file_url::SignedFile;

/// Most objects that one call lists and removes. Source: R2's limit for both.
const OBJECTS_PER_PAGE: u32 = 1_000;

/// All parts of an object but its last have one size.
/// Units: bytes. 8 MiB; R2 requires at least 5 MiB.
const PART_SIZE_BYTES: usize = 8 * 1024 * 1024;

/// The bucket's binding.
pub struct R2(SendWrapper<Bucket>);

/// A body that the runtime streams by itself; travels as an extension of an answer with an empty
/// body.
#[derive(Clone)]
pub struct NativeBody(pub SendWrapper<web_sys::ReadableStream>);

impl R2 {
    pub fn new(bucket: Bucket) -> Self {
        Self(SendWrapper::new(bucket))
    }

    /// Answers a GET or HEAD of a file.
    /// Errors: `FileNotFound`, `RangeNotSatisfiable`.
    pub async fn serve(&self, file: &SignedFile, method: &Method, headers: &HeaderMap) -> Result<Response<Body>, Error> {
        let object = self.0.head(&file.object_key).await.map_err(internal)?.ok_or(Error::FileNotFound)?;
        let size_bytes = object.size();
        let etag = object.http_etag();
        let wanted = requested_range(headers, &etag, size_bytes)?;
        let (first, last) = wanted.unwrap_or((0, size_bytes.saturating_sub(1)));
        let length = if size_bytes == 0 { 0 } else { last - first + 1 };

        let mut response = Response::new(Body::empty());
        if wanted.is_some() {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            set(response.headers_mut(), header::CONTENT_RANGE, &format!("bytes {first}-{last}/{size_bytes}"));
        }
        let content_type = object.http_metadata().content_type.unwrap_or_else(|| "application/octet-stream".into());
        let file_name = file.object_key.rsplit('/').next().unwrap_or("file");
        set(response.headers_mut(), header::CONTENT_TYPE, &content_type);
        set(response.headers_mut(), header::CONTENT_LENGTH, &length.to_string());
        set(response.headers_mut(), header::CONTENT_DISPOSITION, &format!("inline; filename=\"{file_name}\""));
        set(response.headers_mut(), header::ACCEPT_RANGES, "bytes");
        set(response.headers_mut(), header::ETAG, &etag);
        set(response.headers_mut(), header::CACHE_CONTROL, "private, max-age=86400");
        // Uploads of clients are served from our own origin, so browsers must not run them.
        set(response.headers_mut(), header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        set(response.headers_mut(), header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'");

        if *method == Method::GET && length > 0 {
            let get = self.0.get(&file.object_key).range(Range::OffsetWithLength { offset: first, length });
            let object = get.execute().await.map_err(internal)?.ok_or(Error::FileNotFound)?;
            let body = object.body().ok_or(Error::FileNotFound)?.response_body().map_err(internal)?;
            if let ResponseBody::Stream(stream) = body {
                response.extensions_mut().insert(NativeBody(SendWrapper::new(stream)));
            }
        }
        Ok(response)
    }
}

impl Objects for R2 {
    async fn find_size_bytes(&self, object_key: &str) -> Result<Option<u64>, Error> {
        Ok(self.0.head(object_key).await.map_err(internal)?.map(|object| object.size()))
    }

    async fn store(&self, object_key: &str, content_type: &str, bytes: &mut impl ByteSource) -> Result<u64, Error> {
        let metadata = HttpMetadata { content_type: Some(content_type.to_owned()), ..HttpMetadata::default() };
        let (mut part, mut size_bytes) = (Vec::with_capacity(PART_SIZE_BYTES), 0);
        if !fill(&mut part, bytes).await? {
            size_bytes += part.len() as u64;
            if size_bytes > 0 {
                self.0.put(object_key, part).http_metadata(metadata).execute().await.map_err(internal)?;
            }
            return Ok(size_bytes);
        }
        let upload = self.0.create_multipart_upload(object_key).http_metadata(metadata).execute().await.map_err(internal)?;
        let stored = store_parts(&upload, part, bytes).await;
        let (parts, size_bytes) = match stored {
            Ok(stored) => stored,
            Err(error) => {
                // If this fails, R2 itself drops the incomplete upload after seven days.
                drop(upload.abort().await);
                return Err(error);
            }
        };
        upload.complete(parts).await.map_err(internal)?;
        Ok(size_bytes)
    }

    async fn remove(&self, object_key: &str) -> Result<(), Error> {
        self.0.delete(object_key).await.map_err(internal)
    }

    async fn remove_below(&self, prefix: &str) -> Result<(), Error> {
        loop {
            let page = self.0.list().prefix(prefix).limit(OBJECTS_PER_PAGE).execute().await.map_err(internal)?;
            let keys: Vec<String> = page.objects().iter().map(worker::Object::key).collect();
            if keys.is_empty() {
                return Ok(());
            }
            self.0.delete_multiple(keys).await.map_err(internal)?;
        }
    }
}

/// Stores the bytes read so far and the rest, in parts. Returns the parts and the size.
async fn store_parts(
    upload: &MultipartUpload,
    mut part: Vec<u8>,
    bytes: &mut impl ByteSource,
) -> Result<(Vec<UploadedPart>, u64), Error> {
    let (mut parts, mut size_bytes, mut more) = (Vec::new(), 0, true);
    while !part.is_empty() {
        let rest = part.split_off(part.len().min(PART_SIZE_BYTES));
        size_bytes += part.len() as u64;
        let number = u16::try_from(parts.len() + 1).map_err(|_| Error::TooLarge)?;
        parts.push(upload.upload_part(number, part).await.map_err(internal)?);
        part = rest;
        if more {
            more = fill(&mut part, bytes).await?;
        }
    }
    Ok((parts, size_bytes))
}

/// Fills a part. Returns whether there may be more bytes.
async fn fill(part: &mut Vec<u8>, bytes: &mut impl ByteSource) -> Result<bool, Error> {
    while part.len() < PART_SIZE_BYTES {
        let Some(chunk) = bytes.next().await? else { return Ok(false) };
        part.extend_from_slice(&chunk);
    }
    Ok(true)
}

/// The first and last byte of a request for a single range. Several ranges, or a malformed one, get
/// the whole file.
fn requested_range(headers: &HeaderMap, etag: &str, size_bytes: u64) -> Result<Option<(u64, u64)>, Error> {
    let if_range_fails = headers.get(header::IF_RANGE).is_some_and(|value| value.as_bytes() != etag.as_bytes());
    let Some(text) = headers.get(header::RANGE).and_then(|value| value.to_str().ok()).filter(|_| !if_range_fails) else {
        return Ok(None);
    };
    let Ok(parsed) = parse_range_header(text) else { return Ok(None) };
    let [range] = parsed.ranges.as_slice() else { return Ok(None) };
    // RFC 9110, section 14.1.2: a range that ends before it begins is no range, one that begins
    // beyond the end cannot be met.
    let (first, last) = match (range.start, range.end) {
        (StartPosition::Index(first), EndPosition::Index(last)) if last < first => return Ok(None),
        (StartPosition::Index(first), EndPosition::Index(last)) => (first, last.min(size_bytes.saturating_sub(1))),
        (StartPosition::Index(first), EndPosition::LastByte) => (first, size_bytes.saturating_sub(1)),
        (StartPosition::FromLast(count), _) => (size_bytes.saturating_sub(count), size_bytes.saturating_sub(1)),
    };
    if first >= size_bytes { Err(Error::RangeNotSatisfiable { size_bytes }) } else { Ok(Some((first, last))) }
}

fn set(headers: &mut HeaderMap, name: header::HeaderName, value: &str) {
    // The runtime accepts visible ASCII only.
    if let Ok(value) = HeaderValue::from_str(value)
        && value.to_str().is_ok()
    {
        headers.insert(name, value);
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn internal(error: worker::Error) -> Error {
    Error::Internal(format!("R2: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_honoured_and_an_impossible_one_refused() {
        let ranged = |range: &str, if_range: Option<&str>| {
            let mut headers = HeaderMap::new();
            set(&mut headers, header::RANGE, range);
            if let Some(etag) = if_range {
                set(&mut headers, header::IF_RANGE, etag);
            }
            requested_range(&headers, "\"tag\"", 10)
        };
        assert_eq!(ranged("bytes=2-4", None), Ok(Some((2, 4))));
        assert_eq!(ranged("bytes=2-", None), Ok(Some((2, 9))));
        assert_eq!(ranged("bytes=-3", None), Ok(Some((7, 9))));
        assert_eq!(ranged("bytes=2-99", None), Ok(Some((2, 9))));
        assert_eq!(ranged("bytes=0-1,3-4", None), Ok(None));
        assert_eq!(ranged("lines=0-1", None), Ok(None));
        assert_eq!(ranged("bytes=2-4", Some("\"tag\"")), Ok(Some((2, 4))));
        assert_eq!(ranged("bytes=2-4", Some("\"old\"")), Ok(None));
        assert_eq!(ranged("bytes=-99", None), Ok(Some((0, 9))));
        assert_eq!(ranged("bytes=5-2", None), Ok(None));
        assert_eq!(ranged("bytes=0-5,2-8", None), Ok(None));
        assert_eq!(ranged("bytes=10-", None), Err(Error::RangeNotSatisfiable { size_bytes: 10 }));
    }
}
