//! The cron trigger, which the local runtime does not fire.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::http::{Answer, agent};
use crate::terminal::print_error;

const INTERVAL: Duration = Duration::from_mins(1);

/// Fires once and waits for the handler.
pub fn trigger(base_url: &str) -> Result<()> {
    let answer = Answer::read(agent().get(format!("{base_url}/cdn-cgi/local/scheduled?cron=*+*+*+*+*")).call()?)?;
    ensure!(answer.status == 200, "the scheduled handler failed with status {}: {}", answer.status, answer.body);
    Ok(())
}

/// Fires every minute until it is dropped.
#[derive(Debug)]
pub struct CronTimer {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl CronTimer {
    /// Starts.
    #[must_use]
    pub fn start(base_url: String) -> Self {
        let (stop, stopped) = mpsc::channel();
        let thread = thread::spawn(move || {
            while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                if let Err(error) = trigger(&base_url) {
                    print_error(&format!("cron: {error:#}"));
                }
            }
        });
        Self { stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for CronTimer {
    fn drop(&mut self) {
        self.stop = None;
        self.thread.take().map(JoinHandle::join);
    }
}
