//! How the matte will be made: looks at a few frames and decides, in the order that the request allows.

mod footage;
mod onnx_matting;
mod static_camera;

use std::path::PathBuf;
use std::sync::Arc;

use shared::code::JobErrorCode;
use shared::keying::KeySettings;
use shared::strategy::{Strategy, StrategyRequest};
use shared::strategy::{StrategyCandidate, StrategyChoice};

use crate::error::{TaskError, TaskResult};
use crate::ffmpeg::probe::Probed;
use crate::ffmpeg::process::Tool;
use crate::frame::gamut::{WideGamut, from_bt709};
use crate::frame::raw_format::RawFormat;
use crate::matte::keying::{KeyOptions, Keyer, RgbFrame, Screen};
use crate::matte::models::{Catalog, Matting};
use crate::plan;
pub use footage::Footage;

/// How a matte is made.
#[derive(Debug, Clone)]
pub enum Matte {
    /// Keep the source's own.
    SourceAlpha,
    /// Key this screen.
    ChromaKey {
        /// What was found, or said.
        screen: Screen,
        /// How.
        options: KeyOptions,
    },
    /// Let a model do it.
    OnnxMatting(Arc<dyn Matting>),
    /// Tell the subject from the background that stands still.
    StaticCamera(Arc<dyn Matting>),
    /// Cut nothing out: the video was made to be shown as it is.
    Whole,
}

/// What was decided, and why.
#[derive(Debug)]
pub struct Decision {
    /// How the matte is made.
    pub matte: Matte,
    /// For people and reports.
    pub choice: StrategyChoice,
}

/// What is wished for.
#[derive(Debug, Clone, PartialEq)]
pub struct MatteRequest {
    /// Which strategies may be used.
    pub strategy: StrategyRequest,
    /// What an expert says about the keying.
    pub key: KeySettings,
    /// Which matting model; the first that works where nothing is said.
    pub matting_model: Option<String>,
    /// A picture of the background without the subject.
    pub background: Option<PathBuf>,
}

impl MatteRequest {
    /// Nothing but a strategy.
    #[must_use]
    pub fn of(strategy: StrategyRequest) -> Self {
        Self { strategy, key: KeySettings::default(), matting_model: None, background: None }
    }

    fn key_options(&self) -> KeyOptions {
        KeyOptions {
            screen_color: None,
            black_point: self.key.black_point,
            white_point: self.key.white_point,
            spill_strength: self.key.spill_strength,
        }
    }
}

impl Matte {
    /// The decision's name in reports.
    pub const fn strategy(&self) -> Strategy {
        match self {
            Self::SourceAlpha => Strategy::SourceAlpha,
            Self::ChromaKey { .. } => Strategy::ChromaKey,
            Self::OnnxMatting(_) => Strategy::OnnxMatting,
            Self::StaticCamera(_) => Strategy::StaticCamera,
            Self::Whole => Strategy::Portrait,
        }
    }

    /// What the decoder must write for it.
    pub fn raw_format(&self, probed: &Probed) -> RawFormat {
        match self {
            Self::SourceAlpha | Self::OnnxMatting(_) | Self::StaticCamera(_) | Self::Whole => RawFormat::Rgba,
            Self::ChromaKey { .. } => plan::planar_format(probed),
        }
    }

    /// What makes it frame by frame before frames are composed, if anything does.
    pub const fn matting(&self) -> Option<&Arc<dyn Matting>> {
        match self {
            Self::OnnxMatting(matting) | Self::StaticCamera(matting) => Some(matting),
            Self::SourceAlpha | Self::ChromaKey { .. } | Self::Whole => None,
        }
    }

    /// The keyer of planar frames; none where alpha is made otherwise.
    pub fn keyer(&self, raw_format: RawFormat, wide: Option<WideGamut>) -> Option<Box<Keyer>> {
        match (self, raw_format) {
            (Self::ChromaKey { screen, options }, RawFormat::Planar(format)) => {
                // Samples were looked at in BT.709, frames are keyed in the source's own gamut.
                let color = wide.map_or(screen.color, |wide| from_bt709(wide, screen.color));
                Some(Box::new(Keyer::new(Screen { color, ..*screen }, format, *options)))
            }
            _ => None,
        }
    }
}

/// What was found out about one strategy.
#[derive(Debug)]
pub enum Verdict {
    /// It can be used.
    Fits {
        /// How.
        matte: Matte,
        /// How sure that is; above 0, at most 1.
        confidence: f64,
        /// One sentence.
        reason: String,
        /// The matting model that would do it.
        matting_model: Option<String>,
    },
    /// It cannot.
    Unfit {
        /// What a job fails with that asked for this strategy alone.
        code: JobErrorCode,
        /// One sentence.
        reason: String,
    },
}

impl Verdict {
    /// It can be used.
    pub fn fits(matte: Matte, confidence: f64, reason: impl Into<String>) -> Self {
        Self::Fits { matte, confidence, reason: reason.into(), matting_model: None }
    }

    /// The footage does not allow it.
    pub fn unfit(reason: impl Into<String>) -> Self {
        Self::Unfit { code: JobErrorCode::NoMatteStrategy, reason: reason.into() }
    }
}

/// Decides: the first strategy that fits is taken. The costly ones are looked at only where nothing before them fits.
/// Errors: `no_source_alpha`, `no_matte_strategy`, those of a model or of a picture of the background.
pub async fn choose(ffmpeg: Tool<'_>, models: &Arc<Catalog>, probed: &Probed, request: &MatteRequest) -> TaskResult<Decision> {
    let footage = Footage::look(ffmpeg, probed, request).await?;
    let mut taken: Option<(Matte, StrategyChoice)> = None;
    let (mut others, mut refusals) = (Vec::new(), Vec::new());
    for strategy in request.strategy.strategies() {
        let candidate = |confidence, reason| StrategyCandidate { strategy: strategy.request(), confidence, reason };
        if taken.is_some() && is_costly(*strategy) {
            others.push(candidate(None, "Not looked at: an earlier strategy fits.".to_owned()));
            continue;
        }
        match look(*strategy, models, &footage).await? {
            Verdict::Fits { matte, confidence, reason, matting_model } if taken.is_none() => {
                let runners_up = Vec::new();
                taken =
                    Some((matte, StrategyChoice { strategy: strategy.request(), confidence, reason, matting_model, runners_up }));
            }
            Verdict::Fits { confidence, reason, .. } => others.push(candidate(Some(confidence), reason)),
            Verdict::Unfit { code, reason } => {
                refusals.push((code, reason.clone()));
                others.push(candidate(Some(0.0), reason));
            }
        }
    }
    match taken {
        Some((matte, choice)) => Ok(Decision { matte, choice: StrategyChoice { runners_up: others, ..choice } }),
        None => Err(refusal(refusals)),
    }
}

const fn is_costly(strategy: Strategy) -> bool {
    matches!(strategy, Strategy::OnnxMatting | Strategy::StaticCamera)
}

async fn look(strategy: Strategy, models: &Arc<Catalog>, footage: &Footage<'_>) -> TaskResult<Verdict> {
    match strategy {
        Strategy::SourceAlpha => source_alpha(footage).await,
        Strategy::ChromaKey => Ok(chroma_key(footage)),
        Strategy::OnnxMatting => onnx_matting::look(models, footage).await,
        Strategy::StaticCamera => static_camera::look(footage).await,
        Strategy::Portrait => Ok(Verdict::fits(Matte::Whole, 1.0, "Nothing is cut out of a portrait.")),
    }
}

/// One strategy's own code and reason; for several, the reason of each.
fn refusal(mut refusals: Vec<(JobErrorCode, String)>) -> TaskError {
    match (refusals.pop(), refusals.is_empty()) {
        (Some((code, reason)), true) => TaskError::permanent(code, reason),
        (last, _) => {
            let reasons = refusals.into_iter().chain(last).map(|(_, reason)| reason).collect::<Vec<_>>().join(" ");
            TaskError::permanent(JobErrorCode::NoMatteStrategy, format!("No way to make a matte fits this footage. {reasons}"))
        }
    }
}

async fn source_alpha(footage: &Footage<'_>) -> TaskResult<Verdict> {
    let facts = &footage.probed.facts;
    let reason = if !facts.has_alpha {
        "The source has no alpha to preserve."
    } else if footage.shows_alpha().await? {
        let reason = format!("The source has alpha of its own ({}), and it shows.", facts.pixel_format);
        return Ok(Verdict::fits(Matte::SourceAlpha, 1.0, reason));
    } else {
        "The source declares alpha, but every frame that was looked at is opaque."
    };
    Ok(Verdict::Unfit { code: JobErrorCode::NoSourceAlpha, reason: reason.to_owned() })
}

fn chroma_key(footage: &Footage<'_>) -> Verdict {
    let (request, samples) = (footage.request, &footage.samples);
    let options = request.key_options();
    if let Some(color) = request.key.screen_color {
        let screen = Screen { color: color.0.map(f32::from), coverage: 0.0 };
        return Verdict::fits(Matte::ChromaKey { screen, options }, 1.0, format!("The screen is said to be {color}."));
    }
    let (width, height) = (samples.size.width as usize, samples.size.height as usize);
    let frames: Vec<RgbFrame<'_>> = samples.frames.iter().map(|pixels| RgbFrame { width, height, pixels }).collect();
    let Some(screen) = Screen::detect(&frames) else {
        return Verdict::unfit("There is no flat coloured screen along the borders of the picture.");
    };
    let ([red, green, blue], percent) = (screen.color.map(f32::round), screen.coverage * 100.0);
    let reason = format!("A flat screen of RGB {red} {green} {blue} covers {percent:.0} % of the borders in the typical frame.");
    Verdict::fits(Matte::ChromaKey { screen, options }, hundredths(screen.coverage), reason)
}

/// To what is worth telling.
pub fn hundredths(share: f32) -> f64 {
    f64::from((share * 100.0).round()) / 100.0
}
