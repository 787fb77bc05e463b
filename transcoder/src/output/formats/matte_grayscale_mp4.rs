//! MP4: the matte as grey, H.264, AAC sound. Limited range, as players expect: alpha 0 is luma 16,
//! alpha 255 is luma 235. For compositing over the source.

use crate::ffmpeg::probe::{Input, SourceContainer};
use crate::frame::feed::Pixels;
use crate::output::ffmpeg_arguments::{LUMA_TO_GREY, h264_mp4};
use crate::output::format::{
    AlphaChannel, EncodeParams, Encoder, Encoding, Format, Layout, OWN_RATE, OWN_SIDE_PX, Presets, PsnrMin, Reader,
    SOCIAL_SIDE_PX, Verification, settings,
};

pub const FORMAT: Format = Format {
    encoding: Encoding {
        presets: Presets {
            web_app: settings(4_096, 60, 12),
            editing: settings(OWN_SIDE_PX, OWN_RATE, 6),
            social: settings(SOCIAL_SIDE_PX, 30, 14),
        },
        pixels: Pixels::Matte,
        needs_even_sides: true,
        disk_cost: 10,
        encoder,
    },
    verification: Verification {
        reader: Reader::Ffmpeg { container: SourceContainer::Mov, decoder: None, filter: LUMA_TO_GREY },
        layout: Layout::Grey,
        alpha: AlphaChannel::Absent,
        // (55, none)
        psnr_min: PsnrMin { alpha_db: Some(28.0), color_db: None },
    },
};

fn encoder(params: &EncodeParams, input: &Input) -> Encoder {
    h264_mp4(params, Pixels::Matte, input)
}
