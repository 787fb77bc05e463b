//! The client against a small S3 of its own, which keeps the bytes that it is sent.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_sdk_s3::config::SharedHttpClient;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::*;
use crate::fleet::config::Secret;

const KEY: &str = "a/b c.webm";
const PATH: &str = "/r2/s3/bucket/a/b%20c.webm";

#[derive(Debug, Default)]
struct Stored {
    objects: BTreeMap<String, Vec<u8>>,
    content_types: Vec<String>,
    parts: BTreeMap<u32, Vec<u8>>,
    calls: Vec<String>,
    /// Downloads end after as many bytes, each of them once.
    cuts: Vec<usize>,
    /// This part is never answered, or refused.
    silent_part: Option<u32>,
    refused_part: Option<u32>,
}

type Shared = Arc<Mutex<Stored>>;

struct World {
    objects: Objects,
    stored: Shared,
    dir: tempfile::TempDir,
    _server: tokio::task::JoinSet<()>,
}

impl World {
    /// A bucket behind an endpoint with a path, as the local gateway has it; `end` is the end of
    /// the endpoint.
    async fn new(end: &str) -> Self {
        let stored = Shared::default();
        let app = axum::Router::new().fallback(answer).with_state(Arc::clone(&stored));
        let app = app.layer(axum::extract::DefaultBodyLimit::disable());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}/r2/s3{end}", listener.local_addr().unwrap());
        let mut server = tokio::task::JoinSet::new();
        server.spawn(async move { axum::serve(listener, app).await.unwrap() });
        let objects = Objects::new(&config(&endpoint));
        Self { objects, stored, dir: tempfile::tempdir().unwrap(), _server: server }
    }

    fn file(&self, size_bytes: u64) -> (std::path::PathBuf, Vec<u8>) {
        let bytes: Vec<u8> = (0..size_bytes).map(|index| u8::try_from(index * index % 251).unwrap()).collect();
        let path = self.dir.path().join("output");
        std::fs::write(&path, &bytes).unwrap();
        (path, bytes)
    }

    async fn upload(&self, path: &Path) -> TaskResult<Vec<u64>> {
        let sent = Mutex::new(Vec::new());
        self.objects.upload(path, KEY, "video/webm", |bytes| sent.lock().unwrap().push(bytes)).await?;
        Ok(sent.into_inner().unwrap())
    }

    async fn download(&self, size_bytes: u64) -> TaskResult<Vec<u8>> {
        let to = self.dir.path().join("source");
        self.objects.download(KEY, size_bytes, &to, |_| {}).await?;
        Ok(std::fs::read(to).unwrap())
    }

    fn count(&self, call: &str) -> usize {
        self.stored.lock().unwrap().calls.iter().filter(|made| *made == call).count()
    }
}

fn config(endpoint: &str) -> BucketConfig {
    BucketConfig {
        endpoint: endpoint.parse().unwrap(),
        name: "bucket".into(),
        access_key_id: "id".into(),
        secret_access_key: Secret::for_test("key"),
    }
}

async fn answer(State(shared): State<Shared>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let path = uri.path().to_owned();
    let query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let query: BTreeMap<String, String> = query.into_owned().collect();
    let number = query.get("partNumber").and_then(|number| number.parse::<u32>().ok());
    let is_silent = {
        let mut stored = shared.lock().unwrap();
        let names: Vec<_> = query.keys().filter(|name| *name != "x-id").map(String::as_str).collect();
        stored.calls.push(format!("{method} {}", names.join(",")));
        number.is_some() && number == stored.silent_part
    };
    if is_silent {
        return std::future::pending().await;
    }
    let mut stored = shared.lock().unwrap();
    match (method, number) {
        (Method::PUT, Some(number)) if Some(number) == stored.refused_part => StatusCode::FORBIDDEN.into_response(),
        (Method::PUT, Some(number)) => {
            stored.parts.insert(number, body.to_vec());
            [("etag", format!("part-{number}"))].into_response()
        }
        (Method::PUT, None) => {
            stored.content_types.push(headers["content-type"].to_str().unwrap().to_owned());
            stored.objects.insert(path, body.to_vec());
            [("etag", "whole")].into_response()
        }
        (Method::POST, _) if query.contains_key("uploads") => {
            stored.content_types.push(headers["content-type"].to_str().unwrap().to_owned());
            "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>".into_response()
        }
        (Method::POST, _) => {
            let order = String::from_utf8(body.to_vec()).unwrap();
            let named = |number: &u32| order.contains(&format!("<ETag>part-{number}</ETag><PartNumber>{number}</PartNumber>"));
            assert!(stored.parts.keys().all(named), "{order}");
            let whole = std::mem::take(&mut stored.parts).into_values().flatten().collect();
            stored.objects.insert(path, whole);
            "<CompleteMultipartUploadResult/>".into_response()
        }
        (Method::DELETE, _) => StatusCode::NO_CONTENT.into_response(),
        _ => read_object(&mut stored, &path, &headers),
    }
}

fn read_object(stored: &mut Stored, path: &str, headers: &HeaderMap) -> Response {
    let Some(object) = stored.objects.get(path).cloned() else { return StatusCode::NOT_FOUND.into_response() };
    let range = headers.get("range").map(|range| range.to_str().unwrap());
    let from: usize = range.map_or(0, |range| range["bytes=".len()..].trim_end_matches('-').parse().unwrap());
    assert!(from == 0 || headers["if-match"] == "version", "another version may follow");
    let rest = Bytes::from(object[from..].to_vec());
    let headers = [("etag", "version".to_owned()), ("content-length", rest.len().to_string())];
    let status = if from == 0 { StatusCode::OK } else { StatusCode::PARTIAL_CONTENT };
    let Some(cut) = stored.cuts.pop() else { return (status, headers, rest).into_response() };
    let begun = futures_util::stream::iter([Ok(rest.slice(..cut)), Err(std::io::Error::other("cut"))]);
    (status, headers, axum::body::Body::from_stream(begun)).into_response()
}

#[tokio::test]
async fn stored_bytes_are_those_of_the_file_whatever_its_size() {
    for (size_bytes, progress) in [
        (0, vec![0]),
        (1, vec![1]),
        (PART_SIZE_BYTES, vec![PART_SIZE_BYTES]),
        (PART_SIZE_BYTES * 2 + 7, vec![PART_SIZE_BYTES, PART_SIZE_BYTES * 2, PART_SIZE_BYTES * 2 + 7]),
    ] {
        for end in ["", "/"] {
            let world = World::new(end).await;
            let (path, bytes) = world.file(size_bytes);
            assert_eq!(world.upload(&path).await.unwrap(), progress);
            {
                let stored = world.stored.lock().unwrap();
                let paths: Vec<_> = stored.objects.keys().map(String::as_str).collect();
                assert_eq!((paths.as_slice(), stored.content_types.as_slice()), (&[PATH][..], &["video/webm".to_owned()][..]));
                assert!(stored.objects[PATH] == bytes, "{size_bytes} bytes were not stored as they are");
            }
            assert!(world.download(size_bytes).await.unwrap() == bytes);
        }
    }
}

#[tokio::test]
async fn an_upload_that_fails_or_is_dropped_is_aborted() {
    let world = World::new("").await;
    let (path, _) = world.file(PART_SIZE_BYTES * 3);
    world.stored.lock().unwrap().refused_part = Some(2);
    let error = world.upload(&path).await.unwrap_err();
    assert!(matches!(error, TaskError::Machine { fault: MachineFault::StorageUnreachable, .. }), "{error}");
    world.objects.close().await;
    assert_eq!((world.count("DELETE uploadId"), world.count("POST uploadId")), (1, 0));

    let world = World::new("").await;
    world.stored.lock().unwrap().silent_part = Some(3);
    let is_waiting = async {
        while world.count("PUT partNumber,uploadId") < 3 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        ended = world.upload(&path) => panic!("{ended:?}"),
        () = is_waiting => {}
    }
    world.objects.close().await;
    assert_eq!((world.count("DELETE uploadId"), world.count("POST uploadId")), (1, 0));
}

#[tokio::test]
async fn an_interrupted_download_continues_where_it_stopped() {
    let world = World::new("").await;
    let (path, bytes) = world.file(100_000);
    world.upload(&path).await.unwrap();
    world.stored.lock().unwrap().cuts = vec![1, 60_000];
    assert!(world.download(100_000).await.unwrap() == bytes);
    assert_eq!(world.count("GET "), 3);
}

#[tokio::test]
async fn an_object_that_is_missing_or_has_another_size_was_never_uploaded() {
    let world = World::new("").await;
    let (path, _) = world.file(10);
    let missing = |error: &TaskError| matches!(error, TaskError::Permanent { code: JobErrorCode::UploadMissing, .. });
    assert!(missing(&world.download(10).await.unwrap_err()));
    world.upload(&path).await.unwrap();
    assert!(missing(&world.download(11).await.unwrap_err()));
    world.objects.remove(KEY).await;
    assert_eq!(world.count("DELETE "), 1);
}

/// Answers 503 for some time, then 200; time is the test's.
#[derive(Debug)]
struct Outage {
    ends_at: Instant,
}

impl HttpConnector for Outage {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let status = if Instant::now() < self.ends_at { 503 } else { 200 };
        let status = aws_smithy_runtime_api::http::StatusCode::try_from(status).unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, aws_sdk_s3::primitives::SdkBody::empty())))
    }
}

fn down_for(outage_s: u64) -> SharedHttpClient {
    let ends_at = Instant::now() + Duration::from_secs(outage_s);
    http_client_fn(move |_, _| SharedHttpConnector::new(Outage { ends_at }))
}

#[tokio::test(start_paused = true)]
async fn an_upload_waits_for_a_bucket_that_is_away_and_a_download_gives_up_in_the_end() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let objects = |outage_s| Objects::with_http_client(&config("http://127.0.0.1:9"), down_for(outage_s));
    for outage_s in [1, 60, 600] {
        for _ in 0..5 {
            let (objects, begun) = (objects(outage_s), Instant::now());
            objects.upload(file.path(), KEY, "video/webm", |_| {}).await.unwrap();
            let took = begun.elapsed().as_secs();
            assert!((outage_s..=outage_s + 10).contains(&took), "{took} s of {outage_s}");
            assert!(!objects.is_away());
        }
    }
    let objects = objects(10_000);
    let upload = objects.upload(file.path(), KEY, "video/webm", |_| {});
    assert!(timeout(Duration::from_hours(1), upload).await.is_err(), "as long as its caller waits");
    let error = objects.download(KEY, 1, file.path(), |_| {}).await.unwrap_err();
    assert!(matches!(error, TaskError::Machine { fault: MachineFault::StorageUnreachable, .. }), "{error}");
}

#[tokio::test]
async fn the_self_test_stores_reads_and_removes_an_object() {
    let world = World::new("").await;
    world.objects.check().await.unwrap();
    assert_eq!((world.count("PUT "), world.count("GET "), world.count("DELETE ")), (1, 1, 1));
    let nobody = Objects::new(&config("http://127.0.0.1:9"));
    assert!(matches!(nobody.check().await, Err(BucketError::Away(_))));
}
