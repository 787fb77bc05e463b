//! A web server on loopback: serves files and redirects, and records the requests. For sources and
//! webhook receivers.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;

use crate::listen::{ReceivedRequest, Reply, listen};

/// The response at a path.
#[derive(Debug, Clone)]
pub enum Page {
    /// 200 with a file.
    File(PathBuf),
    /// 302 to a URL.
    Redirect(String),
    /// A status with an empty body.
    Status(u16),
    /// These statuses in turn, then the last one.
    Statuses(Vec<u16>),
}

/// A running server; its threads end with the program.
#[derive(Debug, Clone)]
pub struct WebServer {
    address: SocketAddr,
    pages: Arc<Mutex<Vec<(String, Page)>>>,
    requests: Arc<Mutex<Vec<ReceivedRequest>>>,
}

impl WebServer {
    /// Starts on a free port.
    pub fn start() -> Result<Self> {
        let (pages, requests) = (Arc::default(), Arc::default());
        let server = Self { address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), pages, requests };
        let web = server.clone();
        let address = listen(None, move |request| server.answer(request).ok())?;
        Ok(Self { address, ..web })
    }

    /// `127.0.0.1:PORT`, as `--allow-host` wants it.
    #[must_use]
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// Adds a page; returns its URL.
    #[must_use]
    pub fn put(&self, path: &str, page: Page) -> String {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner).push((path.to_owned(), page));
        format!("http://{}{path}", self.address)
    }

    /// The number of requests received.
    #[must_use]
    pub fn request_count(&self) -> usize {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The requests to a path with its query, oldest first.
    #[must_use]
    pub fn requests_to(&self, path: &str) -> Vec<ReceivedRequest> {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.iter().filter(|request| request.target == path).cloned().collect()
    }

    fn answer(&self, request: ReceivedRequest) -> Result<Reply> {
        let path = request.target.clone();
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let page = pages.into_iter().find(|(name, _)| *name == path).map_or(Page::Status(404), |(_, page)| page);
        let empty = |status, headers| Reply { status, headers, body: Vec::new() };
        Ok(match page {
            Page::File(file) => Reply { body: fs::read(file)?, ..empty(200, vec![("content-type", "video/mp4".to_owned())]) },
            Page::Redirect(to) => empty(302, vec![("location", to)]),
            Page::Status(status) => empty(status, Vec::new()),
            Page::Statuses(statuses) => {
                let index = self.requests_to(&path).len().min(statuses.len()).saturating_sub(1);
                empty(statuses.get(index).copied().unwrap_or(200), Vec::new())
            }
        })
    }
}
