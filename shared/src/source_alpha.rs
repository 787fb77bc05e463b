//! How the colours of a source with alpha are stored.

use crate::names;

names! {
    /// Whether the source's colours are multiplied by its alpha.
    SourceAlpha {
        /// Found in the frames: premultiplied where no colour is brighter than its alpha.
        Auto = "auto",
        /// Colours are independent of alpha.
        Straight = "straight",
        /// Colours are multiplied by alpha.
        Premultiplied = "premultiplied",
    }
}

#[expect(clippy::derivable_impls, reason = "`names!` writes the enum")]
impl Default for SourceAlpha {
    fn default() -> Self {
        Self::Auto
    }
}
