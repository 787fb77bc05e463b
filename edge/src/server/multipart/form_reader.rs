//! Reads a form field by field, within limits on all that it makes this Worker hold or do: its
//! size, the number of its fields, their headers, and the text that is kept of them.
//!
//! The parser (`multer`) reads whatever is ready before it parses any of it, and keeps a header
//! until it finds its end. So `BoundedBody` hands it one chunk of the body at a time, and only so
//! many without a result.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::multipart::Field;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Multipart, Request};
use futures_util::stream::{self, StreamExt as _};

use super::super::BODY_SIZE_BYTES_MAX;
use super::super::http_error::HttpError;
use super::bad_body;
use crate::domain::error::Error;

/// Largest request. Source: Cloudflare's limit on request bodies, 100 MB on the smaller plans
/// (2026-11).
/// Units: bytes.
pub const REQUEST_SIZE_BYTES_MAX: u64 = 100_000_000;
/// Most fields of a form. Forms of all dialects have ten at most; each field costs time.
const FIELDS_MAX: u32 = 100;
/// Most bytes without a result of the parser, such as the headers of a field. Two chunks more may
/// be read.
/// Units: bytes. 16 KiB.
const UNPARSED_SIZE_BYTES_MAX: usize = 16 * 1024;

/// A form that is being read.
pub struct FormReader {
    multipart: Multipart,
    body: BoundedBody,
    fields_left: u32,
}

/// A field of a form.
pub struct FormField<'a> {
    field: Field<'a>,
    body: BoundedBody,
}

/// Why a form cannot be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormError {
    /// The request is larger than any may be.
    TooLarge,
    /// A limit on the parts of a form, as a sentence for the client.
    TooMuch(&'static str),
    /// It breaks off, or is no form.
    Unreadable,
}

impl FormError {
    /// The error of a use case that stores a field's bytes.
    pub fn while_storing(self) -> Error {
        match self {
            Self::TooLarge | Self::TooMuch(_) => Error::TooLarge,
            Self::Unreadable => super::interrupted_body(),
        }
    }
}

impl From<FormError> for HttpError {
    fn from(error: FormError) -> Self {
        match error {
            FormError::TooLarge => Self::payload_too_large(),
            FormError::TooMuch(message) => Self::form_too_large(message),
            FormError::Unreadable => bad_body("The form cannot be read."),
        }
    }
}

impl FormReader {
    /// Begins to read a request's form.
    pub async fn open(request: Request) -> Result<Self, HttpError> {
        let (parts, body) = request.into_parts();
        let body = BoundedBody::new(body);
        let mut request = Request::from_parts(parts, body.clone().into_body());
        // `BoundedBody` counts instead.
        DefaultBodyLimit::disable().apply(&mut request);
        let multipart = Multipart::from_request(request, &()).await.map_err(|_| bad_body("The form has no boundary."))?;
        Ok(Self { multipart, body, fields_left: FIELDS_MAX })
    }

    /// The next field; none at the end. The field before must have been read or skipped: a large
    /// rest of it is an error.
    pub async fn next_field(&mut self) -> Result<Option<FormField<'_>>, FormError> {
        let Self { multipart, body, fields_left } = self;
        let Some(field) = multipart.next_field().await.map_err(|_| body.error())? else { return Ok(None) };
        body.note_result();
        *fields_left = fields_left.checked_sub(1).ok_or(FormError::TooMuch("A form may have at most 100 fields."))?;
        Ok(Some(FormField { field, body: body.clone() }))
    }

    /// Reads and drops the rest of a form that is refused, without parsing it. A client that gets
    /// the response in the middle of its request sees a connection reset instead.
    pub async fn drain(self) {
        let Self { multipart, body, .. } = self;
        drop(multipart);
        let mut rest = stream::poll_fn(|context| body.poll_rest(context));
        while let Some(Ok(_)) = rest.next().await {}
    }
}

impl FormField<'_> {
    /// The field's name; empty if it has none.
    pub fn name(&self) -> &str {
        self.field.name().unwrap_or_default()
    }

    pub fn file_name(&self) -> Option<&str> {
        self.field.file_name()
    }

    pub fn content_type(&self) -> Option<&str> {
        self.field.content_type()
    }

    /// The next bytes of the value; none at its end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, FormError> {
        let chunk = self.field.chunk().await.map_err(|_| self.body.error())?;
        self.body.note_result();
        Ok(chunk)
    }

    /// The whole value. All texts of a form together are as large as a JSON body may be.
    pub async fn read_text(mut self) -> Result<String, HttpError> {
        let mut text = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            let mut limits = self.body.limits();
            let left = limits.text_left_size_bytes.checked_sub(chunk.len());
            limits.text_left_size_bytes = left.ok_or(FormError::TooMuch("The texts of a form may have at most 256 KB."))?;
            text.extend_from_slice(&chunk);
        }
        String::from_utf8(text).map_err(|_| bad_body("A field is no text."))
    }

    /// Drops the value as it comes.
    pub async fn skip(mut self) -> Result<(), FormError> {
        while self.chunk().await?.is_some() {}
        Ok(())
    }
}

/// A request's body and what may still be read of it. Clones share it: the parser reads one, and
/// `FormReader::drain` reads the rest.
#[derive(Clone)]
struct BoundedBody(Arc<Mutex<BodyLimits>>);

struct BodyLimits {
    body: BodyDataStream,
    left_size_bytes: u64,
    text_left_size_bytes: usize,
    /// Read by the parser since its last result, but for the latest chunk.
    unparsed_size_bytes: usize,
    /// The size of that chunk.
    latest_size_bytes: usize,
    /// True once the parser has asked again without a result.
    wants_more: bool,
    /// The limit that was passed.
    passed: Option<FormError>,
}

impl BoundedBody {
    fn new(body: Body) -> Self {
        Self(Arc::new(Mutex::new(BodyLimits {
            body: body.into_data_stream(),
            left_size_bytes: REQUEST_SIZE_BYTES_MAX,
            text_left_size_bytes: BODY_SIZE_BYTES_MAX,
            unparsed_size_bytes: 0,
            latest_size_bytes: 0,
            wants_more: false,
            passed: None,
        })))
    }

    /// The body as the parser reads it.
    fn into_body(self) -> Body {
        Body::from_stream(stream::poll_fn(move |context| self.poll_parsed(context)))
    }

    fn limits(&self) -> MutexGuard<'_, BodyLimits> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the parser failed.
    fn error(&self) -> FormError {
        self.limits().passed.unwrap_or(FormError::Unreadable)
    }

    /// Notes that the parser had a result: it may have more of them in what it has read.
    fn note_result(&self) {
        let mut limits = self.limits();
        (limits.unparsed_size_bytes, limits.latest_size_bytes, limits.wants_more) = (0, 0, false);
    }

    /// The next chunk for the parser, once it asks again after a pause to parse what it has.
    fn poll_parsed(&self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, axum::Error>>> {
        let mut limits = self.limits();
        if !limits.wants_more {
            limits.wants_more = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if limits.unparsed_size_bytes > UNPARSED_SIZE_BYTES_MAX {
            limits.passed = Some(FormError::TooMuch("The headers of a field are too large."));
            return Poll::Ready(Some(Err(axum::Error::new("a limit was passed"))));
        }
        let next = limits.poll_next(context);
        if let Poll::Ready(Some(Ok(chunk))) = &next {
            limits.unparsed_size_bytes = limits.unparsed_size_bytes.saturating_add(limits.latest_size_bytes);
            limits.latest_size_bytes = chunk.len();
            limits.wants_more = false;
        }
        next
    }

    fn poll_rest(&self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, axum::Error>>> {
        self.limits().poll_next(context)
    }
}

impl BodyLimits {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, axum::Error>>> {
        let next = self.body.poll_next_unpin(context);
        if let Poll::Ready(Some(Ok(chunk))) = &next {
            let Some(left_size_bytes) = self.left_size_bytes.checked_sub(chunk.len() as u64) else {
                self.passed = Some(FormError::TooLarge);
                return Poll::Ready(Some(Err(axum::Error::new("a limit was passed"))));
            };
            self.left_size_bytes = left_size_bytes;
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures_executor::block_on;
    use http::header;

    use super::*;

    /// What a form came to, with the number of bytes that were taken of its body.
    struct Reading {
        fields: usize,
        error: Option<FormError>,
        /// The most that was taken between two results of the reader.
        held_size_bytes: usize,
        drained_size_bytes: usize,
    }

    /// Reads a form whose body is `chunks`, and drops every value.
    fn read(chunks: impl Iterator<Item = Vec<u8>> + Send + 'static) -> Reading {
        let taken = Arc::new(Mutex::new(0));
        let count = Arc::clone(&taken);
        let chunks = chunks.inspect(move |chunk| *count.lock().unwrap() += chunk.len());
        let body = Body::from_stream(stream::iter(chunks.map(Ok::<_, axum::Error>)));
        let request = Request::builder().header(header::CONTENT_TYPE, "multipart/form-data; boundary=x");
        let (fields, held) = (Cell::new(0), Cell::new(0));
        block_on(async {
            let mut reader = FormReader::open(request.body(body).unwrap()).await.unwrap();
            let seen = Cell::new(0);
            let note = || {
                let now = *taken.lock().unwrap();
                held.set(held.get().max(now - seen.replace(now)));
            };
            let read = async {
                while let Some(mut field) = reader.next_field().await? {
                    fields.set(fields.get() + 1);
                    note();
                    while field.chunk().await?.is_some() {
                        note();
                    }
                }
                Ok(())
            };
            let error = read.await.err();
            note();
            reader.drain().await;
            let drained_size_bytes = *taken.lock().unwrap();
            Reading { fields: fields.get(), error, held_size_bytes: held.get(), drained_size_bytes }
        })
    }

    fn field(size_bytes: usize) -> Vec<u8> {
        [b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n".to_vec(), vec![b'y'; size_bytes], b"\r\n".to_vec()].concat()
    }

    fn form(fields: usize, size_bytes: usize) -> impl Iterator<Item = Vec<u8>> + Send {
        std::iter::repeat_n(field(size_bytes), fields).chain([b"--x--\r\n".to_vec()])
    }

    #[test]
    fn a_form_has_at_most_a_hundred_fields_and_the_rest_is_read_without_being_parsed() {
        let whole = read(form(100, 10));
        assert_eq!((whole.fields, whole.error), (100, None));
        let more = read(form(1_000_000, 10));
        assert_eq!(more.fields, 100);
        assert!(matches!(more.error, Some(FormError::TooMuch(_))), "{:?}", more.error);
        assert_eq!(more.drained_size_bytes, field(10).len() * 1_000_000 + b"--x--\r\n".len());
    }

    #[test]
    fn a_form_is_parsed_chunk_by_chunk_and_headers_have_a_limit() {
        const CHUNK: usize = 64 * 1024;
        let chunk = || std::iter::repeat_n(vec![b'y'; CHUNK], 1_000);
        let begin = |text: &str| [text.as_bytes().to_vec()].into_iter();
        for (what, read) in [
            ("a preamble", read(chunk())),
            ("a header", read(begin("--x\r\nX: ").chain(chunk()))),
            ("a second header", read(begin("--x\r\nA: b\r\n\r\nfirst\r\n--x\r\nX: ").chain(chunk()))),
        ] {
            assert!(matches!(read.error, Some(FormError::TooMuch(_))), "{what} {:?}", read.error);
            assert!(read.held_size_bytes <= 3 * CHUNK, "{what} {}", read.held_size_bytes);
        }
        let value = read(begin("--x\r\nA: b\r\n\r\n").chain(chunk()).chain(begin("\r\n--x--\r\n")));
        assert_eq!((value.fields, value.error), (1, None));
        assert!(value.held_size_bytes <= 2 * CHUNK, "{}", value.held_size_bytes);
    }

    #[test]
    fn a_form_ends_at_the_limit_of_requests() {
        let read = read(form(99, 2_000_000));
        assert_eq!(read.error, Some(FormError::TooLarge));
        assert!((read.drained_size_bytes as u64) < REQUEST_SIZE_BYTES_MAX + 3_000_000, "{}", read.drained_size_bytes);
    }

    #[test]
    fn the_texts_of_a_form_share_one_limit() {
        let body = Body::from_stream(stream::iter(form(3, BODY_SIZE_BYTES_MAX / 2).map(Ok::<_, axum::Error>)));
        let request = Request::builder().header(header::CONTENT_TYPE, "multipart/form-data; boundary=x");
        block_on(async {
            let mut reader = FormReader::open(request.body(body).unwrap()).await.unwrap();
            for fits in [true, true, false] {
                let field = reader.next_field().await.unwrap().unwrap();
                assert_eq!(field.read_text().await.is_ok(), fits);
            }
        });
    }
}
