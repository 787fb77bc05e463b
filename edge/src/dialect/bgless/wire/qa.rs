//! What a job's answer says of its quality.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::dialect::bgless::openapi::names::OutputFormat;

/// How good a result is. Every figure is measured on what was delivered.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = QaReport)]
pub struct QaReportOut {
    /// Of the whole.
    #[schema(maximum = 100)]
    pub score: u8,
    pub matte: MatteOut,
    /// In the order asked for.
    pub outputs: Vec<OutputFiguresOut>,
    /// What people should look at.
    pub warnings: Vec<QaWarningOut>,
    /// Program and version.
    pub tools: BTreeMap<String, String>,
    /// Where the time went, in the order begun.
    pub stages: Vec<StageOut>,
}

/// What the matte looks like over all frames. Ratios are 0 to 1.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MatteFigures)]
pub struct MatteOut {
    /// Mean alpha: the share of the picture that the subject covers.
    pub coverage: f64,
    /// Share of pixels that are neither opaque nor clear.
    pub soft_share: f64,
    /// How far alpha strays from the mean of its neighbours in time.
    pub flicker: f64,
    /// How much of the screen's hue soft pixels have left.
    pub spill_residue: f64,
    /// Area of small clear patches that the subject encloses, over the subject's.
    pub holes: f64,
    /// Share of frames in which the subject reaches the frame's edge.
    pub edge_contact: f64,
}

/// How well an output keeps the master.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OutputFigures)]
pub struct OutputFiguresOut {
    #[schema(value_type = OutputFormat)]
    pub format: &'static str,
    pub width: u32,
    pub height: u32,
    /// Frames a second.
    pub frame_rate: f64,
    pub frame_count: u64,
    pub duration_sec: f64,
    pub size_bytes: u64,
    /// Alpha against the master's, in dB; 99 when not one bit differs.
    pub alpha_psnr_db: f64,
    /// Colour over mid grey against the master's, in dB; null where the output has no colour.
    #[schema(required)]
    pub color_psnr_db: Option<f64>,
    /// How much later the sound begins than the picture; null where there is no sound.
    #[schema(required)]
    pub av_offset_ms: Option<i64>,
}

/// Something to look at.
#[derive(Serialize, ToSchema)]
#[schema(as = QaWarning)]
pub struct QaWarningOut {
    /// For programs; never renamed.
    pub code: String,
    /// For people: one sentence.
    pub message: String,
}

/// How long a stage took.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StageTiming)]
pub struct StageOut {
    pub stage: String,
    pub duration_ms: u64,
}
