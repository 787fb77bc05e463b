//! Keeps the source's own alpha, where it has one that is neither opaque nor transparent
//! everywhere.

use shared::code::JobErrorCode;

use super::{AlphaSource, Detection, SampledClip};

/// Fits where the sampled frames have visible and transparent pixels.
pub fn detect(clip: &SampledClip<'_>) -> Detection {
    let facts = &clip.probed.facts;
    let reason = if !facts.has_alpha {
        "The source has no alpha to preserve."
    } else if let Some(reason) = clip.samples.alpha.unusable_reason() {
        reason
    } else {
        let reason = format!("The source has alpha of its own ({}), and it shows.", facts.pixel_format);
        return Detection::fits(AlphaSource::Decoded, 1.0, reason);
    };
    Detection::does_not_fit(JobErrorCode::NoSourceAlpha, reason)
}
