//! A customer's job: its parameters and its state.

use serde::{Deserialize, Serialize};
use shared::composition::Composition;
use shared::id::{AccountId, ApiKeyId, JobId, LeaseId};
use shared::keying::KeySettings;
use shared::media::{MediaFacts, Output, PixelSize, Preset};
use shared::names;
use shared::price::{ASSUMED_RESOLUTION, Resolution};
use shared::qa::{PreviewAsset, QaReport};
use shared::report::{AttemptStage, OutputAsset};
use shared::source::Source;
use shared::source_alpha::SourceAlpha;
use shared::strategy::Strategy;
use shared::strategy::StrategyChoice;
use shared::time::UnixMillis;

use super::dialect::DialectPolicy;
use super::failure::JobFailure;
use super::generation::GenerationRequest;
use super::model::Model;
use super::pause::doubling_pause_ms;
use super::run::{Lease, RunRef};

/// Claims that a run may have before it is given up.
pub const ATTEMPTS_MAX: u32 = 3;
/// Most give-backs of a run for faults of transcoders' machines.
pub const GIVE_BACKS_MAX: u32 = 8;
/// A queued run whose task was not claimed by then gets another one. Longer than a busy queue
/// usually takes, since a needless task costs one refused claim.
/// Units: milliseconds.
pub const TASK_DUE_AFTER_MS: u64 = 5 * 60 * 1_000;
/// A run that no transcoder took for so long fails.
/// Units: milliseconds. 24 hours.
pub const QUEUE_TIMEOUT_MS: u64 = 24 * 60 * 60 * 1_000;
/// Greatest age of a lease: it is not extended further, so that a transcoder that sends heartbeats
/// while its work hangs loses it.
/// Units: milliseconds. Six hours, far above the transcoders' own limit.
pub const LEASE_AGE_MS_MAX: u64 = 6 * 60 * 60 * 1_000;
/// A deleted job's objects are removed again after this time, when its transcoder has stopped
/// storing outputs.
/// Units: milliseconds. A quarter of an hour.
pub const REMOVE_OBJECTS_AFTER_MS: u64 = 15 * 60 * 1_000;
/// Lifetime of a signed file URL.
/// Units: milliseconds. 24 hours.
pub const FILE_URL_LIFETIME_MS: u64 = 24 * 60 * 60 * 1_000;

names! {
    /// The state of a job.
    JobState {
        /// A draft: nothing is reserved, and nothing happens until it is started.
        Created = "created",
        Queued = "queued",
        /// A provider has it.
        Submitted = "submitted",
        /// A provider works on it.
        Processing = "processing",
        Transcoding = "transcoding",
        Success = "success",
        Failed = "failed",
        Canceled = "canceled",
    }
}

/// The pause before the next task of a run that came back `returns` times. The first task is sent
/// at once; eight give-backs take a quarter of an hour, enough for a disk or a bucket to come back.
/// Units: milliseconds.
pub fn return_pause_ms(returns: u32) -> u64 {
    if returns < 2 { 0 } else { doubling_pause_ms(returns - 1) }
}

impl JobState {
    /// Whether the run has ended.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Success | Self::Failed | Self::Canceled)
    }
}

/// The parameters of the outputs.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JobOptions {
    pub preset: Preset,
    /// Take more time for better edges.
    pub refine_edges: bool,
    /// Keying parameters for experts.
    pub key: KeySettings,
    /// Representation of the source's colours: straight, or multiplied by alpha.
    pub source_alpha: SourceAlpha,
    /// Outputs are no larger than that.
    pub resolution: Option<Resolution>,
    /// Which of the operator's matting models; the first that works where nothing is said.
    pub matting_model: Option<String>,
    /// The canvas, backdrop and placement of the subject.
    pub composition: Composition,
    /// A longer source is refused.
    pub source_duration_ms_max: Option<u64>,
}

impl JobOptions {
    /// The resolution class of the price: that of the outputs, not of the source.
    pub fn paid_resolution(&self, size: PixelSize) -> Resolution {
        let own = Resolution::of(self.composition.canvas.unwrap_or(size));
        self.resolution.map_or(own, |limit| own.min(limit))
    }

    /// The resolution class that is reserved before the source is probed: that of the canvas if
    /// there is one, else the largest that the caller allows, else `ASSUMED_RESOLUTION`.
    pub fn assumed_resolution(&self) -> Resolution {
        let of_canvas = self.composition.canvas.map(|canvas| self.paid_resolution(canvas));
        of_canvas.or(self.resolution).unwrap_or(ASSUMED_RESOLUTION)
    }
}

/// A job about to be created. Everything in it has been checked.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    pub id: JobId,
    pub account_id: AccountId,
    pub api_key_id: ApiKeyId,
    pub policy: DialectPolicy,
    pub model: Model,
    pub start: Start,
    /// A picture of the background without the subject.
    pub background: Option<Source>,
    /// The sound of a portrait, whose source is a picture.
    pub sound: Option<Source>,
    /// The first frame, or the face, of a video that a provider generates.
    pub prompt_image: Option<Source>,
    /// The speech of that face.
    pub prompt_sound: Option<Source>,
    pub outputs: Vec<Output>,
    pub options: JobOptions,
    /// The caller's own data, as JSON.
    pub metadata_json: Option<String>,
    /// The parts of the request that only its dialect understands, as JSON.
    pub dialect_request_json: Option<String>,
    /// The caller's id of the request.
    pub request_id: Option<String>,
    pub callback: Option<Callback>,
    pub reserved_credits: u64,
    pub created_at_ms: UnixMillis,
}

/// A draft, or a run that failed, about to be queued. Everything in it has been checked.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRun {
    /// The run as it was seen; another one is not touched.
    pub seen: RunRef,
    /// The key that starts it, and whose quota it counts against.
    pub api_key_id: ApiKeyId,
    /// The month whose quota the run counts against: the present one.
    pub month: String,
    pub model: Model,
    pub outputs: Vec<Output>,
    pub options: JobOptions,
    pub dialect_request_json: Option<String>,
    pub callback: Option<Callback>,
    pub reserved_credits: u64,
}

/// The source of a new job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// A video, or the picture of a portrait, that exists.
    Source(Source),
    /// A video that a provider is to generate.
    Generation(Box<GenerationRequest>),
}

/// The webhook receiver of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    pub url: String,
    /// Encrypted, `secret_box`.
    pub secret_box: Option<String>,
}

/// A job as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    pub id: JobId,
    pub account_id: AccountId,
    pub api_key_id: ApiKeyId,
    /// The name of the dialect that the job was created through.
    pub dialect: String,
    /// Whether receivers get an event when the work starts.
    pub notifies_start: bool,
    /// Number of the current start: 0 for a draft.
    pub run: u32,
    pub state: JobState,
    pub model: Model,
    /// None until a provider has generated it.
    pub source: Option<Source>,
    /// A picture of the background without the subject.
    pub background: Option<Source>,
    /// The sound of a portrait, whose source is a picture.
    pub sound: Option<Source>,
    /// The first frame, or the face, of a video that a provider generates.
    pub prompt_image: Option<Source>,
    /// The speech of that face.
    pub prompt_sound: Option<Source>,
    pub outputs: Vec<Output>,
    pub options: JobOptions,
    /// The caller's own data, as JSON.
    pub metadata_json: Option<String>,
    /// The parts of the request that only its dialect understands, as JSON.
    pub dialect_request_json: Option<String>,
    /// The caller's id of the request.
    pub request_id: Option<String>,
    pub callback: Option<Callback>,
    pub reserved_credits: u64,
    /// Credits that the run holds or has cost: its reserve; 0 for a draft and after a refund.
    pub charged_credits: u64,
    pub stage: Option<AttemptStage>,
    pub progress_percent: u8,
    pub attempt: u32,
    pub lease: Option<Lease>,
    pub facts: Option<MediaFacts>,
    pub strategy: Option<Strategy>,
    /// Why that strategy.
    pub choice: Option<StrategyChoice>,
    pub assets: Vec<OutputAsset>,
    pub previews: Vec<PreviewAsset>,
    pub qa_report: Option<QaReport>,
    pub failure: Option<JobFailure>,
    pub created_at_ms: UnixMillis,
    pub updated_at_ms: UnixMillis,
    pub ended_at_ms: Option<UnixMillis>,
}

/// The results of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptOutputs {
    pub strategy: Strategy,
    pub assets: Vec<OutputAsset>,
    pub previews: Vec<PreviewAsset>,
    pub qa_report: Option<Box<QaReport>>,
}

impl Job {
    /// Whether it waits to be started, or may be started again.
    pub const fn is_startable(&self) -> bool {
        matches!(self.state, JobState::Created | JobState::Failed)
    }

    /// The prefix of the objects of one lease. Leases never share a prefix, so a late one
    /// overwrites nothing.
    pub fn object_prefix(&self, lease_id: LeaseId) -> String {
        format!("{}{lease_id}/", self.outputs_prefix())
    }

    /// The prefix of every object that was ever made for the job.
    pub fn outputs_prefix(&self) -> String {
        format!("outputs/{}/{}/", self.account_id, self.id)
    }
}
