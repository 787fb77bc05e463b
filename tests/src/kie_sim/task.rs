//! A task of the KIE simulator: rendered in a thread of its own, then reported by callback.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use shared::signature;

use super::Shared;
use super::fault::Fault;
use super::footage::{self, Footage};
use crate::http::{Answer, agent};

/// The age of an old signature. Units: seconds.
const OLD_S: u64 = 3_600;

/// A task.
#[derive(Debug, Clone)]
pub struct Task {
    pub callback_url: String,
    /// The create body, as text.
    param: String,
    state: &'static str,
    video_url: Option<String>,
    fail_code: &'static str,
    created_at_ms: u64,
    /// Number of further polls that do not find the task.
    hidden: u32,
}

impl Task {
    /// Registers a task and starts to render it; returns its id.
    pub fn begin(shared: &Arc<Shared>, body: &Value, callback_url: String, fault: Option<Fault>) -> String {
        let id = new_id();
        let hidden = if fault == Some(Fault::UnknownAtFirst) { 3 } else { 0 };
        let task = Self {
            callback_url,
            param: body.to_string(),
            state: "waiting",
            video_url: None,
            fail_code: "",
            created_at_ms: now_ms(),
            hidden,
        };
        {
            let mut state = shared.state();
            state.created_at.push(std::time::Instant::now());
            state.tasks.insert(id.clone(), task);
        }
        if fault == Some(Fault::CallFirst) {
            call(shared, &id, fault);
        }
        let (maker, input, name) = (shared.clone(), body["input"].clone(), id.clone());
        thread::spawn(move || work(&maker, &name, &input, fault));
        id
    }

    /// Counts a poll; returns true if it finds the task.
    pub fn is_shown(&mut self) -> bool {
        let hidden = self.hidden > 0;
        self.hidden = self.hidden.saturating_sub(1);
        !hidden
    }

    /// The body of `recordInfo`.
    pub fn record(&self, id: &str) -> Value {
        let result = self.video_url.as_ref().map(|url| json!({ "resultUrls": [url] }).to_string());
        let over = matches!(self.state, "success" | "fail");
        json!({
            "taskId": id, "model": "kling-3.0/video", "state": self.state, "param": self.param,
            "resultJson": result.unwrap_or_default(), "failCode": self.fail_code,
            "failMsg": if self.fail_code.is_empty() { "" } else { "generation failed" },
            "costTime": if over { json!(now_ms().saturating_sub(self.created_at_ms)) } else { Value::Null },
            "createTime": self.created_at_ms, "updateTime": now_ms(), "completeTime": if over { json!(now_ms()) } else { Value::Null },
        })
    }
}

impl Shared {
    pub(super) fn add_foreign_task(&self, callback_url: &str, video_url: &str) -> String {
        let id = new_id();
        let param = json!({ "model": "kling-3.0/video", "callBackUrl": callback_url, "input": {} }).to_string();
        let task = Task {
            callback_url: String::new(),
            param,
            state: "success",
            video_url: Some(video_url.to_owned()),
            fail_code: "",
            created_at_ms: now_ms(),
            hidden: 0,
        };
        self.state().tasks.insert(id.clone(), task);
        id
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Task)) {
        if let Some(task) = self.state().tasks.get_mut(id) {
            change(task);
        }
    }
}

fn work(shared: &Shared, id: &str, input: &Value, fault: Option<Fault>) {
    shared.change(id, |task| task.state = "generating");
    if fault == Some(Fault::Endless) {
        return;
    }
    let made = if fault == Some(Fault::Fails) { None } else { make(shared, id, input, fault).ok() };
    shared.change(id, |task| {
        (task.state, task.fail_code) = if made.is_some() { ("success", "") } else { ("fail", "501") };
        task.video_url = made;
    });
    let times = match fault {
        Some(Fault::Silent) => 0,
        Some(Fault::Thrice) => 3,
        _ => 1,
    };
    (0..times).for_each(|_| call(shared, id, fault));
}

/// Renders the video; returns its URL.
fn make(shared: &Shared, id: &str, input: &Value, fault: Option<Fault>) -> Result<String> {
    let path = shared.dir.path().join(format!("{id}.mp4"));
    if fault == Some(Fault::Broken) {
        fs::write(&path, "This was to be a video. ".repeat(100))?;
    } else if let (Some(picture), Some(sound)) = (input["image_url"].as_str(), input["audio_url"].as_str()) {
        footage::write_avatar(&fetch(shared, id, "picture", picture)?, &fetch(shared, id, "sound", sound)?, &path)?;
    } else {
        let picture = input["image_urls"][0].as_str().map(|url| fetch(shared, id, "picture", url)).transpose()?;
        footage(input, picture).context("no such mode")?.write(&path)?;
    }
    let host = shared.state().host.clone();
    Ok(format!("http://{host}/results/{id}.mp4"))
}

fn fetch(shared: &Shared, id: &str, what: &str, url: &str) -> Result<PathBuf> {
    let mut response = agent().get(url).call()?;
    anyhow::ensure!(response.status() == 200, "the {what} is not there");
    let path = shared.dir.path().join(format!("{id}.{what}"));
    fs::write(&path, response.body_mut().read_to_vec()?)?;
    Ok(path)
}

fn footage(input: &Value, picture: Option<PathBuf>) -> Option<Footage> {
    let short = match input["mode"].as_str()? {
        "std" => 720,
        "pro" => 1_080,
        _ => 2_160,
    };
    let (width, height) = match input["aspect_ratio"].as_str() {
        Some("9:16") => (short, short * 16 / 9),
        Some("1:1") => (short, short),
        _ => (short * 16 / 9, short),
    };
    let duration_s = input["duration"].as_str()?.parse().ok()?;
    let hex = input["prompt"].as_str()?.split('#').skip(1).find_map(|text| text.get(..6));
    let screen = hex.filter(|hex| hex.chars().all(|char| char.is_ascii_hexdigit())).map(|hex| format!("0x{hex}"));
    Some(Footage { width, height, duration_s, screen, picture })
}

/// Sends one callback and records the response status.
fn call(shared: &Shared, id: &str, fault: Option<Fault>) {
    let Some(task) = shared.state().tasks.get(id).cloned() else { return };
    let body = json!({ "code": 200, "msg": "success", "data": task.record(id) });
    let now_s = now_ms() / 1_000;
    let timestamp_s = if fault == Some(Fault::OldSignature) { now_s.saturating_sub(OLD_S) } else { now_s };
    let mut request = agent().post(&task.callback_url);
    if let Some(key) = &shared.options.webhook_key {
        let signed = if fault == Some(Fault::BadSignature) { "another" } else { id };
        let signature = signature::hmac_sha256(key.as_bytes(), format!("{signed}.{timestamp_s}").as_bytes());
        request = request.header("x-webhook-timestamp", timestamp_s.to_string());
        request = request.header("x-webhook-signature", BASE64_STANDARD.encode(signature));
    }
    let answer = request.send_json(&body).map_err(anyhow::Error::from).and_then(Answer::read);
    let status = answer.map_or(0, |answer| answer.status);
    shared.state().calls.push((task.callback_url, status));
}

fn new_id() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    format!("task_kling_{:x}_{}", now_ms(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}
