//! MP4, H.264 and AAC: the straight colour above, the matte as grey below. For web pages wherever
//! H.264 plays: a fragment shader writes `vec4(above.rgb * below.r, below.r)` to a canvas.

use crate::ffmpeg::probe::{Input, SourceContainer};
use crate::frame::feed::Pixels;
use crate::output::ffmpeg_arguments::{UPSAMPLE_CHROMA, h264_mp4};
use crate::output::format::{
    AlphaChannel, EncodeParams, Encoder, Encoding, Format, Layout, OWN_RATE, Presets, PsnrMin, Reader, Verification, settings,
};

pub const FORMAT: Format = Format {
    encoding: Encoding {
        presets: Presets {
            web_app: settings(SIDE_PX_MAX, 60, 20),
            editing: settings(SIDE_PX_MAX, OWN_RATE, 14),
            social: settings(SIDE_PX_MAX, 30, 22),
        },
        pixels: Pixels::Stacked,
        needs_even_sides: true,
        // Twice the picture, and written twice: the index moves to the front.
        disk_cost: 40,
        encoder,
    },
    verification: Verification {
        reader: Reader::Ffmpeg { container: SourceContainer::Mov, decoder: None, filter: UPSAMPLE_CHROMA },
        layout: Layout::StackedYuv,
        alpha: AlphaChannel::Absent,
        // (45, 45)
        psnr_min: PsnrMin { alpha_db: Some(26.0), color_db: Some(22.0) },
    },
};

/// Hardware decoders take 4096 × 2304, or the same upright (H.264, level 5.1): two pictures above
/// each other, each 1920 long at most, fit either way.
const SIDE_PX_MAX: u32 = 1_920;

fn encoder(params: &EncodeParams, input: &Input) -> Encoder {
    h264_mp4(params, Pixels::Stacked, input)
}
