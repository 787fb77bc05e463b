//! A web server on loopback that stands for the world: it serves files, redirects, and counts who came.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use ureq::http::{HeaderMap, HeaderName};

use crate::listen::{Reply, Request, listen};

/// What a path answers.
#[derive(Debug, Clone)]
pub enum Page {
    /// 200 with a file.
    File(PathBuf),
    /// 302 to an address.
    Redirect(String),
    /// A status without a body.
    Status(u16),
    /// These statuses in turn, then the last one.
    Statuses(Vec<u16>),
}

/// A request that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// What was asked for.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Visit {
    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The headers as libraries want them.
    ///
    /// # Panics
    /// When one is no header.
    #[must_use]
    #[expect(clippy::unwrap_used, reason = "a test that cannot go on must end")]
    pub fn header_map(&self) -> HeaderMap {
        self.headers.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())).collect()
    }
}

/// A running server; its threads end with the program.
#[derive(Debug, Clone)]
pub struct Web {
    address: SocketAddr,
    pages: Arc<Mutex<Vec<(String, Page)>>>,
    visits: Arc<Mutex<Vec<Visit>>>,
}

impl Web {
    /// Starts on a free port.
    pub fn start() -> Result<Self> {
        let (pages, visits) = (Arc::default(), Arc::default());
        let server = Self { address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), pages, visits };
        let web = server.clone();
        let address = listen(None, move |request| server.answer(request).ok())?;
        Ok(Self { address, ..web })
    }

    /// `127.0.0.1:PORT`, as `--allow-host` wants it.
    #[must_use]
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// Puts a page up; returns its URL.
    #[must_use]
    pub fn put(&self, path: &str, page: Page) -> String {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner).push((path.to_owned(), page));
        format!("http://{}{path}", self.address)
    }

    /// How many requests came.
    #[must_use]
    pub fn visits(&self) -> usize {
        self.visits.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// What came for a path, in order.
    #[must_use]
    pub fn visits_of(&self, path: &str) -> Vec<Visit> {
        let visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        visits.iter().filter(|visit| visit.path == path).cloned().collect()
    }

    fn answer(&self, request: Request) -> Result<Reply> {
        let path = request.target.clone();
        let visit = Visit { path: request.target, headers: request.headers, body: request.body };
        self.visits.lock().unwrap_or_else(PoisonError::into_inner).push(visit);
        let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let page = pages.into_iter().find(|(name, _)| *name == path).map_or(Page::Status(404), |(_, page)| page);
        let empty = |status, headers| Reply { status, headers, body: Vec::new() };
        Ok(match page {
            Page::File(file) => Reply { body: fs::read(file)?, ..empty(200, vec![("content-type", "video/mp4".to_owned())]) },
            Page::Redirect(to) => empty(302, vec![("location", to)]),
            Page::Status(status) => empty(status, Vec::new()),
            Page::Statuses(statuses) => {
                let index = self.visits_of(&path).len().min(statuses.len()).saturating_sub(1);
                empty(statuses.get(index).copied().unwrap_or(200), Vec::new())
            }
        })
    }
}
