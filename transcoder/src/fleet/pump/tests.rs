//! The pump against a queue that is a list.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use shared::report::MachineFault;

use super::*;
use crate::fleet::queue::QueueError;

const TASK: &str = r#"{"version":"TranscodeV1","jobId":"job_01KAJ4A2G00000000000000000","run":1}"#;

#[derive(Default)]
struct FakeQueue {
    waiting: Mutex<VecDeque<Message>>,
    asked_for: Mutex<Vec<usize>>,
    settled: Mutex<Vec<(String, Settlement)>>,
    failing_pulls: AtomicUsize,
    failing_settles: AtomicUsize,
    settle_tries: AtomicUsize,
}

impl FakeQueue {
    fn with(bodies: &[&str]) -> Self {
        let messages = bodies.iter().enumerate().map(|(index, body)| Message::for_test(&index.to_string(), json!(body)));
        Self { waiting: Mutex::new(messages.collect()), ..Self::default() }
    }

    fn settled(&self) -> Vec<(String, Settlement)> {
        let mut settled = self.settled.lock().unwrap().clone();
        settled.sort_by(|(left, _), (right, _)| left.cmp(right));
        settled
    }
}

fn fails(budget: &AtomicUsize) -> bool {
    budget.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

impl Queue for FakeQueue {
    async fn pull(&self, count_max: usize) -> Result<Vec<Message>, QueueError> {
        self.asked_for.lock().unwrap().push(count_max);
        // A real pull takes a while; a pump that drops it half-way loses what it took.
        tokio::task::yield_now().await;
        if fails(&self.failing_pulls) {
            return Err(QueueError("down".into()));
        }
        let taken = {
            let mut waiting = self.waiting.lock().unwrap();
            let count = count_max.min(waiting.len());
            waiting.drain(..count).collect()
        };
        tokio::task::yield_now().await;
        Ok(taken)
    }

    async fn settle(&self, lease_id: &str, settlement: Settlement) -> Result<(), QueueError> {
        self.settle_tries.fetch_add(1, Ordering::SeqCst);
        if fails(&self.failing_settles) {
            return Err(QueueError("down".into()));
        }
        self.settled.lock().unwrap().push((lease_id.to_owned(), settlement));
        Ok(())
    }
}

fn pace(concurrency: usize) -> Pace {
    Pace { pool: Pool::Light, concurrency, poll_interval: Duration::from_millis(100) }
}

/// Pumps until as many messages are settled as there were.
async fn pump_all<F: Future<Output = Settlement>>(queue: &FakeQueue, concurrency: usize, run: impl Fn(TranscodeTask) -> F) {
    let count = queue.waiting.lock().unwrap().len();
    let shutdown = CancellationToken::new();
    let member = Member::for_test();
    let until_settled = async {
        while queue.settled.lock().unwrap().len() < count {
            sleep(Duration::from_millis(1)).await;
        }
        shutdown.cancel();
    };
    tokio::join!(pump(queue, run, pace(concurrency), &member, &shutdown), until_settled);
}

#[tokio::test(start_paused = true)]
async fn no_more_is_taken_than_can_start_and_everything_is_settled_as_its_task_says() {
    let queue = FakeQueue::with(&[TASK; 7]);
    let (running, most, begun) = (Cell::new(0), Cell::new(0), Cell::new(0));
    pump_all(&queue, 3, |_| async {
        running.set(running.get() + 1);
        begun.set(begun.get() + 1);
        most.set(most.get().max(running.get()));
        let delay_s = begun.get();
        sleep(Duration::from_secs(delay_s)).await;
        running.set(running.get() - 1);
        if delay_s == 2 { Settlement::Retry { delay_s } } else { Settlement::Ack }
    })
    .await;
    assert_eq!((begun.get(), most.get()), (7, 3));
    let retried: Vec<_> = queue.settled().into_iter().filter(|(_, settlement)| *settlement != Settlement::Ack).collect();
    assert_eq!(retried, [("1".to_owned(), Settlement::Retry { delay_s: 2 })]);
    assert!(queue.asked_for.lock().unwrap().iter().all(|asked| (1..=3).contains(asked)));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_no_task_is_acknowledged_and_never_run() {
    let queue = FakeQueue::with(&["hello", TASK]);
    let runs = Cell::new(0);
    pump_all(&queue, 1, |_| async {
        runs.set(runs.get() + 1);
        Settlement::Retry { delay_s: 1 }
    })
    .await;
    assert_eq!(runs.get(), 1);
    assert_eq!(queue.settled(), [("0".to_owned(), Settlement::Ack), ("1".to_owned(), Settlement::Retry { delay_s: 1 })]);
}

#[tokio::test(start_paused = true)]
async fn a_task_of_a_later_version_is_left_to_a_newer_transcoder() {
    let queue = FakeQueue::with(&[r#"{"version":"TranscodeV2"}"#]);
    pump_all(&queue, 1, |_| async { panic!("run") }).await;
    assert_eq!(queue.settled(), [("0".to_owned(), Settlement::Retry { delay_s: NEWER_RETRY_S })]);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_down_is_tried_again() {
    let queue = FakeQueue::with(&[TASK]);
    queue.failing_pulls.store(3, Ordering::SeqCst);
    queue.failing_settles.store(2, Ordering::SeqCst);
    pump_all(&queue, 1, |_| async { Settlement::Ack }).await;
    assert_eq!(queue.settled(), [("0".to_owned(), Settlement::Ack)]);
}

#[tokio::test(start_paused = true)]
async fn after_the_stop_signal_nothing_starts_and_running_tasks_may_end() {
    let queue = FakeQueue::with(&[TASK; 3]);
    let shutdown = CancellationToken::new();
    let member = Member::for_test();
    let ended = Cell::new(0);
    let run = |_| async {
        shutdown.cancel();
        sleep(Duration::from_secs(5)).await;
        ended.set(ended.get() + 1);
        Settlement::Ack
    };
    pump(&queue, run, pace(1), &member, &shutdown).await;
    assert_eq!(ended.get(), 1);
    assert_eq!(queue.waiting.lock().unwrap().len(), 2);
    assert_eq!(queue.settled(), [("0".to_owned(), Settlement::Ack)]);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_cannot_be_settled_is_given_up_without_another_pause() {
    let queue = FakeQueue::with(&[TASK]);
    queue.failing_settles.store(usize::MAX, Ordering::SeqCst);
    let message = queue.waiting.lock().unwrap().pop_front().unwrap();
    let begun = tokio::time::Instant::now();
    process(&queue, &|_| async { Settlement::Ack }, message, &Member::for_test(), &CancellationToken::new()).await;
    assert_eq!(queue.settle_tries.load(Ordering::SeqCst), 1 + SETTLE_RETRIES_MAX);
    // Pauses of 200, 400 and 800 ms, each at most doubled; a fourth would be 1,600 ms or more.
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(1_400) && took < Duration::from_millis(2_810), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_pulled_while_the_gate_is_closed() {
    let queue = FakeQueue::with(&[TASK; 3]);
    let (member, shutdown) = (Member::for_test(), CancellationToken::new());
    // A fault during the first task: what was pulled with it goes back, and nothing more is pulled.
    let run = |_| async {
        member.note_fault(MachineFault::ToolFailed);
        Settlement::Ack
    };
    let stop = async {
        sleep(Duration::from_mins(1)).await;
        shutdown.cancel();
    };
    tokio::join!(pump(&queue, run, pace(2), &member, &shutdown), stop);
    let returned = Settlement::Retry { delay_s: NOT_STARTED_RETRY_S };
    assert_eq!(queue.settled(), [("0".to_owned(), Settlement::Ack), ("1".to_owned(), returned)]);
    assert_eq!((queue.waiting.lock().unwrap().len(), queue.asked_for.lock().unwrap().len()), (1, 1));
}
