//! Webhooks to a real receiver: signatures, attempts, history, redelivery. No transcoder runs.

use crate::{WEB_SERVER, with_stack};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use shared::signature;
use tests::fake_transcoder::Lease;
use tests::listen::ReceivedRequest;
use tests::raw_http::{assert_error, send};
use tests::test_account::{TestAccount, wait_for};
use tests::web_server::Page;

/// Creates a job and cancels it.
fn canceled_job(account: &TestAccount, callback: &Value) -> String {
    let mut body = json!({ "input": { "mode": "video", "videoUrl": "https://example.com/a.mp4" }, "options": callback });
    body["metadata"] = json!({ "order": 7 });
    let job = account.submit(&body).unwrap();
    account.api.delete_job(&job.id).unwrap();
    job.id
}

fn wait_for_requests(path: &str, count: usize) -> Vec<ReceivedRequest> {
    wait_for("received", || Ok(Some(WEB_SERVER.requests_to(path)).filter(|requests| requests.len() >= count))).unwrap()
}

#[test]
fn an_event_carries_both_signatures_over_its_exact_body() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        let url = WEB_SERVER.put("/signed", Page::Status(200));
        let job_id = canceled_job(&account, &json!({ "callbackUrl": url, "callbackSecret": "my secret" }));
        let webhook = wait_for_requests("/signed", 1).remove(0);
        let body: Value = serde_json::from_str(&webhook.body).unwrap();
        assert_eq!(
            (&body["type"], &body["data"]["id"], &body["data"]["status"]),
            (&json!("job.canceled"), &json!(job_id), &json!("canceled"))
        );
        assert_eq!(body["data"]["metadata"], json!({ "order": 7 }));
        let timestamp = webhook.header("webhook-timestamp").unwrap();
        let expected = signature::sign(b"my secret", format!("{timestamp}.{}", webhook.body).as_bytes());
        assert_eq!(webhook.header("x-bgless-signature").unwrap(), format!("t={timestamp},v1={expected}"));
        assert_eq!(webhook.header("webhook-id").unwrap(), body["id"].as_str().unwrap());
        // Libraries expect the secret as base64.
        let key = BASE64_STANDARD.encode("my secret");
        standardwebhooks::Webhook::new(&key).unwrap().verify(webhook.body.as_bytes(), &webhook.header_map()).unwrap();
    });
}

#[test]
fn the_secret_of_the_account_signs_where_a_job_has_none() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        let rotate = || {
            let answer = account.api.post("/v1/webhook-secret", &json!({})).unwrap();
            assert_eq!(answer.status, 201, "{}", answer.body);
            answer.body["data"]["secret"].as_str().unwrap().to_owned()
        };
        let secrets = [rotate(), rotate()];
        let url = WEB_SERVER.put("/account", Page::Status(200));
        canceled_job(&account, &json!({ "callbackUrl": url }));
        let webhook = wait_for_requests("/account", 1).remove(0);
        for secret in &secrets {
            // Both signatures are valid while one secret replaces the other.
            standardwebhooks::Webhook::new(secret).unwrap().verify(webhook.body.as_bytes(), &webhook.header_map()).unwrap();
            let timestamp = webhook.header("webhook-timestamp").unwrap();
            let expected = signature::sign(secret.as_bytes(), format!("{timestamp}.{}", webhook.body).as_bytes());
            assert!(webhook.header("x-bgless-signature").unwrap().contains(&format!(",v1={expected}")));
        }
        let shown = account.api.get("/v1/webhook-secret").unwrap().body;
        assert_eq!(shown["data"]["secret"], secrets[1].as_str());
    });
}

#[test]
fn a_receiver_that_fails_three_times_gets_its_event_on_the_fourth_attempt() {
    with_stack(|stack| {
        let (account, other) = (TestAccount::create(stack, 100).unwrap(), TestAccount::create(stack, 100).unwrap());
        let url = WEB_SERVER.put("/shaky", Page::Statuses(vec![500, 302, 410, 204]));
        let body =
            json!({ "input": { "mode": "video", "videoUrl": "https://example.com/a.mp4" }, "options": { "callbackUrl": url } });
        let job = account.submit(&body).unwrap();
        Lease::claim(stack, &job.id).fail();
        let webhooks = wait_for_requests("/shaky", 4);
        assert!(webhooks.iter().all(|request| request.header("webhook-id") == webhooks[0].header("webhook-id")));
        assert!(webhooks.iter().all(|request| request.header("webhook-signature").is_none()));
        let path = format!("/v1/jobs/{}/deliveries", job.id);
        let history = wait_for("delivered", || {
            let answer = account.api.get(&path)?;
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
        assert_error(redeliver(&other.key, id), 404, "not_found");
        assert_error(redeliver(&account.key, "nonsense"), 404, "not_found");
        assert_error(redeliver("sk_unknown", "nonsense"), 401, "invalid_api_key");
        assert_eq!(redeliver(&account.key, id).status(), 202);
        assert_eq!(wait_for_requests("/shaky", 5).len(), 5);
        assert_error(
            send("GET", &format!("{}{path}", stack.base_url()), &[("x-api-key", &other.key)], &[]),
            404,
            "job_not_found",
        );
    });
}

#[test]
fn receivers_in_private_networks_are_refused_and_nothing_is_charged() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        for callback_url in
            ["http://127.0.0.1:1/", "http://10.0.0.1/", "http://[::1]/", "ftp://example.com/", "https://a:b@example.com/"]
        {
            let body = json!({
                "input": { "mode": "video", "videoUrl": "https://example.com/a.mp4" },
                "options": { "callbackUrl": callback_url },
            });
            let answer = account.api.post("/v1/jobs", &body).unwrap();
            let error = &answer.body["error"];
            assert_eq!(
                (answer.status, &error["code"], &error["field"]),
                (400, &json!("forbidden_url"), &json!("options.callbackUrl"))
            );
        }
        assert_eq!(account.balance().unwrap(), 100);
    });
}
