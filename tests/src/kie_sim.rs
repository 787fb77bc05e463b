//! A simulator of KIE's documented API on loopback: create a task, poll it, credits, callback,
//! result files.
//!
//! Source: docs.kie.ai. Never deployed; the edge has no code for it.

pub mod fault;
pub mod footage;
mod task;

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Value, json};
use tempfile::TempDir;

use self::fault::Fault;
use self::task::Task;
use crate::listen::{ReceivedRequest, Reply, listen};

/// The documented rate limit: creates per window.
const CREATES_MAX: usize = 20;
const WINDOW: Duration = Duration::from_secs(10);
/// The `Retry-After` of [`Fault::TooManyRetryAfter`].
const RETRY_AFTER: Duration = Duration::from_secs(2);
const PROMPT_CHARS_MAX: usize = 2_500;
const AVATAR_MODEL: &str = "kling/ai-avatar-standard";

/// The parameters of a simulator.
#[derive(Debug, Clone)]
pub struct KieOptions {
    /// A free port by default.
    pub port: Option<u16>,
    /// The only key that is accepted.
    pub api_key: String,
    /// Signs callbacks; none are signed without it.
    pub webhook_key: Option<String>,
}

impl Default for KieOptions {
    fn default() -> Self {
        Self { port: None, api_key: "kie-sim".into(), webhook_key: Some("kie-sim-webhook".into()) }
    }
}

/// A running simulator.
#[derive(Debug, Clone)]
pub struct KieSim {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    options: KieOptions,
    dir: TempDir,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The address of result files.
    host: String,
    tasks: BTreeMap<String, Task>,
    /// The times of recent creates, for the rate limit.
    created_at: Vec<Instant>,
    /// Every create request, by its callback URL.
    creates: Vec<(String, Instant)>,
    /// The response status of every callback, by its URL.
    calls: Vec<(String, u16)>,
}

impl KieSim {
    /// Starts; its threads end with the program.
    pub fn start(options: KieOptions) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("bgless-kie-").tempdir()?;
        let port = options.port;
        let shared = Arc::new(Shared { options, dir, state: Mutex::default() });
        let server = shared.clone();
        let address = listen(port, move |request| answer(&server, &request))?;
        shared.state().host = address.to_string();
        Ok(Self { address, shared })
    }

    /// `127.0.0.1:PORT`, for `--allow-host`.
    #[must_use]
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// The variables that make an edge use the simulator.
    #[must_use]
    pub fn edge_vars(&self) -> Vec<(String, String)> {
        let KieOptions { api_key, webhook_key, .. } = &self.shared.options;
        let vars = [
            ("KIE_API_KEY", api_key.clone()),
            ("KIE_BASE_URL", format!("http://{}", self.address)),
            ("KIE_WEBHOOK_HMAC_KEY", webhook_key.clone().unwrap_or_default()),
            ("KIE_UNSIGNED_CALLBACKS", webhook_key.is_none().to_string()),
        ];
        vars.map(|(name, value)| (name.to_owned(), value)).into()
    }

    /// The number of create requests for a job, refused ones too.
    #[must_use]
    pub fn creates_of(&self, job_id: &str) -> usize {
        self.shared.state().creates.iter().filter(|(url, _)| url.contains(job_id)).count()
    }

    /// The response statuses of the callbacks for a job.
    #[must_use]
    pub fn calls_of(&self, job_id: &str) -> Vec<u16> {
        self.shared.state().calls.iter().filter(|(url, _)| url.contains(job_id)).map(|(_, status)| *status).collect()
    }

    /// The id of a job's task, and its callback URL.
    #[must_use]
    pub fn task_of(&self, job_id: &str) -> Option<(String, String)> {
        let state = self.shared.state();
        let mut tasks = state.tasks.iter().filter(|(_, task)| task.callback_url.contains(job_id));
        tasks.next().map(|(id, task)| (id.clone(), task.callback_url.clone()))
    }

    /// Adds a finished task that no job created, with this result; it sends no callback.
    #[must_use]
    pub fn add_foreign_task(&self, callback_url: &str, video_url: &str) -> String {
        self.shared.add_foreign_task(callback_url, video_url)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn answer(shared: &Arc<Shared>, request: &ReceivedRequest) -> Option<Reply> {
    if let Some(name) = request.path().strip_prefix("/results/") {
        let known = name.strip_suffix(".mp4").is_some_and(|id| shared.state().tasks.contains_key(id));
        return Some(match known.then(|| fs::read(shared.dir.path().join(name))) {
            Some(Ok(body)) => Reply { status: 200, headers: vec![("content-type", "video/mp4".to_owned())], body },
            _ => reply(404, 404, "no such file", &Value::Null),
        });
    }
    if request.header("authorization") != Some(&format!("Bearer {}", shared.options.api_key)) {
        return Some(reply(401, 401, "You do not have access permissions", &Value::Null));
    }
    match (request.method.as_str(), request.path()) {
        ("POST", "/api/v1/jobs/createTask") => create(shared, request),
        ("GET", "/api/v1/jobs/recordInfo") => Some(record_info(shared, request)),
        ("GET", "/api/v1/chat/credit") => Some(reply(200, 200, "success", &json!(1_000.5))),
        _ => Some(reply(404, 404, "Not found", &Value::Null)),
    }
}

/// Returns none where the connection is to be closed without a response.
fn create(shared: &Arc<Shared>, request: &ReceivedRequest) -> Option<Reply> {
    let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
    let callback_url = body["callBackUrl"].as_str().unwrap_or_default().to_owned();
    let fault = Fault::of(body["input"]["prompt"].as_str().unwrap_or_default());
    let first_at = {
        let mut state = shared.state();
        let first_at = state.creates.iter().find(|(url, _)| *url == callback_url).map(|(_, at)| *at);
        state.creates.push((callback_url.clone(), Instant::now()));
        state.created_at.retain(|at| at.elapsed() < WINDOW);
        if state.created_at.len() >= CREATES_MAX {
            return Some(reply(429, 429, "Too many requests", &Value::Null));
        }
        first_at
    };
    if let Some(refusal) = refusal(fault, first_at) {
        return Some(refusal);
    }
    if let Err(message) = check(&body) {
        return Some(reply(200, 422, message, &Value::Null));
    }
    let task = Task::begin(shared, &body, callback_url, fault);
    match fault {
        Some(Fault::Lost) => None,
        Some(Fault::CodeServerError) => Some(reply(200, 500, "Server error", &Value::Null)),
        _ => Some(reply(200, 200, "success", &json!({ "taskId": task }))),
    }
}

fn refusal(fault: Option<Fault>, first_at: Option<Instant>) -> Option<Reply> {
    let is_first = first_at.is_none();
    let too_many = |status| reply(status, 429, "Too many requests", &Value::Null);
    match fault? {
        Fault::TooMany if is_first => Some(too_many(429)),
        // A request before that is refused again.
        Fault::TooManyRetryAfter if first_at.is_none_or(|at| at.elapsed() < RETRY_AFTER) => {
            let mut reply = too_many(429);
            reply.headers.push(("retry-after", RETRY_AFTER.as_secs().to_string()));
            Some(reply)
        }
        Fault::CodeTooMany if is_first => Some(too_many(200)),
        Fault::CodeInvalid => Some(reply(200, 422, "The prompt was refused", &Value::Null)),
        Fault::CodeNoCredits => Some(reply(200, 402, "Insufficient credits", &Value::Null)),
        _ => None,
    }
}

/// Validates as KIE does, which is stricter than its documentation.
fn check(body: &Value) -> Result<(), &'static str> {
    let input = &body["input"];
    let has = |holds: bool, message| if holds { Ok(()) } else { Err(message) };
    if body["model"] == AVATAR_MODEL {
        has(input["image_url"].is_string(), "image_url is required")?;
        has(input["audio_url"].is_string(), "audio_url is required")?;
        return has(input["prompt"].is_string(), "prompt is required");
    }
    has(body["model"] == "kling-3.0/video", "The model name is not supported")?;
    has(input["prompt"].as_str().is_some_and(|text| text.chars().count() <= PROMPT_CHARS_MAX), "prompt is invalid")?;
    has(input["sound"].is_boolean(), "sound is required")?;
    has(input["multi_shots"].is_boolean(), "multi_shots is required")?;
    let duration = input["duration"].as_str().and_then(|text| text.parse::<u32>().ok());
    has(duration.is_some_and(|duration_s| (3..=15).contains(&duration_s)), "duration is invalid")?;
    has(["std", "pro", "4K"].iter().any(|mode| input["mode"] == *mode), "mode is invalid")?;
    let pictures = input["image_urls"].as_array().map_or(0, Vec::len);
    has(pictures <= 2, "image_urls is invalid")?;
    let shape = &input["aspect_ratio"];
    let known = ["16:9", "9:16", "1:1"].iter().any(|ratio| shape == ratio);
    has(known || shape.is_null() && pictures > 0, "aspect_ratio is invalid")
}

fn record_info(shared: &Shared, request: &ReceivedRequest) -> Reply {
    let Some(id) = request.target.split_once("taskId=").map(|(_, id)| id) else {
        return reply(400, 400, "taskId parameter is required", &Value::Null);
    };
    let mut state = shared.state();
    let record = state.tasks.get_mut(id).and_then(|task| task.is_shown().then(|| task.record(id)));
    match record {
        Some(record) => reply(200, 200, "success", &record),
        None => reply(422, 422, "recordInfo is null", &Value::Null),
    }
}

fn reply(status: u16, code: u16, message: &str, data: &Value) -> Reply {
    let body = json!({ "code": code, "msg": message, "data": data }).to_string().into_bytes();
    Reply { status, headers: vec![("content-type", "application/json".to_owned())], body }
}
