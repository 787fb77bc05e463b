//! Creating a job: idempotency keys, metadata, and waiting for the end of the job. No transcoder
//! runs.

use std::time::{Duration, Instant};

use crate::with_stack;
use serde_json::{Value, json};
use tests::http::Answer;
use tests::raw_http::send;
use tests::stack::Stack;
use tests::test_account::TestAccount;

fn video_job(video_url: &str) -> Value {
    json!({ "input": { "mode": "video", "videoUrl": video_url } })
}

fn post(stack: &Stack, account: &TestAccount, query: &str, idempotency_key: Option<&str>, body: &Value) -> Answer {
    let mut headers = vec![("x-api-key", account.key.as_str()), ("content-type", "application/json")];
    headers.extend(idempotency_key.map(|key| ("idempotency-key", key)));
    Answer::read(send("POST", &format!("{}/v1/jobs{query}", stack.base_url()), &headers, body.to_string().as_bytes())).unwrap()
}

fn code(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.body["error"]["code"].as_str().unwrap_or_default())
}

#[test]
fn a_repeated_idempotency_key_gets_the_first_response_and_creates_nothing() {
    with_stack(|stack| {
        let (account, other) = (TestAccount::create(stack, 100).unwrap(), TestAccount::create(stack, 100).unwrap());
        let body = video_job("https://example.com/a.mp4");
        let first = post(stack, &account, "", Some("\"order-1\""), &body);
        assert_eq!(first.status, 202, "{}", first.body);
        assert_eq!(post(stack, &account, "", Some("order-1"), &body), first);
        assert_eq!(account.balance().unwrap(), 90);
        let another = post(stack, &account, "", Some("order-1"), &video_job("https://example.com/b.mp4"));
        assert_eq!(code(&another), (422, "idempotency_key_reused"));
        assert_ne!(post(stack, &other, "", Some("order-1"), &body).body["data"]["id"], first.body["data"]["id"]);
        assert_eq!(code(&post(stack, &account, "", Some("a b"), &body)), (400, "invalid_request"));
        assert_eq!(account.balance().unwrap(), 90);
    });
}

#[test]
fn a_refused_request_leaves_its_idempotency_key_free() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 0).unwrap();
        let body = video_job("https://example.com/a.mp4");
        assert_eq!(code(&post(stack, &account, "", Some("k"), &body)), (402, "insufficient_credits"));
        account.admin.grant(&account.id, 10).unwrap();
        assert_eq!(post(stack, &account, "", Some("k"), &body).status, 202);
        assert_eq!(account.balance().unwrap(), 0);
    });
}

#[test]
fn concurrent_repeats_create_one_job() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        let body = video_job("https://example.com/a.mp4");
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let posts: Vec<_> = (0..8).map(|_| scope.spawn(|| post(stack, &account, "", Some("once"), &body))).collect();
            posts.into_iter().map(|post| post.join().unwrap()).collect()
        });
        for answer in &answers {
            assert!(answer.status == 202 || code(answer) == (409, "idempotency_key_running"), "{}", answer.body);
        }
        assert!(answers.iter().any(|answer| answer.status == 202));
        assert_eq!(account.balance().unwrap(), 90);
    });
}

#[test]
fn a_wait_is_bounded_and_names_the_url_to_poll() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        let body = video_job("https://example.com/a.mp4");
        let started = Instant::now();
        let answer = post(stack, &account, "?wait=true&timeout=2", None, &body);
        assert!(started.elapsed() >= Duration::from_secs(1), "it did not wait");
        assert_eq!((answer.status, &answer.body["data"]["status"]), (202, &json!("queued")));
        assert!(answer.body["data"]["pollUrl"].is_string());
        for query in ["?wait=true&timeout=0", "?wait=true&timeout=61", "?wait=maybe"] {
            assert_eq!(code(&post(stack, &account, query, None, &body)), (400, "invalid_request"), "{query}");
        }
        assert_eq!(account.balance().unwrap(), 90);
    });
}

#[test]
fn metadata_is_returned_unchanged() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        let mut body = video_job("https://example.com/a.mp4");
        body["metadata"] = json!({ "order": 7, "tags": ["a", "ü"], "nested": { "null": null } });
        let created = post(stack, &account, "", None, &body);
        assert_eq!(created.body["data"]["metadata"], body["metadata"]);
        let read = account.api.get(&format!("/v1/jobs/{}", created.body["data"]["id"].as_str().unwrap())).unwrap();
        assert_eq!((&read.body["data"]["metadata"], &read.body["data"]["apiKeyId"]), (&body["metadata"], &json!(account.key_id)));
        body["metadata"] = json!({ "long": "x".repeat(5_000) });
        let refused = post(stack, &account, "", None, &body);
        assert_eq!((code(&refused), &refused.body["error"]["field"]), ((400, "invalid_request"), &json!("metadata")));
    });
}
