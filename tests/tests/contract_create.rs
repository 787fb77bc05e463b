//! Creating a job: once per key, with the caller's own words, answered at once or when the job is over. No transcoder runs.

#![cfg(test)]

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::customer::Customer;
use tests::http::Answer;
use tests::raw::send;
use tests::stack::shared::SharedStack;
use tests::stack::{Stack, StackOptions};

static STACK: SharedStack = SharedStack::new();

fn video_job(video_url: &str) -> Value {
    json!({ "input": { "mode": "video", "videoUrl": video_url } })
}

fn post(stack: &Stack, customer: &Customer, query: &str, idempotency_key: Option<&str>, body: &Value) -> Answer {
    let mut headers = vec![("x-api-key", customer.key.as_str()), ("content-type", "application/json")];
    headers.extend(idempotency_key.map(|key| ("idempotency-key", key)));
    Answer::read(send("POST", &format!("{}/v1/jobs{query}", stack.base_url()), &headers, body.to_string().as_bytes())).unwrap()
}

fn code(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.body["error"]["code"].as_str().unwrap_or_default())
}

#[test]
fn a_repeat_gets_the_first_answer_and_creates_nothing() {
    STACK.with(StackOptions::default(), |stack| {
        let (customer, other) = (Customer::create(stack, 100).unwrap(), Customer::create(stack, 100).unwrap());
        let body = video_job("https://example.com/a.mp4");
        let first = post(stack, &customer, "", Some("\"order-1\""), &body);
        assert_eq!(first.status, 202, "{}", first.body);
        assert_eq!(post(stack, &customer, "", Some("order-1"), &body), first);
        assert_eq!(customer.balance().unwrap(), 90);
        let another = post(stack, &customer, "", Some("order-1"), &video_job("https://example.com/b.mp4"));
        assert_eq!(code(&another), (422, "idempotency_key_reused"));
        assert_ne!(post(stack, &other, "", Some("order-1"), &body).body["data"]["id"], first.body["data"]["id"]);
        assert_eq!(code(&post(stack, &customer, "", Some("a b"), &body)), (400, "invalid_request"));
        assert_eq!(customer.balance().unwrap(), 90);
    });
}

#[test]
fn a_refused_request_leaves_its_key_free() {
    STACK.with(StackOptions::default(), |stack| {
        let customer = Customer::create(stack, 0).unwrap();
        let body = video_job("https://example.com/a.mp4");
        assert_eq!(code(&post(stack, &customer, "", Some("k"), &body)), (402, "insufficient_credits"));
        customer.admin.grant(&customer.account_id, 10).unwrap();
        assert_eq!(post(stack, &customer, "", Some("k"), &body).status, 202);
        assert_eq!(customer.balance().unwrap(), 0);
    });
}

#[test]
fn repeats_that_arrive_at_once_create_one_job() {
    STACK.with(StackOptions::default(), |stack| {
        let customer = Customer::create(stack, 100).unwrap();
        let body = video_job("https://example.com/a.mp4");
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let posts: Vec<_> = (0..8).map(|_| scope.spawn(|| post(stack, &customer, "", Some("once"), &body))).collect();
            posts.into_iter().map(|post| post.join().unwrap()).collect()
        });
        for answer in &answers {
            assert!(answer.status == 202 || code(answer) == (409, "idempotency_key_running"), "{}", answer.body);
        }
        assert!(answers.iter().any(|answer| answer.status == 202));
        assert_eq!(customer.balance().unwrap(), 90);
    });
}

#[test]
fn a_wait_is_bounded_and_says_where_to_poll() {
    STACK.with(StackOptions::default(), |stack| {
        let customer = Customer::create(stack, 100).unwrap();
        let body = video_job("https://example.com/a.mp4");
        let started = Instant::now();
        let answer = post(stack, &customer, "?wait=true&timeout=2", None, &body);
        assert!(started.elapsed() >= Duration::from_secs(1), "it did not wait");
        assert_eq!((answer.status, &answer.body["data"]["status"]), (202, &json!("queued")));
        assert!(answer.body["data"]["pollUrl"].is_string());
        for query in ["?wait=true&timeout=0", "?wait=true&timeout=61", "?wait=maybe"] {
            assert_eq!(code(&post(stack, &customer, query, None, &body)), (400, "invalid_request"), "{query}");
        }
        assert_eq!(customer.balance().unwrap(), 90);
    });
}

#[test]
fn a_callers_own_words_come_back_as_they_came() {
    STACK.with(StackOptions::default(), |stack| {
        let customer = Customer::create(stack, 100).unwrap();
        let mut body = video_job("https://example.com/a.mp4");
        body["metadata"] = json!({ "order": 7, "tags": ["a", "ü"], "nested": { "null": null } });
        let created = post(stack, &customer, "", None, &body);
        assert_eq!(created.body["data"]["metadata"], body["metadata"]);
        let read = customer.api.get(&format!("/v1/jobs/{}", created.body["data"]["id"].as_str().unwrap())).unwrap();
        assert_eq!(
            (&read.body["data"]["metadata"], &read.body["data"]["apiKeyId"]),
            (&body["metadata"], &json!(customer.key_id))
        );
        body["metadata"] = json!({ "long": "x".repeat(5_000) });
        let refused = post(stack, &customer, "", None, &body);
        assert_eq!((code(&refused), &refused.body["error"]["field"]), ((400, "invalid_request"), &json!("metadata")));
    });
}
