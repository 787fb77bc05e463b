//! Keeps the source's own alpha, where it has one that is not opaque everywhere.

use shared::code::JobErrorCode;

use super::{AlphaSource, Detection, SampledClip};
use crate::error::TaskResult;
use crate::plan;

/// Lossy codecs decode opaque alpha a little lower than 255.
const OPAQUE_ALPHA_MIN: u8 = 250;
/// Alpha up to this counts as transparent.
const TRANSPARENT_ALPHA_MAX: u8 = 5;

/// Fits where a sampled frame has a transparent pixel.
pub async fn detect(clip: &SampledClip<'_>) -> TaskResult<Detection> {
    let facts = &clip.probed.facts;
    let reason = if !facts.has_alpha {
        "The source has no alpha to preserve."
    } else if let Some(reason) = unusable_alpha(clip).await? {
        reason
    } else {
        let reason = format!("The source has alpha of its own ({}), and it shows.", facts.pixel_format);
        return Ok(Detection::fits(AlphaSource::Decoded, 1.0, reason));
    };
    Ok(Detection::does_not_fit(JobErrorCode::NoSourceAlpha, reason))
}

/// The reason why the alpha of the sampled frames says nothing; none where it does.
async fn unusable_alpha(clip: &SampledClip<'_>) -> TaskResult<Option<&'static str>> {
    let (mut has_visible, mut has_transparent) = (false, false);
    for at_ms in clip.sample_times_ms() {
        let arguments = plan::sample_alpha(&clip.probed.input, at_ms);
        let alpha = clip.decode_frame(&arguments, clip.probed.facts.size.pixels()).await?.unwrap_or_default();
        has_transparent |= alpha.iter().any(|value| *value < OPAQUE_ALPHA_MIN);
        has_visible |= alpha.iter().any(|value| *value > TRANSPARENT_ALPHA_MAX);
        if has_visible && has_transparent {
            return Ok(None);
        }
    }
    Ok(Some(if has_visible {
        "The source declares alpha, but every frame that was looked at is opaque."
    } else {
        "The source declares alpha, but every frame that was looked at is wholly transparent."
    }))
}
