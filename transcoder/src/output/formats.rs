//! The formats: one file each, with one constant of all its facts.

mod animated_webp;
mod apng;
mod color_alpha_zip;
mod gif;
mod matte_grayscale_mp4;
mod mov_prores4444;
mod opaque_mp4;
mod png_sequence;
pub mod preview;
mod stacked_alpha_mp4;
mod webm_vp9_alpha;

use shared::media::Output;

use crate::output::format::Format;

/// The facts of each output.
pub const fn find(output: Output) -> &'static Format {
    match output {
        Output::WebmVp9Alpha => &webm_vp9_alpha::FORMAT,
        Output::MovProres4444 => &mov_prores4444::FORMAT,
        Output::AnimatedWebp => &animated_webp::FORMAT,
        Output::Gif => &gif::FORMAT,
        Output::Apng => &apng::FORMAT,
        Output::PngSequence => &png_sequence::FORMAT,
        Output::MatteGrayscaleMp4 => &matte_grayscale_mp4::FORMAT,
        Output::StackedAlphaMp4 => &stacked_alpha_mp4::FORMAT,
        Output::OpaqueMp4 => &opaque_mp4::FORMAT,
        Output::ColorAlphaZip => &color_alpha_zip::FORMAT,
    }
}

#[cfg(test)]
mod tests {
    use shared::media::Preset;

    use super::*;

    #[test]
    fn by_default_video_keeps_its_size_up_to_4k_and_animations_never_do() {
        let settings = |preset, output| find(output).encoding.presets.get(preset);
        for output in
            [Output::WebmVp9Alpha, Output::MovProres4444, Output::MatteGrayscaleMp4, Output::PngSequence, Output::OpaqueMp4]
        {
            let settings = settings(Preset::default(), output);
            assert!(settings.side_px_max >= 3_840 && settings.frames_per_s_max >= 60, "{output}");
        }
        for preset in Preset::ALL {
            for output in [Output::AnimatedWebp, Output::Gif, Output::Apng] {
                let settings = settings(preset, output);
                assert!(settings.side_px_max <= 1_280 && settings.frames_per_s_max <= 30, "{preset} {output}");
            }
            let stacked = settings(preset, Output::StackedAlphaMp4).side_px_max;
            assert!(stacked * 2 <= 4_096 && u64::from(stacked) * 2 * 1_080 <= 4_096 * 2_304);
        }
    }

    #[test]
    fn the_documentation_lists_every_output_with_its_sound() {
        let page = include_str!("../../../docs/outputs.md");
        for output in Output::ALL {
            let row = page.lines().find(|line| line.starts_with(&format!("| `{output}` |")));
            let sound = row.and_then(|row| row.split('|').nth(4)).map(str::trim);
            assert_eq!(sound.map(|sound| sound != "–"), Some(output.carries_sound()), "{output}");
        }
    }
}
