//! How the matte will be made: looks at a few frames and decides, in the order that the request allows.

use shared::code::JobErrorCode;
use shared::keying::KeySettings;
use shared::media::PixelSize;
use shared::report::{Strategy, StrategyRequest};

use crate::compose::Alpha;
use crate::error::{TaskError, TaskResult};
use crate::gamut::{Gamut, WideGamut, from_bt709};
use crate::keying::{KeyOptions, Keyer, RgbFrame, ScreenModel};
use crate::plan::{self, RawFormat};
use crate::probe::Probed;
use crate::process::Tool;

/// Frames that are looked at, spread over the clip.
const SAMPLES: u64 = 9;
/// Samples are scaled down to this; noise falls, shapes stay.
/// Units: pixels.
const SAMPLE_SIDE_PX_MAX: u32 = 320;
/// Lossy codecs bring opaque alpha back a little lower.
const OPAQUE_ALPHA_MIN: u8 = 250;

/// The decision.
#[derive(Debug, Clone, Copy)]
pub enum Matte {
    /// Keep the source's own.
    SourceAlpha,
    /// Key this screen.
    ChromaKey {
        /// What was found, or said.
        screen: ScreenModel,
        /// How.
        options: KeyOptions,
    },
}

/// What is wished for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MatteRequest {
    /// Which strategies may be used.
    pub strategy: StrategyRequest,
    /// What an expert says about the keying.
    pub key: KeySettings,
}

impl MatteRequest {
    /// Nothing but a strategy.
    #[must_use]
    pub fn of(strategy: StrategyRequest) -> Self {
        Self { strategy, key: KeySettings::default() }
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
        }
    }

    /// What the decoder must write for it.
    pub fn raw_format(&self, probed: &Probed) -> RawFormat {
        match self {
            Self::SourceAlpha => RawFormat::Rgba,
            Self::ChromaKey { .. } => RawFormat::planar(probed),
        }
    }

    /// What the composer does for it.
    pub fn alpha(&self, raw_format: RawFormat, wide: Option<WideGamut>) -> Alpha {
        match (self, raw_format) {
            (Self::ChromaKey { screen, options }, RawFormat::Planar(format)) => {
                // Samples were looked at in BT.709, frames are keyed in the source's own gamut.
                let color = wide.map_or(screen.color, |wide| from_bt709(wide, screen.color));
                Alpha::Keyed(Box::new(Keyer::new(ScreenModel { color, ..*screen }, format, *options)))
            }
            _ => Alpha::Source,
        }
    }
}

/// Decides.
pub async fn choose(ffmpeg: Tool<'_>, probed: &Probed, request: &MatteRequest) -> TaskResult<Matte> {
    let samples = sample(ffmpeg, probed).await?;
    let wants_alpha = request.strategy != StrategyRequest::ChromaKey;
    if wants_alpha && probed.facts.has_alpha && shows_alpha(ffmpeg, probed).await? {
        return Ok(Matte::SourceAlpha);
    }
    if request.strategy == StrategyRequest::PreserveSourceAlpha {
        let message = if probed.facts.has_alpha {
            "The source declares alpha, but every frame that was looked at is opaque."
        } else {
            "The source has no alpha to preserve."
        };
        return Err(TaskError::permanent(JobErrorCode::NoSourceAlpha, message));
    }
    let (width, height) = (samples.size.width as usize, samples.size.height as usize);
    let frames: Vec<RgbFrame<'_>> = samples.frames.iter().map(|pixels| RgbFrame { width, height, pixels }).collect();
    let options = request.key_options();
    let said = request.key.screen_color.map(|color| ScreenModel { color: color.0.map(f32::from), coverage: 0.0 });
    said.or_else(|| ScreenModel::detect(&frames)).map(|screen| Matte::ChromaKey { screen, options }).ok_or_else(|| {
        let looked_for = match request.strategy {
            StrategyRequest::ChromaKey => "no flat coloured screen along the borders of the picture",
            StrategyRequest::Auto | StrategyRequest::PreserveSourceAlpha => {
                "neither alpha of its own nor a flat coloured screen along the borders of the picture"
            }
        };
        TaskError::permanent(JobErrorCode::NoMatteStrategy, format!("The footage shows {looked_for}."))
    })
}

struct Samples {
    size: PixelSize,
    frames: Vec<Vec<u8>>,
}

async fn sample(ffmpeg: Tool<'_>, probed: &Probed) -> TaskResult<Samples> {
    let size = sample_size(probed.facts.size);
    let frame_size_bytes = size.pixels() * 3;
    let gamut = probed.input.wide_gamut.map(Gamut::new);
    let mut frames = Vec::new();
    for at_ms in instants(probed) {
        let frame = one_frame(ffmpeg, &plan::sample(&probed.input, at_ms, size)).await?;
        let Some(mut frame) = frame.filter(|frame| frame.len() as u64 == frame_size_bytes) else { continue };
        if let Some(gamut) = &gamut {
            frame.as_chunks_mut().0.iter_mut().for_each(|pixel| gamut.convert(pixel));
        }
        frames.push(frame);
    }
    if frames.is_empty() {
        return Err(TaskError::with_detail(JobErrorCode::SourceNoFrames, "no sampled instant gave a frame"));
    }
    Ok(Samples { size, frames })
}

async fn shows_alpha(ffmpeg: Tool<'_>, probed: &Probed) -> TaskResult<bool> {
    for at_ms in instants(probed) {
        let alpha = one_frame(ffmpeg, &plan::sample_alpha(&probed.input, at_ms)).await?;
        if alpha.is_some_and(|alpha| alpha.iter().any(|value| *value < OPAQUE_ALPHA_MIN)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The first frame, then evenly over the clip; never its very end, where a seek finds nothing.
fn instants(probed: &Probed) -> impl Iterator<Item = u64> {
    let duration_ms = probed.facts.duration_ms;
    let mut last = None;
    (0..SAMPLES).map(move |index| duration_ms * index / SAMPLES).filter(move |at_ms| last.replace(*at_ms) != Some(*at_ms))
}

async fn one_frame(ffmpeg: Tool<'_>, arguments: &[std::ffi::OsString]) -> TaskResult<Option<Vec<u8>>> {
    match ffmpeg.capture(arguments).await {
        Ok(frame) => Ok(Some(frame)),
        Err(error) if error.is_passing() => Err(TaskError::Transient(format!("sampling the source: {error}"))),
        Err(error) => {
            tracing::info!(%error, "an instant could not be sampled");
            Ok(None)
        }
    }
}

fn sample_size(size: PixelSize) -> PixelSize {
    let side_px = size.width.max(size.height);
    let divisor = side_px.div_ceil(SAMPLE_SIDE_PX_MAX).max(1);
    PixelSize { width: (size.width / divisor).max(1), height: (size.height / divisor).max(1) }
}
