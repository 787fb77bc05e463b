//! The fetcher against loopback servers that answer as told.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use shared::media::SOURCE_SIZE_BYTES_MAX;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use super::*;

/// Answers each request by its path; counts them.
struct Server {
    address: String,
    hits: Arc<AtomicUsize>,
    _task: tokio::task::JoinSet<()>,
}

impl Server {
    async fn start(answer: impl Fn(&str, usize) -> Vec<u8> + Send + 'static) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let hits = Arc::new(AtomicUsize::new(0));
        let mut task = tokio::task::JoinSet::new();
        let counter = Arc::clone(&hits);
        task.spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = vec![0; 4096];
                let size_bytes = stream.read(&mut request).await.unwrap_or_default();
                let text = String::from_utf8_lossy(&request[..size_bytes]).into_owned();
                let path = text.split(' ').nth(1).unwrap_or_default();
                let hit = counter.fetch_add(1, Ordering::SeqCst);
                // A client that has heard enough hangs up.
                drop(stream.write_all(&answer(path, hit)).await);
                drop(stream.shutdown().await);
            }
        });
        Self { address, hits, _task: task }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn hits(&self) -> usize {
        self.hits.load(Ordering::SeqCst)
    }
}

fn ok(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()).into_bytes()
}

fn redirect_to(target: &str) -> Vec<u8> {
    format!("HTTP/1.1 302 Found\r\nlocation: {target}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").into_bytes()
}

async fn fetch(url: &str, allowed: &str) -> Result<Vec<u8>, JobErrorCode> {
    drop(rustls::crypto::ring::default_provider().install_default());
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("source");
    let fetcher = Fetcher::new(AllowedHosts::parse(allowed).unwrap()).unwrap();
    match fetcher.fetch(url, &file, SOURCE_SIZE_BYTES_MAX, |_, _| ()).await {
        Ok(()) => Ok(std::fs::read(file).unwrap()),
        Err(TaskError::Permanent { code, .. }) => Err(code),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn an_allowed_address_is_fetched_and_its_redirects_followed() {
    let server = Server::start(|path, _| match path {
        "/a" => redirect_to("/b?c=d"),
        "/b?c=d" => ok("bytes"),
        _ => Vec::new(),
    })
    .await;
    assert_eq!(fetch(&server.url("/a"), &server.address).await, Ok(b"bytes".to_vec()));
}

#[tokio::test]
async fn private_addresses_are_never_connected_to() {
    let server = Server::start(|_, _| ok("secret")).await;
    let port = server.address.rsplit(':').next().unwrap();
    for host in ["127.0.0.1", "localhost", "[::1]", "2130706433"] {
        let url = format!("http://{host}:{port}/a");
        assert_eq!(fetch(&url, "").await, Err(JobErrorCode::SourceForbidden), "{url}");
    }
    assert_eq!(fetch(&server.url("/a"), "127.0.0.1:1").await, Err(JobErrorCode::SourceForbidden));
    assert_eq!(server.hits(), 0);
}

#[tokio::test]
async fn a_public_name_that_resolves_to_a_private_address_is_refused_at_connection() {
    let resolver = PublicResolver { allowed: AllowedHosts::default() };
    let found = resolver.resolve("localhost".parse().unwrap()).await;
    assert!(found.err().is_some_and(|error| error.is::<NoPublicAddress>()));
    let allowing = PublicResolver { allowed: AllowedHosts::parse("localhost:1").unwrap() };
    assert!(allowing.resolve("localhost".parse().unwrap()).await.is_ok());
}

#[tokio::test]
async fn redirects_to_private_addresses_other_schemes_and_without_end_are_refused() {
    let inner = Server::start(|_, _| ok("secret")).await;
    let target = inner.url("/");
    let server = Server::start(move |path, _| match path {
        "/private" => redirect_to(&target),
        "/file" => redirect_to("file:///etc/passwd"),
        _ => redirect_to("/loop"),
    })
    .await;
    for path in ["/private", "/file", "/loop"] {
        assert_eq!(fetch(&server.url(path), &server.address).await, Err(JobErrorCode::SourceForbidden), "{path}");
    }
    assert_eq!(inner.hits(), 0);
    assert_eq!(server.hits(), 1 + 1 + 1 + REDIRECTS_MAX);
}

#[tokio::test]
async fn a_server_that_is_down_for_a_moment_is_asked_again_and_a_clear_no_is_taken() {
    let down = b"HTTP/1.1 503 Later\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec();
    let server = Server::start(move |_, hit| if hit < 2 { down.clone() } else { ok("late") }).await;
    assert_eq!(fetch(&server.url("/a"), &server.address).await, Ok(b"late".to_vec()));
    assert_eq!(server.hits(), 3);
    let server = Server::start(|_, _| b"HTTP/1.1 404 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec()).await;
    assert_eq!(fetch(&server.url("/a"), &server.address).await, Err(JobErrorCode::SourceUnreachable));
    assert_eq!(server.hits(), 1);
}

#[tokio::test]
async fn a_body_that_ends_early_is_not_taken_for_a_source() {
    let server = Server::start(|_, _| b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\nconnection: close\r\n\r\nshort".to_vec()).await;
    assert_eq!(fetch(&server.url("/a"), &server.address).await, Err(JobErrorCode::SourceUnreachable));
    assert_eq!(server.hits(), 3);
}

#[tokio::test]
async fn an_announced_size_beyond_the_limit_is_refused_before_the_body() {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\nx", SOURCE_SIZE_BYTES_MAX + 1);
    let server = Server::start(move |_, _| head.clone().into_bytes()).await;
    assert_eq!(fetch(&server.url("/a"), &server.address).await, Err(JobErrorCode::SourceTooLarge));
    assert_eq!(server.hits(), 1);
}

/// Gives a byte now and then, for ever.
async fn dripping_server() -> (String, tokio::task::JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut task = tokio::task::JoinSet::new();
    task.spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await.unwrap();
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    (address, task)
}

#[tokio::test]
async fn a_server_that_drips_is_given_up() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let (address, _server) = dripping_server().await;
    let dir = tempfile::tempdir().unwrap();
    let mut fetcher = Fetcher::new(AllowedHosts::parse(&address).unwrap()).unwrap();
    fetcher.limit = Duration::from_millis(500);
    let error = fetcher
        .fetch(&format!("http://{address}/a"), &dir.path().join("source"), SOURCE_SIZE_BYTES_MAX, |_, _| ())
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "source_unreachable: not whole within 500ms");
}
