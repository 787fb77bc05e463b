//! `QuickTime`: ProRes 4444 with 16-bit alpha, PCM sound. For editing.
//!
//! A fixed quantiser spares the encoder its search: at 1 the very bytes of the default (68 MB, 69.5
//! dB, 60 frames of 1080p) for a quarter of the CPU time; at 4 it is 27 MB and 59 dB.

use crate::ffmpeg::probe::{Input, SourceContainer};
use crate::ffmpeg::process::args;
use crate::frame::feed::Pixels;
use crate::output::ffmpeg_arguments::{YUV_TO_RGB, raw_input, sound, to_bt709};
use crate::output::format::{
    AlphaChannel, EncodeParams, Encoder, Encoding, Format, Layout, OWN_RATE, OWN_SIDE_PX, Presets, PsnrMin, Reader,
    SOCIAL_SIDE_PX, Verification, settings,
};

pub const FORMAT: Format = Format {
    encoding: Encoding {
        presets: Presets {
            web_app: settings(OWN_SIDE_PX, OWN_RATE, 2),
            editing: settings(OWN_SIDE_PX, OWN_RATE, 1),
            social: settings(SOCIAL_SIDE_PX, 30, 4),
        },
        pixels: Pixels::Rgba,
        needs_even_sides: true,
        disk_cost: 110,
        encoder,
    },
    verification: Verification {
        reader: Reader::Ffmpeg { container: SourceContainer::Mov, decoder: None, filter: YUV_TO_RGB },
        // Of its ten bits, RGB of eight keeps more than YUV of eight.
        layout: Layout::Rgba,
        alpha: AlphaChannel::Smooth,
        // (69, 69)
        psnr_min: PsnrMin { alpha_db: Some(40.0), color_db: Some(32.0) },
    },
};

/// The most that players have a layout for.
const CHANNELS_MAX: u32 = 8;

fn encoder(params: &EncodeParams, input: &Input) -> Encoder {
    let mut arguments = raw_input(params, Pixels::Rgba, Some(input));
    arguments.extend(to_bt709("yuva444p10le"));
    arguments.extend(args(["-c:v", "prores_ks", "-profile:v", "4444", "-qscale:v", &params.quality.to_string()]));
    arguments.extend(args(["-alpha_bits", "16", "-vendor", "apl0"]));
    arguments.extend(sound(input, CHANNELS_MAX, &["-c:a", "pcm_s16le"]));
    arguments.extend(args(["-movflags", "+write_colr", "-f", "mov"]));
    Encoder::Ffmpeg(arguments)
}
