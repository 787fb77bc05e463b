//! VidGen's API: every response in full, as a snapshot.

use std::fs;
use std::thread;

use crate::snapshot::{check, check_body};
use serde_json::{Value, json};
use tests::fake_transcoder::Lease;
use tests::form::Form;
use tests::http::Answer;
use tests::raw_http::{send, send_partial_form};
use tests::stack::shared::SharedStack;
use tests::stack::{Stack, StackOptions};
use tests::test_account::{TestAccount, wait_for};
use ureq::Body;
use ureq::http::Response;

static STACK: SharedStack = SharedStack::new();

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR not looked at yet";
const MP3: &[u8] = b"ID3\x04\0\0\0\0\0\0 not listened to yet";
/// The reserve of a job before the duration of its audio is known.
const RESERVE_CREDITS: u64 = 5;
const FILE_SIZE_BYTES_MAX: usize = 50 * 1024 * 1024;

fn options() -> StackOptions {
    StackOptions::default()
}

fn call(stack: &Stack, key: &str, method: &str, path: &str) -> Response<Body> {
    send(method, &format!("{}{path}", stack.base_url()), &[("x-api-key", key)], &[])
}

fn post(stack: &Stack, key: &str, form: &Form) -> Response<Body> {
    let url = format!("{}/api/jobs", stack.base_url());
    send("POST", &url, &[("x-api-key", key), ("content-type", &form.content_type())], &form.body())
}

fn both() -> Form {
    Form::default().file("image", "portrait.png", "image/png", PNG).file("audio", "voice.mp3", "audio/mpeg", MP3)
}

fn created(response: Response<Body>) -> String {
    let answer = Answer::read(response).unwrap();
    assert_eq!((answer.status, &answer.body["message"]), (201, &json!("Job created")), "{}", answer.body);
    answer.body["jobId"].as_str().unwrap().to_owned()
}

/// Compares a response with the snapshot of this name.
fn snap(stack: &Stack, name: &str, response: Response<Body>) -> Value {
    check("vidgen", name, stack.base_url(), response)
}

/// The number of objects in the bucket, counted on disk.
fn stored(stack: &Stack) -> usize {
    let blobs = stack.state().join("data/v3/r2/bgless/blobs");
    fs::read_dir(blobs).map_or(0, Iterator::count)
}

/// Waits, since the runtime removes objects from disk in the background.
fn wait_for_stored(stack: &Stack, count: usize) {
    wait_for(&format!("at {count} objects"), || Ok((stored(stack) == count).then_some(()))).unwrap();
}

/// Reports the probed facts of a portrait job, then its success.
fn probed(lease: &Lease<'_>, duration_ms: u64) {
    let facts = json!({
        "container": "mp3", "videoCodec": "png", "pixelFormat": "rgba", "size": { "width": 1280, "height": 720 },
        "frameRate": { "numerator": 25, "denominator": 1 }, "durationMs": duration_ms, "hasAlpha": false, "hasAudio": true,
    });
    lease.report(&json!({ "kind": "probed", "facts": facts, "strategy": "portrait" }));
}

#[test]
fn a_job_is_polled_from_its_form_to_its_share_page() {
    STACK.with(options(), |stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        let key = account.key.as_str();
        let hook = "https://hooks.example.com/vidgen";
        let made = snap(stack, "created", post(stack, key, &both().text("webhookUrl", hook)));
        let id = made["jobId"].as_str().unwrap();
        let (status, one) = (format!("/api/status/{id}"), format!("/api/jobs/{id}"));
        snap(stack, "status_pending", call(stack, key, "GET", &status));
        assert_eq!(account.balance().unwrap(), 100 - RESERVE_CREDITS);
        snap(stack, "second_job", post(stack, key, &both()));
        let lease = Lease::claim(stack, id);
        let work = &lease.work;
        assert_eq!((&work["strategy"], &work["outputs"]), (&json!("portrait"), &json!(["opaque-mp4"])), "{work}");
        assert!(work["source"]["objectKey"].as_str().unwrap().ends_with("/picture.png"), "{work}");
        assert!(work["portrait"]["sound"]["objectKey"].as_str().unwrap().ends_with("/sound.mp3"), "{work}");
        probed(&lease, 61_000);
        lease.report(&json!({ "kind": "progress", "stage": "encoding", "progressPercent": 62 }));
        snap(stack, "status_processing", call(stack, key, "GET", &status));
        snap(stack, "too_late_to_cancel", call(stack, key, "DELETE", &one));
        snap(stack, "second_job_while_processing", post(stack, key, &both()));
        lease.complete();
        let done = snap(stack, "status_completed", call(stack, key, "GET", &status));
        snap(stack, "job_completed", call(stack, key, "GET", &one));
        snap(stack, "ended_and_not_cancelable", call(stack, key, "POST", &format!("{one}/cancel")));
        // Half a credit a second.
        assert_eq!(account.balance().unwrap(), 100 - 31);
        assert!(done["outputVideo"].as_str().unwrap().contains("/opaque-mp4.mp4?"));
        let link = done["outputShareLink"].as_str().unwrap();
        let page = send("GET", link, &[], &[]);
        let policy = page.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("script"), "{policy}");
        assert_eq!(page.headers()["cache-control"], "private, no-store");
        snap(stack, "shared", page);
        let altered = format!("{}{}", &link[..link.len() - 1], if link.ends_with('0') { '1' } else { '0' });
        snap(stack, "shared_with_unknown_token", send("GET", &altered, &[], &[]));
        // VidGen's API cannot remove a job; the bgless API can, and then the share link is gone.
        account.api.delete_job(id).unwrap();
        snap(stack, "gone", call(stack, key, "GET", &status));
        assert_eq!(send("GET", link, &[], &[]).status(), 404);
    });
}

#[test]
fn a_queued_job_is_canceled_by_either_path_and_a_failed_one_names_the_reason() {
    STACK.with(options(), |stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        let key = account.key.as_str();
        let id = created(post(stack, key, &both()));
        snap(stack, "canceled", call(stack, key, "DELETE", &format!("/api/jobs/{id}")));
        snap(stack, "status_canceled", call(stack, key, "GET", &format!("/api/status/{id}")));
        let id = created(post(stack, key, &both()));
        snap(stack, "canceled_by_post", call(stack, key, "POST", &format!("/api/jobs/{id}/cancel")));
        assert_eq!(account.balance().unwrap(), 100);
        let id = created(post(stack, key, &both()));
        Lease::claim(stack, &id).fail();
        snap(stack, "status_failed", call(stack, key, "GET", &format!("/api/status/{id}")));
        assert_eq!(account.balance().unwrap(), 100);
        created(post(stack, key, &both()));
    });
}

#[test]
fn a_list_is_newest_first_in_parts_and_by_status() {
    STACK.with(options(), |stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        let key = account.key.as_str();
        let mut ids = Vec::new();
        for _ in 0..3 {
            let id = created(post(stack, key, &both()));
            assert_eq!(call(stack, key, "DELETE", &format!("/api/jobs/{id}")).status(), 200);
            ids.push(id);
        }
        ids.push(created(post(stack, key, &both().text("webhookUrl", "https://hooks.example.com/"))));
        let _lease = Lease::claim(stack, &ids[3]);
        let list = |query: &str| {
            let page = Answer::read(call(stack, key, "GET", &format!("/api/jobs?{query}"))).unwrap().body;
            let ids: Vec<_> = page["jobs"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap().to_owned()).collect();
            (ids, page["pagination"].clone())
        };
        snap(stack, "listed", call(stack, key, "GET", "/api/jobs?limit=2"));
        let (first, pagination) = list("limit=2");
        assert_eq!((first.as_slice(), &pagination["hasNextPage"]), ([ids[3].clone(), ids[2].clone()].as_slice(), &json!(true)));
        let (rest, pagination) = list(&format!("limit=2&cursor={}", pagination["nextCursor"].as_str().unwrap()));
        assert_eq!(rest, [ids[1].clone(), ids[0].clone()]);
        assert_eq!(pagination, json!({ "limit": 2, "nextCursor": null, "hasNextPage": false }));
        assert_eq!(list("status=PROCESSING").0, [ids[3].clone()]);
        assert_eq!(list("status=CANCELLED").0.len(), 3);
        for status in ["PENDING", "COMPLETED", "FAILED"] {
            assert_eq!(list(&format!("status={status}")).0.len(), 0, "{status}");
        }
        assert_eq!(list("").1["limit"], 20);
        snap(stack, "bad_status", call(stack, key, "GET", "/api/jobs?status=pending"));
        for query in ["limit=0", "limit=101", "limit=x", "cursor=x"] {
            assert_eq!(call(stack, key, "GET", &format!("/api/jobs?{query}")).status(), 400, "{query}");
        }
    });
}

#[test]
fn every_error_has_the_form_of_the_api_and_stores_nothing() {
    STACK.with(options(), |stack| {
        let account = |credits| TestAccount::create(stack, credits).unwrap();
        let (account, other, poor) = (account(100), account(100), account(4));
        let key = account.key.as_str();
        let id = created(post(stack, key, &both()));
        let before = stored(stack);
        let url = format!("{}/api/jobs", stack.base_url());
        snap(stack, "health", send("GET", &format!("{}/api/health", stack.base_url()), &[], &[]));
        snap(stack, "no_key", send("GET", &url, &[], &[]));
        snap(stack, "no_key_of_post", send("POST", &url, &[("content-type", &both().content_type())], &both().body()));
        snap(stack, "bad_key", call(stack, "sk_unknown", "GET", "/api/jobs"));
        snap(stack, "bad_key_of_post", post(stack, "sk_unknown", &both()));
        snap(stack, "job_of_another_account", call(stack, &other.key, "GET", &format!("/api/status/{id}")));
        snap(stack, "job_of_another_account_canceled", call(stack, &other.key, "DELETE", &format!("/api/jobs/{id}")));
        snap(stack, "no_job", call(stack, key, "GET", "/api/status/nonsense"));
        snap(stack, "no_route", call(stack, key, "GET", "/api/videos"));
        snap(stack, "no_method", call(stack, key, "PUT", "/api/jobs"));
        snap(stack, "no_credits", post(stack, &poor.key, &both()));
        let quota = other.api.post("/v1/keys", &json!({ "label": "small", "monthlyQuotaCredits": 1 })).unwrap();
        let quota = quota.body["data"]["key"].as_str().unwrap().to_owned();
        snap(stack, "over_quota", post(stack, &quota, &both()));
        let (image, audio) = (
            Form::default().file("image", "portrait.png", "image/png", PNG),
            Form::default().file("audio", "voice.mp3", "audio/mpeg", MP3),
        );
        let key = other.key.as_str();
        for (name, form) in [
            ("no_image", audio.clone()),
            ("no_audio", image.clone()),
            ("empty_audio", image.clone().file("audio", "", "application/octet-stream", b"")),
            ("two_images", image.clone().file("image", "b.png", "image/png", PNG)),
            ("webhook_not_https", both().text("webhookUrl", "http://hooks.example.com/")),
            ("webhook_not_public", both().text("webhookUrl", "https://127.0.0.1/")),
            // The file name and the declared type do not count; the contents do.
            ("wrong_image", audio.clone().file("image", "portrait.png", "image/png", b"GIF89a with a better name")),
            ("wrong_audio", image.clone().file("audio", "voice.mp3", "audio/mpeg", b"This is to be read aloud.")),
        ] {
            snap(stack, name, post(stack, key, &form));
        }
        // A wrong declared type does not matter either.
        let misnamed = Form::default().file("audio", "x.bin", "text/plain", b"OggS\0\x02\0\0\0\0\0\0").text("webhookUrl", "");
        created(post(stack, key, &misnamed.file("image", "x", "", b"RIFF\x24\0\0\0WEBPVP8 ")));
        wait_for_stored(stack, before + 2);
        let as_ = |content_type: &str, body: &[u8]| {
            let further = TestAccount::create(stack, 10).unwrap();
            send("POST", &url, &[("x-api-key", &further.key), ("content-type", content_type)], body)
        };
        snap(stack, "no_form", as_("application/json", b"{}"));
        snap(stack, "broken_form", as_("multipart/form-data; boundary=x", b"no form"));
        assert_eq!((other.balance().unwrap(), poor.balance().unwrap()), (100 - RESERVE_CREDITS, 4));
    });
}

#[test]
fn of_twenty_concurrent_forms_one_becomes_a_job() {
    STACK.with(options(), |stack| {
        let account = TestAccount::create(stack, 1_000).unwrap();
        let before = stored(stack);
        // Large enough to arrive in several parts.
        let picture = [PNG, &vec![7; 400_000]].concat();
        let form = Form::default().file("image", "a.png", "image/png", &picture).file("audio", "a.mp3", "audio/mpeg", MP3);
        let mut statuses = thread::scope(|scope| {
            let posts: Vec<_> = (0..20).map(|_| scope.spawn(|| post(stack, &account.key, &form).status().as_u16())).collect();
            posts.into_iter().map(|post| post.join().unwrap()).collect::<Vec<_>>()
        });
        statuses.sort_unstable();
        assert_eq!(statuses, [vec![201], vec![409; 19]].concat());
        assert_eq!(account.balance().unwrap(), 1_000 - RESERVE_CREDITS);
        wait_for_stored(stack, before + 2);
    });
}

#[test]
fn a_form_that_is_too_large_is_refused_as_early_as_possible() {
    STACK.with(options(), |stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        let (status, body) = send_partial_form(stack.base_url(), "/api/jobs", &account.key, 100_000_001);
        assert_eq!(status, 413, "{body}");
        check_body("vidgen", "oversized", stack.base_url(), &body.to_string());
        // The same for every other error: the client need not upload 90 MB to learn of it.
        let (status, body) = send_partial_form(stack.base_url(), "/api/jobs", "sk_unknown", 90_000_000);
        assert_eq!(status, 401, "{body}");
        let before = stored(stack);
        for (name, head, other) in [("image", PNG, "audio"), ("audio", MP3, "image")] {
            let large = [head, &vec![1; FILE_SIZE_BYTES_MAX + 1 - head.len()]].concat();
            let small = if other == "audio" { MP3 } else { PNG };
            let form = Form::default().file(other, "a", "", small).file(name, "b", "", &large);
            snap(stack, "oversized_file", post(stack, &account.key, &form));
        }
        wait_for_stored(stack, before);
        assert_eq!(account.balance().unwrap(), 100);
    });
}

#[test]
fn a_request_of_ninety_megabytes_passes() {
    STACK.with(options(), |stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        let large = |head: &[u8]| [head, &vec![1; 45_000_000 - head.len()]].concat();
        let form = Form::default().file("image", "a", "", &large(PNG)).file("audio", "b", "", &large(MP3));
        let id = created(post(stack, &account.key, &form));
        let lease = Lease::claim(stack, &id);
        assert_eq!(
            (&lease.work["source"]["sizeBytes"], &lease.work["portrait"]["sound"]["sizeBytes"]),
            (&json!(45_000_000), &json!(45_000_000))
        );
        // Exactly at the limit; the test above goes beyond it.
        let further = TestAccount::create(stack, 100).unwrap();
        let largest = [PNG, &vec![1; FILE_SIZE_BYTES_MAX - PNG.len()]].concat();
        created(post(stack, &further.key, &Form::default().file("image", "a", "", &largest).file("audio", "b", "", MP3)));
    });
}

#[test]
fn a_job_is_read_through_every_api_in_the_form_of_that_api() {
    STACK.with(options(), |stack| {
        let account = TestAccount::create(stack, 1_000).unwrap();
        let key = account.key.as_str();
        let own = created(post(stack, key, &both()));
        let job = account.api.get_job(&own).unwrap();
        assert_eq!((job.status.as_str(), &job.rest["model"]), ("queued", &json!("local.portrait")));
        let lease = Lease::claim(stack, &own);
        probed(&lease, 4_000);
        assert_eq!(account.api.get_job(&own).unwrap().rest["alphaStrategy"], "portrait");
        lease.complete();
        snap(stack, "read_through_unscreen", call(stack, key, "GET", &format!("/v1.0/videos/{own}")));
        // Jobs of other APIs, and a draft.
        let video = json!({ "mode": "video", "videoUrl": "https://example.com/a.mp4" });
        let other =
            account.submit(&json!({ "input": video, "options": { "outputs": ["png-sequence", "webm-vp9-alpha"] } })).unwrap().id;
        Lease::claim(stack, &other).complete();
        let job = snap(stack, "job_of_another_dialect", call(stack, key, "GET", &format!("/api/jobs/{other}")));
        assert!(job["outputVideo"].as_str().unwrap().contains("/webm-vp9-alpha.webm?"));
        let draft =
            account.api.post("/v1/jobs", &json!({ "video_url": "https://example.com/a.mp4", "auto_start": false })).unwrap();
        let draft = draft.body["job_id"].as_str().unwrap().to_owned();
        let status =
            |id: &str| Answer::read(call(stack, key, "GET", &format!("/api/status/{id}"))).unwrap().body["status"].clone();
        assert_eq!(status(&draft), "PENDING");
        // Queued jobs of other APIs do not block this one, and can be canceled here.
        let last = created(post(stack, key, &both()));
        assert_eq!(call(stack, key, "DELETE", &format!("/api/jobs/{draft}")).status(), 200);
        assert_eq!(status(&draft), "CANCELLED");
        let listed = Answer::read(call(stack, key, "GET", "/api/jobs")).unwrap().body;
        let ids: Vec<_> = listed["jobs"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap()).collect();
        assert_eq!(ids, [last.as_str(), &draft, &other, &own]);
    });
}
