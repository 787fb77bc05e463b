//! Previews: MP4, H.264, no sound, over a backdrop; small and cheap to encode. They are looked at,
//! never verified.

use crate::ffmpeg::probe::Input;
use crate::ffmpeg::process::args;
use crate::frame::feed::Pixels;
use crate::frame::pixels::Backdrop;
use crate::output::ffmpeg_arguments::{MP4, raw_input, to_bt709};
use crate::output::format::{EncodeParams, Encoder, Encoding, Presets, Settings, settings};

/// Of every preset.
const SETTINGS: Settings = settings(640, 30, 23);

/// The encoding over each backdrop.
pub const fn encoding(backdrop: Backdrop) -> &'static Encoding {
    const CHECKERBOARD: Encoding = over(Backdrop::Checkerboard);
    const DARK: Encoding = over(Backdrop::Dark);
    const LIGHT: Encoding = over(Backdrop::Light);
    match backdrop {
        Backdrop::Checkerboard => &CHECKERBOARD,
        Backdrop::Dark => &DARK,
        Backdrop::Light => &LIGHT,
    }
}

const fn over(backdrop: Backdrop) -> Encoding {
    Encoding {
        presets: Presets { web_app: SETTINGS, editing: SETTINGS, social: SETTINGS },
        pixels: Pixels::Over(backdrop),
        needs_even_sides: true,
        disk_cost: 10,
        encoder,
    }
}

/// The arguments are the same over every backdrop: it is in the pixels.
fn encoder(params: &EncodeParams, _: &Input) -> Encoder {
    let mut arguments = raw_input(params, Pixels::Over(Backdrop::Dark), None);
    arguments.extend(to_bt709("yuv420p"));
    arguments.extend(args(["-c:v", "libx264", "-crf", &params.quality.to_string(), "-preset", "superfast"]));
    // One thread keeps up with a picture this small, and each more would cost memory.
    arguments.extend(args(["-threads", "1"]));
    arguments.extend(args(MP4));
    Encoder::Ffmpeg(arguments)
}
