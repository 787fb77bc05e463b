//! `WebM`: VP9, the alpha beside the picture (`BlockAdditional`), Opus sound. For web pages, in
//! browsers with VP9 alpha.
//!
//! 60 frames of 1080p, MB, dB of colour and alpha, CPU-s: default (`-cpu-used 1`, CRF 30) 1.95,
//! 49.5, 50.4, 29; 2 at CRF 28
//! 2.2, 49.8, 50.8, 13; 4 at 28 2.3, 49.6, 50.4, 11; realtime 5 at 24 3.4, 49.8, 52.4, 5.6. Two
//! tiles cost 1 % of bytes.

use crate::ffmpeg::probe::{Input, SourceContainer};
use crate::ffmpeg::process::args;
use crate::frame::feed::Pixels;
use crate::output::ffmpeg_arguments::{UPSAMPLE_CHROMA, raw_input, sound, threads, to_bt709};
use crate::output::format::{
    AlphaChannel, EncodeParams, Encoder, Encoding, Format, Layout, OWN_RATE, OWN_SIDE_PX, Presets, PsnrMin, Reader,
    SOCIAL_SIDE_PX, Verification, settings,
};

pub const FORMAT: Format = Format {
    encoding: Encoding {
        presets: Presets {
            web_app: settings(4_096, 60, 29),
            editing: settings(OWN_SIDE_PX, OWN_RATE, 15),
            social: settings(SOCIAL_SIDE_PX, 30, 30),
        },
        pixels: Pixels::Rgba,
        needs_even_sides: true,
        disk_cost: 10,
        encoder,
    },
    verification: Verification {
        // ffmpeg's own VP9 decoder drops the alpha.
        reader: Reader::Ffmpeg { container: SourceContainer::Matroska, decoder: Some("libvpx-vp9"), filter: UPSAMPLE_CHROMA },
        layout: Layout::Yuva,
        alpha: AlphaChannel::Smooth,
        // (50, 49)
        psnr_min: PsnrMin { alpha_db: Some(26.0), color_db: Some(22.0) },
    },
};

/// Opus has more channels only in layouts that few sources have.
const CHANNELS_MAX: u32 = 2;

fn encoder(params: &EncodeParams, input: &Input) -> Encoder {
    let mut arguments = raw_input(params, Pixels::Rgba, Some(input));
    arguments.extend(to_bt709("yuva420p"));
    arguments.extend(args(["-c:v", "libvpx-vp9", "-b:v", "0", "-crf", &params.quality.to_string()]));
    arguments.extend(args(["-deadline", "good", "-cpu-used", "2", "-row-mt", "1", "-tile-columns", "1"]));
    // Alternate reference frames stay off until browsers are proven to play them with alpha.
    arguments.extend(args(["-threads", &threads(), "-auto-alt-ref", "0", "-metadata:s:v:0", "alpha_mode=1"]));
    arguments.extend(sound(input, CHANNELS_MAX, &["-c:a", "libopus", "-b:a", "128k"]));
    arguments.extend(args(["-f", "webm"]));
    Encoder::Ffmpeg(arguments)
}
