//! WebM: VP9, the alpha beside the picture (`BlockAdditional`), Opus sound.
//!
//! 60 frames of 1080p, MB, dB of colour and alpha, CPU-s: default (`-cpu-used 1`, CRF 30) 1.95, 49.5, 50.4, 29; 2 at CRF 28
//! 2.2, 49.8, 50.8, 13; 4 at 28 2.3, 49.6, 50.4, 11; realtime 5 at 24 3.4, 49.8, 52.4, 5.6. Two tiles cost 1 % of bytes.

use std::ffi::OsString;

use super::arguments::{raw_input, sound, threads, to_bt709};
use crate::ffmpeg::probe::Input;
use crate::ffmpeg::process::args;
use crate::frame::feed::Pixels;
use crate::output::product::Shot;

/// Opus takes more channels only in layouts that few sources have.
const CHANNELS_MAX: u32 = 2;

pub fn arguments(shot: &Shot, input: &Input) -> Vec<OsString> {
    let mut arguments = raw_input(shot, Pixels::Rgba, Some(input));
    arguments.extend(to_bt709("yuva420p"));
    arguments.extend(args(["-c:v", "libvpx-vp9", "-b:v", "0", "-crf", &shot.quality.to_string()]));
    arguments.extend(args(["-deadline", "good", "-cpu-used", "2", "-row-mt", "1", "-tile-columns", "1"]));
    // Alternate reference frames stay off until browsers are proven to play them with alpha.
    arguments.extend(args(["-threads", &threads(), "-auto-alt-ref", "0", "-metadata:s:v:0", "alpha_mode=1"]));
    arguments.extend(sound(input, CHANNELS_MAX, &["-c:a", "libopus", "-b:a", "128k"]));
    arguments.extend(args(["-f", "webm"]));
    arguments
}
