//! RemoveBGVideo's API: every response in full, as a snapshot.

use crate::snapshot::{check, check_body};
use crate::{WEB_SERVER, with_stack};
use serde_json::{Value, json};
use shared::signature;
use tests::fake_transcoder::Lease;
use tests::form::Form;
use tests::http::Answer;
use tests::listen::ReceivedRequest;
use tests::raw_http::{send, send_partial_form};
use tests::stack::Stack;
use tests::test_account::{TestAccount, wait_for};
use tests::web_server::Page;
use ureq::Body;
use ureq::http::Response;

const VIDEO: &str = "https://cdn.example.com/input.mp4";

/// A client with a key whose `dialect` is RemoveBGVideo, so that lists come in that API's form.
struct Client<'a> {
    stack: &'a Stack,
    account: TestAccount,
    key: String,
}

impl<'a> Client<'a> {
    fn new(stack: &'a Stack, credits: u64) -> Self {
        let account = TestAccount::create(stack, credits).unwrap();
        let made = account.api.post("/v1/keys", &json!({ "label": "rbv", "dialect": "removebgvideo" })).unwrap();
        assert_eq!(made.body["data"]["dialect"], "removebgvideo", "{}", made.body);
        let key = made.body["data"]["key"].as_str().unwrap().to_owned();
        Self { stack, account, key }
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Response<Body> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let headers =
            [("x-api-key", self.key.as_str()), ("content-type", "application/json"), ("x-request-id", "their-request-7")];
        send(method, &format!("{}{path}", self.stack.base_url()), &headers, body.as_bytes())
    }

    fn create(&self, body: &Value) -> String {
        let answer = Answer::read(self.send("POST", "/v1/jobs", body)).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.body["id"], answer.body["job_id"]);
        answer.body["id"].as_str().unwrap().to_owned()
    }

    fn get(&self, id: &str) -> Response<Body> {
        self.send("GET", &format!("/v1/jobs/{id}"), &Value::Null)
    }

    fn start(&self, id: &str, body: &Value) -> Response<Body> {
        self.send("POST", &format!("/v1/jobs/{id}/start"), body)
    }

    /// Compares a response with the snapshot of this name.
    fn snap(&self, name: &str, response: Response<Body>) -> Value {
        check("removebgvideo", name, self.stack.base_url(), response)
    }
}

fn webhooks(path: &str, count: usize) -> Vec<ReceivedRequest> {
    wait_for("received", || Ok(Some(WEB_SERVER.requests_to(path)).filter(|requests| requests.len() >= count))).unwrap()
}

#[test]
fn the_four_steps_of_the_documentation() {
    with_stack(|stack| {
        let client = Client::new(stack, 100);
        let draft = json!({
            "video_url": VIDEO, "model": "original", "output_format": "webm", "background": { "type": "transparent" },
            "auto_start": false, "metadata": { "order": 7 },
        });
        let id = client.snap("created_draft", client.send("POST", "/v1/jobs", &draft))["job_id"].as_str().unwrap().to_owned();
        assert_eq!(client.account.balance().unwrap(), 100, "a draft holds nothing");
        client.snap("got_draft", client.get(&id));
        let start = json!({
            "model": "light", "text_prompt": "person, clothing accessories, glowing ring", "background": { "type": "transparent" },
            "composition": {
                "canvas": { "width": 1920, "height": 1080 },
                "foreground": { "anchor": "center", "scale": 1, "offset": { "x": 0, "y": 0 } },
            },
        });
        client.snap("started", client.start(&id, &start));
        assert_eq!(client.account.balance().unwrap(), 90);
        client.snap("started_twice", client.start(&id, &start));
        let lease = Lease::claim(stack, &id);
        assert_eq!(lease.work["composition"]["canvas"], json!({ "width": 1920, "height": 1080 }), "{}", lease.work);
        assert_eq!((&lease.work["requestId"], &lease.work["strategy"]), (&json!("their-request-7"), &json!("chroma-key")));
        lease.report_probed(4_000);
        client.snap("got_processing", client.get(&id));
        lease.complete();
        let done = client.snap("got_completed", client.get(&id));
        assert!(done["output_url"].as_str().unwrap().contains("/webm-vp9-alpha.webm?"));
        assert_eq!(client.account.balance().unwrap(), 96);
        client.snap("usage_summary", client.send("GET", "/v1/usage/summary?days=7", &Value::Null));
        client.snap("usage_events", client.send("GET", "/v1/usage/events?limit=3", &Value::Null));
    });
}

#[test]
fn a_failed_job_is_started_again_as_a_run_of_its_own() {
    with_stack(|stack| {
        let client = Client::new(stack, 100);
        let hook = WEB_SERVER.put("/rbv", Page::Status(200));
        let secret = client.account.api.post("/v1/webhook-secret", &json!({})).unwrap();
        let secret = secret.body["data"]["secret"].as_str().unwrap().to_owned();
        let id = client.create(&json!({ "video_url": VIDEO, "webhook_url": hook, "metadata": { "order": 7 } }));
        assert_eq!(client.account.balance().unwrap(), 90);
        let first = Lease::claim(stack, &id);
        first.fail();
        assert_eq!(client.account.balance().unwrap(), 100);
        let received = webhooks("/rbv", 2);
        let failed = received.iter().find(|request| request.header("x-webhook-event") == Some("job.failed")).unwrap();
        let timestamp = failed.header("x-webhook-timestamp").unwrap();
        let expected = signature::sign(secret.as_bytes(), format!("{timestamp}.{}", failed.body).as_bytes());
        assert_eq!(failed.header("x-webhook-signature").unwrap(), format!("sha256={expected}"));
        assert!(timestamp.ends_with('Z') && timestamp.contains('T'), "{timestamp}");
        assert_eq!(failed.header("x-webhook-delivery-id").unwrap(), format!("evt_{}_1", id.trim_start_matches("job_")));
        check_body("removebgvideo", "webhook_failed", stack.base_url(), &failed.body);
        assert!(received.iter().any(|request| request.header("x-webhook-event") == Some("job.started")));
        client.snap("got_failed", client.get(&id));

        client.snap("started_again", client.start(&id, &json!({ "output_format": "mp4" })));
        assert_eq!(client.account.balance().unwrap(), 90);
        // Reports of the old run are refused.
        assert_eq!(first.complete()["answer"], "stop");
        let second = Lease::claim_run(stack, &id, 2);
        assert_eq!(second.work["outputs"], json!(["opaque-mp4"]));
        second.report_probed(3_000);
        second.complete();
        let received = webhooks("/rbv", 4);
        let completed = received.iter().find(|request| request.header("x-webhook-event") == Some("job.completed")).unwrap();
        check_body("removebgvideo", "webhook_completed", stack.base_url(), &completed.body);
        assert_eq!(client.account.balance().unwrap(), 97);
        client.snap("started_when_completed", client.start(&id, &json!({})));
    });
}

#[test]
fn concurrent_starts_start_the_job_once() {
    with_stack(|stack| {
        let client = Client::new(stack, 100);
        let id = client.create(&json!({ "video_url": VIDEO, "auto_start": false }));
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| client.start(&id, &json!({})).status().as_u16())).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| [200, 409].contains(status)), "{statuses:?}");
        assert_eq!(client.account.balance().unwrap(), 90);
    });
}

#[test]
fn a_draft_above_the_balance_stays_a_draft_and_a_deleted_one_costs_nothing() {
    with_stack(|stack| {
        let client = Client::new(stack, 9);
        let id = client.create(&json!({ "video_url": VIDEO, "auto_start": false }));
        client.snap("no_credits", client.start(&id, &json!({})));
        assert_eq!(Answer::read(client.get(&id)).unwrap().body["status"], "created");
        assert_eq!(client.send("DELETE", &format!("/v1/jobs/{id}"), &Value::Null).status(), 204);
        client.snap("gone", client.get(&id));
        assert_eq!(client.account.balance().unwrap(), 9);
    });
}

#[test]
fn every_error_has_the_same_envelope() {
    with_stack(|stack| {
        let (client, other) = (Client::new(stack, 100), Client::new(stack, 100));
        let id = client.create(&json!({ "video_url": VIDEO, "auto_start": false }));
        let create = |body: &Value| client.send("POST", "/v1/jobs", body);
        client.snap("no_source", create(&json!({ "model": "original" })));
        for (name, body) in [
            ("bad_model", json!({ "video_url": VIDEO, "model": "magic" })),
            ("missing_model", json!({ "video_url": VIDEO, "model": "pro" })),
            ("bad_format", json!({ "video_url": VIDEO, "output_format": "avi" })),
            ("bad_anchor", json!({ "video_url": VIDEO, "composition": { "foreground": { "anchor": "north" } } })),
            ("forbidden_url", json!({ "video_url": "http://127.0.0.1/a.mp4" })),
            ("forbidden_webhook", json!({ "video_url": VIDEO, "webhook_url": "http://10.0.0.1/" })),
            (
                "forbidden_picture",
                json!({ "video_url": VIDEO, "background": { "type": "image", "image_url": "http://10.0.0.1/" } }),
            ),
            ("wrong_type", json!({ "video_url": 7 })),
        ] {
            client.snap(name, create(&body));
        }
        client.snap("job_of_another_account", other.get(&id));
        client.snap("job_of_another_account_started", other.start(&id, &json!({})));
        let bad = Client { key: "sk_unknown".to_owned(), account: client.account.clone(), stack };
        client.snap("bad_key", bad.get(&id));
        client.snap("bad_key_of_post", bad.send("POST", "/v1/jobs", &json!({ "video_url": VIDEO })));
        client.snap("bad_status", client.send("GET", "/v1/jobs?status=lost", &Value::Null));
        client.snap("bad_offset", client.send("GET", "/v1/jobs?offset=10001", &Value::Null));
        client.snap("bad_days", client.send("GET", "/v1/usage/summary?days=91", &Value::Null));
        let small = json!({ "label": "small", "monthlyQuotaCredits": 1 });
        let small = client.account.api.post("/v1/keys", &small).unwrap().body["data"]["key"].as_str().unwrap().to_owned();
        let small = Client { key: small, account: client.account.clone(), stack };
        client.snap("over_quota", small.send("POST", "/v1/jobs", &json!({ "video_url": VIDEO })));
        assert_eq!(client.account.balance().unwrap(), 100);
    });
}

#[test]
fn a_file_is_uploaded_by_a_form_and_is_a_source() {
    with_stack(|stack| {
        let client = Client::new(stack, 100);
        let post = |key: &str, form: &Form| {
            let headers = [("x-api-key", key), ("content-type", &form.content_type())];
            send("POST", &format!("{}/v1/uploads", stack.base_url()), &headers, &form.body())
        };
        let form = Form::default().file("file", "my clip.mp4", "video/mp4", b"not looked at yet");
        let uploaded = client.snap("uploaded", post(&client.key, &form));
        let bytes = send("GET", uploaded["video_url"].as_str().unwrap(), &[], &[]).into_body().read_to_vec().unwrap();
        assert_eq!(bytes, b"not looked at yet");
        client.create(&json!({ "video_url": uploaded["video_url"] }));
        client.snap("uploaded_text", post(&client.key, &Form::default().file("file", "a.txt", "text/plain", b"hello")));
        client.snap("uploaded_nothing", post(&client.key, &Form::default().text("file", "hello")));
        client.snap("uploaded_without_key", post("sk_unknown", &form));
        let (status, body) = send_partial_form(stack.base_url(), "/v1/uploads", &client.key, 100_000_001);
        assert_eq!(status, 400, "{body}");
        check_body("removebgvideo", "oversized", stack.base_url(), &body.to_string());
    });
}

#[test]
fn a_job_is_read_through_every_api_in_the_form_of_that_api() {
    with_stack(|stack| {
        let client = Client::new(stack, 100);
        let draft = client
            .create(&json!({ "video_url": VIDEO, "auto_start": false, "background": { "type": "color", "color": "#204080" } }));
        let body = json!({ "input": { "mode": "video", "videoUrl": VIDEO }, "options": { "outputs": ["apng", "gif"] } });
        let other = client.account.submit(&body).unwrap().id;
        Lease::claim(stack, &other).complete();
        // Lists have the form of the key's dialect; the path's aliases are bgless alone.
        client.snap("listed", client.send("GET", "/v1/jobs?limit=10&offset=0", &Value::Null));
        let only = Answer::read(client.send("GET", "/v1/jobs?status=completed", &Value::Null)).unwrap().body;
        assert_eq!(only["items"].as_array().unwrap().len(), 1);
        let second = Answer::read(client.send("GET", "/v1/jobs?offset=1", &Value::Null)).unwrap().body;
        assert_eq!(second["items"][0]["id"], draft.as_str());
        let bgless = client.account.api.get("/v1/jobs").unwrap().body;
        let said: Vec<_> = bgless["data"].as_array().unwrap().iter().map(|job| (&job["id"], &job["status"])).collect();
        assert_eq!(said, [(&json!(other), &json!("success")), (&json!(draft), &json!("queued"))]);
        let alias = client.account.api.get(&format!("/api/v1/jobs/{draft}")).unwrap().body;
        assert_eq!((&alias["data"]["status"], &alias["data"]["outputs"]), (&json!("queued"), &json!(["webm-vp9-alpha"])));
        let unscreen = client.send("GET", &format!("/v1.0/videos/{draft}"), &Value::Null);
        let unscreen = Answer::read(unscreen).unwrap().body;
        assert_eq!(unscreen["data"]["attributes"]["status"], "queued");
        // Each list is one round trip: the query tells which dialect to try first.
        for query in ["", "?limit=10", "?limit=10&offset=1", "?status=completed"] {
            let response = client.send("GET", &format!("/v1/jobs{query}"), &Value::Null);
            assert_eq!(response.headers().get("server-timing").unwrap(), "d1;desc=\"1 round trips\"", "{query}");
        }
        // A job of the other dialect is answered in the form of that dialect on every path.
        let read = Answer::read(client.get(&other)).unwrap().body;
        assert_eq!(read["data"]["status"], "success");
    });
}
