//! The portrait's video: MP4, H.264 High, and AAC that was encoded when the sound was decoded.

use std::ffi::OsString;
use std::path::Path;

use shared::media::{FrameRate, Output, PixelSize};

use super::levels::FRAMES_PER_S;
use crate::ffmpeg::guards;
use crate::ffmpeg::probe::SourceContainer;
use crate::ffmpeg::process::args;
use crate::frame::feed::{Feed, Pixels};
use crate::output::ffmpeg_arguments::{MP4, file_limits, raw_inputs, to_bt709};
use crate::output::format::{EncodeParams, Encoder};
use crate::output::rendition::{Rendition, RenditionKind};

/// It is delivered and verified as this output.
pub const OUTPUT: Output = Output::OpaqueMp4;
pub const FRAME_RATE: FrameRate = FrameRate { numerator: FRAMES_PER_S, denominator: 1 };
/// The encoded sound, in the task's folder.
pub const SOUND_FILE_NAME: &str = "sound.m4a";
/// CRF of H.264. A still picture needs few bits even at high quality.
const QUALITY: u32 = 20;

/// The rendition of so many frames of a canvas.
pub fn rendition(canvas: PixelSize, frames: u64) -> Rendition {
    let params = EncodeParams { size: canvas, frame_rate: FRAME_RATE, frames, quality: QUALITY };
    let encoder = Encoder::Ffmpeg(arguments(&params, SOUND_FILE_NAME, &OUTPUT.file_name()));
    let feed = Feed { size: canvas, padded: canvas, pixels: Pixels::Opaque };
    Rendition { kind: RenditionKind::Output(OUTPUT), feed, keep_every: 1, params, encoder }
}

/// Into `file`, with the sound of `sound`; both are in the task's folder. Frames are fed as RGBA,
/// without a conversion.
fn arguments(params: &EncodeParams, sound: &str, file: &str) -> Vec<OsString> {
    let mut arguments = raw_inputs(params, Pixels::Rgba, None);
    arguments.extend(guards::read_guards(SourceContainer::Mov));
    arguments.extend([OsString::from("-i"), guards::file_url(Path::new(sound))]);
    arguments.extend(args(["-map", "0:v:0", "-map", "1:a:0", "-c:a", "copy"]));
    arguments.extend(file_limits());
    arguments.extend(to_bt709("yuv420p"));
    let quality = params.quality.to_string();
    arguments.extend(args(["-c:v", "libx264", "-profile:v", "high", "-crf", &quality, "-preset", "veryfast"]));
    arguments.extend(args(MP4));
    arguments.push(file.into());
    arguments
}
