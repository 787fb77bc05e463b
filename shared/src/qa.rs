//! What is said about a result's quality: figures, warnings, and how they were come by.
//!
//! One shape: as the transcoder writes it, it is stored, listed as a file, and answered.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::media::{Output, PixelSize, PreviewKind};
use crate::strategy::StrategyChoice;

/// Written instead of an infinite ratio: not one bit differs.
/// Units: dB.
pub const PSNR_DB_LOSSLESS: f64 = 99.0;

/// How good a result is. Every figure is measured on what was delivered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QaReport {
    /// Of the whole.
    #[cfg_attr(feature = "openapi", schema(maximum = 100))]
    pub score: u8,
    /// What the score was made of.
    #[serde(default)]
    pub score_terms: Vec<ScoreTerm>,
    /// How the matte was made, why so, and what else was looked at; null where that is not known.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub choice: Option<StrategyChoice>,
    /// What the matte looks like.
    pub matte: MatteFigures,
    /// In the order asked for.
    pub outputs: Vec<OutputFigures>,
    /// What people should look at.
    pub warnings: Vec<QaWarning>,
    /// Program and version.
    pub tools: BTreeMap<String, String>,
    /// Where the time went, in the order begun.
    pub stages: Vec<StageTiming>,
}

/// One thing that was measured for the score, as an error of alpha that would disturb as much.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScoreTerm {
    /// For programs; never renamed: `reconstruction`, `spill`, `flicker`, `holes`, `softness`.
    pub term: String,
    /// 0 to 1, root mean square over the subject.
    pub error: f64,
}

/// What the matte looks like over all frames. Ratios are 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MatteFigures {
    /// Mean alpha: the share of the picture that the subject covers.
    pub coverage: f64,
    /// Share of pixels that are neither opaque nor clear (alpha 6 to 249).
    pub soft_share: f64,
    /// How far alpha strays from that of the frame before and the frame behind where those two
    /// agree, over all pixels that are not clear in all three; before a screen, over those that
    /// stand still in the source.
    pub flicker: f64,
    /// How much greener, or bluer, soft pixels are than opaque ones, in excess of the other
    /// channels; by how much of them is seen.
    pub spill_residue: f64,
    /// Area of clear patches that the subject encloses and that are smaller than a hundredth of it,
    /// over the subject's; less where the source shows the screen.
    pub holes: f64,
    /// Share of frames in which the subject reaches the frame's edge.
    pub edge_contact: f64,
    /// The result laid over the screen again, against the source: what is missing or too much, as
    /// an error of alpha, root mean square over the subject. Null where there is no screen.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub reconstruction_error: Option<f64>,
    /// How much brighter the screen is at its brightest than at its darkest, over its mean. Null
    /// where there is no screen.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub screen_unevenness: Option<f64>,
}

/// What one output looks like when it is decoded again, beside the frames that were fed to its
/// encoder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OutputFigures {
    /// What it is.
    #[cfg_attr(feature = "openapi", schema(schema_with = output_format))]
    pub format: Output,
    /// Of its picture, in pixels.
    pub width: u32,
    /// Of its picture, in pixels.
    pub height: u32,
    /// Frames a second.
    pub frame_rate: f64,
    /// Frames that came out of it.
    pub frame_count: u64,
    /// Its length.
    pub duration_sec: f64,
    /// Its size.
    pub size_bytes: u64,
    /// Alpha against the master's, in dB; 99 when not one bit differs, null where the output has no
    /// alpha.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub alpha_psnr_db: Option<f64>,
    /// Colour over mid grey against the master's, in dB; null where the output has no colour.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub color_psnr_db: Option<f64>,
    /// How much later the sound begins than the picture; null where there is no sound.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub av_offset_ms: Option<i64>,
}

/// The edge describes outputs by name, from the one list of them.
#[cfg(feature = "openapi")]
fn output_format() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
    utoipa::openapi::Ref::from_schema_name("OutputFormat").into()
}

/// Something to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QaWarning {
    /// For programs; never renamed: `nothing_transparent`.
    pub code: String,
    /// For people: one sentence.
    pub message: String,
}

/// How long a stage took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
