//! The QA report: quality figures of a result, warnings, and how the figures were measured.
//!
//! One shape throughout: the transcoder writes it, the edge stores it and returns it, and it is
//! also a file among the previews. `docs/quality.md` defines the figures.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::media::{Output, PixelSize, PreviewKind};
use crate::strategy::StrategyChoice;

/// Written instead of an infinite ratio: not one bit differs.
/// Units: dB.
pub const PSNR_DB_LOSSLESS: f64 = 99.0;

/// Quality figures of a result. Every figure is measured on the delivered files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QaReport {
    /// Of the whole.
    #[cfg_attr(feature = "openapi", schema(maximum = 100))]
    pub score: u8,
    /// The measured errors that the score combines.
    #[serde(default)]
    pub score_terms: Vec<ScoreTerm>,
    /// The strategy of the matte, why it was chosen, and which others were examined; null where
    /// that is not known.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub choice: Option<StrategyChoice>,
    /// Figures of the matte.
    pub matte: MatteFigures,
    /// In the order asked for.
    pub outputs: Vec<OutputFigures>,
    /// Possible faults that people should look at.
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
    /// For programs; never renamed: `reconstruction`, `spill`, `flicker`, `translucency`, `holes`,
    /// `softness`, `foreign`, `lacking`.
    pub term: String,
    /// 0 to 1, root mean square over the subject.
    pub error: f64,
}

/// Figures of the matte over all frames. Ratios are 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MatteFigures {
    /// Mean alpha: the share of the picture that the subject covers.
    pub coverage: f64,
    /// Share of pixels that are neither opaque nor clear (alpha 6 to 249).
    pub soft_share: f64,
    /// Mean deviation of alpha from the frames before and after where those two agree, over all
    /// pixels that are not transparent in all three; with a screen, over those where the source
    /// does not move.
    pub flicker: f64,
    /// Excess of the screen's channel (green or blue) over the other channels in soft pixels,
    /// compared with opaque pixels, weighted by alpha.
    pub spill_residue: f64,
    /// Area of transparent patches that the subject encloses and that are smaller than a hundredth
    /// of it, over the subject's area. Patches where the source shows the screen do not count.
    pub holes: f64,
    /// Share of frames in which the subject reaches the frame's edge.
    pub edge_contact: f64,
    /// Opaque minus alpha just inside sharp outlines, root mean square over them: above 0 where a
    /// solid body is translucent.
    #[serde(default)]
    pub translucency: f64,
    /// Share of the subject, as the source shows it, that is transparent in the result. Null where
    /// there is no screen.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub missing_share: Option<f64>,
    /// Share of what is visible in the result that is screen in the source. Null where there is no
    /// screen.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub screen_left_share: Option<f64>,
    /// Difference of the result, composited over the screen again, from the source: as an error of
    /// alpha, root mean square over the subject. Null without a screen.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub reconstruction_error: Option<f64>,
    /// Squared alpha where a second opinion is sure of background, over the subject's area. Null
    /// with a screen, and where there is no second opinion.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub foreign_share: Option<f64>,
    /// Squared lack of alpha where a second opinion is sure of the subject, over its area. Null
    /// with a screen, and where there is no second opinion.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub lacking_share: Option<f64>,
    /// Luma of the brightest 5 % of the screen less that of the darkest 5 %, over its mean. Null
    /// without a screen.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub screen_unevenness: Option<f64>,
}

/// Figures of one output, decoded again and compared with the frames that were encoded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OutputFigures {
    /// The kind of the output.
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
    /// Start of the sound less the start of the picture; null where there is no sound.
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

/// The duration of a stage.
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
    /// Its kind, which implies the content type.
    pub kind: PreviewKind,
    /// Where it is.
    pub object_key: String,
    /// Its size.
    pub size_bytes: u64,
    /// Its picture size; none where it is no picture.
    #[serde(default)]
    pub size: Option<PixelSize>,
}
