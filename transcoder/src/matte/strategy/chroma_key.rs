//! Keys a flat coloured screen, detected in the sampled frames by the keyer itself or given.

use ::keyer::{DetectedScreen, KeyOptions, ScreenCertainty, detect_screen};
use shared::code::JobErrorCode;
use shared::keying::GarbageMatte;
use shared::strategy::StrategyRequest;

use super::{AlphaSource, Detection, MatteRequest, SampledClip, hundredths};
use crate::blocking::blocking;
use crate::error::TaskResult;
use crate::frame::pixels::sides;

/// Least share of the sampled frames that must show a screen: others may be faded, or close-ups.
const FRAMES_SHARE_MIN: f32 = 0.3;
/// Coverage of a screen that is certain beyond doubt.
const FULL_COVERAGE: f32 = 0.6;
/// Confidence where a screen is possible only.
const POSSIBLE_CONFIDENCE: f64 = 0.1;

/// Fits where enough samples show a certain screen, or a possible one if no other strategy may be
/// used; always where its colour is given.
pub async fn detect(clip: &SampledClip<'_>) -> TaskResult<Detection> {
    let alpha = AlphaSource::Keyed(key_options(clip.request));
    if let Some(color) = clip.request.key.screen_color {
        return Ok(Detection::fits(alpha, 1.0, format!("The screen is said to be {color}.")));
    }
    let samples = clip.samples.clone();
    let (width, height) = sides(samples.size);
    let screens: Vec<Option<DetectedScreen>> =
        blocking(move || samples.frames.iter().map(|frame| detect_screen(width, height, frame)).collect()).await?;
    let typical = |least: ScreenCertainty| {
        let mut found: Vec<&DetectedScreen> = screens.iter().flatten().filter(|screen| screen.certainty() >= least).collect();
        #[expect(clippy::cast_precision_loss, reason = "samples are few")]
        let is_enough = found.len() as f32 >= screens.len() as f32 * FRAMES_SHARE_MIN;
        found.sort_by(|a, b| a.coverage.total_cmp(&b.coverage));
        found.get(found.len() / 2).copied().filter(|_| is_enough)
    };
    let is_only_choice = clip.request.strategy == StrategyRequest::ChromaKey;
    Ok(match (typical(ScreenCertainty::Certain), typical(ScreenCertainty::Possible)) {
        (Some(screen), _) => {
            let confidence = hundredths((screen.coverage / FULL_COVERAGE).min(1.0));
            Detection::fits(alpha, confidence, format!("A flat screen of {} of the typical frame.", described(screen)))
        }
        (None, Some(screen)) if is_only_choice => {
            let reason = format!("What may be a screen, of {} of the typical frame, is keyed as asked.", described(screen));
            Detection::fits(alpha, POSSIBLE_CONFIDENCE, reason)
        }
        (None, Some(screen)) => Detection::DoesNotFit {
            code: JobErrorCode::NoMatteStrategy,
            confidence: POSSIBLE_CONFIDENCE,
            reason: format!(
                "What may be a screen, of {} of the typical frame, is too small, pale or uneven to be certain; `chroma-key` keys it.",
                described(screen)
            ),
        },
        (None, None) => Detection::unsuitable("There is no flat coloured screen."),
    })
}

fn described(screen: &DetectedScreen) -> String {
    let ([red, green, blue], percent) = (screen.color.map(|channel| channel.clamp(0.0, 255.0).round()), screen.coverage * 100.0);
    format!("RGB {red} {green} {blue} over {percent:.0} %")
}

fn key_options(request: &MatteRequest) -> KeyOptions {
    KeyOptions {
        screen_color: request.key.screen_color.map(|color| color.0.map(f32::from)),
        black_point: request.key.black_point,
        white_point: request.key.white_point,
        spill_strength: request.key.spill_strength,
        garbage_matte: match request.key.garbage_matte {
            GarbageMatte::Auto => ::keyer::GarbageMatte::Certain,
            GarbageMatte::All => ::keyer::GarbageMatte::All,
            GarbageMatte::Off => ::keyer::GarbageMatte::Off,
        },
    }
}
