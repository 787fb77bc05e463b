//! Pull → step → settle, for as long as nobody says stop. Takes no more than can start now.
//!
//! Generic over the queue and the step, so that its promises are tested without either.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use shared::task::TranscodeTask;
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::fleet::queue::{Content, Message, Queue, Verdict};

/// Longest pause between pulls that fail.
/// Units: milliseconds.
const BACKOFF_MS_MAX: u64 = 30_000;
/// Tries to settle a message; after that it comes again and its claim is refused.
const SETTLE_TRIES_MAX: u32 = 4;

/// Pause before a task that is not understood comes again.
/// Units: seconds.
const NEWER_RETRY_S: u64 = 60;

/// How the pump is set.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Tasks at once.
    pub concurrency: usize,
    /// Pause after an empty pull.
    pub poll_interval: Duration,
}

/// Runs until `shutdown`, then until every running step has ended. `ready` says whether pulls work.
pub async fn pump<Q, S, F>(queue: &Q, step: S, pace: Pace, ready: &watch::Sender<bool>, shutdown: &CancellationToken)
where
    Q: Queue,
    S: Fn(TranscodeTask) -> F,
    F: Future<Output = Verdict>,
{
    let mut running = FuturesUnordered::new();
    let mut failures = 0;
    // Kept across turns: a pull that is dropped half-way may already have made messages invisible.
    let mut pulling: Option<Pin<Box<_>>> = None;
    loop {
        let free = pace.concurrency.saturating_sub(running.len());
        let stopping = shutdown.is_cancelled();
        if pulling.is_none() && free > 0 && !stopping {
            pulling = Some(Box::pin(queue.pull(free)));
        }
        if pulling.is_none() && running.is_empty() && stopping {
            ready.send_replace(false);
            return;
        }
        let pulled = tokio::select! {
            Some(()) = running.next(), if !running.is_empty() => continue,
            pulled = poll_optional(&mut pulling), if pulling.is_some() => pulled,
            () = shutdown.cancelled(), if !stopping => continue,
        };
        pulling = None;
        ready.send_replace(pulled.is_ok() && !shutdown.is_cancelled());
        let pause = match pulled {
            Ok(messages) => {
                failures = 0;
                let empty = messages.is_empty();
                for message in messages {
                    running.push(work_off(queue, &step, message, shutdown));
                }
                if empty { pace.poll_interval } else { Duration::ZERO }
            }
            Err(error) => {
                failures += 1;
                tracing::warn!(%error, failures, "pull failed");
                backoff(pace.poll_interval, failures)
            }
        };
        wait(pause, &mut running, shutdown).await;
    }
}

async fn poll_optional<F: Future>(future: &mut Option<Pin<Box<F>>>) -> F::Output {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

/// Pauses, while whatever runs goes on running.
async fn wait<F: Future<Output = ()>>(pause: Duration, running: &mut FuturesUnordered<F>, shutdown: &CancellationToken) {
    let pause = sleep(pause);
    tokio::pin!(pause);
    loop {
        tokio::select! {
            () = &mut pause => return,
            () = shutdown.cancelled() => return,
            Some(()) = running.next(), if !running.is_empty() => {}
        }
    }
}

async fn work_off<Q: Queue, F: Future<Output = Verdict>>(
    queue: &Q,
    step: &impl Fn(TranscodeTask) -> F,
    message: Message,
    shutdown: &CancellationToken,
) {
    let verdict = match message.content() {
        // Pulled while the stop signal came: it was never begun.
        _ if shutdown.is_cancelled() => Verdict::Retry { delay_s: 0 },
        Content::Task(task) => step(task).await,
        Content::Newer => {
            tracing::warn!(message.id = message.id, "a task of an unknown version was left to a newer member");
            Verdict::Retry { delay_s: NEWER_RETRY_S }
        }
        Content::Foreign => {
            tracing::error!(message.id = message.id, "a message that is no task was dropped");
            Verdict::Ack
        }
    };
    for attempt in 1..=SETTLE_TRIES_MAX {
        match queue.settle(&message.lease_id, verdict).await {
            Ok(()) => return,
            Err(error) => tracing::warn!(%error, attempt, "a message could not be settled"),
        }
        sleep(backoff(Duration::from_millis(200), attempt)).await;
    }
}

/// Doubles with each failure, with jitter so that a fleet does not knock in step.
fn backoff(first: Duration, failures: u32) -> Duration {
    let limit = Duration::from_millis(BACKOFF_MS_MAX);
    let pause = first.saturating_mul(1 << failures.min(16)).min(limit);
    pause.mul_f32(0.5 + fastrand::f32() / 2.0)
}

#[cfg(test)]
mod tests;
