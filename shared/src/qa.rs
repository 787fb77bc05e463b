//! What is said about a finished job's quality: figures, warnings, and how they were come by.
//!
//! Every figure is measured on what was delivered; none is estimated. Ratios are 0 to 1.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::media::{Output, PixelSize, Preset, PreviewKind};
use crate::report::Strategy;

/// Written instead of an infinite ratio: not one bit differs.
/// Units: dB.
pub const PSNR_DB_LOSSLESS: f64 = 99.0;

/// How good a result is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QaReport {
    /// Of the whole, 0 to 100.
    pub score: u8,
    /// How the matte was made.
    pub strategy: Strategy,
    /// Sizes, rates and qualities were taken from it.
    pub preset: Preset,
    /// About the matte.
    pub matte: MatteFigures,
    /// About each output, in the order asked for.
    pub outputs: Vec<OutputFigures>,
    /// What people should look at.
    pub warnings: Vec<QaWarning>,
    /// Program → version.
    pub tools: BTreeMap<String, String>,
    /// Where the time went, in the order begun.
    pub stages: Vec<StageTiming>,
}

/// What the matte looks like over all frames.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MatteFigures {
    /// Mean alpha: the share of the picture that the subject covers.
    pub coverage: f64,
    /// Share of pixels that are neither opaque nor clear (alpha 6 to 249).
    pub soft_share: f64,
    /// How far alpha strays from that of the frame before and the frame behind where those two agree, over all pixels that are
    /// not clear in all three.
    pub flicker: f64,
    /// How much greener, or bluer, soft pixels are than opaque ones, in excess of the other channels.
    pub spill_residue: f64,
    /// Area of clear patches that the subject encloses and that are smaller than a hundredth of it, over the subject's.
    pub holes: f64,
    /// Share of frames in which the subject reaches the frame's edge.
    pub edge_contact: f64,
}

/// What one output looks like when it is decoded again, beside the frames that were fed to its encoder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutputFigures {
    /// What it is.
    pub output: Output,
    /// Its picture.
    pub size: PixelSize,
    /// Frames a second.
    pub frame_rate: f64,
    /// Frames that came out of it.
    pub frames: u64,
    /// Its length.
    pub duration_ms: u64,
    /// Its size.
    pub size_bytes: u64,
    /// Alpha against the master's.
    pub alpha_psnr_db: f64,
    /// Colour over mid grey against the master's; none where the output has no colour.
    pub color_psnr_db: Option<f64>,
    /// How much later the sound begins than the picture; none where there is no sound.
    pub av_offset_ms: Option<i64>,
}

/// Something to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QaWarning {
    /// For programs; never renamed: `nothing_transparent`.
    pub code: String,
    /// For people: one sentence.
    pub message: String,
}

/// How long a stage took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StageTiming {
    /// Its name: `probing`, `encoding`, `verifying`.
    pub stage: String,
    /// Wall time.
    pub duration_ms: u64,
}

/// One stored preview, or the report as a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreviewAsset {
    /// What it is; says the content type too.
    pub kind: PreviewKind,
    /// Where it is.
    pub object_key: String,
    /// Its size.
    pub size_bytes: u64,
    /// Its picture size; none where it is no picture.
    #[serde(default)]
    pub size: Option<PixelSize>,
}
