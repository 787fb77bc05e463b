//! MP4, H.264 and AAC, without alpha: what is still clear when it comes here is shown over black.

use std::ffi::OsString;

use super::arguments::{raw_input, sound, to_bt709};
use crate::ffmpeg::probe::Input;
use crate::ffmpeg::process::args;
use crate::frame::feed::Pixels;
use crate::output::product::Shot;

/// What every browser plays.
const CHANNELS_MAX: u32 = 2;

pub fn arguments(shot: &Shot, input: &Input) -> Vec<OsString> {
    let mut arguments = raw_input(shot, Pixels::Opaque, Some(input));
    arguments.extend(to_bt709("yuv420p"));
    arguments.extend(args(["-c:v", "libx264", "-crf", &shot.quality.to_string(), "-preset", "veryfast"]));
    arguments.extend(sound(input, CHANNELS_MAX, &["-c:a", "aac", "-b:a", "128k"]));
    arguments.extend(args(["-movflags", "+faststart", "-f", "mp4"]));
    arguments
}
