//! A web server on loopback that stands for the world: it serves files, redirects, and counts who came.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Result;

/// What a path answers.
#[derive(Debug, Clone)]
pub enum Page {
    /// 200 with a file.
    File(PathBuf),
    /// 302 to an address.
    Redirect(String),
    /// A status without a body.
    Status(u16),
}

/// A running server; its threads end with the program.
#[derive(Debug, Clone)]
pub struct Web {
    address: SocketAddr,
    pages: Arc<Mutex<Vec<(String, Page)>>>,
    visits: Arc<AtomicUsize>,
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
        self.visits.load(Ordering::SeqCst)
    }

    fn answer(&self, mut stream: &TcpStream) -> Result<()> {
        let mut lines = BufReader::new(stream).lines();
        let request = lines.next().transpose()?.unwrap_or_default();
        while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
        self.visits.fetch_add(1, Ordering::SeqCst);
        let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
        let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let page = pages.into_iter().find(|(name, _)| *name == path).map_or(Page::Status(404), |(_, page)| page);
        let (head, body) = match page {
            Page::File(file) => ("200 OK\r\ncontent-type: video/mp4".to_owned(), fs::read(file)?),
            Page::Redirect(to) => (format!("302 Found\r\nlocation: {to}"), Vec::new()),
            Page::Status(status) => (format!("{status} Status"), Vec::new()),
        };
        write!(stream, "HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len())?;
        Ok(stream.write_all(&body)?)
    }
}
