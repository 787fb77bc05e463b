//! The queue gateway against Cloudflare's documented pull API, with a stub of the edge behind it.
//!
//! Source: <https://developers.cloudflare.com/queues/configuration/pull-consumers/> and the
//! batching-retries page.

use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tests::gateway::Gateway;
use tests::http::{Answer, agent};
use tests::stack::shared::SharedStack;
use tests::stack::{EdgeKind, Stack, StackOptions};

/// Longer than a test runs.
const LONG_MS: u64 = 600_000;
/// So short that the lease expires during the test.
const SHORT_MS: u64 = 50;
const DEADLINE: Duration = Duration::from_secs(20);

static STACK: SharedStack = SharedStack::new();

/// The tests share one queue: one at a time, and each begins with an empty one.
fn with_empty_queue(test: impl FnOnce(&Stack, &Gateway)) {
    let shared = STACK.join(StackOptions { edge: EdgeKind::Stub, ..StackOptions::default() }).unwrap();
    let stack = shared.lock();
    let gateway = stack.gateway();
    test(&stack, &gateway);
    assert_eq!(gateway.messages().unwrap(), Vec::<Value>::new(), "leave the queue empty");
}

fn until<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = attempt() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}: not within {DEADLINE:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn push(gateway: &Gateway, number: u32) {
    let answer = gateway.post("messages", &json!({ "body": { "number": number }, "content_type": "json" })).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
}

fn pull(gateway: &Gateway, visibility_timeout_ms: u64) -> Vec<Value> {
    let answer = gateway.pull(&json!({ "visibility_timeout_ms": visibility_timeout_ms })).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["result"]["messages"].as_array().unwrap().clone()
}

fn pull_one(gateway: &Gateway, visibility_timeout_ms: u64) -> Value {
    until("a message", || pull(gateway, visibility_timeout_ms).pop())
}

fn lease_of(message: &Value) -> &str {
    message["lease_id"].as_str().unwrap()
}

/// Acknowledges a message and checks that it was accepted.
fn ack(gateway: &Gateway, message: &Value) {
    let answer = gateway.ack(&[lease_of(message)], &[]).unwrap();
    assert_eq!(answer.body["result"], json!({ "ackCount": 1, "retryCount": 0, "warnings": {} }));
}

fn until_lease_expired(gateway: &Gateway) {
    until("the end of the lease", || gateway.messages().unwrap().first().filter(|message| message["leased"] == false).cloned());
}

fn decode(message: &Value) -> Value {
    let bytes = BASE64_STANDARD.decode(message["body"].as_str().unwrap()).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn expect_error(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.body);
    let error = &answer.body["errors"][0];
    assert!(error["code"].is_u64() && error["message"].is_string(), "{}", answer.body);
    let expected = json!({ "success": false, "errors": [error], "messages": [], "result": null });
    assert_eq!(answer.body, expected);
}

fn stub_seen(stack: &Stack) -> Value {
    Answer::read(agent().get(format!("{}/stub/seen", stack.base_url())).call().unwrap()).unwrap().body
}

#[test]
fn a_message_sent_by_the_edge_arrives_in_cloudflares_shape() {
    with_empty_queue(|stack, gateway| {
        let task = json!({ "version": "TranscodeV1", "jobId": "job_1", "run": 1 });
        agent().post(format!("{}/stub/send", stack.base_url())).send_json(&task).unwrap();
        until("the message", || gateway.messages().unwrap().pop());
        let answer = gateway.pull(&json!({})).unwrap();
        let message = answer.body["result"]["messages"][0].clone();
        let expected = json!({
            "success": true,
            "errors": [],
            "messages": [],
            "result": {
                "message_backlog_count": 1,
                "messages": [{
                    "id": message["id"],
                    "timestamp_ms": message["timestamp_ms"],
                    "attempts": 1,
                    "body": message["body"],
                    "lease_id": message["lease_id"],
                    "metadata": { "CF-sourceMessageSource": "worker", "CF-Content-Type": "json" },
                }],
            },
        });
        assert_eq!(answer.body, expected);
        assert_eq!(decode(&message), task);
        assert!(message["id"].is_string() && message["timestamp_ms"].is_u64());
        assert!(lease_of(&message).len() >= 32, "a lease id is not to be guessed");
        ack(gateway, &message);
    });
}

#[test]
fn a_leased_message_is_hidden_until_its_lease_expires_and_then_counts_another_attempt() {
    with_empty_queue(|_, gateway| {
        push(gateway, 1);
        let first = pull_one(gateway, LONG_MS);
        assert_eq!(pull(gateway, LONG_MS), Vec::<Value>::new());
        let retry = json!({ "lease_id": lease_of(&first) });
        gateway.ack(&[], &[retry]).unwrap();
        let second = pull_one(gateway, SHORT_MS);
        assert_eq!(second["attempts"], 2);
        // It is not settled: the expiry of the lease alone makes it visible again.
        let third = pull_one(gateway, LONG_MS);
        assert_eq!((&third["id"], &third["attempts"]), (&first["id"], &json!(3)));
        assert_ne!(third["lease_id"], second["lease_id"]);
        ack(gateway, &third);
    });
}

#[test]
fn both_spellings_of_the_visibility_timeout_are_accepted_within_bounds() {
    with_empty_queue(|_, gateway| {
        push(gateway, 1);
        let timeout_of = |body: Value| {
            let message = gateway.pull(&body).unwrap().body["result"]["messages"][0].clone();
            let stored = gateway.messages().unwrap().remove(0);
            gateway.ack(&[], &[json!({ "lease_id": lease_of(&message) })]).unwrap();
            (stored["leased"].clone(), stored["visible_at_ms"].as_u64().unwrap())
        };
        let (leased, long_at_ms) = timeout_of(json!({ "visibility_timeout": 43_200_000 }));
        assert_eq!(leased, true);
        let (leased, short_at_ms) = timeout_of(json!({ "visibility_timeout_ms": 20_000_000 }));
        assert_eq!(leased, true);
        let (_, default_at_ms) = timeout_of(json!({}));
        assert!(default_at_ms < short_at_ms && short_at_ms < long_at_ms);
        for timeout_ms in [json!(0), json!(43_200_001), json!("1000"), json!(1.5)] {
            expect_error(&gateway.pull(&json!({ "visibility_timeout_ms": timeout_ms })).unwrap(), 400);
        }
        ack(gateway, &pull_one(gateway, LONG_MS));
    });
}

#[test]
fn a_retry_waits_for_its_delay() {
    with_empty_queue(|_, gateway| {
        push(gateway, 1);
        let message = pull_one(gateway, LONG_MS);
        let answer = gateway.ack(&[], &[json!({ "lease_id": lease_of(&message), "delay_seconds": 43_200 })]).unwrap();
        assert_eq!(answer.body["result"], json!({ "ackCount": 0, "retryCount": 1, "warnings": {} }));
        assert_eq!(pull(gateway, LONG_MS), Vec::<Value>::new());
        let waiting = gateway.messages().unwrap().remove(0);
        let leased_at_ms = message["timestamp_ms"].as_u64().unwrap();
        assert!(waiting["visible_at_ms"].as_u64().unwrap() >= leased_at_ms + 43_200_000);
        // The retry ended the lease.
        let answer = gateway.ack(&[lease_of(&message)], &[]).unwrap();
        assert_eq!(answer.body["result"]["ackCount"], 0);
        // No pull can end the delay, so another queue call must empty the queue.
        gateway.post("messages/purge", &json!({ "refs": [{ "ref": waiting["id"] }] })).unwrap();
    });
}

#[test]
fn the_last_delivery_ends_as_a_dead_letter_at_the_edge() {
    with_empty_queue(|stack, gateway| {
        let known = gateway.dead_letters().unwrap().len();
        // Once by the expiry of the last lease without a pull, and once by a retry beyond the
        // limit.
        for (number, last_lease_ms) in [(7, SHORT_MS), (8, LONG_MS)] {
            push(gateway, number);
            for attempt in 1..=3 {
                let message = pull_one(gateway, LONG_MS);
                assert_eq!(message["attempts"], attempt);
                let answer = gateway.ack(&[], &[json!({ "lease_id": lease_of(&message) })]).unwrap();
                assert_eq!(answer.body["result"]["retryCount"], 1);
            }
            let last = pull_one(gateway, last_lease_ms);
            assert_eq!(last["attempts"], 4);
            if last_lease_ms == LONG_MS {
                gateway.ack(&[], &[json!({ "lease_id": lease_of(&last) })]).unwrap();
            }
            let arrived =
                || stub_seen(stack)["deadLetters"].as_array().unwrap().contains(&json!({ "number": number })).then_some(());
            until("the dead letter at the edge", arrived);
            let answer = gateway.ack(&[lease_of(&last)], &[]).unwrap();
            assert_eq!(answer.body["result"]["ackCount"], 0, "a dead letter is not acknowledged");
        }
        let dead_letters = gateway.dead_letters().unwrap().split_off(known);
        assert_eq!(dead_letters.iter().map(decode).collect::<Vec<_>>(), [json!({ "number": 7 }), json!({ "number": 8 })]);
        assert_eq!(dead_letters[0]["attempts"], 4);
    });
}

#[test]
fn a_late_ack_counts_until_the_message_is_delivered_again_and_then_warns() {
    with_empty_queue(|_, gateway| {
        push(gateway, 1);
        let late = pull_one(gateway, SHORT_MS);
        until_lease_expired(gateway);
        ack(gateway, &late);

        push(gateway, 2);
        let lost = pull_one(gateway, SHORT_MS);
        until_lease_expired(gateway);
        let taken_over = pull_one(gateway, LONG_MS);
        let answer = gateway.ack(&[lease_of(&lost), "never issued"], &[]).unwrap();
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body["result"]["ackCount"], 0);
        let warnings = answer.body["result"]["warnings"].as_object().unwrap();
        assert_eq!(warnings.len(), 2);
        assert!(warnings.contains_key(lease_of(&lost)) && warnings.contains_key("never issued"));
        assert_eq!(gateway.messages().unwrap().len(), 1, "the message belongs to the other lease");
        ack(gateway, &taken_over);
    });
}

#[test]
fn a_batch_is_five_by_default_and_a_hundred_at_most() {
    with_empty_queue(|_, gateway| {
        (0..8).for_each(|number| push(gateway, number));
        let sizes = [json!({}), json!({ "batch_size": 2 }), json!({ "batch_size": 100 })].map(|body| {
            let answer = gateway.pull(&body).unwrap();
            assert_eq!(answer.body["result"]["message_backlog_count"], 8);
            let messages = answer.body["result"]["messages"].as_array().unwrap().clone();
            let numbers: Vec<u64> = messages.iter().map(|message| decode(message)["number"].as_u64().unwrap()).collect();
            (messages, numbers)
        });
        // No message is delivered twice.
        let mut numbers: Vec<u64> = sizes.iter().flat_map(|(_, numbers)| numbers.clone()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..8).collect::<Vec<_>>());
        assert_eq!(sizes.each_ref().map(|(messages, _)| messages.len()), [5, 2, 1]);
        for batch_size in [json!(0), json!(101), json!(-1), json!("5"), json!(2.5)] {
            expect_error(&gateway.pull(&json!({ "batch_size": batch_size })).unwrap(), 400);
        }
        sizes.iter().flat_map(|(messages, _)| messages).for_each(|message| ack(gateway, message));
    });
}

#[test]
fn text_stays_plain_and_everything_else_is_base64() {
    with_empty_queue(|_, gateway| {
        gateway.post("messages", &json!({ "body": "zwölf", "content_type": "text" })).unwrap();
        let message = pull_one(gateway, LONG_MS);
        assert_eq!(message["body"], "zwölf");
        assert_eq!(message["metadata"]["CF-Content-Type"], "text");
        ack(gateway, &message);
        gateway.post("messages", &json!({ "body": { "text": "zwölf" } })).unwrap();
        let message = pull_one(gateway, LONG_MS);
        assert_eq!(decode(&message), json!({ "text": "zwölf" }));
        assert_eq!(message["metadata"]["CF-Content-Type"], "json");
        ack(gateway, &message);
    });
}

#[test]
fn errors_come_in_cloudflares_envelope() {
    with_empty_queue(|stack, gateway| {
        for token in ["wrong", ""] {
            let stranger = Gateway::new(stack.base_url(), token);
            let answer = stranger.pull(&json!({})).unwrap();
            expect_error(&answer, 401);
            assert_eq!(answer.body["errors"][0]["code"], 10_000);
        }
        expect_error(&gateway.post("messages/steal", &json!({})).unwrap(), 404);
        expect_error(&gateway.post("messages/pull", &json!([])).unwrap(), 400);
        expect_error(&gateway.post("messages/ack", &json!({ "acks": ["lease"] })).unwrap(), 400);
        expect_error(&gateway.post("messages", &json!({ "body": 1, "content_type": "v8" })).unwrap(), 400);
        let delayed = json!({ "retries": [{ "lease_id": "lease", "delay_seconds": 43_201 }] });
        expect_error(&gateway.post("messages/ack", &delayed).unwrap(), 400);
    });
}

#[test]
fn everything_else_goes_to_the_edge_unchanged() {
    with_empty_queue(|stack, _| {
        let url = format!("{}/any/path?query=%20kept", stack.base_url());
        let sent = vec![0xA5_u8; 3_000_000];
        let mut response = agent().put(&url).send(&sent).unwrap();
        assert_eq!(response.status(), 418);
        assert_eq!(response.headers()["x-stub-method"], "PUT");
        assert_eq!(response.headers()["x-stub-url"], url.as_str());
        assert!(response.body_mut().with_config().limit(4_000_000).read_to_vec().unwrap() == sent, "the body was changed");
    });
}

#[test]
fn the_cron_trigger_reaches_the_edge() {
    with_empty_queue(|stack, _| {
        let count_before = stub_seen(stack)["scheduledCount"].as_u64().unwrap();
        stack.trigger_cron().unwrap();
        assert_eq!(stub_seen(stack)["scheduledCount"], count_before + 1);
    });
}

#[test]
fn two_stacks_side_by_side_do_not_see_each_other() {
    with_empty_queue(|_, gateway| {
        let state = tempfile::tempdir().unwrap();
        let options = StackOptions { edge: EdgeKind::Stub, state: state.path().to_owned(), ..StackOptions::default() };
        let other = Stack::start(options.clone()).unwrap();
        assert!(Stack::start(options).is_err(), "one folder holds one stack at a time");
        push(gateway, 1);
        assert_eq!(other.gateway().messages().unwrap(), Vec::<Value>::new());
        expect_error(&Gateway::new(other.base_url(), gateway.token()).pull(&json!({})).unwrap(), 401);
        let other_base_url = other.base_url().to_owned();
        other.stop().unwrap();
        assert!(!tests::stack::is_healthy(&other_base_url));
        ack(gateway, &pull_one(gateway, LONG_MS));
    });
}
