//! Account resources: keys, quotas, credits, usage, lists, models, estimates. No transcoder runs.

use crate::with_stack;
use serde_json::{Value, json};
use tests::client::Api;
use tests::http::Answer;
use tests::raw_http::{assert_error, send};
use tests::stack::Stack;
use tests::test_account::{TestAccount, wait_for};

fn video_job() -> Value {
    json!({ "input": { "mode": "video", "videoUrl": "https://example.com/a.mp4" } })
}

/// Sends a request with a key; returns the response.
fn call(stack: &Stack, method: &str, path: &str, key: &str, body: &Value) -> ureq::http::Response<ureq::Body> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let headers = [("x-api-key", key), ("content-type", "application/json")];
    send(method, &format!("{}{path}", stack.base_url()), &headers, body.as_bytes())
}

fn data(answer: Answer, status: u16) -> Value {
    assert_eq!(answer.status, status, "{}", answer.body);
    let mut body = answer.body;
    body["data"].take()
}

fn create_key(stack: &Stack, api: &Api, body: &Value) -> (Value, Api) {
    let created = data(api.post("/v1/keys", body).unwrap(), 201);
    let api = stack.api(created["key"].as_str().unwrap());
    (created, api)
}

#[test]
fn models_are_listed_without_a_key_with_prices_and_reasons() {
    with_stack(|stack| {
        let answer = Answer::read(send("GET", &format!("{}/v1/models", stack.base_url()), &[], &[])).unwrap();
        let models = data(answer, 200);
        let ids: Vec<_> = models.as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
        let local = ["auto", "local.chroma-key", "local.ffmpeg-encoder", "local.onnx-matting", "local.static-camera"];
        assert_eq!(ids, [&local[..], &["kie.kling-3-video", "local.portrait", "kie.kling-avatar"]].concat());
        assert_eq!((&models[6]["available"], &models[6]["modes"]), (&json!(true), &json!([])), "only VidGen's API creates it");
        assert_eq!(models[0]["available"], true);
        assert_eq!(models[0]["prices"][1], json!({ "resolution": "1080p", "credits": 1, "perStartedSec": 1 }));
        for (model, advice) in [(&models[3], "model add"), (&models[5], "KIE"), (&models[7], "KIE")] {
            assert_eq!(model["available"], false);
            assert!(model["unavailableReason"].as_str().unwrap().contains(advice));
        }
    });
}

#[test]
fn the_estimate_of_the_documentation_costs_what_it_says_and_spends_nothing() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        let body = json!({
            "input": { "mode": "text", "prompt": "a floating product bottle", "durationSec": 3, "resolution": "720p" },
            "options": { "outputs": ["webm-vp9-alpha"], "preset": "web-app" },
        });
        let estimate = data(account.api.post("/v1/jobs/estimate", &body).unwrap(), 200);
        let expected = json!({
            "provider": "kie", "model": "kie.kling-3-video", "credits": 48, "etaSec": 120,
            "remainingCredits": 100, "quota": null, "canAfford": true,
        });
        assert_eq!(estimate, expected);
        let create = account.api.post("/v1/jobs", &body).unwrap();
        assert_eq!((create.status, &create.body["error"]["code"]), (409, &json!("model_unavailable")));
        assert_eq!(account.balance().unwrap(), 100);
    });
}

#[test]
fn every_alias_of_a_route_is_the_same_route() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        for prefix in ["/v1", "/api/v1"] {
            for jobs in ["jobs", "alpha-videos"] {
                let job = data(account.api.post(&format!("{prefix}/{jobs}"), &video_job()).unwrap(), 202);
                let read = account.api.get(&format!("{prefix}/{jobs}/{}", job["id"].as_str().unwrap())).unwrap();
                assert_eq!(data(read, 200)["id"], job["id"]);
            }
        }
        assert_eq!(account.balance().unwrap(), 60);
    });
}

#[test]
fn jobs_are_listed_newest_first_in_pages() {
    with_stack(|stack| {
        let (account, other) = (TestAccount::create(stack, 100).unwrap(), TestAccount::create(stack, 100).unwrap());
        other.submit(&video_job()).unwrap();
        let mut ids: Vec<_> = (0..5).map(|_| account.submit(&video_job()).unwrap().id).collect();
        ids.sort_by(|left, right| right.cmp(left));
        let list = |query: &str| account.api.get(&format!("/v1/jobs{query}")).unwrap();
        let listed = |answer: &Answer| -> Vec<String> {
            assert_eq!(answer.status, 200, "{}", answer.body);
            answer.body["data"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap().to_owned()).collect()
        };
        let first = list("?limit=3");
        assert_eq!(listed(&first), ids[..3]);
        let second = list(&format!("?limit=3&cursor={}", first.body["nextCursor"].as_str().unwrap()));
        assert_eq!((listed(&second).as_slice(), &second.body["nextCursor"]), (&ids[3..], &Value::Null));
        let whole = list("?limit=5");
        assert_eq!((listed(&whole).as_slice(), &whole.body["nextCursor"]), (&ids[..], &Value::Null), "the last page is full");
        account.api.delete_job(&ids[0]).unwrap();
        assert_eq!(listed(&list("")), ids[1..]);
        assert_eq!(listed(&list("?status=queued")), ids[1..]);
        assert_eq!(listed(&list("?status=success")), Vec::<String>::new());
        for (query, field) in
            [("?limit=0", "limit"), ("?limit=101", "limit"), ("?status=done", "status"), ("?cursor=x", "cursor")]
        {
            let answer = list(query);
            assert_eq!((answer.status, &answer.body["error"]["field"]), (400, &json!(field)), "{query}");
        }
        for query in ["?limit=many", "?limit=1&limit=2"] {
            let answer = list(query);
            assert_eq!((answer.status, &answer.body["error"]["code"]), (400, &json!("invalid_request")), "{query}");
        }
    });
}

#[test]
fn credits_ledger_and_usage_agree() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        let job = account.submit(&video_job()).unwrap();
        account.submit(&video_job()).unwrap();
        account.api.delete_job(&job.id).unwrap();
        assert_eq!(data(account.api.get("/v1/credits").unwrap(), 200), json!({ "balanceCredits": 90, "quota": null }));
        let ledger = data(account.api.get("/v1/credits/ledger?limit=100").unwrap(), 200);
        let moved: Vec<_> = ledger
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| (entry["kind"].as_str().unwrap(), entry["amountCredits"].as_i64().unwrap()))
            .collect();
        assert_eq!(moved, [("refund", 10), ("reserve", -10), ("reserve", -10), ("grant", 100)]);
        assert_eq!(ledger[0]["jobId"], json!(job.id));
        let usage = data(account.api.get("/v1/usage").unwrap(), 200);
        assert_eq!(
            (usage.as_array().unwrap().len(), &usage[0]["usedCredits"], &usage[0]["label"]),
            (1, &json!(10), &json!("test"))
        );
    });
}

#[test]
fn a_key_over_its_quota_gets_a_retry_after() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        let (created, narrow) =
            create_key(stack, &account.api, &json!({ "label": "narrow", "projectLabel": "shop", "monthlyQuotaCredits": 15 }));
        assert_eq!(
            (&created["monthlyQuotaCredits"], &created["projectLabel"], &created["scopes"]),
            (&json!(15), &json!("shop"), &json!(["jobs"]))
        );
        data(narrow.post("/v1/jobs", &video_job()).unwrap(), 202);
        let response = call(stack, "POST", "/v1/jobs", created["key"].as_str().unwrap(), &video_job());
        let retry_after_s: u64 = response.headers().get("retry-after").unwrap().to_str().unwrap().parse().unwrap();
        assert!((1..=31 * 24 * 60 * 60).contains(&retry_after_s), "{retry_after_s}");
        let error = assert_error(response, 429, "rate_limited");
        assert_eq!((&error["details"]["usedCredits"], &error["details"]["requiredCredits"]), (&json!(10), &json!(10)));
        let quota = &data(narrow.get("/v1/credits").unwrap(), 200)["quota"];
        assert_eq!((&quota["usedCredits"], &quota["remainingCredits"]), (&json!(10), &json!(5)));
        assert_eq!(data(narrow.post("/v1/jobs/estimate", &video_job()).unwrap(), 200)["canAfford"], false);
        // The quota does not affect the account's other key, and nothing was charged.
        account.submit(&video_job()).unwrap();
        assert_eq!(account.balance().unwrap(), 80);
    });
}

#[test]
fn keys_are_shown_once_rotated_with_an_overlap_and_revoked() {
    with_stack(|stack| {
        let (account, other) = (TestAccount::create(stack, 100).unwrap(), TestAccount::create(stack, 100).unwrap());
        let (created, api) = create_key(stack, &account.api, &json!({ "label": "build", "scopes": ["jobs"] }));
        let (id, secret) = (created["id"].as_str().unwrap(), created["key"].as_str().unwrap());
        let listed = data(account.api.get("/v1/keys").unwrap(), 200);
        assert_eq!(listed.as_array().unwrap().len(), 2);
        assert!(!listed.to_string().contains(secret) && listed[0].get("key").is_none());
        assert_error(call(stack, "GET", "/v1/keys", secret, &Value::Null), 403, "forbidden");
        for (method, path) in [("POST", format!("/v1/keys/{id}/rotate")), ("DELETE", format!("/v1/keys/{id}"))] {
            let body = if method == "POST" { json!({}) } else { Value::Null };
            assert_error(call(stack, method, &path, &other.key, &body), 404, "not_found");
            assert_error(call(stack, method, &path, secret, &body), 403, "forbidden");
        }
        let rotated = data(account.api.post(&format!("/v1/keys/{id}/rotate"), &json!({ "overlapSec": 3600 })).unwrap(), 201);
        let successor = stack.api(rotated["key"].as_str().unwrap());
        assert_eq!((api.get("/v1/credits").unwrap().status, successor.get("/v1/credits").unwrap().status), (200, 200));
        let path = format!("/v1/keys/{id}");
        assert_eq!(call(stack, "DELETE", &path, &account.key, &Value::Null).status(), 204);
        assert_eq!(call(stack, "DELETE", &path, &account.key, &Value::Null).status(), 204);
        assert_eq!((api.get("/v1/credits").unwrap().status, successor.get("/v1/credits").unwrap().status), (401, 200));
        for (body, field) in [
            (json!({}), "label"),
            (json!({ "label": " " }), "label"),
            (json!({ "label": "x", "scopes": [] }), "scopes"),
            (json!({ "label": "x", "scopes": ["root"] }), "scopes"),
            (json!({ "label": "x", "monthlyQuotaCredits": -1 }), "monthlyQuotaCredits"),
        ] {
            let error = assert_error(call(stack, "POST", "/v1/keys", &account.key, &body), 400, "invalid_request");
            assert_eq!(error["field"], field, "{body}");
        }
    });
}

#[test]
fn a_keys_last_use_is_written_after_the_answer() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        let (created, api) = create_key(stack, &account.api, &json!({ "label": "build" }));
        assert_eq!(created["lastUsedAt"], Value::Null);
        api.get("/v1/credits").unwrap();
        let used = wait_for("written", || {
            let keys = account.api.get("/v1/keys")?.body;
            let keys = keys["data"].as_array().unwrap().clone();
            Ok(keys.into_iter().find(|key| key["id"] == created["id"]).filter(|key| key["lastUsedAt"].is_string()))
        });
        assert!(used.unwrap()["lastUsedAt"].as_str().unwrap() >= created["createdAt"].as_str().unwrap());
    });
}

#[test]
fn the_options_of_a_job_are_returned_with_it() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        let mut body = video_job();
        let job = data(account.api.post("/v1/jobs", &body).unwrap(), 202);
        assert_eq!((&job["preset"], &job["refineEdges"], &job["resolution"]), (&json!("web-app"), &json!(false), &Value::Null));
        body["input"]["resolution"] = json!("2160p");
        body["input"]["refineEdges"] = json!(true);
        body["options"] = json!({ "preset": "editing" });
        let job = data(account.api.post("/v1/jobs", &body).unwrap(), 202);
        assert_eq!((&job["preset"], &job["refineEdges"], &job["resolution"]), (&json!("editing"), &json!(true), &json!("2160p")));
        // Ten seconds are assumed without a duration, at two credits a second above 1080p.
        assert_eq!(job["credits"], 20);
        body["options"] = json!({ "preset": "cinema" });
        let error = assert_error(call(stack, "POST", "/v1/jobs", &account.key, &body), 400, "invalid_request");
        assert_eq!(error["field"], "options.preset");
    });
}

#[test]
fn the_webhook_secret_of_the_account_needs_the_manage_scope() {
    with_stack(|stack| {
        let account = TestAccount::create(stack, 100).unwrap();
        let (_, worker) = create_key(stack, &account.api, &json!({ "label": "build" }));
        let none = data(account.api.get("/v1/webhook-secret").unwrap(), 200);
        assert_eq!(none, json!({ "secret": null, "createdAt": null, "previousSignsUntil": null }));
        assert_eq!(worker.get("/v1/webhook-secret").unwrap().status, 403);
        let first = data(account.api.post("/v1/webhook-secret", &json!({})).unwrap(), 201);
        let second = data(account.api.post("/v1/webhook-secret", &json!({ "overlapSec": 60 })).unwrap(), 201);
        assert!(first["previousSignsUntil"].is_null() && second["previousSignsUntil"].is_string());
        assert_eq!(data(account.api.get("/v1/webhook-secret").unwrap(), 200), second);
    });
}
