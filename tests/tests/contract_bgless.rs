//! The bgless API as its clients see it: answers, refusals, files. No transcoder runs, so jobs stay queued.

#![cfg(test)]

use std::collections::HashMap;
use std::process::Command;

use serde_json::{Value, json};
use shared::signature;
use tests::customer::Customer;
use tests::http::Answer;
use tests::raw::{refused, send};
use tests::stack::shared::SharedStack;
use tests::stack::{Stack, StackOptions};
use tests::venv;
use tests::workspace::Workspace;
use ureq::Body;
use ureq::http::Response;

static STACK: SharedStack = SharedStack::new();

fn post_job(stack: &Stack, customer: &Customer, body: &str) -> Response<Body> {
    let bearer = format!("Bearer {}", customer.key);
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    send("POST", &format!("{}/v1/jobs", stack.base_url()), &headers, body.as_bytes())
}

fn job_body(video_url: &str) -> Value {
    json!({ "input": { "mode": "video", "videoUrl": video_url }, "options": { "outputs": ["webm-vp9-alpha"] } })
}

#[test]
fn health_needs_no_key_and_every_answer_is_named() {
    STACK.with(StackOptions::default(), |stack| {
        let url = format!("{}/health", stack.base_url());
        let response = send("GET", &url, &[("x-request-id", "my-request.1")], &[]);
        assert_eq!(response.headers().get("x-request-id").unwrap(), "my-request.1");
        assert_eq!(Answer::read(response).unwrap(), Answer { status: 200, body: json!({ "status": "ok" }) });
        let response = send("GET", &url, &[("x-request-id", "not a sane one")], &[]);
        assert!(response.headers().get("x-request-id").unwrap().to_str().unwrap().starts_with("req_"));
    });
}

#[test]
fn a_page_of_any_origin_may_call() {
    STACK.with(StackOptions::default(), |stack| {
        let url = format!("{}/v1/jobs", stack.base_url());
        let asked = [("origin", "https://shop.example"), ("access-control-request-method", "POST")];
        let preflight = send("OPTIONS", &url, &[asked[0], asked[1], ("access-control-request-headers", "authorization")], &[]);
        let header = |name: &str| preflight.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!((preflight.status().as_u16(), header("access-control-allow-origin")), (200, Some("*".into())));
        // A wildcard does not cover `Authorization`, so the header must be named back.
        assert_eq!(header("access-control-allow-headers").as_deref(), Some("authorization"));
        let refusal = send("GET", &url, &[asked[0]], &[]);
        assert_eq!(refusal.headers().get("access-control-allow-origin").unwrap(), "*");
        refused(refusal, 401, "missing_api_key");
    });
}

#[test]
fn keys_are_asked_for_on_every_route_and_found_in_both_places() {
    STACK.with(StackOptions::default(), |stack| {
        let customer = Customer::create(stack, 100).unwrap();
        let revoked = Customer::create(stack, 100).unwrap();
        revoked.admin.revoke_key(&revoked.key_id).unwrap();
        let job = customer.submit(&job_body("https://example.com/a.mp4")).unwrap();
        let upload = r#"{"filename":"a.mp4","contentType":"video/mp4","sizeBytes":5}"#;
        let create = job_body("https://example.com/a.mp4").to_string();
        for (method, path, body) in [
            ("POST", "/v1/uploads".to_owned(), upload),
            ("POST", "/v1/jobs".to_owned(), create.as_str()),
            ("GET", format!("/v1/jobs/{}", job.id), ""),
            ("GET", format!("/v1/jobs/{}/download", job.id), ""),
            ("DELETE", format!("/v1/jobs/{}", job.id), ""),
            ("GET", "/v1/jobs/nonsense".to_owned(), ""),
            // Who asks is settled before what is asked for.
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
            refused(with("accept", "*/*"), 401, "missing_api_key");
            refused(with("authorization", "Bearer sk_unknown"), 401, "invalid_api_key");
            refused(with("x-api-key", "sk_unknown"), 401, "invalid_api_key");
            refused(with("authorization", &format!("Bearer {}", revoked.key)), 401, "revoked_api_key");
        }
        assert_eq!(revoked.balance().unwrap(), 100);
        let url = format!("{}/v1/jobs/{}", stack.base_url(), job.id);
        assert_eq!(send("GET", &url, &[("x-api-key", &customer.key)], &[]).status(), 200);
        assert_eq!(send("GET", &url, &[("authorization", &format!("bearer {}", customer.key))], &[]).status(), 200);
    });
}

#[test]
fn an_upload_is_answered_as_documented_and_takes_one_file_of_that_type_and_length() {
    STACK.with(StackOptions::default(), |stack| {
        let customer = Customer::create(stack, 100).unwrap();
        let request = json!({ "filename": "in put.mp4", "contentType": "video/mp4", "sizeBytes": 5 });
        let answer = customer.api.post("/v1/uploads", &request).unwrap();
        let data = &answer.body["data"];
        assert_eq!(answer.status, 200, "{}", answer.body);
        let mut names: Vec<_> = data.as_object().unwrap().keys().collect();
        names.sort();
        let documented = [
            "directUpload",
            "fileUrl",
            "fileUrlExpiresAt",
            "headers",
            "method",
            "retainedUntil",
            "sizeBytes",
            "uploadUrl",
            "uploaded",
        ];
        assert_eq!(names, documented);
        assert_eq!(data["headers"], json!({ "Content-Type": "video/mp4" }));
        assert_eq!((&data["method"], &data["sizeBytes"]), (&json!("PUT"), &json!(5)));
        assert_eq!((&data["uploaded"], &data["directUpload"]), (&json!(false), &json!(true)));
        let (upload_url, file_url) = (data["uploadUrl"].as_str().unwrap(), data["fileUrl"].as_str().unwrap());

        refused(post_job(stack, &customer, &job_body(file_url).to_string()), 409, "upload_missing");
        let put = |content_type: &str, length: &str, body: &[u8]| {
            let headers = [("content-type", content_type), ("content-length", length)];
            send("PUT", upload_url, &headers, body).status().as_u16()
        };
        assert_eq!(put("video/mp4", "6", b"123456"), 403);
        assert_eq!(put("video/webm", "5", b"12345"), 403);
        assert_eq!(send("GET", file_url, &[], &[]).status(), 404);
        assert_eq!(put("video/mp4", "5", b"12345"), 200);
        assert_eq!(send("GET", file_url, &[], &[]).into_body().read_to_vec().unwrap(), b"12345");
        assert_eq!(post_job(stack, &customer, &job_body(file_url).to_string()).status(), 202);
        assert_eq!(customer.balance().unwrap(), 90);
    });
}

#[test]
fn a_hosted_file_is_taken_by_its_url() {
    STACK.with(StackOptions::default(), |stack| {
        let customer = Customer::create(stack, 100).unwrap();
        let answer = customer.api.post("/v1/uploads", &json!({ "url": "https://example.com/input.mp4" })).unwrap();
        let expected = json!({ "fileUrl": "https://example.com/input.mp4", "uploaded": true, "directUpload": false });
        assert_eq!((answer.status, &answer.body["data"]), (200, &expected));
        let answer = customer.api.post("/v1/uploads", &json!({ "url": "http://169.254.169.254/" })).unwrap();
        assert_eq!((answer.status, &answer.body["error"]["code"]), (400, &json!("forbidden_url")));
    });
}

#[test]
fn a_created_job_is_queued_and_can_be_polled_in_few_round_trips() {
    STACK.with(StackOptions::default(), |stack| {
        let customer = Customer::create(stack, 100).unwrap();
        let created = post_job(stack, &customer, &job_body("https://example.com/a.mp4").to_string());
        assert_eq!(created.headers().get("server-timing").unwrap(), "d1;desc=\"2 round trips\"");
        let created = Answer::read(created).unwrap();
        let data = &created.body["data"];
        assert_eq!((created.status, &data["status"], &data["progress"]), (202, &json!("queued"), &json!(0)));
        assert_eq!((&data["model"], &data["credits"]), (&json!("auto"), &json!(10)));
        let poll_url = data["pollUrl"].as_str().unwrap();
        assert_eq!(poll_url, format!("{}/v1/jobs/{}", stack.base_url(), data["id"].as_str().unwrap()));
        let polled = send("GET", poll_url, &[("x-api-key", &customer.key)], &[]);
        assert_eq!(polled.headers().get("server-timing").unwrap(), "d1;desc=\"1 round trips\"");
        assert_eq!(&Answer::read(polled).unwrap().body["data"], data);
        let download = send("GET", &format!("{poll_url}/download"), &[("x-api-key", &customer.key)], &[]);
        refused(download, 409, "job_not_ready");
    });
}

#[test]
fn a_bad_request_names_its_field_and_costs_nothing() {
    STACK.with(StackOptions::default(), |stack| {
        let customer = Customer::create(stack, 100).unwrap();
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
            let error = refused(post_job(stack, &customer, &body.to_string()), 400, "invalid_request");
            assert_eq!(error["field"], field, "{body}");
        }
        let error = refused(post_job(stack, &customer, "7"), 400, "invalid_request");
        assert_eq!(
            (&error["field"], &error["message"]),
            (&json!("body"), &json!("Cannot be read: invalid type: integer `7`, expected an object."))
        );
        for body in ["", "{", "{} {}", "{\"input\":}", "\u{0}"] {
            refused(post_job(stack, &customer, body), 400, "invalid_json");
        }
        assert_eq!(customer.balance().unwrap(), 100);
    });
}

#[test]
fn addresses_that_are_not_the_worlds_are_refused() {
    STACK.with(StackOptions::default(), |stack| {
        let customer = Customer::create(stack, 100).unwrap();
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
            let error = refused(post_job(stack, &customer, &job_body(url).to_string()), 400, "forbidden_url");
            assert_eq!(error["field"], "input.videoUrl", "{url}");
        }
        assert_eq!(customer.balance().unwrap(), 100);
    });
}

#[test]
fn file_urls_open_for_whoever_holds_a_good_one_and_are_sources_of_their_own_account_alone() {
    STACK.with(StackOptions::default(), |stack| {
        let (customer, other) = (Customer::create(stack, 100).unwrap(), Customer::create(stack, 100).unwrap());
        let upload = customer.api.create_upload("a.mp4", "video/mp4", 10).unwrap();
        let headers = [("content-type", "video/mp4"), ("content-length", "10")];
        assert_eq!(send("PUT", &upload.upload_url, &headers, b"0123456789").status(), 200);
        let good = upload.file_url;

        let object_key = good.split("/files/").nth(1).unwrap().split('?').next().unwrap();
        let expired = {
            let secret = stack.site().secrets.file_url_secret.as_bytes();
            let signature = signature::sign(secret, format!("{object_key}\n10\n1000").as_bytes());
            format!("{}/files/{object_key}?size=10&expires=1000&signature={signature}", stack.base_url())
        };
        let unsigned = good.split('?').next().unwrap().to_owned();
        let altered = good.replace("size=10", "size=11");
        for (url, code) in [(&expired, "expired_file_url"), (&unsigned, "invalid_file_url"), (&altered, "invalid_file_url")] {
            refused(send("GET", url, &[], &[]), 403, code);
            refused(post_job(stack, &customer, &job_body(url).to_string()), 403, code);
        }
        refused(post_job(stack, &other, &job_body(&good).to_string()), 403, "invalid_file_url");
        assert_eq!((customer.balance().unwrap(), other.balance().unwrap()), (100, 100));

        let ranged = |range: &str| {
            let response = send("GET", &good, &[("range", range)], &[]);
            let content_range = response.headers().get("content-range").map(|value| value.to_str().unwrap().to_owned());
            (response.status().as_u16(), content_range.unwrap_or_default(), response.into_body().read_to_string().unwrap())
        };
        assert_eq!(ranged("bytes=2-4"), (206, "bytes 2-4/10".into(), "234".into()));
        assert_eq!(ranged("bytes=7-"), (206, "bytes 7-9/10".into(), "789".into()));
        assert_eq!(ranged("bytes=-2"), (206, "bytes 8-9/10".into(), "89".into()));
        assert_eq!(ranged("bytes=0-0,2-3"), (200, String::new(), "0123456789".into()));
        let (status, content_range, _) = ranged("bytes=10-");
        assert_eq!((status, content_range.as_str()), (416, "bytes */10"));
        let head = send("HEAD", &good, &[], &[]);
        assert_eq!((head.status().as_u16(), head.headers().get("content-length").unwrap().to_str().unwrap()), (200, "10"));
        assert_eq!(head.headers().get("content-type").unwrap(), "video/mp4");
        assert_eq!(head.headers().get("x-content-type-options").unwrap(), "nosniff");
    });
}

#[test]
fn another_accounts_job_is_not_there() {
    STACK.with(StackOptions::default(), |stack| {
        let (customer, other) = (Customer::create(stack, 100).unwrap(), Customer::create(stack, 100).unwrap());
        let job = customer.submit(&job_body("https://example.com/a.mp4")).unwrap();
        for (method, path) in [("GET", ""), ("GET", "/download"), ("DELETE", "")] {
            let url = format!("{}/v1/jobs/{}{path}", stack.base_url(), job.id);
            refused(send(method, &url, &[("x-api-key", &other.key)], &[]), 404, "job_not_found");
            let url = format!("{}/v1/jobs/job_nonsense{path}", stack.base_url());
            refused(send(method, &url, &[("x-api-key", &other.key)], &[]), 404, "job_not_found");
        }
        assert_eq!(customer.api.get_job(&job.id).unwrap().status, "queued");
    });
}

#[test]
fn deleting_a_queued_job_cancels_hides_and_refunds_it() {
    STACK.with(StackOptions::default(), |stack| {
        let customer = Customer::create(stack, 100).unwrap();
        let job = customer.submit(&job_body("https://example.com/a.mp4")).unwrap();
        assert_eq!(customer.balance().unwrap(), 90);
        let url = format!("{}/v1/jobs/{}", stack.base_url(), job.id);
        for _ in 0..2 {
            assert_eq!(send("DELETE", &url, &[("x-api-key", &customer.key)], &[]).status(), 204);
            assert_eq!(customer.balance().unwrap(), 100);
        }
        refused(send("GET", &url, &[("x-api-key", &customer.key)], &[]), 404, "job_not_found");
    });
}

#[test]
fn too_little_balance_is_said_with_figures() {
    STACK.with(StackOptions::default(), |stack| {
        let customer = Customer::create(stack, 9).unwrap();
        let error =
            refused(post_job(stack, &customer, &job_body("https://example.com/a.mp4").to_string()), 402, "insufficient_credits");
        assert_eq!(error["details"], json!({ "availableCredits": 9, "requiredCredits": 10 }));
        assert_eq!(customer.balance().unwrap(), 9);
    });
}

#[test]
fn two_hundred_jobs_created_at_once_spend_a_balance_for_fifty_and_no_more() {
    STACK.with(StackOptions::default(), |stack| {
        let customer = Customer::create(stack, 50).unwrap();
        let mut body = job_body("https://example.com/a.mp4");
        body["input"]["durationSec"] = json!(1);
        let body = body.to_string();
        let (created, refusals): (Vec<_>, Vec<_>) = std::thread::scope(|scope| {
            let posts: Vec<_> = (0..200).map(|_| scope.spawn(|| post_job(stack, &customer, &body))).collect();
            posts.into_iter().map(|post| post.join().unwrap()).partition(|response| response.status() == 202)
        });
        assert_eq!((created.len(), refusals.len()), (50, 150));
        for refusal in refusals {
            refused(refusal, 402, "insufficient_credits");
        }
        assert_eq!(customer.balance().unwrap(), 0);
        let page = customer.api.get("/v1/jobs?limit=100").unwrap();
        assert_eq!(page.body["data"].as_array().unwrap().len(), 50);
    });
}

#[test]
fn the_transports_own_errors_have_the_envelope_too() {
    STACK.with(StackOptions::default(), |stack| {
        let customer = Customer::create(stack, 100).unwrap();
        let url = |path: &str| format!("{}{path}", stack.base_url());
        let key = ("x-api-key", customer.key.as_str());
        refused(send("GET", &url("/v1/nothing"), &[key], &[]), 404, "not_found");
        let response = send("PUT", &url("/v1/jobs"), &[key], b"{}");
        assert_eq!(response.headers().get("allow").unwrap(), "GET,HEAD,POST");
        refused(response, 405, "method_not_allowed");
        refused(send("POST", &url("/v1/jobs"), &[key, ("content-type", "text/plain")], b"{}"), 415, "unsupported_media_type");
        let big = vec![b' '; 256 * 1024 + 1];
        refused(send("POST", &url("/v1/jobs"), &[key, ("content-type", "application/json")], &big), 413, "payload_too_large");
        assert_eq!(customer.balance().unwrap(), 100);
    });
}

/// Code that nobody here wrote: botocore signs as we do, urllib3 sends, boto3 reads.
#[test]
fn an_upload_is_signed_as_botocore_signs_and_kept_byte_by_byte() {
    let python = venv::ensure("boto3").unwrap().join("bin/python");
    let script = Workspace::find().unwrap().join("tests/boto3/upload.py");
    STACK.with(StackOptions::default(), |stack| {
        let customer = Customer::create(stack, 1).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        // A prime, so that no block size of anybody divides it.
        let content: Vec<u8> = (0..9_999_991_u32).map(|index| (index % 251) as u8).collect();
        std::fs::write(file.path(), &content).unwrap();
        let request = json!({ "filename": "my clip (1) + ü.mov", "contentType": "video/quicktime", "sizeBytes": content.len() });
        let upload = customer.api.post("/v1/uploads", &request).unwrap().body["data"].to_string();
        let env: HashMap<_, _> = stack.site().bucket_env().into_iter().collect();
        let output = Command::new(&python)
            .arg(&script)
            .args([&env["R2_S3_ENDPOINT"], &env["R2_BUCKET_NAME"], &upload, "video/quicktime"])
            .arg(file.path())
            .env("AWS_ACCESS_KEY_ID", &env["R2_ACCESS_KEY_ID"])
            .env("AWS_SECRET_ACCESS_KEY", &env["R2_SECRET_ACCESS_KEY"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    });
}

#[test]
fn operators_and_transcoders_are_let_in_by_their_own_secrets_alone() {
    STACK.with(StackOptions::default(), |stack| {
        let customer = Customer::create(stack, 100).unwrap();
        let url = |path: &str| format!("{}{path}", stack.base_url());
        let json_type = ("content-type", "application/json");
        let bearer = format!("Bearer {}", customer.key);
        for (method, path) in [
            ("POST", "/admin/v1/accounts".to_owned()),
            ("GET", format!("/admin/v1/accounts/{}", customer.account_id)),
            ("POST", format!("/admin/v1/accounts/{}/grants", customer.account_id)),
            ("POST", format!("/admin/v1/accounts/{}/keys", customer.account_id)),
            ("DELETE", format!("/admin/v1/keys/{}", customer.key_id)),
            ("POST", "/internal/v1/tasks/claim".to_owned()),
            ("POST", "/internal/v1/tasks/report".to_owned()),
            ("POST", "/internal/v1/fleet/models".to_owned()),
        ] {
            let body: &[u8] = if method == "POST" { b"{\"name\":\"x\",\"credits\":1,\"label\":\"x\"}" } else { b"" };
            let (status, code) = if path.starts_with("/admin/") { (401, "missing_api_key") } else { (403, "forbidden") };
            refused(send(method, &url(&path), &[json_type], body), status, code);
            refused(send(method, &url(&path), &[json_type, ("authorization", &bearer)], body), 403, "forbidden");
        }
        assert_eq!(customer.balance().unwrap(), 100);
    });
}
