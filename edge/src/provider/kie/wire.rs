//! Requests and responses of KIE: serde types, and their meaning for the port.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::code::JobErrorCode;
use shared::price::Resolution;

use crate::app::ports::{Found, GenerationUrls, TaskProgress};
use crate::domain::generation::{AspectRatio, GenerationRequest};
use crate::domain::screen;

const VIDEO_MODEL: &str = "kling-3.0/video";
const AVATAR_MODEL: &str = "kling/ai-avatar-standard";
/// Longest text of KIE's that is logged.
const REASON_CHARS_MAX: usize = 200;

#[derive(Serialize)]
pub struct CreateTaskIn<'a> {
    model: &'static str,
    #[serde(rename = "callBackUrl")]
    callback_url: &'a str,
    input: InputIn<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum InputIn<'a> {
    Video(KlingIn<'a>),
    Avatar(AvatarIn<'a>),
}

/// KIE requires `prompt`, which may be empty.
#[derive(Serialize)]
struct AvatarIn<'a> {
    image_url: &'a str,
    audio_url: &'a str,
    prompt: &'a str,
}

/// KIE requires `sound`, `duration`, `mode` and `multi_shots` even at their defaults.
#[derive(Serialize)]
struct KlingIn<'a> {
    prompt: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    image_urls: Vec<&'a str>,
    sound: bool,
    /// Units: seconds, as a text.
    duration: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    aspect_ratio: Option<&'static str>,
    mode: &'static str,
    multi_shots: bool,
}

impl<'a> CreateTaskIn<'a> {
    pub fn of(request: &'a GenerationRequest, urls: &'a GenerationUrls, callback_url: &'a str) -> Self {
        let image_url = urls.image.as_deref();
        if let (Some(image_url), Some(audio_url)) = (image_url, urls.sound.as_deref()) {
            let input = InputIn::Avatar(AvatarIn { image_url, audio_url, prompt: &request.prompt });
            return Self { model: AVATAR_MODEL, callback_url, input };
        }
        // With a picture, the default is the picture's aspect ratio.
        let default = if image_url.is_some() { None } else { Some(AspectRatio::Wide) };
        let input = KlingIn {
            prompt: screen::extend(&request.prompt, screen::choose(&request.prompt)),
            image_urls: image_url.into_iter().collect(),
            sound: false,
            duration: request.duration_s.to_string(),
            aspect_ratio: request.aspect_ratio.or(default).map(AspectRatio::as_str),
            mode: match request.resolution {
                Resolution::Hd => "std",
                Resolution::FullHd => "pro",
                Resolution::UltraHd => "4K",
            },
            multi_shots: false,
        };
        Self { model: VIDEO_MODEL, callback_url, input: InputIn::Video(input) }
    }
}

#[derive(Deserialize, Default)]
pub struct Envelope {
    #[serde(default)]
    pub code: Option<u16>,
    #[serde(default)]
    msg: Option<String>,
    #[serde(default)]
    data: Value,
}

impl Envelope {
    pub fn data<T: DeserializeOwned>(&self) -> Option<T> {
        T::deserialize(&self.data).ok()
    }

    /// For the log.
    pub fn reason(&self, code: u16) -> String {
        shortened(&format!("{code} {}", self.msg.as_deref().unwrap_or_default()))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreatedOut {
    pub task_id: String,
}

/// A task as KIE has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordOut {
    pub task_id: String,
    state: String,
    /// The whole create body, as JSON.
    param: Option<String>,
    /// Some models fill it before success: only `state` is reliable.
    result_json: Option<String>,
    fail_code: Option<String>,
    fail_msg: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Results {
    result_urls: Vec<String>,
}

#[derive(Deserialize)]
struct Params {
    #[serde(rename = "callBackUrl")]
    callback_url: Option<String>,
}

impl RecordOut {
    pub fn found(self) -> Found {
        let params = self.param.as_deref().and_then(|text| serde_json::from_str::<Params>(text).ok());
        let callback_url = params.and_then(|params| params.callback_url);
        let progress = match self.state.as_str() {
            "waiting" | "queuing" => TaskProgress::Waiting,
            "generating" => TaskProgress::Working,
            "success" => match self.result_url() {
                Some(url) => TaskProgress::Succeeded { url },
                None => TaskProgress::Failed { code: JobErrorCode::ProviderFailed, reason: "success without a video".into() },
            },
            "fail" => self.failure(),
            other => TaskProgress::Unanswered { retry_after_ms: None, reason: shortened(&format!("state {other}")) },
        };
        Found { progress, callback_url }
    }

    fn result_url(&self) -> Option<String> {
        serde_json::from_str::<Results>(self.result_json.as_deref()?).ok()?.result_urls.into_iter().next()
    }

    fn failure(&self) -> TaskProgress {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let code = match text(&self.fail_code).as_str() {
            "408" => JobErrorCode::ProviderTimeout,
            // KIE does not make this video.
            "400" | "422" => JobErrorCode::ProviderRefused,
            _ => JobErrorCode::ProviderFailed,
        };
        TaskProgress::Failed { code, reason: shortened(&format!("{} {}", text(&self.fail_code), text(&self.fail_msg))) }
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(REASON_CHARS_MAX).collect()
}
