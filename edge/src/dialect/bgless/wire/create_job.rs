//! The request that creates or estimates a job.

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

#[cfg(test)]
use super::limits::{self, Limits};
use super::names::{AlphaStrategyChoice, AspectRatioName, InputMode, ModelId, OutputFormat, PresetName, VideoResolution};
#[cfg(test)]
use crate::domain::generation::PROMPT_CHARS_MAX;
#[cfg(test)]
use crate::domain::webhook::SECRET_CHARS_MAX;
#[cfg(test)]
use shared::media::{Output, SOURCE_DURATION_MS_MAX};

/// A job to be created or estimated. Unknown fields are ignored.
#[derive(Deserialize, ToSchema)]
#[schema(as = CreateJob)]
pub struct CreateJobIn {
    /// Which model does the work. Default: `auto` for a video, `kie.kling-3-video` for a prompt or
    /// a picture.
    #[schema(value_type = Option<ModelId>)]
    pub model: Option<String>,
    /// Any JSON object; returned with the job. At most 4096 bytes as JSON.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Map<String, Value>>,
    #[schema(required, nullable = false)]
    pub input: Option<InputIn>,
    pub options: Option<OptionsIn>,
}

/// The input of a job.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = JobInput)]
pub struct InputIn {
    #[schema(required, nullable = false, value_type = Option<InputMode>)]
    pub mode: Option<String>,
    /// The `fileUrl` of an upload, or any public http or https address. Required to create a job of
    /// mode `video`; ignored by estimates.
    #[schema(example = "https://cdn.example.com/input.mp4")]
    pub video_url: Option<String>,
    /// What the video shows, for modes `text` and `image`: only the subject, since the screen
    /// behind it is added to the prompt. Required to create a job of mode `text`.
    #[schema(example = "a floating product bottle rotating slowly")]
    pub prompt: Option<String>,
    /// The picture that the video begins with, JPEG or PNG: the `fileUrl` of an upload, or any
    /// public http or https address. Its subject should stand before an even background. Required
    /// to create a job of mode `image`.
    #[schema(example = "https://cdn.example.com/bottle.png")]
    pub image_url: Option<String>,
    /// The aspect ratio of a video that is to be made. Default: that of the picture, or `16:9`
    /// without one.
    #[schema(value_type = Option<AspectRatioName>)]
    pub aspect_ratio: Option<String>,
    /// A picture of the background without the subject, PNG, JPEG or WebP, at most 32 MiB, taken by
    /// the same camera from the same place: the `fileUrl` of an upload, or any public http or https
    /// address. Helps `static-camera`; ignored where another strategy makes the matte. For mode
    /// `video` alone.
    #[schema(example = "https://cdn.example.com/empty-room.jpg")]
    pub background_url: Option<String>,
    /// How the matte is to be made. `preserve-source-alpha` keeps the source's own alpha and only
    /// converts formats, `chroma-key` keys a flat screen, `onnx-matting` lets a matting model of
    /// the operator's do it, `static-camera` tells the subject from a background that stands still.
    /// `auto` takes the first of these that fits, in this order. Default: `auto`. Must not
    /// contradict `model`.
    #[schema(value_type = Option<AlphaStrategyChoice>)]
    pub alpha_strategy: Option<String>,
    /// The duration of the source, from which the reserve is computed; corrected once the source
    /// was probed. Unit: seconds. Default: 10. For a video that is to be made: its duration, from 3
    /// to 15, in whole seconds; default: 5.
    pub duration_sec: Option<f64>,
    /// The largest size of the outputs, and of the size that is charged. Default: the source's
    /// size; until it was probed, the price of `1080p` is reserved.
    #[schema(value_type = Option<VideoResolution>)]
    pub resolution: Option<String>,
    /// Allows more time for better edges. Default: no. The keyer has one quality today: the value
    /// is stored and changes nothing.
    pub refine_edges: Option<bool>,
}

/// The outputs, and the webhook.
#[derive(Deserialize, Default, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = JobOptions)]
pub struct OptionsIn {
    /// The files to make, each at most once. Default: `webm-vp9-alpha` alone.
    #[schema(value_type = Option<Vec<OutputFormat>>)]
    pub outputs: Option<Vec<String>>,
    /// The purpose of the outputs. `web-app`: shown on pages, small files. `editing`: for further
    /// editing, with the source's size and frame rate and the highest quality of the format.
    /// `social`: with the sizes and frame rates that networks accept. Default: `web-app`.
    #[schema(value_type = Option<PresetName>)]
    pub preset: Option<String>,
    /// How the colours of a source with alpha are stored, for `preserve-source-alpha`: `straight`,
    /// or `premultiplied` by alpha, as After Effects and many renderers write. `auto` takes them
    /// for premultiplied where the frames prove it. Outputs always have straight alpha. Default:
    /// `auto`.
    #[schema(example = "auto", pattern = "^(auto|straight|premultiplied)$")]
    pub source_alpha: Option<String>,
    /// Settings of the keyer, for experts; each is detected unless it is given. Ignored where
    /// nothing is keyed.
    pub key: Option<KeyIn>,
    /// The public http or https address to POST to when the job is over; ignored by estimates.
    #[schema(example = "https://example.com/webhooks/bgless")]
    pub callback_url: Option<String>,
    /// Signs the webhooks of this job. Without it the account's secret signs them, if there is one.
    pub callback_secret: Option<String>,
}

/// Overrides of settings that the keyer detects.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = KeySettings)]
pub struct KeyIn {
    /// The screen's colour, instead of the one found; a screen is then keyed even where none would
    /// have been found. White, grey and black are refused.
    #[schema(example = "#00b140", pattern = "^#[0-9a-fA-F]{6}$")]
    pub screen_color: Option<String>,
    /// Alpha up to this becomes 0, and higher values are stretched: removes remains of the screen.
    /// Default: 0.
    #[schema(minimum = 0, maximum = 1)]
    pub black_point: Option<f64>,
    /// Alpha from this value becomes 1: fills holes in the subject. Above `blackPoint`. Default: 1.
    #[schema(minimum = 0, maximum = 1)]
    pub white_point: Option<f64>,
    /// Share of the detected spill on the subject that is removed. Default: 1.
    #[schema(minimum = 0, maximum = 1)]
    pub spill_strength: Option<f64>,
    /// Garbage matte for the set, the regions beside the screen that never move: `auto` makes those
    /// transparent that do not reach the lower border of the picture, `all` all of them, `off`
    /// none. Default: `auto`.
    #[schema(example = "auto", pattern = "^(auto|all|off)$")]
    pub garbage_matte: Option<String>,
}

#[cfg(test)]
pub const CREATE_JOB_LIMITS: &[Limits] = &[
    ("JobInput", "durationSec", |field| {
        let field = limits::object(field);
        field.exclusive_minimum = Some(0_u64.into());
        field.maximum = Some((SOURCE_DURATION_MS_MAX / 1_000).into());
    }),
    ("JobInput", "prompt", |field| limits::not_blank(field, PROMPT_CHARS_MAX)),
    ("JobOptions", "callbackSecret", |field| limits::characters(field, SECRET_CHARS_MAX)),
    ("JobOptions", "outputs", |list| limits::items(list, Some(Output::ALL.len()))),
];
