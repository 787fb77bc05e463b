//! Jobs that KIE generates, against its simulator: after each fault the job ends as it should, with
//! the right balance and one webhook. No transcoder runs.

use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::WEB_SERVER;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use shared::signature;
use tests::client::Job;
use tests::kie_sim::{KieOptions, KieSim};
use tests::raw_http::{assert_error, send};
use tests::stack::shared::SharedStack;
use tests::stack::{Stack, StackOptions};
use tests::test_account::{TestAccount, wait_for};
use tests::web_server::Page;

static STACK: SharedStack = SharedStack::new();
static KIE: LazyLock<KieSim> = LazyLock::new(|| KieSim::start(KieOptions::default()).unwrap());
const CREDITS: u64 = 200;
/// Three seconds at 720p.
const PRICE_CREDITS: u64 = 48;

fn options() -> StackOptions {
    let mut edge_vars = KIE.edge_vars();
    edge_vars.extend(
        [("PROVIDER_POLL_S", "1,1,2"), ("PROVIDER_TIMEOUT_S", "60"), ("WEBHOOK_RETRY_S", "1")]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    StackOptions { allow_hosts: vec![WEB_SERVER.host(), KIE.host()], edge_vars, ..StackOptions::default() }
}

/// An account with one generation job, and the path of its webhook receiver.
struct Fixture<'a> {
    stack: &'a Stack,
    account: TestAccount,
    job: Job,
    callback_path: String,
}

impl<'a> Fixture<'a> {
    fn create(stack: &'a Stack, fault: &str) -> Self {
        let account = TestAccount::create(stack, CREDITS).unwrap();
        let callback_path = format!("/kie/{}", account.id);
        let prompt = if fault.is_empty() { "a red ball".to_owned() } else { format!("a red ball {{kie:{fault}}}") };
        let body = json!({
            "input": { "mode": "text", "prompt": prompt, "durationSec": 3, "resolution": "720p" },
            "options": { "callbackUrl": WEB_SERVER.put(&callback_path, Page::Status(200)) },
        });
        let job = account.submit(&body).unwrap();
        assert_eq!((job.status.as_str(), &job.rest["credits"]), ("queued", &json!(PRICE_CREDITS)));
        // Not the balance, since a fault may have been refunded already.
        let ledger = account.api.get("/v1/credits/ledger").unwrap().body;
        let reserves = |entry: &&Value| entry["jobId"] == json!(job.id) && entry["kind"] == "reserve";
        let entry = ledger["data"].as_array().unwrap().iter().find(reserves).expect("the reserve");
        assert_eq!(entry["amountCredits"].as_i64(), Some(-PRICE_CREDITS.cast_signed()));
        Self { stack, account, job, callback_path }
    }

    /// Waits until a transcoder can claim the job, and checks that the task was created once.
    fn assert_made(&self, creates: usize) {
        let job_id = &self.job.id;
        let tasks = || {
            let messages = self.stack.gateway().messages().unwrap();
            messages.iter().filter(|message| decoded(message)["jobId"] == **job_id).count()
        };
        wait_for("made", || Ok((tasks() > 0).then_some(()))).unwrap();
        assert_eq!(tasks(), 1);
        assert_eq!(self.account.api.get_job(job_id).unwrap().status, "queued");
        assert_eq!(KIE.creates_of(job_id), creates);
        // A deleted job refunds everything and sends one webhook, whatever KIE reports later.
        self.account.api.delete_job(job_id).unwrap();
        self.assert_one_webhook("job.canceled");
    }

    fn assert_failed(&self, code: &str) {
        let job = self.account.wait_for_end(&self.job.id).unwrap();
        assert_eq!((job.status.as_str(), job.error.unwrap().code.as_str()), ("failed", code));
        self.assert_one_webhook("job.failed");
    }

    fn assert_one_webhook(&self, event: &str) {
        wait_for("received", || Ok((!WEB_SERVER.requests_to(&self.callback_path).is_empty()).then_some(()))).unwrap();
        self.stack.trigger_cron().unwrap();
        let webhooks = WEB_SERVER.requests_to(&self.callback_path);
        assert_eq!(webhooks.len(), 1, "one webhook");
        assert_eq!(serde_json::from_str::<Value>(&webhooks[0].body).unwrap()["type"], event);
        assert_eq!(self.account.balance().unwrap(), CREDITS);
    }
}

fn decoded(message: &Value) -> Value {
    let bytes = BASE64_STANDARD.decode(message["body"].as_str().unwrap_or_default()).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// A callback of KIE, signed with this key.
fn call(stack: &Stack, key: &str, task_id: &str, body: &Value) -> ureq::http::Response<ureq::Body> {
    let timestamp = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().to_string();
    let signature = signature::hmac_sha256(key.as_bytes(), format!("{task_id}.{timestamp}").as_bytes());
    let signature = BASE64_STANDARD.encode(signature);
    let headers = [("x-webhook-timestamp", timestamp.as_str()), ("x-webhook-signature", signature.as_str())];
    send("POST", &format!("{}/api/v1/webhooks/kie", stack.base_url()), &headers, body.to_string().as_bytes())
}

#[test]
fn the_documented_estimate_is_answered_and_a_bad_request_names_its_field() {
    STACK.with(options(), |stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        let body = json!({
            "input": { "mode": "text", "prompt": "a floating product bottle rotating slowly", "durationSec": 3, "resolution": "720p" },
            "options": { "outputs": ["webm-vp9-alpha"], "preset": "web-app" },
        });
        let expected = json!({
            "provider": "kie", "model": "kie.kling-3-video", "credits": 48, "etaSec": 120, "remainingCredits": 100,
            "quota": null, "canAfford": true,
        });
        assert_eq!(account.api.post("/v1/jobs/estimate", &body).unwrap().body["data"], expected);
        let models = account.api.get("/v1/models").unwrap().body;
        assert_eq!((&models["data"][5]["available"], &models["data"][5]["unavailableReason"]), (&json!(true), &Value::Null));
        for (input, field) in [
            (json!({ "mode": "text" }), "input.prompt"),
            (json!({ "mode": "text", "prompt": " " }), "input.prompt"),
            (json!({ "mode": "text", "prompt": "x".repeat(2_001) }), "input.prompt"),
            (json!({ "mode": "text", "prompt": "x", "durationSec": 2 }), "input.durationSec"),
            (json!({ "mode": "text", "prompt": "x", "durationSec": 16 }), "input.durationSec"),
            (json!({ "mode": "text", "prompt": "x", "aspectRatio": "4:3" }), "input.aspectRatio"),
            (json!({ "mode": "image" }), "input.imageUrl"),
            (json!({ "mode": "image", "imageUrl": "http://10.0.0.1/a.png" }), "input.imageUrl"),
        ] {
            let answer = account.api.post("/v1/jobs", &json!({ "input": input })).unwrap();
            assert_eq!((answer.status, &answer.body["error"]["field"]), (400, &json!(field)), "{input}");
        }
        assert_eq!(account.balance().unwrap(), 100);
    });
}

#[test]
fn a_refused_create_is_sent_again_and_not_before_its_retry_after() {
    STACK.with(options(), |stack| {
        for fault in ["429-retry-after", "429", "code-429"] {
            Fixture::create(stack, fault).assert_made(2);
        }
    });
}

#[test]
fn a_create_that_is_refused_for_good_fails_and_is_refunded() {
    STACK.with(options(), |stack| {
        for (fault, code) in [("code-422", "provider_refused"), ("code-402", "provider_unavailable")] {
            let fixture = Fixture::create(stack, fault);
            fixture.assert_failed(code);
            assert_eq!(KIE.creates_of(&fixture.job.id), 1);
        }
    });
}

#[test]
fn a_create_whose_answer_was_lost_is_found_and_not_repeated() {
    STACK.with(options(), |stack| {
        for fault in ["lost", "code-500"] {
            Fixture::create(stack, fault).assert_made(1);
        }
    });
}

#[test]
fn a_task_that_is_unknown_at_first_or_never_calls_back_is_polled() {
    STACK.with(options(), |stack| {
        for fault in ["unknown-at-first", "silent"] {
            Fixture::create(stack, fault).assert_made(1);
        }
    });
}

#[test]
fn callbacks_that_come_three_times_or_before_the_answer_make_one_task() {
    STACK.with(options(), |stack| {
        for (fault, calls) in [("thrice", 3), ("call-first", 2)] {
            let fixture = Fixture::create(stack, fault);
            wait_for("called", || Ok((KIE.calls_of(&fixture.job.id).len() == calls).then_some(()))).unwrap();
            assert!(KIE.calls_of(&fixture.job.id).iter().all(|status| *status == 200), "{fault}");
            fixture.assert_made(1);
        }
    });
}

#[test]
fn a_callback_with_a_bad_or_old_signature_is_refused_and_the_task_is_polled_instead() {
    STACK.with(options(), |stack| {
        for fault in ["bad-signature", "old-signature"] {
            let fixture = Fixture::create(stack, fault);
            wait_for("called", || Ok((!KIE.calls_of(&fixture.job.id).is_empty()).then_some(()))).unwrap();
            assert_eq!(KIE.calls_of(&fixture.job.id), [403], "{fault}");
            fixture.assert_made(1);
        }
    });
}

#[test]
fn a_task_that_fails_or_never_ends_is_refunded() {
    STACK.with(options(), |stack| {
        Fixture::create(stack, "fails").assert_failed("provider_failed");
        let fixture = Fixture::create(stack, "endless");
        fixture.account.wait_until(&fixture.job.id, "at work", |job| job.status == "processing").unwrap();
        fixture.assert_failed("provider_timeout");
    });
}

#[test]
fn a_job_canceled_while_kie_works_stays_canceled_when_the_video_comes() {
    STACK.with(options(), |stack| {
        let fixture = Fixture::create(stack, "");
        wait_for("created", || Ok(KIE.task_of(&fixture.job.id))).unwrap();
        fixture.account.api.delete_job(&fixture.job.id).unwrap();
        wait_for("called", || Ok((KIE.calls_of(&fixture.job.id) == [200]).then_some(()))).unwrap();
        fixture.assert_one_webhook("job.canceled");
        let messages = stack.gateway().messages().unwrap();
        assert!(messages.iter().all(|message| decoded(message)["jobId"] != fixture.job.id));
    });
}

#[test]
fn a_callback_cannot_finish_another_job_nor_choose_the_url_to_fetch() {
    STACK.with(options(), |stack| {
        let key = KieOptions::default().webhook_key.unwrap();
        let fixture = Fixture::create(stack, "endless");
        let (task_id, callback_url) = wait_for("created", || Ok(KIE.task_of(&fixture.job.id))).unwrap();
        let trap = WEB_SERVER.put("/trap.mp4", Page::Status(200));
        let result = json!({ "resultUrls": [trap] }).to_string();
        let lie = |task_id: &str| json!({ "code": 200, "data": { "taskId": task_id, "state": "success", "resultJson": result } });
        // Unsigned, signed with another key, signed for another task, without a task.
        let url = format!("{}/api/v1/webhooks/kie", stack.base_url());
        assert_error(send("POST", &url, &[], lie(&task_id).to_string().as_bytes()), 403, "forbidden");
        assert_error(call(stack, "another key", &task_id, &lie(&task_id)), 403, "forbidden");
        assert_error(call(stack, &key, "another task", &lie(&task_id)), 403, "forbidden");
        assert_error(call(stack, &key, "", &json!({})), 403, "forbidden");
        // Validly signed, but its result URL must not be used: the edge polls KIE for it.
        assert_eq!(call(stack, &key, &task_id, &lie(&task_id)).status(), 200);
        // Validly signed for a task whose record names this job, with an invented token or with the
        // right one: the job has a task already.
        let forged = callback_url.replace("token=", "token=00");
        for foreign in [KIE.add_foreign_task(&forged, &trap), KIE.add_foreign_task(&callback_url, &trap)] {
            assert_eq!(call(stack, &key, &foreign, &lie(&foreign)).status(), 200);
        }
        fixture.assert_failed("provider_timeout");
        assert!(WEB_SERVER.requests_to("/trap.mp4").is_empty());
    });
}

#[test]
fn no_more_than_twenty_creates_are_sent_in_ten_seconds() {
    STACK.with(options(), |stack| {
        let account = TestAccount::create(stack, 30 * PRICE_CREDITS).unwrap();
        let body =
            json!({ "input": { "mode": "text", "prompt": "a {kie:endless} ball", "durationSec": 3, "resolution": "720p" } });
        let jobs: Vec<_> = (0..30).map(|_| account.submit(&body).unwrap().id).collect();
        let creates = |id: &String| KIE.creates_of(id);
        wait_for("all sent", || Ok(jobs.iter().all(|id| creates(id) > 0).then_some(()))).unwrap();
        // KIE would have refused a twenty-first request, and it would have been sent twice.
        assert!(jobs.iter().all(|id| creates(id) == 1));
        for id in &jobs {
            account.api.delete_job(id).unwrap();
        }
        assert_eq!(account.balance().unwrap(), 30 * PRICE_CREDITS);
    });
}
