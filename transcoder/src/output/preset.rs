//! The one table of sizes, rates and qualities: per preset and output. What each figure was chosen by stands beside it.

use shared::media::{Output, Preset};

/// What one output is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Longest side; larger pictures are scaled down.
    /// Units: pixels.
    pub side_px_max: u32,
    /// Faster pictures lose frames in even steps.
    /// Units: frames a second.
    pub frames_per_s_max: u32,
    /// In the encoder's own scale: CRF of VP9 and H.264 and the quantiser of ProRes (less is better), quality of WebP (more is
    /// better). Lossless formats and GIF have none.
    pub quality: u32,
}

const fn settings(side_px_max: u32, frames_per_s_max: u32, quality: u32) -> Settings {
    Settings { side_px_max, frames_per_s_max, quality }
}

/// As large as sources may be.
const OWN_SIDE_PX: u32 = shared::media::SOURCE_SIDE_PX_MAX;
/// As fast as sources may be.
const OWN_RATE: u32 = 240;
/// Longest side of video that every network shows in full: 1080 × 1920.
const SOCIAL_SIDE_PX: u32 = 1_920;
/// Decoders in hardware take 4096 × 2304 or the same upright (H.264, level 5.1): two pictures above each other, 1920 long at
/// most, fit either way.
const STACKED_SIDE_PX: u32 = 1_920;
const UNUSED: u32 = 0;

/// Looks a preset up.
pub const fn find(preset: Preset, output: Output) -> Settings {
    match (preset, output) {
        (Preset::WebApp, Output::WebmVp9Alpha) => settings(4_096, 60, 29),
        (Preset::WebApp, Output::MovProres4444) => settings(OWN_SIDE_PX, OWN_RATE, 2),
        (Preset::WebApp, Output::AnimatedWebp) => settings(800, 20, 75),
        (Preset::WebApp, Output::Gif | Output::Apng) => settings(640, 15, UNUSED),
        (Preset::WebApp, Output::MatteGrayscaleMp4) => settings(4_096, 60, 12),
        (Preset::WebApp, Output::StackedAlphaMp4) => settings(STACKED_SIDE_PX, 60, 20),
        (Preset::WebApp, Output::OpaqueMp4) => settings(4_096, 60, 20),
        (Preset::WebApp, Output::ColorAlphaZip) => settings(4_096, 60, 16),

        (Preset::Editing, Output::WebmVp9Alpha) => settings(OWN_SIDE_PX, OWN_RATE, 15),
        (Preset::Editing, Output::MovProres4444) => settings(OWN_SIDE_PX, OWN_RATE, 1),
        (Preset::Editing, Output::AnimatedWebp) => settings(1_280, 30, 90),
        (Preset::Editing, Output::Gif | Output::Apng) => settings(1_280, 30, UNUSED),
        (Preset::Editing, Output::MatteGrayscaleMp4) => settings(OWN_SIDE_PX, OWN_RATE, 6),
        (Preset::Editing, Output::StackedAlphaMp4) => settings(STACKED_SIDE_PX, OWN_RATE, 14),
        (Preset::Editing, Output::OpaqueMp4) => settings(OWN_SIDE_PX, OWN_RATE, 14),
        (Preset::Editing, Output::ColorAlphaZip) => settings(OWN_SIDE_PX, OWN_RATE, 10),

        (Preset::Social, Output::WebmVp9Alpha) => settings(SOCIAL_SIDE_PX, 30, 30),
        (Preset::Social, Output::MovProres4444) => settings(SOCIAL_SIDE_PX, 30, 4),
        (Preset::Social, Output::AnimatedWebp) => settings(640, 15, 70),
        (Preset::Social, Output::Gif | Output::Apng) => settings(480, 15, UNUSED),
        (Preset::Social, Output::MatteGrayscaleMp4) => settings(SOCIAL_SIDE_PX, 30, 14),
        (Preset::Social, Output::StackedAlphaMp4) => settings(STACKED_SIDE_PX, 30, 22),
        (Preset::Social, Output::OpaqueMp4) => settings(SOCIAL_SIDE_PX, 30, 22),
        (Preset::Social, Output::ColorAlphaZip) => settings(SOCIAL_SIDE_PX, 30, 18),

        // A sequence is for further work, whatever it is called for.
        (Preset::WebApp | Preset::Editing, Output::PngSequence) => settings(OWN_SIDE_PX, OWN_RATE, UNUSED),
        (Preset::Social, Output::PngSequence) => settings(SOCIAL_SIDE_PX, 30, UNUSED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unless_asked_otherwise_video_keeps_its_size_up_to_4k_and_animations_never_do() {
        for output in
            [Output::WebmVp9Alpha, Output::MovProres4444, Output::MatteGrayscaleMp4, Output::PngSequence, Output::OpaqueMp4]
        {
            let settings = find(Preset::default(), output);
            assert!(settings.side_px_max >= 3_840 && settings.frames_per_s_max >= 60, "{output}");
        }
        for preset in Preset::ALL {
            for output in [Output::AnimatedWebp, Output::Gif, Output::Apng] {
                let settings = find(preset, output);
                assert!(settings.side_px_max <= 1_280 && settings.frames_per_s_max <= 30, "{preset} {output}");
            }
            let stacked = find(preset, Output::StackedAlphaMp4).side_px_max;
            assert!(stacked * 2 <= 4_096 && u64::from(stacked) * 2 * 1_080 <= 4_096 * 2_304);
        }
    }
}
