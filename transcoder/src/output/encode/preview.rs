//! Previews: MP4, H.264, no sound, made to be cheap.

use std::ffi::OsString;

use super::arguments::{raw_input, to_bt709};
use crate::ffmpeg::process::args;
use crate::frame::feed::Pixels;
use crate::frame::pixels::Backdrop;
use crate::output::product::Shot;

pub fn arguments(shot: &Shot, backdrop: Backdrop) -> Vec<OsString> {
    let mut arguments = raw_input(shot, Pixels::Over(backdrop), None);
    arguments.extend(to_bt709("yuv420p"));
    arguments.extend(args(["-c:v", "libx264", "-crf", &shot.quality.to_string(), "-preset", "superfast"]));
    // One keeps up with any picture this small, and each more would cost memory.
    arguments.extend(args(["-threads", "1"]));
    arguments.extend(args(["-movflags", "+faststart", "-f", "mp4"]));
    arguments
}
