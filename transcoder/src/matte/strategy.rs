//! Chooses the strategy by which the matte of a clip is made.
//!
//! A strategy is one file in `strategy/` with a function `detect`, which examines the sampled clip
//! and returns confidence, reason and how alpha is made; [`detect`] is the list of them.

mod alpha_samples;
mod chroma_key;
mod onnx_matting;
mod portrait;
mod sampled_clip;
mod source_alpha;
mod static_camera;

use std::path::PathBuf;
use std::sync::Arc;

use keyer::KeyOptions;
use shared::code::JobErrorCode;
use shared::keying::KeySettings;
use shared::media::PixelSize;
use shared::source_alpha::SourceAlpha;
use shared::strategy::{Strategy, StrategyCandidate, StrategyChoice, StrategyRequest};
use shared::task::Pool;

use crate::error::{TaskError, TaskResult};
use crate::ffmpeg::probe::Probed;
use crate::ffmpeg::process::Tool;
use crate::frame::gamut::{WideGamut, from_bt709};
use crate::frame::raw_format::RawFormat;
use crate::matte::key_analysis::KeyingPasses;
use crate::matte::matting_step::MattingBackend;
use crate::matte::models::Catalog;
use crate::plan;
pub use onnx_matting::matte_samples;
pub use sampled_clip::{SampledClip, sample_size};

/// Source of alpha for the frames of one clip.
#[derive(Debug, Clone)]
pub enum AlphaSource {
    /// Frames are decoded with the source's own alpha; opaque where it has none.
    Decoded,
    /// Planar frames are keyed at the start of the frame pipeline, after a first pass over the
    /// clip.
    Keyed(KeyOptions),
    /// A backend mattes RGBA frames between decoder and frame pipeline.
    Matted(Arc<dyn MattingBackend>),
}

/// The chosen strategy and what it needs to make mattes.
#[derive(Debug, Clone)]
pub struct Matte {
    /// Its name in reports.
    pub strategy: Strategy,
    /// How it makes alpha.
    pub alpha: AlphaSource,
}

/// A chosen matte and the reasons for it.
#[derive(Debug)]
pub struct ChosenMatte {
    /// How the matte is made.
    pub matte: Matte,
    /// The choice as reports show it.
    pub choice: StrategyChoice,
    /// Whether the source's alpha is kept and its colours are multiplied by it.
    is_premultiplied: bool,
}

/// The caller's settings for the matte.
#[derive(Debug, Clone, PartialEq)]
pub struct MatteRequest {
    /// Strategies that may be used.
    pub strategy: StrategyRequest,
    /// Manual settings of the keyer.
    pub key: KeySettings,
    /// How the colours of a source with alpha are stored.
    pub source_alpha: SourceAlpha,
    /// Id of a matting model; the first usable one if none is named.
    pub matting_model: Option<String>,
    /// A clean plate: a picture of the background without the subject.
    pub background: Option<PathBuf>,
}

impl MatteRequest {
    /// A request without further settings.
    #[must_use]
    pub fn of(strategy: StrategyRequest) -> Self {
        Self {
            strategy,
            key: KeySettings::default(),
            source_alpha: SourceAlpha::default(),
            matting_model: None,
            background: None,
        }
    }
}

impl Matte {
    /// The source's own alpha, unexamined.
    pub const SOURCE_ALPHA: Self = Self { strategy: Strategy::SourceAlpha, alpha: AlphaSource::Decoded };

    /// Format in which the decoder writes frames.
    pub fn raw_format(&self, probed: &Probed) -> RawFormat {
        match self.alpha {
            AlphaSource::Decoded | AlphaSource::Matted(_) => RawFormat::Rgba,
            AlphaSource::Keyed(_) => plan::planar_format(probed),
        }
    }

    /// The backend that mattes frames before the frame pipeline.
    pub const fn backend(&self) -> Option<&Arc<dyn MattingBackend>> {
        match &self.alpha {
            AlphaSource::Matted(backend) => Some(backend),
            AlphaSource::Decoded | AlphaSource::Keyed(_) => None,
        }
    }

    /// The passes over the clip, where planar frames are keyed; `wide` is their gamut where that is
    /// not BT.709.
    /// Errors: `no_matte_strategy` where the given screen colour has no hue.
    pub fn keying(&self, raw_format: RawFormat, size: PixelSize, wide: Option<WideGamut>) -> TaskResult<Option<KeyingPasses>> {
        let (AlphaSource::Keyed(options), RawFormat::Planar(format)) = (&self.alpha, raw_format) else { return Ok(None) };
        // The colour is given in BT.709, but frames are keyed in the source's own gamut.
        let screen_color = options.screen_color.map(|color| wide.map_or(color, |wide| from_bt709(wide, color)));
        KeyingPasses::new(format, size, KeyOptions { screen_color, ..*options }).map(Some)
    }

    /// True if transparent pixels have the source's colour; else it is extrapolated and may be
    /// flattened.
    pub const fn keeps_transparent_colors(&self) -> bool {
        matches!(self.alpha, AlphaSource::Decoded)
    }
}

/// Result of examining a clip for one strategy.
#[derive(Debug)]
pub enum Detection {
    /// The strategy can be used.
    Fits {
        /// How it makes alpha.
        alpha: AlphaSource,
        /// Above 0, at most 1.
        confidence: f64,
        /// One sentence for people.
        reason: String,
        /// Id of the matting model that it uses.
        matting_model: Option<String>,
    },
    /// It cannot.
    DoesNotFit {
        /// Failure of a job that asks for this strategy alone.
        code: JobErrorCode,
        /// Above 0 where it may fit nevertheless; at most 1.
        confidence: f64,
        /// One sentence for people.
        reason: String,
    },
}

impl Detection {
    /// The strategy can be used, without a matting model.
    pub fn fits(alpha: AlphaSource, confidence: f64, reason: impl Into<String>) -> Self {
        Self::Fits { alpha, confidence, reason: reason.into(), matting_model: None }
    }

    /// The strategy cannot be used.
    pub fn does_not_fit(code: JobErrorCode, reason: impl Into<String>) -> Self {
        Self::DoesNotFit { code, confidence: 0.0, reason: reason.into() }
    }

    /// The footage is not suitable.
    pub fn unsuitable(reason: impl Into<String>) -> Self {
        Self::does_not_fit(JobErrorCode::NoMatteStrategy, reason)
    }
}

/// Every strategy's detection.
async fn detect(strategy: Strategy, clip: &SampledClip<'_>) -> TaskResult<Detection> {
    match strategy {
        Strategy::SourceAlpha => Ok(source_alpha::detect(clip)),
        Strategy::ChromaKey => chroma_key::detect(clip).await,
        Strategy::OnnxMatting => onnx_matting::detect(clip).await,
        Strategy::StaticCamera => static_camera::detect(clip).await,
        Strategy::Portrait => Ok(portrait::detect()),
    }
}

/// Chooses the first strategy that fits. Costly ones are examined only while none has fitted.
/// Errors: `no_source_alpha`, `no_matte_strategy`, those of a model or of a clean plate.
///
/// Notes in `probed` whether its colours are multiplied by alpha.
pub async fn choose(
    ffmpeg: Tool<'_>,
    models: &Arc<Catalog>,
    probed: &mut Probed,
    request: &MatteRequest,
) -> TaskResult<ChosenMatte> {
    let chosen = choose_for(&SampledClip::sample(ffmpeg, models, probed, request).await?).await?;
    probed.input.is_premultiplied = chosen.is_premultiplied;
    Ok(chosen)
}

async fn choose_for(clip: &SampledClip<'_>) -> TaskResult<ChosenMatte> {
    let request = clip.request;
    let mut chosen: Option<(Matte, StrategyChoice)> = None;
    let (mut others, mut failures) = (Vec::new(), Vec::new());
    for strategy in request.strategy.strategies().iter().copied() {
        let requested = strategy.request();
        let candidate = |confidence, reason| StrategyCandidate { strategy: requested, confidence, reason };
        if chosen.is_some() && requested.pool() == Pool::Heavy {
            others.push(candidate(None, "Not looked at: an earlier strategy fits.".to_owned()));
            continue;
        }
        match detect(strategy, clip).await? {
            Detection::Fits { alpha, confidence, reason, matting_model } if chosen.is_none() => {
                let runners_up = Vec::new();
                let choice = StrategyChoice { strategy: requested, confidence, reason, matting_model, runners_up };
                chosen = Some((Matte { strategy, alpha }, choice));
            }
            Detection::Fits { confidence, reason, .. } => others.push(candidate(Some(confidence), reason)),
            Detection::DoesNotFit { code, confidence, reason } => {
                failures.push((code, reason.clone()));
                others.push(candidate(Some(confidence), reason));
            }
        }
    }
    match chosen {
        Some((matte, choice)) => {
            let is_premultiplied = matte.strategy == Strategy::SourceAlpha && clip.is_premultiplied();
            Ok(ChosenMatte { matte, choice: StrategyChoice { runners_up: others, ..choice }, is_premultiplied })
        }
        None => Err(failure(failures)),
    }
}

/// The matte by keying where the clip shows a screen with certainty; none where a screen is only
/// possible, since scenery may be taken for one.
pub async fn certain_screen(ffmpeg: Tool<'_>, models: &Arc<Catalog>, probed: &Probed) -> TaskResult<Option<Matte>> {
    let request = MatteRequest::of(StrategyRequest::Auto);
    let clip = SampledClip::sample(ffmpeg, models, probed, &request).await?;
    Ok(match chroma_key::detect(&clip).await? {
        Detection::Fits { alpha, .. } => Some(Matte { strategy: Strategy::ChromaKey, alpha }),
        Detection::DoesNotFit { .. } => None,
    })
}

/// The code and reason of a single strategy; `no_matte_strategy` with all reasons for several.
fn failure(mut failures: Vec<(JobErrorCode, String)>) -> TaskError {
    match (failures.pop(), failures.is_empty()) {
        (Some((code, reason)), true) => TaskError::permanent(code, reason),
        (last, _) => {
            let reasons = failures.into_iter().chain(last).map(|(_, reason)| reason).collect::<Vec<_>>().join(" ");
            TaskError::permanent(JobErrorCode::NoMatteStrategy, format!("No way to make a matte fits this footage. {reasons}"))
        }
    }
}

/// Rounds a confidence to hundredths, as reports show it.
fn hundredths(share: f32) -> f64 {
    f64::from((share * 100.0).round()) / 100.0
}
