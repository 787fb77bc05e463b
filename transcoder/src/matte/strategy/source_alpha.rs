//! Keeps the source's own alpha, where it has one that is not opaque everywhere.

use shared::code::JobErrorCode;

use super::{AlphaSource, Detection, SampledClip};
use crate::error::TaskResult;
use crate::plan;

/// Lossy codecs decode opaque alpha a little lower than 255.
const OPAQUE_ALPHA_MIN: u8 = 250;

/// Fits where a sampled frame has a transparent pixel.
pub async fn detect(clip: &SampledClip<'_>) -> TaskResult<Detection> {
    let facts = &clip.probed.facts;
    let reason = if !facts.has_alpha {
        "The source has no alpha to preserve."
    } else if has_transparency(clip).await? {
        let reason = format!("The source has alpha of its own ({}), and it shows.", facts.pixel_format);
        return Ok(Detection::fits(AlphaSource::Decoded, 1.0, reason));
    } else {
        "The source declares alpha, but every frame that was looked at is opaque."
    };
    Ok(Detection::DoesNotFit { code: JobErrorCode::NoSourceAlpha, reason: reason.to_owned() })
}

async fn has_transparency(clip: &SampledClip<'_>) -> TaskResult<bool> {
    for at_ms in clip.sample_times_ms() {
        let arguments = plan::sample_alpha(&clip.probed.input, at_ms);
        let alpha = clip.decode_frame(&arguments, clip.probed.facts.size.pixels()).await?;
        if alpha.is_some_and(|alpha| alpha.iter().any(|value| *value < OPAQUE_ALPHA_MIN)) {
            return Ok(true);
        }
    }
    Ok(false)
}
