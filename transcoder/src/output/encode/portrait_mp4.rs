//! MP4, H.264 High and AAC: painted frames, and a sound that was encoded when it was heard.

use std::ffi::OsString;
use std::path::Path;

use super::arguments::{file_limits, raw_inputs, to_bt709};
use crate::ffmpeg::guards;
use crate::ffmpeg::probe::SourceContainer;
use crate::ffmpeg::process::args;
use crate::frame::feed::Pixels;
use crate::output::product::Shot;

/// Into `file`, with the sound of `sound`; both in the task's folder.
pub fn arguments(shot: &Shot, sound: &str, file: &str) -> Vec<OsString> {
    let mut arguments = raw_inputs(shot, Pixels::Rgba, None);
    arguments.extend(guards::read_guards(SourceContainer::Mov));
    arguments.extend([OsString::from("-i"), guards::file_url(Path::new(sound))]);
    arguments.extend(args(["-map", "0:v:0", "-map", "1:a:0", "-c:a", "copy"]));
    arguments.extend(file_limits());
    arguments.extend(to_bt709("yuv420p"));
    arguments.extend(args(["-c:v", "libx264", "-profile:v", "high", "-crf", &shot.quality.to_string(), "-preset", "veryfast"]));
    arguments.extend(args(["-movflags", "+faststart", "-f", "mp4", file]));
    arguments
}
