//! A minimal HTTP/1.1 server on loopback: a thread per connection, one request per connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result};
use ureq::http::{HeaderMap, HeaderName};

/// A request that a server of the harness received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedRequest {
    /// In upper case.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl ReceivedRequest {
    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The headers as a map.
    ///
    /// # Panics
    /// When one is not valid.
    #[must_use]
    #[expect(clippy::unwrap_used, reason = "a test that cannot go on must end")]
    pub fn header_map(&self) -> HeaderMap {
        self.headers.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())).collect()
    }

    /// The target without its query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }
}

/// A response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers beside `Content-Length` and `Connection`.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Listens on a port, a free one by default; its threads end with the program. Where `answer`
/// returns none, the connection is closed without a response.
pub fn listen(
    port: Option<u16>,
    answer: impl Fn(ReceivedRequest) -> Option<Reply> + Send + Sync + 'static,
) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port.unwrap_or(0))).context("the port is not free")?;
    let address = listener.local_addr()?;
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            // An interrupted connection is the client's business.
            thread::spawn(move || serve(&stream, &*answer).ok());
        }
    });
    Ok(address)
}

fn serve(mut stream: &TcpStream, answer: &impl Fn(ReceivedRequest) -> Option<Reply>) -> Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut words = line.split(' ').map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut request = ReceivedRequest { method, target, headers, body: String::new() };
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or_default();
    reader.take(length).read_to_string(&mut request.body)?;
    let Some(reply) = answer(request) else { return Ok(()) };
    write!(stream, "HTTP/1.1 {} Status\r\n", reply.status)?;
    reply.headers.iter().try_for_each(|(name, value)| write!(stream, "{name}: {value}\r\n"))?;
    write!(stream, "content-length: {}\r\nconnection: close\r\n\r\n", reply.body.len())?;
    Ok(stream.write_all(&reply.body)?)
}
