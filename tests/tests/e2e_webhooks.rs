//! Events on their way to a real receiver: signatures, tries, history, redelivery. No transcoder runs.

#![cfg(test)]

use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use shared::id::LeaseId;
use shared::report::{CLAIM_PATH, REPORT_PATH};
use shared::signature;
use shared::time::UnixMillis;
use tests::customer::{Customer, wait_for};
use tests::raw::{refused, send};
use tests::stack::shared::SharedStack;
use tests::stack::{Stack, StackOptions};
use tests::web::{Page, Visit, Web};

static STACK: SharedStack = SharedStack::new();
static WEB: LazyLock<Web> = LazyLock::new(|| Web::start().unwrap());

fn options() -> StackOptions {
    StackOptions {
        allow_hosts: vec![WEB.host()],
        edge_vars: vec![("WEBHOOK_RETRY_S".into(), "1,1,1,1".into())],
        ..StackOptions::default()
    }
}

/// A job that its owner has canceled.
fn canceled_job(customer: &Customer, callback: &Value) -> String {
    let mut body = json!({ "input": { "mode": "video", "videoUrl": "https://example.com/a.mp4" }, "options": callback });
    body["metadata"] = json!({ "order": 7 });
    let job = customer.submit(&body).unwrap();
    customer.api.delete_job(&job.id).unwrap();
    job.id
}

fn wait_for_visits(path: &str, count: usize) -> Vec<Visit> {
    wait_for("told", || Ok(Some(WEB.visits_of(path)).filter(|visits| visits.len() >= count))).unwrap()
}

#[test]
fn an_event_carries_both_signatures_over_its_exact_body() {
    STACK.with(options(), |stack| {
        let customer = Customer::create(stack, 100).unwrap();
        let url = WEB.put("/signed", Page::Status(200));
        let job_id = canceled_job(&customer, &json!({ "callbackUrl": url, "callbackSecret": "my secret" }));
        let visit = wait_for_visits("/signed", 1).remove(0);
        let body: Value = serde_json::from_str(&visit.body).unwrap();
        assert_eq!(
            (&body["type"], &body["data"]["id"], &body["data"]["status"]),
            (&json!("job.canceled"), &json!(job_id), &json!("canceled"))
        );
        assert_eq!(body["data"]["metadata"], json!({ "order": 7 }));
        let timestamp = visit.header("webhook-timestamp").unwrap();
        let expected = signature::sign(b"my secret", format!("{timestamp}.{}", visit.body).as_bytes());
        assert_eq!(visit.header("x-bgless-signature").unwrap(), format!("t={timestamp},v1={expected}"));
        assert_eq!(visit.header("webhook-id").unwrap(), body["id"].as_str().unwrap());
        // A library is given a secret of ours as base64 of its text.
        let key = BASE64_STANDARD.encode("my secret");
        standardwebhooks::Webhook::new(&key).unwrap().verify(visit.body.as_bytes(), &visit.header_map()).unwrap();
    });
}

#[test]
fn an_accounts_own_secret_signs_where_a_job_brings_none() {
    STACK.with(options(), |stack| {
        let customer = Customer::create(stack, 100).unwrap();
        let rotate = || {
            let answer = customer.api.post("/v1/webhook-secret", &json!({})).unwrap();
            assert_eq!(answer.status, 201, "{}", answer.body);
            answer.body["data"]["secret"].as_str().unwrap().to_owned()
        };
        let secrets = [rotate(), rotate()];
        let url = WEB.put("/account", Page::Status(200));
        canceled_job(&customer, &json!({ "callbackUrl": url }));
        let visit = wait_for_visits("/account", 1).remove(0);
        for secret in &secrets {
            // Both verify, as they come, while one replaces the other.
            standardwebhooks::Webhook::new(secret).unwrap().verify(visit.body.as_bytes(), &visit.header_map()).unwrap();
            let timestamp = visit.header("webhook-timestamp").unwrap();
            let expected = signature::sign(secret.as_bytes(), format!("{timestamp}.{}", visit.body).as_bytes());
            assert!(visit.header("x-bgless-signature").unwrap().contains(&format!(",v1={expected}")));
        }
        let shown = customer.api.get("/v1/webhook-secret").unwrap().body;
        assert_eq!(shown["data"]["secret"], secrets[1].as_str());
    });
}

#[test]
fn a_receiver_that_fails_three_times_gets_its_event_at_the_fourth() {
    STACK.with(options(), |stack| {
        let (customer, other) = (Customer::create(stack, 100).unwrap(), Customer::create(stack, 100).unwrap());
        let url = WEB.put("/shaky", Page::Statuses(vec![500, 302, 410, 204]));
        let body =
            json!({ "input": { "mode": "video", "videoUrl": "https://example.com/a.mp4" }, "options": { "callbackUrl": url } });
        let job = customer.submit(&body).unwrap();
        fail_job(stack, &job.id);
        let visits = wait_for_visits("/shaky", 4);
        assert!(visits.iter().all(|visit| visit.header("webhook-id") == visits[0].header("webhook-id")));
        assert!(visits.iter().all(|visit| visit.header("webhook-signature").is_none()));
        let path = format!("/v1/jobs/{}/deliveries", job.id);
        let history = wait_for("delivered", || {
            let answer = customer.api.get(&path)?;
            Ok(Some(answer.body["data"][0].clone()).filter(|delivery| delivery["status"] == "delivered"))
        });
        let history = history.unwrap();
        let codes: Vec<_> =
            history["attempts"].as_array().unwrap().iter().map(|attempt| attempt["statusCode"].as_u64().unwrap()).collect();
        assert_eq!((codes.as_slice(), &history["event"]), ([500, 302, 410, 204].as_slice(), &json!("job.failed")));
        let id = history["id"].as_str().unwrap();
        let redeliver = |key: &str, id: &str| {
            send("POST", &format!("{}/v1/deliveries/{id}/redeliver", stack.base_url()), &[("x-api-key", key)], &[])
        };
        refused(redeliver(&other.key, id), 404, "not_found");
        refused(redeliver(&customer.key, "nonsense"), 404, "not_found");
        refused(redeliver("sk_unknown", "nonsense"), 401, "invalid_api_key");
        assert_eq!(redeliver(&customer.key, id).status(), 202);
        assert_eq!(wait_for_visits("/shaky", 5).len(), 5);
        refused(send("GET", &format!("{}{path}", stack.base_url()), &[("x-api-key", &other.key)], &[]), 404, "job_not_found");
    });
}

/// Takes a job as a transcoder would, and says that it cannot succeed.
fn fail_job(stack: &Stack, job_id: &str) {
    let now_ms = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let lease_id = LeaseId::from_parts(UnixMillis::new(now_ms), 1);
    call(stack, CLAIM_PATH, &json!({ "jobId": job_id, "run": 1, "leaseId": lease_id }));
    let event = json!({ "kind": "fail", "code": "source_not_video", "message": "Nothing to see." });
    call(stack, REPORT_PATH, &json!({ "version": "ReportV1", "jobId": job_id, "run": 1, "leaseId": lease_id, "event": event }));
}

/// A call as a transcoder signs it.
fn call(stack: &Stack, path: &str, body: &Value) {
    let body = body.to_string();
    let timestamp_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let signed = signature::sign_call(stack.site().secrets.transcoder_secret.as_bytes(), timestamp_s, body.as_bytes());
    let timestamp = timestamp_s.to_string();
    let headers = [(signature::TIMESTAMP_HEADER, timestamp.as_str()), (signature::SIGNATURE_HEADER, signed.as_str())];
    let answer = send("POST", &format!("{}{path}", stack.base_url()), &headers, body.as_bytes());
    assert_eq!(answer.status(), 200);
}

#[test]
fn receivers_in_private_networks_are_refused_and_nothing_is_charged() {
    STACK.with(options(), |stack| {
        let customer = Customer::create(stack, 100).unwrap();
        for callback_url in
            ["http://127.0.0.1:1/", "http://10.0.0.1/", "http://[::1]/", "ftp://example.com/", "https://a:b@example.com/"]
        {
            let body = json!({
                "input": { "mode": "video", "videoUrl": "https://example.com/a.mp4" },
                "options": { "callbackUrl": callback_url },
            });
            let answer = customer.api.post("/v1/jobs", &body).unwrap();
            let error = &answer.body["error"];
            assert_eq!(
                (answer.status, &error["code"], &error["field"]),
                (400, &json!("forbidden_url"), &json!("options.callbackUrl"))
            );
        }
        assert_eq!(customer.balance().unwrap(), 100);
    });
}
