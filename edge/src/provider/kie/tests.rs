//! KIE's contract, against answers as its pages and its clients describe them.

use std::cell::RefCell;

use futures_executor::block_on;
use serde_json::{Value, json};
use shared::price::Resolution;
use shared::time::UnixMillis;

use super::*;
use crate::app::ports::HttpAnswer;
use crate::domain::generation::AspectRatio;

/// First line, headers, body.
type Received = (String, Vec<(&'static str, String)>, Value);

/// Answers once, and keeps the request.
#[derive(Default)]
struct Wire {
    answer: RefCell<Option<Result<HttpAnswer, String>>>,
    received: RefCell<Option<Received>>,
}

impl HttpSender for Wire {
    async fn exchange(&self, request: &HttpRequest) -> Result<HttpAnswer, String> {
        let body = request.body.as_deref().map_or(Value::Null, |body| serde_json::from_str(body).unwrap());
        *self.received.borrow_mut() = Some((format!("{} {}", request.method, request.url), request.headers.clone(), body));
        self.answer.borrow_mut().take().unwrap()
    }

    async fn post(&self, _: &str, _: &[(&'static str, String)], _: &str, _: u64) -> Result<u16, String> {
        unreachable!()
    }
}

fn request() -> GenerationRequest {
    GenerationRequest {
        prompt: "a green frog".into(),
        duration_s: 3,
        resolution: Resolution::Hd,
        aspect_ratio: Some(AspectRatio::Tall),
    }
}

fn settings() -> KieSettings {
    KieSettings { api_key: Some("key".into()), base_url: "https://kie.example".into(), callbacks: Callbacks::Refused }
}

fn with_answer<T>(answer: Result<(u16, Value, Option<u64>), &str>, call: impl AsyncFnOnce(Kie<'_, Wire>) -> T) -> (T, Wire) {
    let (wire, settings) = (Wire::default(), settings());
    let answer = answer.map(|(status, body, retry_after_s)| HttpAnswer { status, retry_after_s, body: body.to_string() });
    *wire.answer.borrow_mut() = Some(answer.map_err(str::to_owned));
    let result = block_on(call(Kie { http: &wire, settings: &settings }));
    (result, wire)
}

fn create(status: u16, body: Value, retry_after_s: Option<u64>) -> Creation {
    with_answer(Ok((status, body, retry_after_s)), async |kie| {
        kie.create(&request(), &GenerationUrls::default(), "https://us.example/hook").await
    })
    .0
}

fn find(status: u16, body: Value) -> TaskProgress {
    with_answer(Ok((status, body, None)), async |kie| kie.find("t/1").await).0.progress
}

fn record(state: &str, more: &Value) -> Value {
    let mut data = json!({ "taskId": "t/1", "model": "kling-3.0/video", "state": state, "resultJson": "", "failCode": null });
    data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "code": 200, "msg": "success", "data": data })
}

#[test]
fn an_order_goes_out_as_documented() {
    let success = || Ok((200, json!({ "code": 200, "msg": "success", "data": { "taskId": "t1" } }), None));
    let (creation, wire) =
        with_answer(success(), async |kie| kie.create(&request(), &GenerationUrls::default(), "https://us.example/hook").await);
    assert_eq!(creation, Creation::Accepted { task_id: "t1".into() });
    let (line, headers, body) = wire.received.into_inner().unwrap();
    assert_eq!(line, "POST https://kie.example/api/v1/jobs/createTask");
    assert!(
        headers.contains(&("authorization", "Bearer key".into()))
            && headers.contains(&("content-type", "application/json".into()))
    );
    let prompt = body["input"]["prompt"].as_str().unwrap();
    assert!(prompt.starts_with("a green frog. ") && prompt.contains("blue screen of the solid colour #0047BB"), "{prompt}");
    let input =
        json!({ "prompt": prompt, "sound": false, "duration": "3", "aspect_ratio": "9:16", "mode": "std", "multi_shots": false });
    assert_eq!(body, json!({ "model": "kling-3.0/video", "callBackUrl": "https://us.example/hook", "input": input }));

    for (resolution, mode) in [(Resolution::FullHd, "pro"), (Resolution::UltraHd, "4K")] {
        let request = GenerationRequest { resolution, aspect_ratio: None, ..request() };
        let urls = GenerationUrls { image: Some("https://us.example/a.png".into()), sound: None };
        let (_, wire) = with_answer(success(), async |kie| kie.create(&request, &urls, "https://us.example/hook").await);
        let (_, _, body) = wire.received.into_inner().unwrap();
        assert_eq!((&body["input"]["mode"], &body["input"]["image_urls"]), (&json!(mode), &json!(["https://us.example/a.png"])));
        assert_eq!(body["input"].get("aspect_ratio"), None, "the picture's own");
    }
}

#[test]
fn a_picture_that_is_to_speak_goes_out_with_its_sound_and_no_words() {
    let request = GenerationRequest::of_portrait();
    let url = |name: &str| format!("https://us.example/{name}");
    let urls = GenerationUrls { image: Some(url("a.png")), sound: Some(url("a.mp3")) };
    let success = Ok((200, json!({ "code": 200, "msg": "success", "data": { "taskId": "t1" } }), None));
    let (_, wire) = with_answer(success, async |kie| kie.create(&request, &urls, "https://us.example/hook").await);
    let (_, _, body) = wire.received.into_inner().unwrap();
    let input = json!({ "image_url": url("a.png"), "audio_url": url("a.mp3"), "prompt": "" });
    let expected = json!({ "model": "kling/ai-avatar-standard", "callBackUrl": "https://us.example/hook", "input": input });
    assert_eq!(body, expected);
}

#[test]
fn the_code_in_the_body_counts_before_the_http_status() {
    let says = |code: u16| json!({ "code": code, "msg": "words", "data": null });
    for (status, code) in [(200, 429), (429, 429), (200, 455)] {
        assert_eq!(create(status, says(code), Some(7)), Creation::Refused { retry_after_ms: Some(7_000) }, "{status} {code}");
        assert_eq!(create(status, says(code), None), Creation::Refused { retry_after_ms: None });
    }
    for (status, code, expected) in [
        (200, 401, JobErrorCode::ProviderUnavailable),
        (401, 401, JobErrorCode::ProviderUnavailable),
        (200, 402, JobErrorCode::ProviderUnavailable),
        (200, 433, JobErrorCode::ProviderUnavailable),
        (200, 505, JobErrorCode::ProviderUnavailable),
        (200, 422, JobErrorCode::ProviderRefused),
        (400, 400, JobErrorCode::ProviderRefused),
        (200, 501, JobErrorCode::ProviderFailed),
    ] {
        let rejected = Creation::Rejected { code: expected, reason: format!("{code} words") };
        assert_eq!(create(status, says(code), None), rejected, "{status} {code}");
    }
    // A gateway's own page, a code that says nothing, success without a name: all of it may have
    // arrived.
    for (status, body) in [
        (502, json!("<html>")),
        (200, json!("<html>")),
        (200, says(500)),
        (500, says(500)),
        (200, says(408)),
        (429, says(200)),
        (200, json!({ "code": 200, "data": { "taskId": "" } })),
    ] {
        assert!(matches!(create(status, body.clone(), None), Creation::Unclear { .. }), "{status} {body}");
    }
    // No envelope, but a status that is clear.
    assert_eq!(create(429, json!("slow down"), Some(2)), Creation::Refused { retry_after_ms: Some(2_000) });
    let lost = with_answer(Err("no connection"), async |kie| {
        kie.create(&request(), &GenerationUrls::default(), "https://us.example/hook").await
    })
    .0;
    assert_eq!(lost, Creation::Unclear { reason: "no connection".into() });
}

#[test]
fn a_task_is_what_its_state_says_and_no_other_field() {
    let (_, wire) = with_answer(Ok((200, json!({}), None)), async |kie| kie.find("t/1").await);
    assert_eq!(wire.received.into_inner().unwrap().0, "GET https://kie.example/api/v1/jobs/recordInfo?taskId=t%2F1");
    let video = json!({ "resultJson": "{\"resultUrls\":[\"https://cdn.example/v.mp4\"]}" });
    for (state, expected) in [
        ("waiting", TaskProgress::Waiting),
        ("queuing", TaskProgress::Waiting),
        ("generating", TaskProgress::Working),
        ("success", TaskProgress::Succeeded { url: "https://cdn.example/v.mp4".into() }),
    ] {
        assert_eq!(find(200, record(state, &video)), expected, "{state}");
    }
    let code_of = |progress| match progress {
        TaskProgress::Failed { code, .. } => code,
        other => panic!("{other:?}"),
    };
    for (fail_code, expected) in [
        ("501", JobErrorCode::ProviderFailed),
        ("", JobErrorCode::ProviderFailed),
        ("408", JobErrorCode::ProviderTimeout),
        ("422", JobErrorCode::ProviderRefused),
    ] {
        assert_eq!(code_of(find(200, record("fail", &json!({ "failCode": fail_code, "failMsg": "words" })))), expected);
    }
    assert_eq!(code_of(find(200, record("success", &json!({})))), JobErrorCode::ProviderFailed, "a success without a video");
    // As the answer to the question itself.
    for (status, code, expected) in [(200, 501, JobErrorCode::ProviderFailed), (408, 408, JobErrorCode::ProviderTimeout)] {
        assert_eq!(code_of(find(status, json!({ "code": code, "msg": "x", "data": null }))), expected);
    }
    for (status, code) in [(200, 422), (422, 422), (404, 404)] {
        assert_eq!(find(status, json!({ "code": code, "msg": "recordInfo is null" })), TaskProgress::Unknown);
    }
    for body in [
        json!({ "code": 500 }),
        json!({ "code": 429 }),
        json!({ "code": 401 }),
        json!("<html>"),
        record("dreaming", &json!({})),
        record("success", &json!({ "taskId": "another", "resultJson": video["resultJson"] })),
    ] {
        assert!(matches!(find(200, body.clone()), TaskProgress::Unanswered { .. }), "{body}");
    }
}

#[test]
fn a_task_says_where_it_was_to_call_back() {
    let param = json!({ "model": "m", "callBackUrl": "https://us.example/hook?a=b", "input": {} }).to_string();
    let answer = Ok((200, record("waiting", &json!({ "param": param })), None));
    let found = with_answer(answer, async |kie| kie.find("t/1").await).0;
    assert_eq!(found.callback_url.as_deref(), Some("https://us.example/hook?a=b"));
}

#[test]
fn a_call_is_accepted_when_it_is_genuine_and_fresh() {
    use super::callback::{is_accepted, signed, task_id};
    for body in [
        json!({ "data": { "taskId": "t1", "task_id": "no" }, "taskId": "no" }),
        json!({ "data": { "task_id": "t1" }, "taskId": "no" }),
        json!({ "data": {}, "taskId": "t1", "task_id": "no" }),
        json!({ "data": null, "task_id": "t1" }),
    ] {
        assert_eq!(task_id(body.to_string().as_bytes()).as_deref(), Some("t1"), "{body}");
    }
    for body in ["", "{}", "[]", r#"{"taskId":7}"#, r#"{"taskId":""}"#, &json!({ "taskId": "x".repeat(129) }).to_string()] {
        assert_eq!(task_id(body.as_bytes()), None, "{body}");
    }
    let now = UnixMillis::new(1_763_750_000_000);
    let (callbacks, good) = (Callbacks::Signed(b"hush".to_vec()), signed(b"hush", "t1", now.as_secs()));
    // echo -n t1.1763750000 | openssl dgst -sha256 -hmac hush -binary | base64
    assert_eq!(good, "y1677qgfCB8E11ah6lCpZBO2+EiPYTethS2SElqE2UU=");
    let accepted = |task: &str, timestamp: &str, signature: &str, now| is_accepted(&callbacks, task, timestamp, signature, now);
    assert!(accepted("t1", "1763750000", &good, now) && accepted("t1", "1763750000", &good, now.plus_ms(300_000)));
    assert!(!accepted("t1", "1763750000", &good, now.plus_ms(301_000)), "old");
    assert!(!accepted("t2", "1763750000", &good, now) && !accepted("t1", "1763750001", &good, now));
    for (timestamp, signature) in [("", good.as_str()), ("1763750000", ""), ("1763750000", "no base64"), ("soon", good.as_str())]
    {
        assert!(!accepted("t1", timestamp, signature, now), "{timestamp} {signature}");
    }
    assert!(is_accepted(&Callbacks::Unsigned, "t1", "", "", now));
    assert!(!is_accepted(&Callbacks::Refused, "t1", "1763750000", &good, now));
}
