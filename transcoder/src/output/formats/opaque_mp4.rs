//! MP4, H.264 and AAC, without alpha: over the composition's background, or over black where it has
//! none. For wherever no other format plays.

use crate::ffmpeg::probe::{Input, SourceContainer};
use crate::frame::feed::Pixels;
use crate::output::ffmpeg_arguments::{UPSAMPLE_CHROMA, h264_mp4};
use crate::output::format::{
    AlphaChannel, EncodeParams, Encoder, Encoding, Format, Layout, OWN_RATE, OWN_SIDE_PX, Presets, PsnrMin, Reader,
    SOCIAL_SIDE_PX, Verification, settings,
};

pub const FORMAT: Format = Format {
    encoding: Encoding {
        presets: Presets {
            web_app: settings(4_096, 60, 20),
            editing: settings(OWN_SIDE_PX, OWN_RATE, 14),
            social: settings(SOCIAL_SIDE_PX, 30, 22),
        },
        pixels: Pixels::Opaque,
        needs_even_sides: true,
        // Written twice: the index moves to the front.
        disk_cost: 20,
        encoder,
    },
    verification: Verification {
        reader: Reader::Ffmpeg { container: SourceContainer::Mov, decoder: None, filter: UPSAMPLE_CHROMA },
        layout: Layout::Yuv,
        alpha: AlphaChannel::Absent,
        // (none, 45)
        psnr_min: PsnrMin { alpha_db: None, color_db: Some(22.0) },
    },
};

fn encoder(params: &EncodeParams, input: &Input) -> Encoder {
    h264_mp4(params, Pixels::Opaque, input)
}
