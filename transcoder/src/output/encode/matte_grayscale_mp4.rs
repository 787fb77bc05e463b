//! MP4: the matte as grey, H.264, AAC sound. Limited range, as players expect: alpha 0 is luma 16, alpha 255 is luma 235.
//!
//! `veryfast` against `medium` at CRF 12, 60 frames of 1080p: 1.9 against 2.7 CPU-s, 1.75 against 1.68 MB.

use std::ffi::OsString;

use super::arguments::{raw_input, sound, to_bt709};
use crate::ffmpeg::probe::Input;
use crate::ffmpeg::process::args;
use crate::frame::feed::Pixels;
use crate::output::product::Shot;

/// What every browser plays.
const CHANNELS_MAX: u32 = 2;

pub fn arguments(shot: &Shot, input: &Input) -> Vec<OsString> {
    let mut arguments = raw_input(shot, Pixels::Matte, Some(input));
    arguments.extend(to_bt709("yuv420p"));
    arguments.extend(args(["-c:v", "libx264", "-crf", &shot.quality.to_string(), "-preset", "veryfast"]));
    arguments.extend(sound(input, CHANNELS_MAX, &["-c:a", "aac", "-b:a", "128k"]));
    arguments.extend(args(["-movflags", "+faststart", "-f", "mp4"]));
    arguments
}
