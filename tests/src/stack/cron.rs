//! The cron trigger, which the local runtime never fires by itself.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::http::{Answer, agent};
use crate::terminal::complain;

const INTERVAL: Duration = Duration::from_mins(1);

/// Fires once, and waits until the handler is done.
pub fn tick(base_url: &str) -> Result<()> {
    let answer = Answer::read(agent().get(format!("{base_url}/cdn-cgi/local/scheduled?cron=*+*+*+*+*")).call()?)?;
    ensure!(answer.status == 200, "the scheduled handler failed with status {}: {}", answer.status, answer.body);
    Ok(())
}

/// Fires each minute until it is dropped.
#[derive(Debug)]
pub struct Ticker {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    /// Starts.
    #[must_use]
    pub fn start(base_url: String) -> Self {
        let (stop, stopped) = mpsc::channel();
        let thread = thread::spawn(move || {
            while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                if let Err(error) = tick(&base_url) {
                    complain(&format!("cron: {error:#}"));
                }
            }
        });
        Self { stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop = None;
        self.thread.take().map(JoinHandle::join);
    }
}
