//! The bgless API: responses and errors. Jobs stay queued.

use crate::with_stack;
use serde_json::{Value, json};
use tests::http::Answer;
use tests::raw_http::{assert_error, send};
use tests::stack::Stack;
use tests::test_account::TestAccount;
use ureq::Body;
use ureq::http::Response;

fn post_job(stack: &Stack, account: &TestAccount, body: &str) -> Response<Body> {
    let bearer = format!("Bearer {}", account.key);
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    send("POST", &format!("{}/v1/jobs", stack.base_url()), &headers, body.as_bytes())
}

fn job_body(video_url: &str) -> Value {
    json!({ "input": { "mode": "video", "videoUrl": video_url }, "options": { "outputs": ["webm-vp9-alpha"] } })
}

#[test]
fn health_needs_no_key_and_every_response_has_a_request_id() {
    with_stack(|stack| {
        let url = format!("{}/health", stack.base_url());
        let response = send("GET", &url, &[("x-request-id", "my-request.1")], &[]);
        assert_eq!(response.headers().get("x-request-id").unwrap(), "my-request.1");
        assert_eq!(Answer::read(response).unwrap(), Answer { status: 200, body: json!({ "status": "ok" }) });
        let response = send("GET", &url, &[("x-request-id", "not a sane one")], &[]);
        assert!(response.headers().get("x-request-id").unwrap().to_str().unwrap().starts_with("req_"));
    });
}

#[test]
fn scripts_of_other_origins_may_read_the_limits_in_the_headers_of_each_api() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 1).unwrap();
        let draft = ["ratelimit", "ratelimit-policy", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"];
        for (path, expected) in [
            ("/v1/jobs", &draft[..]),
            ("/api/v1/jobs", &draft),
            ("/api/jobs", &draft[2..]),
            ("/v1.0/videos", &["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-credits-charged"]),
        ] {
            let url = format!("{}{path}", stack.base_url());
            let response = send("GET", &url, &[("origin", "https://shop.example"), ("x-api-key", &account.key)], &[]);
            let headers = response.headers();
            let exposed: Vec<&str> =
                headers["access-control-expose-headers"].to_str().unwrap().split(',').map(str::trim).collect();
            assert_eq!(exposed[..5], ["x-request-id", "retry-after", "server-timing", "content-range", "etag"], "{path}");
            assert_eq!(exposed[5..], *expected, "{path}");
            let limits = headers.keys().map(ureq::http::HeaderName::as_str).filter(|name| name.contains("ratelimit"));
            let limits: Vec<&str> = limits.collect();
            assert!(limits.len() >= 3 && limits.iter().all(|name| exposed.contains(name)), "{path}: {limits:?}");
        }
    });
}

#[test]
fn requests_from_any_origin_are_allowed() {
    with_stack(|stack| {
        let url = format!("{}/v1/jobs", stack.base_url());
        let wanted = [("origin", "https://shop.example"), ("access-control-request-method", "POST")];
        let preflight = send("OPTIONS", &url, &[wanted[0], wanted[1], ("access-control-request-headers", "authorization")], &[]);
        let header = |name: &str| preflight.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!((preflight.status().as_u16(), header("access-control-allow-origin")), (200, Some("*".into())));
        // A wildcard does not cover `Authorization`, so the header must be named in the response.
        assert_eq!(header("access-control-allow-headers").as_deref(), Some("authorization"));
        let refusal = send("GET", &url, &[wanted[0]], &[]);
        assert_eq!(refusal.headers().get("access-control-allow-origin").unwrap(), "*");
        assert_error(refusal, 401, "missing_api_key");
    });
}

#[test]
fn the_description_is_served_as_it_is_committed_and_shown_by_the_documentation_page() {
    with_stack(|stack| {
        let get = |path: &str, headers: &[(&str, &str)]| send("GET", &format!("{}{path}", stack.base_url()), headers, &[]);
        let response = get("/openapi.json", &[("origin", "https://shop.example")]);
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!((header("content-type"), header("access-control-allow-origin")), ("application/json".into(), "*".into()));
        assert_eq!(header("cache-control"), "public, max-age=300");
        assert_eq!(get("/openapi.json", &[("if-none-match", &header("etag"))]).status(), 304);
        let committed: Value = serde_json::from_str(include_str!("../../../edge/assets/openapi.json")).unwrap();
        assert_eq!(Answer::read(response).unwrap(), Answer { status: 200, body: committed });
        let mut page = get("/docs/", &[]);
        assert!(page.body_mut().read_to_string().unwrap().contains("/openapi.json"));
    });
}

#[test]
fn every_route_needs_a_key_and_finds_it_in_both_headers() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        let revoked = TestAccount::create(stack, 100).unwrap();
        revoked.admin.revoke_key(&revoked.key_id).unwrap();
        let job = account.submit(&job_body("https://example.com/a.mp4")).unwrap();
        let upload = r#"{"filename":"a.mp4","contentType":"video/mp4","sizeBytes":5}"#;
        let create = job_body("https://example.com/a.mp4").to_string();
        for (method, path, body) in [
            ("POST", "/v1/uploads".to_owned(), upload),
            ("POST", "/v1/jobs".to_owned(), create.as_str()),
            ("GET", format!("/v1/jobs/{}", job.id), ""),
            ("GET", format!("/v1/jobs/{}/download", job.id), ""),
            ("DELETE", format!("/v1/jobs/{}", job.id), ""),
            ("GET", "/v1/jobs/nonsense".to_owned(), ""),
            // The key is checked before the body is validated.
            ("GET", "/v1/jobs?limit=many".to_owned(), ""),
            ("GET", "/v1/jobs?status=lost".to_owned(), ""),
            ("GET", "/v1/credits/ledger?limit=0".to_owned(), ""),
            ("GET", format!("/v1/jobs/{}/download?format=vhs", job.id), ""),
            ("POST", "/v1/jobs?timeout=soon".to_owned(), create.as_str()),
        ] {
            let url = format!("{}{path}", stack.base_url());
            let with = |header: &'static str, value: &str| {
                send(method, &url, &[(header, value), ("content-type", "application/json")], body.as_bytes())
            };
            assert_error(with("accept", "*/*"), 401, "missing_api_key");
            assert_error(with("authorization", "Bearer sk_unknown"), 401, "invalid_api_key");
            assert_error(with("x-api-key", "sk_unknown"), 401, "invalid_api_key");
            assert_error(with("authorization", &format!("Bearer {}", revoked.key)), 401, "revoked_api_key");
        }
        assert_eq!(revoked.balance().unwrap(), 100);
        let url = format!("{}/v1/jobs/{}", stack.base_url(), job.id);
        assert_eq!(send("GET", &url, &[("x-api-key", &account.key)], &[]).status(), 200);
        assert_eq!(send("GET", &url, &[("authorization", &format!("bearer {}", account.key))], &[]).status(), 200);
    });
}

#[test]
fn a_created_job_is_queued_and_polled_in_few_database_round_trips() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        let created = post_job(stack, &account, &job_body("https://example.com/a.mp4").to_string());
        assert_eq!(created.headers().get("server-timing").unwrap(), "d1;desc=\"2 round trips\"");
        let created = Answer::read(created).unwrap();
        let data = &created.body["data"];
        assert_eq!((created.status, &data["status"], &data["progress"]), (202, &json!("queued"), &json!(0)));
        assert_eq!((&data["model"], &data["credits"]), (&json!("auto"), &json!(10)));
        let poll_url = data["pollUrl"].as_str().unwrap();
        assert_eq!(poll_url, format!("{}/v1/jobs/{}", stack.base_url(), data["id"].as_str().unwrap()));
        let polled = send("GET", poll_url, &[("x-api-key", &account.key)], &[]);
        assert_eq!(polled.headers().get("server-timing").unwrap(), "d1;desc=\"1 round trips\"");
        assert_eq!(&Answer::read(polled).unwrap().body["data"], data);
        let download = send("GET", &format!("{poll_url}/download"), &[("x-api-key", &account.key)], &[]);
        assert_error(download, 409, "job_not_ready");
    });
}

#[test]
fn a_bad_request_names_its_field_and_costs_nothing() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        let video = "https://example.com/a.mp4";
        for (body, field) in [
            (json!({}), "input"),
            (json!({ "input": {} }), "input.mode"),
            (json!({ "input": { "mode": 7 } }), "input.mode"),
            (json!({ "input": { "mode": "hologram", "videoUrl": video } }), "input.mode"),
            (json!({ "input": { "mode": "video" } }), "input.videoUrl"),
            (json!({ "input": { "mode": "video", "videoUrl": video, "alphaStrategy": "magic" } }), "input.alphaStrategy"),
            (json!({ "input": { "mode": "video", "videoUrl": video, "durationSec": 0 } }), "input.durationSec"),
            (json!({ "input": { "mode": "video", "videoUrl": video, "durationSec": 1e99 } }), "input.durationSec"),
            (json!({ "model": "local.magic", "input": { "mode": "video", "videoUrl": video } }), "model"),
            (json!({ "input": { "mode": "video", "videoUrl": video }, "options": { "outputs": [] } }), "options.outputs"),
            (json!({ "input": { "mode": "video", "videoUrl": video }, "options": { "outputs": ["vhs"] } }), "options.outputs"),
            (json!({ "input": { "mode": "video", "videoUrl": video }, "options": { "outputs": [1] } }), "options.outputs[0]"),
            (
                json!({ "input": { "mode": "video", "videoUrl": video }, "options": { "outputs": ["mov-prores4444", "mov-prores4444"] } }),
                "options.outputs",
            ),
            (
                json!({ "input": { "mode": "video", "videoUrl": video }, "options": { "key": { "screenColor": "green" } } }),
                "options.key.screenColor",
            ),
            (
                json!({ "model": "local.chroma-key", "input": { "mode": "video", "videoUrl": video, "alphaStrategy": "preserve-source-alpha" } }),
                "model",
            ),
        ] {
            let error = assert_error(post_job(stack, &account, &body.to_string()), 400, "invalid_request");
            assert_eq!(error["field"], field, "{body}");
        }
        let error = assert_error(post_job(stack, &account, "7"), 400, "invalid_request");
        assert_eq!(
            (&error["field"], &error["message"]),
            (&json!("body"), &json!("Cannot be read: invalid type: integer `7`, expected an object."))
        );
        for body in ["", "{", "{} {}", "{\"input\":}", "\u{0}"] {
            assert_error(post_job(stack, &account, body), 400, "invalid_json");
        }
        assert_eq!(account.balance().unwrap(), 100);
    });
}

#[test]
fn private_and_malformed_source_urls_are_refused() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        for url in [
            "http://127.0.0.1/a.mp4",
            "http://localhost:8080/a.mp4",
            "http://2130706433/a.mp4",
            "http://[::1]/a.mp4",
            "http://[::ffff:10.0.0.1]/a.mp4",
            "http://10.0.0.1/a.mp4",
            "http://192.168.0.1/a.mp4",
            "http://169.254.169.254/latest/meta-data",
            "http://metadata.google.internal/",
            "file:///etc/passwd",
            "ftp://example.com/a.mp4",
            "gopher://example.com/",
            "concat:a|b",
            "https://user:password@example.com/a.mp4",
            "not a url",
            "",
        ] {
            let error = assert_error(post_job(stack, &account, &job_body(url).to_string()), 400, "forbidden_url");
            assert_eq!(error["field"], "input.videoUrl", "{url}");
        }
        assert_eq!(account.balance().unwrap(), 100);
    });
}

#[test]
fn a_job_of_another_account_is_not_found() {
    with_stack(|stack| {
        let (account, other) = (TestAccount::create(stack, 100).unwrap(), TestAccount::create(stack, 100).unwrap());
        let job = account.submit(&job_body("https://example.com/a.mp4")).unwrap();
        for (method, path) in [("GET", ""), ("GET", "/download"), ("DELETE", "")] {
            let url = format!("{}/v1/jobs/{}{path}", stack.base_url(), job.id);
            assert_error(send(method, &url, &[("x-api-key", &other.key)], &[]), 404, "job_not_found");
            let url = format!("{}/v1/jobs/job_nonsense{path}", stack.base_url());
            assert_error(send(method, &url, &[("x-api-key", &other.key)], &[]), 404, "job_not_found");
        }
        assert_eq!(account.api.get_job(&job.id).unwrap().status, "queued");
    });
}

#[test]
fn deleting_a_queued_job_cancels_hides_and_refunds_it() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        let job = account.submit(&job_body("https://example.com/a.mp4")).unwrap();
        assert_eq!(account.balance().unwrap(), 90);
        let url = format!("{}/v1/jobs/{}", stack.base_url(), job.id);
        for _ in 0..2 {
            assert_eq!(send("DELETE", &url, &[("x-api-key", &account.key)], &[]).status(), 204);
            assert_eq!(account.balance().unwrap(), 100);
        }
        assert_error(send("GET", &url, &[("x-api-key", &account.key)], &[]), 404, "job_not_found");
    });
}

#[test]
fn an_insufficient_balance_is_reported_with_figures() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 9).unwrap();
        let error = assert_error(
            post_job(stack, &account, &job_body("https://example.com/a.mp4").to_string()),
            402,
            "insufficient_credits",
        );
        assert_eq!(error["details"], json!({ "availableCredits": 9, "requiredCredits": 10 }));
        assert_eq!(account.balance().unwrap(), 9);
    });
}

#[test]
fn two_hundred_jobs_created_at_once_spend_a_balance_for_fifty_and_no_more() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 50).unwrap();
        let mut body = job_body("https://example.com/a.mp4");
        body["input"]["durationSec"] = json!(1);
        let body = body.to_string();
        let (created, refusals): (Vec<_>, Vec<_>) = std::thread::scope(|scope| {
            let posts: Vec<_> = (0..200).map(|_| scope.spawn(|| post_job(stack, &account, &body))).collect();
            posts.into_iter().map(|post| post.join().unwrap()).partition(|response| response.status() == 202)
        });
        assert_eq!((created.len(), refusals.len()), (50, 150));
        for refusal in refusals {
            assert_error(refusal, 402, "insufficient_credits");
        }
        assert_eq!(account.balance().unwrap(), 0);
        let page = account.api.get("/v1/jobs?limit=100").unwrap();
        assert_eq!(page.body["data"].as_array().unwrap().len(), 50);
    });
}

#[test]
fn errors_of_the_transport_have_the_envelope_too() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        let url = |path: &str| format!("{}{path}", stack.base_url());
        let key = ("x-api-key", account.key.as_str());
        assert_error(send("GET", &url("/v1/nothing"), &[key], &[]), 404, "not_found");
        let response = send("PUT", &url("/v1/jobs"), &[key], b"{}");
        assert_eq!(response.headers().get("allow").unwrap(), "GET,HEAD,POST");
        assert_error(response, 405, "method_not_allowed");
        assert_error(
            send("POST", &url("/v1/jobs"), &[key, ("content-type", "text/plain")], b"{}"),
            415,
            "unsupported_media_type",
        );
        let big = vec![b' '; 256 * 1024 + 1];
        assert_error(
            send("POST", &url("/v1/jobs"), &[key, ("content-type", "application/json")], &big),
            413,
            "payload_too_large",
        );
        assert_eq!(account.balance().unwrap(), 100);
    });
}

#[test]
fn operators_and_transcoders_need_their_own_secrets() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        let url = |path: &str| format!("{}{path}", stack.base_url());
        let json_type = ("content-type", "application/json");
        let bearer = format!("Bearer {}", account.key);
        for (method, path) in [
            ("POST", "/admin/v1/accounts".to_owned()),
            ("GET", format!("/admin/v1/accounts/{}", account.id)),
            ("POST", format!("/admin/v1/accounts/{}/grants", account.id)),
            ("POST", format!("/admin/v1/accounts/{}/keys", account.id)),
            ("DELETE", format!("/admin/v1/keys/{}", account.key_id)),
            ("POST", "/internal/v1/tasks/claim".to_owned()),
            ("POST", "/internal/v1/tasks/report".to_owned()),
            ("POST", "/internal/v1/fleet/models".to_owned()),
            ("POST", "/internal/v1/fleet/check".to_owned()),
        ] {
            let body: &[u8] = if method == "POST" { b"{\"name\":\"x\",\"credits\":1,\"label\":\"x\"}" } else { b"" };
            let (status, code) = if path.starts_with("/admin/") { (401, "missing_api_key") } else { (403, "forbidden") };
            assert_error(send(method, &url(&path), &[json_type], body), status, code);
            assert_error(send(method, &url(&path), &[json_type, ("authorization", &bearer)], body), 403, "forbidden");
        }
        assert_eq!(account.balance().unwrap(), 100);
    });
}
