//! KIE: the models Kling 3 and Kling avatar.
//!
//! Source: docs.kie.ai (jobs API, webhook verification), and what its clients report of its codes.

pub mod callback;
mod code;
mod wire;

use shared::code::JobErrorCode;
use url::Url;
use url::form_urlencoded::byte_serialize;

use self::callback::Callbacks;
use self::code::Meaning;
use self::wire::{CreateTaskIn, CreatedOut, Envelope, RecordOut};
use crate::app::ports::{Creation, Found, GenerationUrls, HttpRequest, HttpSender, Provider, SendingRate, TaskProgress};
use crate::domain::generation::GenerationRequest;

/// Time limit of a request to KIE.
/// Units: milliseconds.
const ANSWER_MS_MAX: u64 = 20_000;
/// KIE's rate limit per account, 20 requests in 10 seconds, with a margin of one second.
const RATE: SendingRate = SendingRate { count_max: 20, window_ms: 11_000 };

/// The operator's settings of KIE.
#[derive(Clone)]
pub struct KieSettings {
    /// Without it KIE's models are unavailable.
    pub api_key: Option<String>,
    /// Without a slash at its end.
    pub base_url: String,
    pub callbacks: Callbacks,
}

/// A client of KIE.
pub struct Kie<'a, H> {
    pub http: &'a H,
    pub settings: &'a KieSettings,
}

impl<H: HttpSender> Provider for Kie<'_, H> {
    fn unavailable(&self) -> Option<&'static str> {
        self.settings.api_key.is_none().then_some("No key of the provider KIE is configured.")
    }

    fn rate(&self) -> SendingRate {
        RATE
    }

    async fn create(&self, request: &GenerationRequest, urls: &GenerationUrls, callback_url: &str) -> Creation {
        let unclear = |reason: String| Creation::Unclear { reason };
        let body = match serde_json::to_string(&CreateTaskIn::of(request, urls, callback_url)) {
            Ok(body) => body,
            Err(error) => return Creation::Rejected { code: JobErrorCode::Internal, reason: error.to_string() },
        };
        let answer = match self.call("POST", "/api/v1/jobs/createTask", Some(body)).await {
            Ok(answer) => answer,
            Err(reason) => return unclear(reason),
        };
        let reason = || answer.envelope.reason(answer.code);
        match Meaning::of_create(answer.code) {
            Meaning::Success => match answer.envelope.data::<CreatedOut>() {
                Some(CreatedOut { task_id }) if !task_id.is_empty() => Creation::Accepted { task_id },
                _ => unclear("created without a name".into()),
            },
            Meaning::Later => Creation::Refused { retry_after_ms: answer.retry_after_ms },
            Meaning::Never(code) => Creation::Rejected { code, reason: reason() },
            Meaning::Unknown | Meaning::Unclear => unclear(reason()),
        }
    }

    async fn find(&self, task_id: &str) -> Found {
        let task: String = byte_serialize(task_id.as_bytes()).collect();
        let unanswered =
            |retry_after_ms, reason| Found { progress: TaskProgress::Unanswered { retry_after_ms, reason }, callback_url: None };
        let answer = match self.call("GET", &format!("/api/v1/jobs/recordInfo?taskId={task}"), None).await {
            Ok(answer) => answer,
            Err(reason) => return unanswered(None, reason),
        };
        let reason = answer.envelope.reason(answer.code);
        match Meaning::of_question(answer.code) {
            Meaning::Success => match answer.envelope.data::<RecordOut>() {
                // Another task's record would finish the wrong job.
                Some(record) if record.task_id == task_id => record.found(),
                _ => unanswered(None, "the answer is about another task or none".into()),
            },
            Meaning::Unknown => Found { progress: TaskProgress::Unknown, callback_url: None },
            Meaning::Never(code) => Found { progress: TaskProgress::Failed { code, reason }, callback_url: None },
            Meaning::Later | Meaning::Unclear => unanswered(answer.retry_after_ms, reason),
        }
    }
}

/// An answer of KIE.
struct Answer {
    /// That of the envelope, else the HTTP status: errors often come with status 200.
    code: u16,
    retry_after_ms: Option<u64>,
    envelope: Envelope,
}

impl<H: HttpSender> Kie<'_, H> {
    async fn call(&self, method: &'static str, path: &str, body: Option<String>) -> Result<Answer, String> {
        let KieSettings { api_key, base_url, .. } = self.settings;
        let key = api_key.as_deref().unwrap_or_default();
        let mut headers = vec![("authorization", format!("Bearer {key}")), ("accept", "application/json".to_owned())];
        headers.extend(body.is_some().then(|| ("content-type", "application/json".to_owned())));
        let request = HttpRequest { method, url: format!("{base_url}{path}"), headers, body, timeout_ms: ANSWER_MS_MAX };
        let answer = self.http.exchange(&request).await?;
        let envelope = serde_json::from_str::<Envelope>(&answer.body).unwrap_or_default();
        Ok(Answer {
            code: envelope.code.unwrap_or(if (200..300).contains(&answer.status) { 0 } else { answer.status }),
            retry_after_ms: answer.retry_after_s.map(|seconds| seconds.saturating_mul(1_000)),
            envelope,
        })
    }
}

/// Parses the base URL of KIE's API.
/// Errors: says what is wrong with it.
pub fn parse_base_url(text: &str) -> Result<String, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let bare = matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none();
    if bare { Ok(url.as_str().trim_end_matches('/').to_owned()) } else { Err("must be like https://api.kie.ai".into()) }
}

#[cfg(test)]
mod tests;
