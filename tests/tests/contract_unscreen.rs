//! The Unscreen API as its clients see it: every answer in full. No transcoder runs; its reports are made by hand.

#![cfg(test)]

use std::sync::LazyLock;

use serde_json::{Value, json};
use tests::customer::{Customer, wait_for};
use tests::fleet::Lease;
use tests::form::Form;
use tests::http::Answer;
use tests::raw::{announce, send};
use tests::snapshot::{check, check_body};
use tests::stack::shared::SharedStack;
use tests::stack::{Stack, StackOptions};
use tests::web::{Page, Web};
use ureq::Body;
use ureq::http::Response;

static STACK: SharedStack = SharedStack::new();
static WEB: LazyLock<Web> = LazyLock::new(|| Web::start().unwrap());

const VIDEO: &str = "https://example.com/clips/input.mp4";

fn options() -> StackOptions {
    StackOptions { allow_hosts: vec![WEB.host()], ..StackOptions::default() }
}

fn ask(stack: &Stack, key: &str, method: &str, path: &str) -> Response<Body> {
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

/// Compares an answer with the committed one of this name.
fn snap(stack: &Stack, name: &str, response: Response<Body>) -> Value {
    check(&format!("unscreen/{name}"), stack.base_url(), response)
}

#[test]
fn a_video_is_taken_from_bodies_of_every_kind() {
    STACK.with(options(), |stack| {
        let customer = Customer::create(stack, 1_000).unwrap();
        let key = customer.key.as_str();
        snap(stack, "created_by_url", post(stack, key, &by_url().text("format", "pro_bundle")));
        // As the official demo sends it: every field, whether it was filled in or not.
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
        assert_eq!(customer.balance().unwrap(), 1_000 - 12 - 30);
        snap(stack, "account", ask(stack, key, "GET", "/v1.0/account"));
    });
}

#[test]
fn a_video_is_followed_from_its_queue_to_its_result_and_its_receiver_hears_of_each_step() {
    STACK.with(options(), |stack| {
        let customer = Customer::create(stack, 100).unwrap();
        let hook = WEB.put("/done", Page::Status(200));
        let id = created(post(stack, &customer.key, &by_url().text("webhook_url", &hook)));
        let path = format!("/v1.0/videos/{id}");
        let get = || ask(stack, &customer.key, "GET", &path);
        snap(stack, "got_queued", get());
        let lease = Lease::take(stack, &id);
        lease.report_probed(4_000);
        lease.report(&json!({ "kind": "progress", "stage": "encoding", "progressPercent": 40 }));
        snap(stack, "got_processing", get());
        let visits = |count: usize| wait_for("told", || Ok(Some(WEB.visits_of("/done")).filter(|told| told.len() >= count)));
        let started = visits(1).unwrap().remove(0);
        let told: Value = serde_json::from_str(&started.body).unwrap();
        assert_eq!((&told["type"], &told["data"]["id"]), (&json!("video:processing"), &json!(id)));
        lease.complete();
        let done = snap(stack, "got_done", get());
        assert!(done["data"]["attributes"]["result_url"].as_str().unwrap().contains("/color-alpha-zip.zip?"));
        let last = visits(2).unwrap().remove(1);
        check_body("unscreen/told_done", stack.base_url(), &last.body);
        let told: Value = serde_json::from_str(&last.body).unwrap();
        assert_eq!(told["data"]["links"], done["data"]["links"]);
        snap(stack, "listed", ask(stack, &customer.key, "GET", "/v1.0/videos"));
        snap(stack, "deleted", ask(stack, &customer.key, "DELETE", &path));
        snap(stack, "gone", get());
        assert_eq!(WEB.visits_of("/done").len(), 2);
    });
}

#[test]
fn a_video_that_fails_or_is_deleted_in_time_costs_nothing_and_says_why() {
    STACK.with(options(), |stack| {
        let customer = Customer::create(stack, 100).unwrap();
        let hook = WEB.put("/ended", Page::Status(200));
        let id = created(post(stack, &customer.key, &by_url()));
        Lease::take(stack, &id).fail();
        snap(stack, "got_error", ask(stack, &customer.key, "GET", &format!("/v1.0/videos/{id}")));
        let id = created(post(stack, &customer.key, &by_url().text("webhook_url", &hook)));
        assert_eq!(ask(stack, &customer.key, "DELETE", &format!("/v1.0/videos/{id}")).status(), 204);
        let told = wait_for("told", || Ok(WEB.visits_of("/ended").into_iter().next())).unwrap();
        check_body("unscreen/told_error", stack.base_url(), &told.body);
        // A GIF's source is short, whatever was reserved.
        let id = created(post(stack, &customer.key, &by_url().text("format", "gif")));
        let stopped = Lease::take(stack, &id).report_probed(20_001);
        assert_eq!(stopped["answer"], "stop", "{stopped}");
        snap(stack, "gif_too_long", ask(stack, &customer.key, "GET", &format!("/v1.0/videos/{id}")));
        assert_eq!(customer.balance().unwrap(), 100);
    });
}

#[test]
fn whatever_is_refused_is_refused_in_the_familys_words() {
    STACK.with(options(), |stack| {
        let (customer, other, poor) =
            (Customer::create(stack, 100).unwrap(), Customer::create(stack, 100).unwrap(), Customer::create(stack, 1).unwrap());
        let key = customer.key.as_str();
        let id = created(post(stack, key, &by_url()));
        let others = format!("/v1.0/videos/{id}");
        snap(stack, "no_key", send("GET", &format!("{}/v1.0/videos", stack.base_url()), &[], &[]));
        snap(stack, "bad_key", ask(stack, "sk_unknown", "GET", "/v1.0/account"));
        snap(stack, "bad_key_of_post", post(stack, "sk_unknown", &by_url()));
        snap(stack, "others_video", ask(stack, &other.key, "GET", &others));
        snap(stack, "others_video_deleted", ask(stack, &other.key, "DELETE", &others));
        snap(stack, "no_video", ask(stack, key, "GET", "/v1.0/videos/nonsense"));
        snap(stack, "no_route", ask(stack, key, "GET", "/v1.0/removals"));
        snap(stack, "no_method", ask(stack, key, "PUT", "/v1.0/videos"));
        snap(stack, "no_credits", post(stack, &poor.key, &by_url()));
        let quota =
            customer.api.post("/v1/keys", &json!({ "label": "small", "monthlyCreditQuota": 1, "monthlyQuotaCredits": 1 }));
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
        assert_eq!((customer.balance().unwrap(), poor.balance().unwrap()), (100 - 12, 1));
    });
}

#[test]
fn a_request_that_announces_too_much_is_refused_before_it_is_sent() {
    STACK.with(options(), |stack| {
        let customer = Customer::create(stack, 100).unwrap();
        let (status, body) = announce(stack.base_url(), "/v1.0/videos", &customer.key, 100_000_001);
        assert_eq!(status, 413, "{body}");
        check_body("unscreen/oversized", stack.base_url(), &body.to_string());
    });
}

#[test]
fn a_job_is_seen_through_either_door_in_its_words() {
    STACK.with(options(), |stack| {
        let customer = Customer::create(stack, 100).unwrap();
        let own = created(post(stack, &customer.key, &by_url().text("format", "mp4").text("background_color", "336699")));
        let seen = customer.api.get_job(&own).unwrap();
        assert_eq!((seen.status.as_str(), &seen.rest["outputs"]), ("queued", &json!(["opaque-mp4"])));
        let body = json!({ "input": { "mode": "video", "videoUrl": VIDEO }, "options": { "outputs": ["apng", "gif"] } });
        let other = customer.submit(&body).unwrap().id;
        Lease::take(stack, &other).complete();
        snap(stack, "another_doors_job", ask(stack, &customer.key, "GET", &format!("/v1.0/videos/{other}")));
        let page = Answer::read(ask(stack, &customer.key, "GET", "/v1.0/videos?limit=1")).unwrap().body;
        assert_eq!(page["data"][0]["id"], other.as_str());
        let next = page["links"]["next"].as_str().unwrap();
        let rest = Answer::read(send("GET", next, &[("x-api-key", &customer.key)], &[])).unwrap().body;
        assert_eq!(rest["data"][0]["id"], own.as_str());
        let listed = customer.api.get("/v1/jobs").unwrap().body;
        let ids: Vec<_> = listed["data"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap()).collect();
        assert_eq!(ids, [other.as_str(), own.as_str()]);
    });
}
