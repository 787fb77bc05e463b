//! Unscreen's API: every response in full, as a snapshot.

use crate::snapshot::{check, check_body};
use crate::{WEB_SERVER, with_stack};
use serde_json::{Value, json};
use tests::fake_transcoder::Lease;
use tests::form::Form;
use tests::http::Answer;
use tests::raw_http::{send, send_partial_form};
use tests::stack::Stack;
use tests::test_account::{TestAccount, wait_for};
use tests::web_server::Page;
use ureq::Body;
use ureq::http::Response;

const VIDEO: &str = "https://example.com/clips/input.mp4";

fn call(stack: &Stack, key: &str, method: &str, path: &str) -> Response<Body> {
    send(method, &format!("{}{path}", stack.base_url()), &[("x-api-key", key)], &[])
}

fn post(stack: &Stack, key: &str, form: &Form) -> Response<Body> {
    let url = format!("{}/v1.0/videos", stack.base_url());
    send("POST", &url, &[("x-api-key", key), ("content-type", &form.content_type())], &form.body())
}

fn by_url() -> Form {
    Form::default().text("video_url", VIDEO)
}

fn created(response: Response<Body>) -> String {
    let answer = Answer::read(response).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["data"]["id"].as_str().unwrap().to_owned()
}

/// Compares a response with the snapshot of this name.
fn snap(stack: &Stack, name: &str, response: Response<Body>) -> Value {
    check("unscreen", name, stack.base_url(), response)
}

#[test]
fn a_video_is_created_from_every_kind_of_request_body() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 1_000).unwrap();
        let key = account.key.as_str();
        snap(stack, "created_by_url", post(stack, key, &by_url().text("format", "pro_bundle")));
        // The official demo sends every field, empty ones too.
        let demo = Form::default().text("video_url", "undefined").text("format", "gif").text("background_color", "");
        let demo = demo.text("webhook_url", "").file("video_file", "my clip.mp4", "video/mp4", b"not looked at yet");
        snap(stack, "created_by_file", post(stack, key, &demo));
        let url = format!("{}/v1.0/videos", stack.base_url());
        let with = |content_type: &str, body: &str| {
            send("POST", &url, &[("x-api-key", key), ("content-type", content_type)], body.as_bytes())
        };
        let encoded = "video_url=https%3A%2F%2Fexample.com%2Fa.mp4&format=mp4&background_color=00ff7f";
        snap(stack, "created_by_urlencoded", with("application/x-www-form-urlencoded", encoded));
        let body = json!({ "video_url": VIDEO, "format": "mp4", "background_color": "#000000" }).to_string();
        snap(stack, "created_by_json", with("application/json", &body));
        // Four reserves for ten seconds: three outputs, and three times one.
        assert_eq!(account.balance().unwrap(), 1_000 - 12 - 30);
        snap(stack, "account", call(stack, key, "GET", "/v1.0/account"));
    });
}

#[test]
fn a_video_is_polled_from_queued_to_done_and_each_step_sends_a_webhook() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        let hook = WEB_SERVER.put("/done", Page::Status(200));
        let id = created(post(stack, &account.key, &by_url().text("webhook_url", &hook)));
        let path = format!("/v1.0/videos/{id}");
        let get = || call(stack, &account.key, "GET", &path);
        snap(stack, "got_queued", get());
        let lease = Lease::claim(stack, &id);
        lease.report_probed(4_000);
        lease.report(&json!({ "kind": "progress", "stage": "encoding", "progressPercent": 40 }));
        snap(stack, "got_processing", get());
        let webhooks = |count: usize| {
            wait_for("received", || Ok(Some(WEB_SERVER.requests_to("/done")).filter(|requests| requests.len() >= count)))
        };
        let started = webhooks(1).unwrap().remove(0);
        let event: Value = serde_json::from_str(&started.body).unwrap();
        assert_eq!((&event["type"], &event["data"]["id"]), (&json!("video:processing"), &json!(id)));
        lease.complete();
        let done = snap(stack, "got_done", get());
        assert!(done["data"]["attributes"]["result_url"].as_str().unwrap().contains("/color-alpha-zip.zip?"));
        let last = webhooks(2).unwrap().remove(1);
        check_body("unscreen", "webhook_done", stack.base_url(), &last.body);
        let event: Value = serde_json::from_str(&last.body).unwrap();
        assert_eq!(event["data"]["links"], done["data"]["links"]);
        snap(stack, "listed", call(stack, &account.key, "GET", "/v1.0/videos"));
        snap(stack, "deleted", call(stack, &account.key, "DELETE", &path));
        snap(stack, "gone", get());
        assert_eq!(WEB_SERVER.requests_to("/done").len(), 2);
    });
}

#[test]
fn a_video_that_fails_or_is_deleted_in_time_costs_nothing_and_names_the_reason() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        let hook = WEB_SERVER.put("/ended", Page::Status(200));
        let id = created(post(stack, &account.key, &by_url()));
        Lease::claim(stack, &id).fail();
        snap(stack, "got_error", call(stack, &account.key, "GET", &format!("/v1.0/videos/{id}")));
        let id = created(post(stack, &account.key, &by_url().text("webhook_url", &hook)));
        assert_eq!(call(stack, &account.key, "DELETE", &format!("/v1.0/videos/{id}")).status(), 204);
        let webhook = wait_for("received", || Ok(WEB_SERVER.requests_to("/ended").into_iter().next())).unwrap();
        check_body("unscreen", "webhook_error", stack.base_url(), &webhook.body);
        // The source of a GIF has a shorter limit, whatever was reserved.
        let id = created(post(stack, &account.key, &by_url().text("format", "gif")));
        let stopped = Lease::claim(stack, &id).report_probed(20_001);
        assert_eq!(stopped["answer"], "stop", "{stopped}");
        snap(stack, "gif_too_long", call(stack, &account.key, "GET", &format!("/v1.0/videos/{id}")));
        assert_eq!(account.balance().unwrap(), 100);
    });
}

#[test]
fn every_error_has_the_form_of_the_api() {
    with_stack(|stack| {
        let (account, other, poor) = (
            TestAccount::create(stack, 100).unwrap(),
            TestAccount::create(stack, 100).unwrap(),
            TestAccount::create(stack, 1).unwrap(),
        );
        let key = account.key.as_str();
        let id = created(post(stack, key, &by_url()));
        let others = format!("/v1.0/videos/{id}");
        snap(stack, "no_key", send("GET", &format!("{}/v1.0/videos", stack.base_url()), &[], &[]));
        snap(stack, "bad_key", call(stack, "sk_unknown", "GET", "/v1.0/account"));
        snap(stack, "bad_key_of_post", post(stack, "sk_unknown", &by_url()));
        snap(stack, "video_of_another_account", call(stack, &other.key, "GET", &others));
        snap(stack, "video_of_another_account_deleted", call(stack, &other.key, "DELETE", &others));
        snap(stack, "no_video", call(stack, key, "GET", "/v1.0/videos/nonsense"));
        snap(stack, "no_route", call(stack, key, "GET", "/v1.0/removals"));
        snap(stack, "no_method", call(stack, key, "PUT", "/v1.0/videos"));
        snap(stack, "no_credits", post(stack, &poor.key, &by_url()));
        let quota = account.api.post("/v1/keys", &json!({ "label": "small", "monthlyCreditQuota": 1, "monthlyQuotaCredits": 1 }));
        let quota = quota.unwrap().body["data"]["key"].as_str().unwrap().to_owned();
        snap(stack, "over_quota", post(stack, &quota, &by_url()));
        for (name, form) in [
            ("no_source", Form::default().text("format", "gif")),
            ("two_sources", by_url().file("video_file", "a.mp4", "video/mp4", b"a")),
            ("unknown_format", by_url().text("format", "mov")),
            ("no_color", by_url().text("format", "mp4")),
            ("bad_color", by_url().text("format", "mp4").text("background_color", "green")),
            ("forbidden_url", Form::default().text("video_url", "http://127.0.0.1/a.mp4")),
            ("forbidden_webhook", by_url().text("webhook_url", "http://10.0.0.1/")),
            ("wrong_file_type", Form::default().file("video_file", "a.txt", "text/plain", b"hello")),
        ] {
            snap(stack, name, post(stack, key, &form));
        }
        let url = format!("{}/v1.0/videos", stack.base_url());
        let with =
            |content_type: &str, body: &[u8]| send("POST", &url, &[("x-api-key", key), ("content-type", content_type)], body);
        snap(stack, "wrong_type", with("text/plain", b"hello"));
        snap(stack, "broken_json", with("application/json", b"{"));
        snap(stack, "broken_form", with("multipart/form-data; boundary=x", b"no form"));
        assert_eq!((account.balance().unwrap(), poor.balance().unwrap()), (100 - 12, 1));
    });
}

#[test]
fn a_request_with_too_large_a_content_length_is_refused_before_its_body_is_sent() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        let (status, body) = send_partial_form(stack.base_url(), "/v1.0/videos", &account.key, 100_000_001);
        assert_eq!(status, 413, "{body}");
        check_body("unscreen", "oversized", stack.base_url(), &body.to_string());
    });
}

#[test]
fn a_job_is_read_through_either_api_in_the_form_of_that_api() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        let own = created(post(stack, &account.key, &by_url().text("format", "mp4").text("background_color", "336699")));
        let job = account.api.get_job(&own).unwrap();
        assert_eq!((job.status.as_str(), &job.rest["outputs"]), ("queued", &json!(["opaque-mp4"])));
        let body = json!({ "input": { "mode": "video", "videoUrl": VIDEO }, "options": { "outputs": ["apng", "gif"] } });
        let other = account.submit(&body).unwrap().id;
        Lease::claim(stack, &other).complete();
        snap(stack, "job_of_another_dialect", call(stack, &account.key, "GET", &format!("/v1.0/videos/{other}")));
        let page = Answer::read(call(stack, &account.key, "GET", "/v1.0/videos?limit=1")).unwrap().body;
        assert_eq!(page["data"][0]["id"], other.as_str());
        let next = page["links"]["next"].as_str().unwrap();
        let rest = Answer::read(send("GET", next, &[("x-api-key", &account.key)], &[])).unwrap().body;
        assert_eq!(rest["data"][0]["id"], own.as_str());
        let listed = account.api.get("/v1/jobs").unwrap().body;
        let ids: Vec<_> = listed["data"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap()).collect();
        assert_eq!(ids, [other.as_str(), own.as_str()]);
    });
}
