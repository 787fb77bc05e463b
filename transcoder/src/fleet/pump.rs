//! Pull → run → settle, until the stop signal. Pulls no more messages than can start at once.
//!
//! Generic over the queue and over what runs a task, so that both can be faked in tests.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use backon::{BackoffBuilder, Retryable};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use shared::task::{Pool, TranscodeTask};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::fleet::backoff::backoff;
use crate::fleet::member::Member;
use crate::fleet::queue::{Content, Message, Queue, QueueError, Settlement};

/// Longest pause between pulls that fail, before jitter.
/// Units: milliseconds.
const PULL_PAUSE_MS_MAX: u64 = 15_000;
/// Retries of a failed settlement. After that the queue redelivers the message, and its claim is
/// refused.
const SETTLE_RETRIES_MAX: usize = 3;
/// First pause before a settlement is retried.
/// Units: milliseconds.
const SETTLE_PAUSE_MS: u64 = 200;
/// Delay after which the queue delivers a task of a later version again.
/// Units: seconds.
const NEWER_RETRY_S: u64 = 60;

/// Delay after which the queue delivers a task again that this member may not start.
/// Units: seconds.
const NOT_STARTED_RETRY_S: u64 = 5;

/// Concurrency and polling interval.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// The pool of the queue.
    pub pool: Pool,
    /// Tasks at once.
    pub concurrency: usize,
    /// Pause after an empty pull.
    pub poll_interval: Duration,
}

/// Runs until `shutdown`, then until every running task has ended. Pulls nothing while the member
/// takes no work.
pub async fn pump<Q, R, F>(queue: &Q, run: R, pace: Pace, member: &Member, shutdown: &CancellationToken)
where
    Q: Queue,
    R: Fn(TranscodeTask) -> F,
    F: Future<Output = Settlement>,
{
    let mut running = FuturesUnordered::new();
    let failing = backoff(pace.poll_interval, Duration::from_millis(PULL_PAUSE_MS_MAX));
    let mut pauses = failing.build();
    // Kept across iterations: a pull that is dropped half-way may already have made messages
    // invisible.
    let mut pulling: Option<Pin<Box<_>>> = None;
    loop {
        let free = pace.concurrency.saturating_sub(running.len());
        let (stopping, takes_work) = (shutdown.is_cancelled(), member.takes_work());
        if pulling.is_none() && free > 0 && takes_work && !stopping {
            pulling = Some(Box::pin(queue.pull(free)));
        }
        if pulling.is_none() && running.is_empty() && stopping {
            return;
        }
        let pulled = tokio::select! {
            Some(()) = running.next(), if !running.is_empty() => continue,
            pulled = poll_optional(&mut pulling), if pulling.is_some() => pulled,
            () = shutdown.cancelled(), if !stopping => continue,
            () = member.until_it_takes_work(), if !takes_work && !stopping => continue,
        };
        pulling = None;
        member.note_pull(pace.pool, pulled.as_ref().err().map(ToString::to_string));
        let pause = match pulled {
            Ok(messages) => {
                pauses = failing.build();
                let empty = messages.is_empty();
                for message in messages {
                    running.push(process(queue, &run, message, member, shutdown));
                }
                if empty { pace.poll_interval } else { Duration::ZERO }
            }
            Err(error) => {
                let pause = pauses.next().unwrap_or(pace.poll_interval);
                tracing::warn!(%error, ?pause, "pull failed");
                pause
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

/// Pauses, while running tasks go on.
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

/// Runs the task of a message, and settles the message.
async fn process<Q: Queue, F: Future<Output = Settlement>>(
    queue: &Q,
    run: &impl Fn(TranscodeTask) -> F,
    message: Message,
    member: &Member,
    shutdown: &CancellationToken,
) {
    let settlement = match message.content() {
        // Pulled while the stop signal came: it never started.
        _ if shutdown.is_cancelled() => Settlement::Retry { delay_s: 0 },
        // Pulled just before a fault.
        _ if !member.takes_work() => Settlement::Retry { delay_s: NOT_STARTED_RETRY_S },
        Content::Task(task) => run(task).await,
        Content::Newer => {
            tracing::warn!(message.id = message.id, "a task of a later version was left to a newer transcoder");
            Settlement::Retry { delay_s: NEWER_RETRY_S }
        }
        Content::Foreign => {
            tracing::error!(message.id = message.id, "a message that is no task was dropped");
            Settlement::Ack
        }
    };
    let first = Duration::from_millis(SETTLE_PAUSE_MS);
    let pauses = backoff(first, Duration::from_millis(PULL_PAUSE_MS_MAX)).with_max_times(SETTLE_RETRIES_MAX);
    let settle = || queue.settle(&message.lease_id, settlement);
    let noted = |error: &QueueError, pause| tracing::warn!(%error, ?pause, "a message could not be settled; trying again");
    if let Err(error) = settle.retry(pauses).notify(noted).await {
        tracing::warn!(%error, "a message was not settled; the queue will deliver it again");
    }
}

#[cfg(test)]
mod tests;
