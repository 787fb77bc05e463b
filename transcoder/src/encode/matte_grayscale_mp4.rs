//! MP4: the matte as grey, H.264, no sound. Limited range, as players expect: alpha 0 is luma 16, alpha 255 is luma 235.

use std::ffi::OsString;

use shared::media::Output;

use super::{raw_input, to_bt709};
use crate::plan::Picture;
use crate::process::words;

pub fn arguments(picture: &Picture) -> Vec<OsString> {
    let mut arguments = raw_input(picture, "gray", None);
    arguments.extend(to_bt709(picture, "pc", "yuv420p"));
    arguments.extend(words(["-c:v", "libx264", "-crf", "12", "-preset", "veryfast", "-movflags", "+faststart", "-f", "mp4"]));
    arguments.push(Output::MatteGrayscaleMp4.file_name().into());
    arguments
}
