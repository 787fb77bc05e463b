//! No matte: a video that was rendered from a picture and a sound is encoded as it is.

use super::{AlphaSource, Detection};

/// Always fits.
pub fn detect() -> Detection {
    Detection::fits(AlphaSource::Decoded, 1.0, "Nothing is cut out of a portrait.")
}
