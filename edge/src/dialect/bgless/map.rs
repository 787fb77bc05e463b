//! Between the wire of the bgless API and the domain, both ways. Pure.

pub mod account;
mod qa;

use serde_json::{Map, Value};
use shared::media::{Output, Preset, SOURCE_DURATION_MS_MAX};
use shared::price::Resolution;
use shared::report::{Strategy, StrategyRequest};
use shared::time::UnixMillis;

use self::account::quota_out;
use self::qa::qa_report_out;
use super::wire::{
    AssetOut, CreateJobIn, CreateJobQuery, CreateUploadIn, EstimateOut, EventOut, JobErrorOut, JobOut, PreviewOut, SourceOut,
    UploadHeaders, UploadOut,
};
use crate::app::create_upload::UploadTicket;
use crate::app::download_output::sign_object_url;
use crate::app::estimate_job::{Estimate, EstimateRequest};
use crate::app::ports::{Delivery, Ports};
use crate::app::submit_job::JobRequest;
use crate::domain::error::Error;
use crate::domain::job::{Dialect, Job, JobOptions, JobState};
use crate::domain::model::{self, Mode, Model};
use crate::domain::upload;
use crate::domain::webhook::SECRET_CHARS_MAX;

/// Units: bytes.
pub const METADATA_SIZE_BYTES_MAX: usize = 4 * 1024;
/// How long `wait=true` waits when nobody says.
/// Units: seconds.
pub const WAIT_S: u64 = 30;
pub const WAIT_S_MAX: u64 = 60;

/// How a caller may want the matte made, and how it may have been made.
pub const STRATEGY_REQUESTS: [(&str, StrategyRequest); 3] = [
    ("auto", StrategyRequest::Auto),
    ("chroma-key", StrategyRequest::ChromaKey),
    ("preserve-source-alpha", StrategyRequest::PreserveSourceAlpha),
];
pub const STRATEGIES: [Strategy; 2] = [Strategy::SourceAlpha, Strategy::ChromaKey];

/// The two forms of an upload request.
#[derive(Debug, PartialEq, Eq)]
pub enum UploadRequest {
    File { file_name: String, content_type: String, size_bytes: u64 },
    Hosted { url: String },
}

pub fn upload_request(body: CreateUploadIn) -> Result<UploadRequest, Error> {
    if let Some(url) = body.url {
        return Ok(UploadRequest::Hosted { url });
    }
    Ok(UploadRequest::File {
        file_name: body.filename.ok_or_else(|| missing("filename", "Or send `url` for a file that lies elsewhere."))?,
        content_type: body.content_type.ok_or_else(|| missing("contentType", "For instance `video/mp4`."))?,
        size_bytes: body.size_bytes.ok_or_else(|| missing("sizeBytes", "The exact size of the file."))?,
    })
}

pub fn ticket_out(ticket: UploadTicket) -> UploadOut {
    UploadOut {
        upload_url: Some(ticket.upload_url),
        file_url: ticket.file_url,
        method: Some("PUT"),
        headers: Some(UploadHeaders { content_type: ticket.content_type }),
        file_url_expires_at: Some(ticket.file_url_expires_at_ms.to_iso_8601()),
        retained_until: Some(ticket.retained_until_ms.to_iso_8601()),
        size_bytes: Some(ticket.size_bytes),
        uploaded: false,
        direct_upload: true,
    }
}

pub fn hosted_out(url: String) -> UploadOut {
    UploadOut {
        upload_url: None,
        file_url: url,
        method: None,
        headers: None,
        file_url_expires_at: None,
        retained_until: None,
        size_bytes: None,
        uploaded: true,
        direct_upload: false,
    }
}

/// What creating and estimating have in common.
struct Choice {
    model: Model,
    mode: Mode,
    outputs: Vec<Output>,
    duration_ms: Option<u64>,
    options: JobOptions,
    video_url: Option<String>,
    metadata_json: Option<String>,
    callback_url: Option<String>,
    callback_secret: Option<String>,
}

fn choice(body: CreateJobIn) -> Result<Choice, Error> {
    let input = body.input.ok_or_else(|| missing("input", "Says what the job works on."))?;
    let options = body.options.unwrap_or_default();
    let mode = input.mode.ok_or_else(|| missing("input.mode", "`video`, `text` or `image`."))?;
    let mode = Mode::find(&mode).ok_or_else(|| refused("input.mode", "Must be `video`, `text` or `image`."))?;
    let model = body.model.as_deref().map(|name| {
        let known = || Model::ALL.map(|model| format!("`{}`", model.as_str())).join(", ");
        Model::find(name).ok_or_else(|| Error::InvalidRequest { field: "model", message: format!("Must be one of {}.", known()) })
    });
    let strategy = input.alpha_strategy.as_deref().map(|name| {
        let found = STRATEGY_REQUESTS.into_iter().find(|(known, _)| *known == name);
        found
            .map(|(_, strategy)| strategy)
            .ok_or_else(|| refused("input.alphaStrategy", "Must be `auto`, `chroma-key` or `preserve-source-alpha`."))
    });
    let resolution = input
        .resolution
        .as_deref()
        .map(|name| Resolution::find(name).ok_or_else(|| refused("input.resolution", "Must be `720p`, `1080p` or `2160p`.")));
    let preset = options
        .preset
        .as_deref()
        .map(|name| Preset::find(name).ok_or_else(|| refused("options.preset", "Must be `web-app`, `editing` or `social`.")));
    Ok(Choice {
        model: model::resolve(model.transpose()?, strategy.transpose()?, mode)?,
        mode,
        outputs: outputs(options.outputs)?,
        duration_ms: input.duration_sec.map(duration_ms).transpose()?,
        options: JobOptions {
            preset: preset.transpose()?.unwrap_or_default(),
            refine_edges: input.refine_edges.unwrap_or(false),
            resolution: resolution.transpose()?,
        },
        video_url: input.video_url,
        metadata_json: body.metadata.map(metadata_json).transpose()?,
        callback_url: options.callback_url,
        callback_secret: options.callback_secret.map(callback_secret).transpose()?,
    })
}

fn callback_secret(secret: String) -> Result<String, Error> {
    if (1..=SECRET_CHARS_MAX).contains(&secret.chars().count()) {
        return Ok(secret);
    }
    Err(Error::InvalidRequest {
        field: "options.callbackSecret",
        message: format!("Must have 1 to {SECRET_CHARS_MAX} characters."),
    })
}

fn metadata_json(metadata: Map<String, Value>) -> Result<String, Error> {
    let text = Value::Object(metadata).to_string();
    if text.len() > METADATA_SIZE_BYTES_MAX {
        return Err(Error::InvalidRequest {
            field: "metadata",
            message: format!("Must have at most {METADATA_SIZE_BYTES_MAX} bytes as JSON."),
        });
    }
    Ok(text)
}

/// How long an answer may be held back.
/// Units: milliseconds; none when nobody asked.
pub fn wait_ms(query: &CreateJobQuery) -> Result<Option<u64>, Error> {
    let timeout_s = query.timeout.unwrap_or(WAIT_S);
    if !(1..=WAIT_S_MAX).contains(&timeout_s) {
        return Err(Error::InvalidRequest { field: "timeout", message: format!("Must be from 1 to {WAIT_S_MAX}.") });
    }
    Ok(query.wait.unwrap_or(false).then_some(timeout_s * 1_000))
}

pub fn job_request(body: CreateJobIn) -> Result<JobRequest, Error> {
    let Choice { model, mode, outputs, duration_ms, options, video_url, metadata_json, callback_url, callback_secret } =
        choice(body)?;
    if let Some(reason) = model.card().unavailable {
        return Err(Error::ModelUnavailable(reason));
    }
    let video_url = video_url.filter(|_| mode == Mode::Video);
    let video_url = video_url.ok_or_else(|| missing("input.videoUrl", "The `fileUrl` of an upload, or a public URL."))?;
    Ok(JobRequest {
        dialect: Dialect::Bgless,
        model,
        video_url,
        outputs,
        duration_ms,
        options,
        metadata_json,
        callback_url,
        callback_secret,
    })
}

pub fn estimate_request(body: CreateJobIn) -> Result<EstimateRequest, Error> {
    let Choice { model, outputs, duration_ms, options, .. } = choice(body)?;
    Ok(EstimateRequest { model, duration_ms, resolution: options.resolution, output_count: outputs.len() })
}

pub fn estimate_out(estimate: &Estimate) -> EstimateOut {
    EstimateOut {
        provider: estimate.model.card().provider,
        model: estimate.model.as_str(),
        credits: estimate.credits,
        eta_sec: estimate.work_ms.div_ceil(1_000),
        remaining_credits: estimate.purse.balance_credits,
        quota: quota_out(estimate.purse, estimate.quota_resets_at_ms),
        can_afford: estimate.can_afford,
    }
}

pub fn job_state(name: &str) -> Result<JobState, Error> {
    JobState::find(name).ok_or_else(|| refused("status", "Must be `queued`, `transcoding`, `success`, `failed` or `canceled`."))
}

/// What a receiver is told: the job as it would be read now, so that its file URLs are fresh at each try.
pub fn event_body(ports: &impl Ports, delivery: &Delivery, job: &Job) -> Result<String, Error> {
    let event = EventOut {
        id: delivery.id.to_string(),
        event: delivery.event.clone(),
        timestamp: delivery.created_at_ms.to_iso_8601(),
        data: job_out(ports, job),
    };
    serde_json::to_string(&event).map_err(|error| Error::Internal(format!("cannot write an event: {error}")))
}

/// Reads the name of an output in `field`.
pub fn output(field: &'static str, name: &str) -> Result<Output, Error> {
    let known = || Output::ALL.iter().map(|output| format!("`{output}`")).collect::<Vec<_>>().join(", ");
    name.parse().map_err(|_| Error::InvalidRequest { field, message: format!("Must be one of {}.", known()) })
}

fn outputs(names: Option<Vec<String>>) -> Result<Vec<Output>, Error> {
    const FIELD: &str = "options.outputs";
    // Who names nothing wants what plays in a browser.
    let Some(names) = names else { return Ok(vec![Output::WebmVp9Alpha]) };
    let outputs = names.iter().map(|name| output(FIELD, name)).collect::<Result<Vec<_>, _>>()?;
    if outputs.is_empty() {
        return Err(refused(FIELD, "Must name at least one output."));
    }
    if outputs.iter().enumerate().any(|(index, output)| outputs.iter().take(index).any(|earlier| earlier == output)) {
        return Err(refused(FIELD, "Must not name an output twice."));
    }
    Ok(outputs)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the value was compared with both bounds")]
#[expect(clippy::cast_precision_loss, reason = "the bound is far below 2^53")]
fn duration_ms(seconds: f64) -> Result<u64, Error> {
    let millis = seconds * 1_000.0;
    if millis > 0.0 && millis <= SOURCE_DURATION_MS_MAX as f64 {
        return Ok(millis.ceil() as u64);
    }
    Err(Error::InvalidRequest {
        field: "input.durationSec",
        message: format!("Must be above 0 and at most {}.", SOURCE_DURATION_MS_MAX / 1_000),
    })
}

pub fn job_out(ports: &impl Ports, job: &Job) -> JobOut {
    let settings = ports.settings();
    let assets = job.assets.iter().map(|asset| {
        let (url, expires_at_ms) = sign_object_url(ports, &asset.object_key, asset.size_bytes);
        AssetOut {
            format: asset.output.as_str(),
            url,
            expires_at: expires_at_ms.to_iso_8601(),
            content_type: asset.output.content_type(),
            size_bytes: asset.size_bytes,
            width: asset.size.width,
            height: asset.size.height,
            duration_sec: seconds(asset.duration_ms),
            frame_count: asset.frame_count,
            has_audio: asset.has_audio,
        }
    });
    let previews = job.previews.iter().map(|preview| {
        let (url, expires_at_ms) = sign_object_url(ports, &preview.object_key, preview.size_bytes);
        PreviewOut {
            kind: preview.kind.as_str(),
            url,
            expires_at: expires_at_ms.to_iso_8601(),
            content_type: preview.kind.content_type(),
            size_bytes: preview.size_bytes,
            width: preview.size.map(|size| size.width),
            height: preview.size.map(|size| size.height),
        }
    });
    JobOut {
        id: job.id.to_string(),
        status: job.state.as_str(),
        progress: job.progress_percent,
        stage: job.stage.map(shared::report::Stage::as_str),
        model: job.model.as_str(),
        alpha_strategy: job.strategy.map(strategy_name),
        outputs: job.outputs.iter().map(|output| output.as_str()).collect(),
        preset: job.options.preset.as_str(),
        refine_edges: job.options.refine_edges,
        resolution: job.options.resolution.map(Resolution::as_str),
        // What the job holds or has cost: nothing, once it came back.
        credits: match job.state {
            JobState::Failed | JobState::Canceled => 0,
            JobState::Queued | JobState::Transcoding | JobState::Success => job.reserved_credits,
        },
        api_key_id: job.api_key_id.to_string(),
        metadata: job.metadata_json.as_deref().and_then(|text| serde_json::from_str(text).ok()),
        source: job.facts.as_ref().map(|facts| SourceOut {
            container: facts.container.clone(),
            video_codec: facts.video_codec.clone(),
            width: facts.size.width,
            height: facts.size.height,
            duration_sec: seconds(facts.duration_ms),
            frame_rate: facts.frame_rate.as_f64(),
            has_alpha: facts.has_alpha,
            has_audio: facts.has_audio,
        }),
        output_assets: assets.collect(),
        preview_assets: previews.collect(),
        qa_report: job.qa_report.as_ref().map(qa_report_out),
        error: job.failure.as_ref().map(|failure| JobErrorOut { code: failure.code.as_str(), message: failure.message.clone() }),
        poll_url: format!("{}/v1/jobs/{}", settings.public_base_url, job.id),
        created_at: job.created_at_ms.to_iso_8601(),
        updated_at: job.updated_at_ms.to_iso_8601(),
        ended_at: job.ended_at_ms.map(UnixMillis::to_iso_8601),
        source_retained_until: upload::created_at(&job.source).map(|at| at.plus_ms(settings.source_retention_ms).to_iso_8601()),
        retained_until: job.ended_at_ms.map(|at| at.plus_ms(settings.output_retention_ms).to_iso_8601()),
    }
}

pub const fn strategy_name(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::SourceAlpha => "preserve-source-alpha",
        Strategy::ChromaKey => "chroma-key",
    }
}

#[expect(clippy::cast_precision_loss, reason = "durations are far below 2^53")]
fn seconds(duration_ms: u64) -> f64 {
    duration_ms as f64 / 1_000.0
}

fn refused(field: &'static str, message: &str) -> Error {
    Error::InvalidRequest { field, message: message.to_owned() }
}

fn missing(field: &'static str, hint: &str) -> Error {
    Error::InvalidRequest { field, message: format!("Is required. {hint}") }
}
