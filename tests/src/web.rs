//! A web server on loopback that stands for the world: it serves files, redirects, and counts who came.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Result;
use ureq::http::{HeaderMap, HeaderName};

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
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let web = Self { address: listener.local_addr()?, pages: Arc::default(), visits: Arc::default() };
        let server = web.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = server.clone();
                // A visitor that breaks off is its own business.
                thread::spawn(move || server.answer(&stream).ok());
            }
        });
        Ok(web)
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

    fn answer(&self, mut stream: &TcpStream) -> Result<()> {
        let mut reader = BufReader::new(stream);
        let mut request = String::new();
        reader.read_line(&mut request)?;
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut visit = Visit { path: path.clone(), headers, body: String::new() };
        let length = visit.header("content-length").and_then(|length| length.parse().ok()).unwrap_or_default();
        reader.take(length).read_to_string(&mut visit.body)?;
        self.visits.lock().unwrap_or_else(PoisonError::into_inner).push(visit);
        let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let page = pages.into_iter().find(|(name, _)| *name == path).map_or(Page::Status(404), |(_, page)| page);
        let (head, body) = match page {
            Page::File(file) => ("200 OK\r\ncontent-type: video/mp4".to_owned(), fs::read(file)?),
            Page::Redirect(to) => (format!("302 Found\r\nlocation: {to}"), Vec::new()),
            Page::Status(status) => (format!("{status} Status"), Vec::new()),
            Page::Statuses(statuses) => {
                let index = self.visits_of(&path).len().min(statuses.len()).saturating_sub(1);
                (format!("{} Status", statuses.get(index).copied().unwrap_or(200)), Vec::new())
            }
        };
        write!(stream, "HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len())?;
        Ok(stream.write_all(&body)?)
    }
}
