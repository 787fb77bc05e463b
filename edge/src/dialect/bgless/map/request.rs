//! Reads a job request, field by field.

use shared::color::HexColor;
use shared::keying::{GarbageMatte, KeySettings};
use shared::media::{Output, Preset, SOURCE_DURATION_MS_MAX};
use shared::price::Resolution;
use shared::source_alpha::SourceAlpha;
use shared::strategy::StrategyRequest;

use super::missing;
use crate::app::estimate_job::EstimateRequest;
use crate::app::submit_job::{JobInput, JobRequest};
use crate::app::wait_for_job::{WAIT_S, WAIT_S_MAX};
use crate::dialect::bgless::policy::POLICY;
use crate::dialect::bgless::wire::{CreateJobIn, CreateJobQuery, KeyIn};
use crate::domain::error::{Error, bounded};
use crate::domain::generation::{AspectRatio, DURATION_S_MAX, DURATION_S_MIN, PROMPT_CHARS_MAX};
use crate::domain::job::{JobOptions, JobState};
use crate::domain::model::{self, Mode, Model};
use crate::domain::webhook::SECRET_CHARS_MAX;
use crate::server::metadata::metadata_json;

/// The time for which the response waits for the end of the job.
/// Units: milliseconds; none without `wait=true`.
pub fn wait_ms(query: &CreateJobQuery) -> Result<Option<u64>, Error> {
    let timeout_s = bounded("timeout", query.timeout.unwrap_or(WAIT_S), 1..=WAIT_S_MAX)?;
    Ok(query.wait.unwrap_or(false).then_some(timeout_s * 1_000))
}

pub fn job_request(body: CreateJobIn) -> Result<JobRequest, Error> {
    let Choice {
        model,
        mode,
        outputs,
        duration_ms,
        options,
        video_url,
        image_url,
        background_url,
        prompt,
        aspect_ratio,
        metadata_json,
        callback_url,
        callback_secret,
    } = choice(body)?;
    if background_url.is_some() && mode != Mode::Video {
        return Err(Error::invalid("input.backgroundUrl", "Goes with `input.mode` `video` alone."));
    }
    let input = match mode {
        Mode::Video => {
            let url = video_url.ok_or_else(|| missing("input.videoUrl", "The `fileUrl` of an upload, or a public URL."))?;
            JobInput::Video { url }
        }
        Mode::Text => {
            let prompt = prompt.ok_or_else(|| missing("input.prompt", "Says what the video shows."))?;
            JobInput::Generation { prompt, image_url: None, aspect_ratio }
        }
        Mode::Image => {
            let url = image_url.ok_or_else(|| missing("input.imageUrl", "The `fileUrl` of an upload, or a public URL."))?;
            JobInput::Generation { prompt: prompt.unwrap_or_default(), image_url: Some(url), aspect_ratio }
        }
    };
    Ok(JobRequest {
        policy: POLICY,
        model,
        input,
        background_url,
        outputs,
        duration_ms,
        options,
        metadata_json,
        dialect_request_json: None,
        request_id: None,
        callback_url,
        callback_secret,
    })
}

pub fn estimate_request(body: CreateJobIn) -> Result<EstimateRequest, Error> {
    let Choice { model, outputs, duration_ms, options, .. } = choice(body)?;
    Ok(EstimateRequest { model, options, duration_ms, output_count: outputs.len() })
}

pub fn job_state(name: &str) -> Result<JobState, Error> {
    JobState::find(name).filter(|state| *state != JobState::Created).ok_or_else(|| {
        Error::invalid("status", "Must be `queued`, `submitted`, `processing`, `transcoding`, `success`, `failed` or `canceled`.")
    })
}

/// Reads the name of an output in `field`.
pub fn output(field: &'static str, name: &str) -> Result<Output, Error> {
    let known = || Output::ALL.iter().map(|output| format!("`{output}`")).collect::<Vec<_>>().join(", ");
    name.parse().map_err(|_| Error::invalid(field, format!("Must be one of {}.", known())))
}

/// The parsed members that creating and estimating both use.
struct Choice {
    model: Model,
    mode: Mode,
    outputs: Vec<Output>,
    duration_ms: Option<u64>,
    options: JobOptions,
    video_url: Option<String>,
    image_url: Option<String>,
    background_url: Option<String>,
    prompt: Option<String>,
    aspect_ratio: Option<AspectRatio>,
    metadata_json: Option<String>,
    callback_url: Option<String>,
    callback_secret: Option<String>,
}

fn choice(body: CreateJobIn) -> Result<Choice, Error> {
    let input = body
        .input
        .ok_or_else(|| missing("input", "Says what the job works on. RemoveBGVideo's clients send `video_url` instead."))?;
    let options = body.options.unwrap_or_default();
    let mode = input.mode.ok_or_else(|| missing("input.mode", "`video`, `text` or `image`."))?;
    let mode = Mode::find(&mode).ok_or_else(|| Error::invalid("input.mode", "Must be `video`, `text` or `image`."))?;
    let model = body.model.as_deref().map(|name| {
        let known = || Model::ALL.map(|model| format!("`{}`", model.as_str())).join(", ");
        model::parse_name(name).ok_or_else(|| {
            Error::invalid(
                "model",
                format!("Must be one of {}, or `local.onnx-matting/` and the id of a matting model.", known()),
            )
        })
    });
    let (model, matting_model) = model.transpose()?.unzip();
    let strategy = input.alpha_strategy.as_deref().map(|name| {
        let unknown = || {
            Error::invalid(
                "input.alphaStrategy",
                "Must be `auto`, `chroma-key`, `preserve-source-alpha`, `onnx-matting` or `static-camera`.",
            )
        };
        StrategyRequest::find(name).filter(|strategy| StrategyRequest::CHOICES.contains(strategy)).ok_or_else(unknown)
    });
    let resolution = input.resolution.as_deref().map(|name| {
        Resolution::find(name).ok_or_else(|| Error::invalid("input.resolution", "Must be `720p`, `1080p` or `2160p`."))
    });
    let preset = options.preset.as_deref().map(|name| {
        Preset::find(name).ok_or_else(|| Error::invalid("options.preset", "Must be `web-app`, `editing` or `social`."))
    });
    let source_alpha = options.source_alpha.as_deref().map(|name| {
        SourceAlpha::find(name)
            .ok_or_else(|| Error::invalid("options.sourceAlpha", "Must be `auto`, `straight` or `premultiplied`."))
    });
    Ok(Choice {
        model: model::resolve(model, strategy.transpose()?, mode)?,
        mode,
        outputs: outputs(options.outputs)?,
        duration_ms: input.duration_sec.map(|seconds| duration_ms(seconds, mode)).transpose()?,
        options: JobOptions {
            preset: preset.transpose()?.unwrap_or_default(),
            refine_edges: input.refine_edges.unwrap_or(false),
            source_alpha: source_alpha.transpose()?.unwrap_or_default(),
            key: options.key.map(key_settings).transpose()?.unwrap_or_default(),
            resolution: resolution.transpose()?,
            matting_model: matting_model.flatten(),
            ..JobOptions::default()
        },
        video_url: input.video_url,
        image_url: input.image_url,
        background_url: input.background_url,
        prompt: input.prompt.map(prompt).transpose()?,
        aspect_ratio: input.aspect_ratio.as_deref().map(aspect_ratio).transpose()?,
        metadata_json: body.metadata.map(metadata_json).transpose()?,
        callback_url: options.callback_url,
        callback_secret: options.callback_secret.map(callback_secret).transpose()?,
    })
}

fn key_settings(key: KeyIn) -> Result<KeySettings, Error> {
    let settings = KeySettings {
        screen_color: key.screen_color.map(|text| screen_color(&text)).transpose()?,
        black_point: key.black_point.map(|value| share("options.key.blackPoint", value)).transpose()?,
        white_point: key.white_point.map(|value| share("options.key.whitePoint", value)).transpose()?,
        spill_strength: key.spill_strength.map(|value| share("options.key.spillStrength", value)).transpose()?,
        garbage_matte: key.garbage_matte.map(|name| garbage_matte(&name)).transpose()?.unwrap_or_default(),
    };
    if settings.black_point.unwrap_or(0.0) >= settings.white_point.unwrap_or(1.0) {
        return Err(Error::invalid("options.key.whitePoint", "Must be above `options.key.blackPoint`."));
    }
    Ok(settings)
}

fn screen_color(text: &str) -> Result<HexColor, Error> {
    let color: HexColor = text
        .parse()
        .map_err(|_| Error::invalid("options.key.screenColor", "Must be `#` and six hexadecimal digits, such as `#00b140`."))?;
    if !color.has_hue() {
        return Err(Error::invalid("options.key.screenColor", "Must have a hue: white, grey and black cannot be keyed."));
    }
    Ok(color)
}

fn garbage_matte(name: &str) -> Result<GarbageMatte, Error> {
    GarbageMatte::find(name).ok_or_else(|| Error::invalid("options.key.garbageMatte", "Must be `auto`, `all` or `off`."))
}

#[expect(clippy::cast_possible_truncation, reason = "from 0 to 1, where single precision is plenty")]
fn share(field: &'static str, value: f64) -> Result<f32, Error> {
    bounded(field, value, 0.0..=1.0).map(|value| value as f32)
}

fn callback_secret(secret: String) -> Result<String, Error> {
    if (1..=SECRET_CHARS_MAX).contains(&secret.chars().count()) {
        return Ok(secret);
    }
    Err(Error::invalid("options.callbackSecret", format!("Must have 1 to {SECRET_CHARS_MAX} characters.")))
}

fn prompt(prompt: String) -> Result<String, Error> {
    if !prompt.trim().is_empty() && prompt.chars().count() <= PROMPT_CHARS_MAX {
        return Ok(prompt);
    }
    Err(Error::invalid("input.prompt", format!("Must have 1 to {PROMPT_CHARS_MAX} characters.")))
}

fn aspect_ratio(name: &str) -> Result<AspectRatio, Error> {
    AspectRatio::find(name).ok_or_else(|| Error::invalid("input.aspectRatio", "Must be `16:9`, `9:16` or `1:1`."))
}

fn outputs(names: Option<Vec<String>>) -> Result<Vec<Output>, Error> {
    const FIELD: &str = "options.outputs";
    // The default plays in every browser.
    let Some(names) = names else { return Ok(vec![Output::WebmVp9Alpha]) };
    let outputs = names.iter().map(|name| output(FIELD, name)).collect::<Result<Vec<_>, _>>()?;
    if outputs.is_empty() {
        return Err(Error::invalid(FIELD, "Must name at least one output."));
    }
    if outputs.iter().enumerate().any(|(index, output)| outputs.iter().take(index).any(|earlier| earlier == output)) {
        return Err(Error::invalid(FIELD, "Must not name an output twice."));
    }
    Ok(outputs)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the value was compared with both bounds")]
#[expect(clippy::cast_precision_loss, reason = "the bound is far below 2^53")]
fn duration_ms(seconds: f64, mode: Mode) -> Result<u64, Error> {
    let millis = seconds * 1_000.0;
    if mode != Mode::Video && !((DURATION_S_MIN as f64)..=(DURATION_S_MAX as f64)).contains(&seconds) {
        return Err(Error::invalid(
            "input.durationSec",
            format!("Must be from {DURATION_S_MIN} to {DURATION_S_MAX} for a video that is to be made."),
        ));
    }
    if millis > 0.0 && millis <= SOURCE_DURATION_MS_MAX as f64 {
        return Ok(millis.ceil() as u64);
    }
    Err(Error::invalid("input.durationSec", format!("Must be above 0 and at most {}.", SOURCE_DURATION_MS_MAX / 1_000)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn settings(key: &Value) -> Result<KeySettings, Error> {
        let body = json!({ "input": { "mode": "video" }, "options": { "key": key } });
        choice(serde_json::from_value(body).unwrap()).map(|choice| choice.options.key)
    }

    #[test]
    fn key_settings_are_taken_as_they_are() {
        let key = json!({ "screenColor": "#00B140", "blackPoint": 0.25, "whitePoint": 0.75, "spillStrength": 0, "garbageMatte": "all" });
        let expected = KeySettings {
            screen_color: Some(HexColor([0, 177, 64])),
            black_point: Some(0.25),
            white_point: Some(0.75),
            spill_strength: Some(0.0),
            garbage_matte: GarbageMatte::All,
        };
        assert_eq!(settings(&key).unwrap(), expected);
        assert_eq!(settings(&json!({})).unwrap(), KeySettings::default());
    }

    #[test]
    fn key_settings_outside_of_their_bounds_are_refused_by_name() {
        for (key, name) in [
            (json!({ "screenColor": "green" }), "options.key.screenColor"),
            (json!({ "blackPoint": -0.1 }), "options.key.blackPoint"),
            (json!({ "whitePoint": 1.5 }), "options.key.whitePoint"),
            (json!({ "spillStrength": 2 }), "options.key.spillStrength"),
            (json!({ "garbageMatte": "some" }), "options.key.garbageMatte"),
            (json!({ "screenColor": "#ffffff" }), "options.key.screenColor"),
            (json!({ "blackPoint": 0.5, "whitePoint": 0.5 }), "options.key.whitePoint"),
            (json!({ "blackPoint": 1 }), "options.key.whitePoint"),
        ] {
            assert!(matches!(settings(&key), Err(Error::InvalidRequest { field, .. }) if field == name), "{key}");
        }
    }

    #[test]
    fn the_storage_of_colours_is_taken_by_name_and_found_where_nothing_is_said() {
        let chosen = |options: &Value| {
            let body = json!({ "input": { "mode": "video" }, "options": options });
            choice(serde_json::from_value(body).unwrap()).map(|choice| choice.options.source_alpha)
        };
        assert_eq!(chosen(&json!({})).unwrap(), SourceAlpha::Auto);
        assert_eq!(chosen(&json!({ "sourceAlpha": "premultiplied" })).unwrap(), SourceAlpha::Premultiplied);
        let refused = chosen(&json!({ "sourceAlpha": "associated" }));
        assert!(matches!(refused, Err(Error::InvalidRequest { field: "options.sourceAlpha", .. })));
    }
}
