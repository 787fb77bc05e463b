//! Every route × {no key, wrong key, another account's key, missing scope}, from the list that the
//! routers wrote (`fixtures/routes.txt`): a new route cannot be forgotten. No transcoder runs.

use crate::{WEB_SERVER, with_stack};
use serde_json::{Value, json};
use tests::fake_transcoder::Lease;
use tests::form::Form;
use tests::http::Answer;
use tests::raw_http::{assert_error, send};
use tests::stack::Stack;
use tests::test_account::TestAccount;
use tests::web_server::Page;
use ureq::Body;
use ureq::http::Response;

/// Routes that need no key. This list may only shrink.
const PUBLIC: [&str; 4] = ["GET /api/health", "GET /api/v1/models", "GET /health", "GET /v1/models"];
const GUARDS: [&str; 8] = ["public", "key:jobs", "key:manage", "operator", "fleet", "provider", "file-signature", "share-token"];

/// A route, as the list has it.
#[derive(Debug, Clone, Copy)]
struct Route {
    method: &'static str,
    path: &'static str,
    guard: &'static str,
}

impl Route {
    fn all() -> impl Iterator<Item = Self> {
        include_str!("../../fixtures/routes.txt").lines().map(|line| {
            let [method, path, guard] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
            assert!(GUARDS.contains(&guard), "no rule for {line}");
            Self { method, path, guard }
        })
    }

    fn guarded_by(guard: &str) -> impl Iterator<Item = Self> {
        Self::all().filter(move |route| route.guard == guard)
    }

    /// Checks an error in the form of the route's dialect.
    fn assert_error(&self, answer: Response<Body>, status: u16, code: &str) {
        if self.is_vidgen() {
            let (begin, answer) = (sentence_of(code), Answer::read(answer).unwrap());
            let error = answer.body["error"].as_str().unwrap();
            assert!(answer.status == status && error.starts_with(begin), "{} {error}", answer.status);
            return;
        }
        if !self.path.starts_with("/v1.0/") {
            assert_error(answer, status, code);
            return;
        }
        let (status, code) = match code {
            "missing_api_key" | "invalid_api_key" => (403, "auth_failed"),
            "job_not_found" => (status, "video_not_found"),
            "invalid_file_url" => (400, code),
            _ => (status, code),
        };
        let answer = Answer::read(answer).unwrap();
        assert_eq!((answer.status, &answer.body["errors"][0]["code"]), (status, &json!(code)), "{}", answer.body);
    }

    fn is_vidgen(&self) -> bool {
        self.path.starts_with("/api/") && !self.path.starts_with("/api/v1/")
    }

    /// The kind of resource that the path's parameter names.
    fn kind(&self) -> &'static str {
        let before = self.path.split("/{").next().unwrap();
        before.rsplit('/').next().unwrap()
    }
}

/// VidGen's error message for a code.
fn sentence_of(code: &str) -> &'static str {
    match code {
        "missing_api_key" => "Missing X-API-Key",
        "invalid_api_key" => "API key not recognized",
        "forbidden" => "The key lacks the scope",
        "job_not_found" => "The requested job doesn't exist",
        other => panic!("no sentence is known for {other}"),
    }
}

/// An account with one resource of each kind that a path can name.
struct Owner {
    account: TestAccount,
    /// Keys with one scope each.
    jobs_key: String,
    manage_key: String,
    job_id: String,
    event_id: String,
    further_key_id: String,
    file_url: String,
}

impl Owner {
    fn create(stack: &Stack) -> Self {
        let account = TestAccount::create(stack, 1_000).unwrap();
        let key = |scope: &str| {
            let created = account.api.post("/v1/keys", &json!({ "label": scope, "scopes": [scope] })).unwrap();
            let text = |name: &str| created.body["data"][name].as_str().unwrap().to_owned();
            (text("id"), text("key"))
        };
        let (further_key_id, jobs_key) = key("jobs");
        let (_, manage_key) = key("manage");
        let job = |options: Value| {
            let input = json!({ "mode": "video", "videoUrl": "https://example.com/a.mp4" });
            account.submit(&json!({ "input": input, "options": options })).unwrap().id
        };
        let ended = job(json!({ "callbackUrl": WEB_SERVER.put("/callback", Page::Status(200)) }));
        account.api.delete_job(&ended).unwrap();
        let upload = account.api.create_upload("a.mp4", "video/mp4", 5).unwrap();
        let url = upload.upload_url.as_str();
        let headers = [("content-type", "video/mp4"), ("content-length", "5")];
        assert_eq!(send(&upload.method, url, &headers, b"12345").status(), 200);
        Self {
            job_id: job(json!({})),
            event_id: format!("evt_{}_1", ended.trim_start_matches("job_")),
            file_url: upload.file_url,
            account,
            jobs_key,
            manage_key,
            further_key_id,
        }
    }

    /// The route's path with the owner's resources in it.
    fn path(&self, route: Route) -> String {
        let id = match route.kind() {
            "jobs" | "alpha-videos" | "videos" | "status" => &self.job_id,
            "keys" => &self.further_key_id,
            "deliveries" => &self.event_id,
            "accounts" => &self.account.id,
            _ if !route.path.contains('{') => "",
            other => panic!("no resource is known for {other}"),
        };
        route.path.replace("{id}", id)
    }

    /// A body that the route accepts.
    fn body(&self, route: Route) -> Value {
        match route.path.rsplit('/').next().unwrap() {
            _ if route.method != "POST" => Value::Null,
            "uploads" => json!({ "url": self.file_url }),
            "jobs" | "alpha-videos" => json!({ "input": { "mode": "video", "videoUrl": self.file_url } }),
            "videos" => json!({ "video_url": self.file_url }),
            "estimate" => json!({ "input": { "mode": "video" } }),
            "keys" => json!({ "label": "another" }),
            "rotate" | "redeliver" | "webhook-secret" | "start" | "cancel" => json!({}),
            "accounts" => json!({ "name": "another" }),
            "grants" => json!({ "credits": 1 }),
            other => panic!("no body is known for {other}"),
        }
    }
}

fn call(stack: &Stack, owner: &Owner, route: Route, headers: &[(&str, &str)]) -> Response<Body> {
    let url = format!("{}{}", stack.base_url(), owner.path(route));
    if route.is_vidgen() && route.method == "POST" && route.path.ends_with("/jobs") {
        let form = Form::default().file("image", "a.png", "", b"\x89PNG\r\n\x1a\n\0\0\0\r").file("audio", "a.mp3", "", b"ID3");
        let content_type = form.content_type();
        let headers = [&[("content-type", content_type.as_str())], headers].concat();
        return send(route.method, &url, &headers, &form.body());
    }
    let body = owner.body(route);
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let headers = [&[("content-type", "application/json")], headers].concat();
    send(route.method, &url, &headers, body.as_bytes())
}

#[test]
fn the_routes_that_need_no_key_are_a_short_list() {
    with_stack(|stack| {
        let public: Vec<_> = Route::guarded_by("public").map(|route| format!("{} {}", route.method, route.path)).collect();
        let mut sorted = public.clone();
        sorted.sort();
        assert_eq!(sorted, PUBLIC);
        for route in Route::guarded_by("public") {
            assert_eq!(send(route.method, &format!("{}{}", stack.base_url(), route.path), &[], &[]).status(), 200, "{route:?}");
        }
    });
}

#[test]
fn every_other_route_needs_a_valid_key_with_the_scope() {
    with_stack(|stack| {
        let owner = Owner::create(stack);
        for (guard, other_key) in [("key:jobs", &owner.manage_key), ("key:manage", &owner.jobs_key)] {
            assert!(Route::guarded_by(guard).count() > 0);
            for route in Route::guarded_by(guard) {
                println!("{route:?}");
                route.assert_error(call(stack, &owner, route, &[]), 401, "missing_api_key");
                route.assert_error(call(stack, &owner, route, &[("x-api-key", "sk_wrong")]), 401, "invalid_api_key");
                route.assert_error(call(stack, &owner, route, &[("authorization", "Bearer sk_wrong")]), 401, "invalid_api_key");
                route.assert_error(call(stack, &owner, route, &[("x-api-key", other_key)]), 403, "forbidden");
            }
        }
    });
}

#[test]
fn a_wrong_key_is_refused_before_whatever_is_wrong_with_the_body() {
    with_stack(|stack| {
        let owner = Owner::create(stack);
        let large = format!("{{\"x\":\"{}\"}}", "y".repeat(300_000));
        let bodies = [
            ("application/json", "{\"x\":"),
            ("application/json", "{\"label\":1,\"input\":1,\"url\":1,\"overlapSec\":\"x\",\"video_url\":1}"),
            ("application/json", large.as_str()),
            ("application/json", ""),
            ("text/plain", "nothing"),
            ("multipart/form-data", "no boundary"),
            ("multipart/form-data; boundary=x", "--x"),
        ];
        let posts: Vec<_> = Route::all().filter(|route| route.method == "POST").collect();
        for route in posts.iter().filter(|route| route.guard.starts_with("key:")) {
            println!("{route:?}");
            let url = format!("{}{}", stack.base_url(), owner.path(*route));
            for (content_type, body) in bodies {
                let call = |key: &[(&str, &str)]| {
                    send("POST", &url, &[&[("content-type", content_type)], key].concat(), body.as_bytes())
                };
                route.assert_error(call(&[]), 401, "missing_api_key");
                route.assert_error(call(&[("x-api-key", "sk_wrong")]), 401, "invalid_api_key");
                let other = if route.guard == "key:jobs" { &owner.manage_key } else { &owner.jobs_key };
                route.assert_error(call(&[("x-api-key", other)]), 403, "forbidden");
            }
        }
        for route in posts.iter().filter(|route| route.guard == "operator") {
            let url = format!("{}{}", stack.base_url(), owner.path(*route));
            for (content_type, body) in bodies {
                let headers = [("content-type", content_type), ("authorization", "Bearer wrong")];
                route.assert_error(send("POST", &url, &headers, body.as_bytes()), 403, "forbidden");
                route.assert_error(send("POST", &url, &headers[..1], body.as_bytes()), 401, "missing_api_key");
            }
        }
    });
}

#[test]
fn a_key_that_manages_makes_keys_that_work_and_a_key_that_works_makes_none() {
    with_stack(|stack| {
        let owner = Owner::create(stack);
        let make = |key: &str| {
            let headers = [("x-api-key", key), ("content-type", "application/json")];
            send("POST", &format!("{}/v1/keys", stack.base_url()), &headers, br#"{"label":"worker","scopes":["jobs"]}"#)
        };
        assert_error(make(&owner.jobs_key), 403, "forbidden");
        let answer = Answer::read(make(&owner.manage_key)).unwrap();
        assert_eq!((answer.status, &answer.body["data"]["scopes"]), (201, &json!(["jobs"])), "{}", answer.body);
        let worker = stack.api(answer.body["data"]["key"].as_str().unwrap());
        assert_eq!(worker.get("/v1/credits").unwrap().status, 200);
    });
}

#[test]
fn resources_of_another_account_look_absent_and_the_owner_finds_them() {
    with_stack(|stack| {
        let stranger = TestAccount::create(stack, 1_000).unwrap();
        for route in Route::all().filter(|route| route.guard.starts_with("key:")) {
            println!("{route:?}");
            // The owner's call may remove the resource, so each route gets a new owner.
            let owner = Owner::create(stack);
            let answer = call(stack, &owner, route, &[("x-api-key", &stranger.key)]);
            match route.kind() {
                "jobs" | "alpha-videos" | "videos" | "status" if route.path.contains('{') => {
                    route.assert_error(answer, 404, "job_not_found");
                }
                "keys" | "deliveries" if route.path.contains('{') => drop(assert_error(answer, 404, "not_found")),
                "uploads" | "jobs" | "alpha-videos" | "videos" if route.method == "POST" && !route.is_vidgen() => {
                    route.assert_error(answer, 403, "invalid_file_url");
                }
                _ => {
                    assert!(answer.status().is_success(), "{route:?} {}", answer.status());
                    let text = answer.into_body().read_to_string().unwrap();
                    let things = [&owner.job_id, &owner.event_id, &owner.further_key_id, &owner.account.key_id];
                    assert!(things.iter().all(|id| !text.contains(*id)), "{route:?} {text}");
                }
            }
            let own = call(stack, &owner, route, &[("x-api-key", &owner.account.key)]).status();
            // A queued job has no output yet, and cannot be started.
            let expected =
                own.is_success() || own == 409 && (route.path.ends_with("/download") || route.path.ends_with("/start"));
            assert!(expected, "{route:?} {own}");
        }
        // VidGen's form carries its files, so that they belong to whoever sends it.
        assert_eq!(stranger.balance().unwrap(), 1_000 - 5);
    });
}

#[test]
fn operator_routes_accept_the_operator_token_alone() {
    with_stack(|stack| {
        let owner = Owner::create(stack);
        let token = &stack.config().secrets.admin_token;
        assert!(Route::guarded_by("operator").count() > 0);
        for route in Route::guarded_by("operator") {
            println!("{route:?}");
            assert_error(call(stack, &owner, route, &[]), 401, "missing_api_key");
            assert_error(call(stack, &owner, route, &[("x-api-key", &owner.account.key)]), 401, "missing_api_key");
            assert_error(call(stack, &owner, route, &[("x-api-key", token)]), 401, "missing_api_key");
            for token in ["wrong", &owner.account.key] {
                let authorization = format!("Bearer {token}");
                assert_error(call(stack, &owner, route, &[("authorization", &authorization)]), 403, "forbidden");
            }
            let authorization = format!("Bearer {token}");
            assert!(call(stack, &owner, route, &[("authorization", &authorization)]).status().is_success(), "{route:?}");
        }
    });
}

#[test]
fn without_a_configured_provider_every_provider_callback_is_refused() {
    with_stack(|stack| {
        let owner = Owner::create(stack);
        let body = br#"{"data":{"taskId":"t1"}}"#;
        assert!(Route::guarded_by("provider").count() > 0);
        for route in Route::guarded_by("provider") {
            let with =
                |headers: &[(&str, &str)]| send(route.method, &format!("{}{}", stack.base_url(), route.path), headers, body);
            assert_error(with(&[]), 403, "forbidden");
            assert_error(with(&[("x-api-key", &owner.account.key)]), 403, "forbidden");
            assert_error(with(&[("authorization", &format!("Bearer {}", stack.config().secrets.admin_token))]), 403, "forbidden");
            assert_error(with(&[("x-webhook-timestamp", "1"), ("x-webhook-signature", "AAAA")]), 403, "forbidden");
        }
    });
}

#[test]
fn transcoder_routes_accept_the_transcoder_signature_alone() {
    with_stack(|stack| {
        let owner = Owner::create(stack);
        let body = b"{}";
        let timestamp = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs().to_string();
        let sign = |secret: &str| shared::signature::sign(secret.as_bytes(), format!("{timestamp}.{{}}").as_bytes());
        assert!(Route::guarded_by("fleet").count() > 0);
        for route in Route::guarded_by("fleet") {
            let url = format!("{}{}", stack.base_url(), route.path);
            let with = |headers: &[(&str, &str)]| send(route.method, &url, headers, body);
            let signed = |secret: &str| {
                let headers = [("x-bgless-timestamp", timestamp.as_str()), ("x-bgless-signature", &sign(secret))];
                with(&headers)
            };
            assert_error(with(&[]), 403, "forbidden");
            assert_error(with(&[("x-api-key", &owner.account.key)]), 403, "forbidden");
            assert_error(with(&[("authorization", &format!("Bearer {}", stack.config().secrets.admin_token))]), 403, "forbidden");
            assert_error(signed("wrong"), 403, "forbidden");
            let answer = signed(&stack.config().secrets.transcoder_secret);
            // The one route that reads no body.
            if route.path == "/internal/v1/fleet/check" {
                assert!(answer.status().is_success(), "{}", answer.status());
            } else {
                assert_error(answer, 400, "invalid_json");
            }
        }
    });
}

#[test]
fn a_file_needs_its_own_signature() {
    with_stack(|stack| {
        let (owner, other) = (Owner::create(stack), Owner::create(stack));
        let routes: Vec<_> = Route::guarded_by("file-signature").collect();
        let [route] = routes.as_slice() else { panic!("no rule for {routes:?}") };
        assert_eq!((route.method, route.path), ("GET", "/files/{*object_key}"));
        let (path, query) = owner.file_url.split_once('?').unwrap();
        let (_, others_query) = other.file_url.split_once('?').unwrap();
        let key = [("x-api-key", owner.account.key.as_str())];
        for url in [path.to_owned(), format!("{path}?{others_query}"), owner.file_url.replace("size=5", "size=6")] {
            assert_error(send("GET", &url, &[], &[]), 403, "invalid_file_url");
            assert_error(send("GET", &url, &key, &[]), 403, "invalid_file_url");
        }
        assert_eq!(send("GET", &format!("{path}?{query}"), &[], &[]).status(), 200);
    });
}

#[test]
fn a_share_link_needs_its_own_token() {
    with_stack(|stack| {
        let (owner, other) = (Owner::create(stack), Owner::create(stack));
        let routes: Vec<_> = Route::guarded_by("share-token").collect();
        let [route] = routes.as_slice() else { panic!("no rule for {routes:?}") };
        assert_eq!((route.method, route.path), ("GET", "/share/{token}"));
        let link = |owner: &Owner| {
            Lease::claim(stack, &owner.job_id).complete();
            let url = format!("{}/api/status/{}", stack.base_url(), owner.job_id);
            let status = Answer::read(send("GET", &url, &[("x-api-key", &owner.account.key)], &[])).unwrap().body;
            status["outputShareLink"].as_str().unwrap().to_owned()
        };
        let (own, others) = (link(&owner), link(&other));
        assert!([&own, &others].iter().all(|link| send("GET", link, &[], &[]).status() == 200));
        let (name, _) = own.rsplit_once('-').unwrap();
        let (_, others_signature) = others.rsplit_once('-').unwrap();
        for url in [name.to_owned(), format!("{name}-"), format!("{name}-{others_signature}")] {
            assert_eq!(send("GET", &url, &[("x-api-key", &owner.account.key)], &[]).status(), 404, "{url}");
        }
    });
}
