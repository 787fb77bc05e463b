//! GIF: one palette a frame, so that memory does not grow with the length (one palette for the
//! whole clip needs every frame); alpha is cut at one half. For wherever no other format works.

use crate::ffmpeg::probe::{Input, SourceContainer};
use crate::ffmpeg::process::args;
use crate::frame::feed::Pixels;
use crate::output::ffmpeg_arguments::raw_input;
use crate::output::format::{
    ANIMATED_IMAGE_PRESETS, AlphaChannel, EncodeParams, Encoder, Encoding, Format, Layout, PsnrMin, Reader, Verification,
};

pub const FORMAT: Format = Format {
    encoding: Encoding { presets: ANIMATED_IMAGE_PRESETS, pixels: Pixels::Rgba, needs_even_sides: false, disk_cost: 40, encoder },
    verification: Verification {
        reader: Reader::Ffmpeg { container: SourceContainer::Gif, decoder: None, filter: "null" },
        layout: Layout::Rgba,
        alpha: AlphaChannel::OneBit,
        // Against the cut matte; 255 colours a frame (99, 35)
        psnr_min: PsnrMin { alpha_db: Some(30.0), color_db: Some(16.0) },
    },
};

const FILTER: &str = "split[frames][sample];[sample]palettegen=reserve_transparent=1:stats_mode=single[palette];\
    [frames][palette]paletteuse=new=1:alpha_threshold=128";

fn encoder(params: &EncodeParams, _: &Input) -> Encoder {
    let mut arguments = raw_input(params, Pixels::Rgba, None);
    arguments.extend(args(["-filter_complex", FILTER, "-c:v", "gif", "-loop", "0", "-f", "gif"]));
    Encoder::Ffmpeg(arguments)
}
