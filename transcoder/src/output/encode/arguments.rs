//! What the arguments of several encoders have in common.

use std::ffi::OsString;

use crate::ffmpeg::guards::{file_url, preamble, read_guards};
use crate::ffmpeg::probe::Input;
use crate::ffmpeg::process::args;
use crate::frame::feed::Pixels;
use crate::length::duration_ms;
use crate::output::product::Shot;
use crate::plan::seconds;

/// An encoder that has written this much ends, and the output fails.
/// Units: bytes. What can be stored: 10,000 parts of 8 MiB.
const OUTPUT_SIZE_BYTES_MAX: u64 = 10_000 * 8 * 1024 * 1024;

/// Raw frames on stdin, then the source's sound where there is some; metadata of the source is not passed on.
pub fn raw_input(shot: &Shot, pixels: Pixels, audio: Option<&Input>) -> Vec<OsString> {
    let mut arguments = raw_inputs(shot, pixels, audio);
    if let Some(input) = audio.filter(|input| input.audio.is_some()) {
        arguments.extend(args(["-map", "0:v:0"]));
        arguments.extend(mapped_sound(shot, input));
    }
    arguments.extend(file_limits());
    arguments
}

/// Raw frames on stdin, and the source's sound beside them where there is some; nothing is said yet of what becomes of them.
pub fn raw_inputs(shot: &Shot, pixels: Pixels, audio: Option<&Input>) -> Vec<OsString> {
    let mut arguments = preamble();
    let size = pixels.written(shot.padded).to_string();
    arguments.extend(args(["-protocol_whitelist", "pipe,file", "-f", "rawvideo", "-pix_fmt", pixels.pixel_format()]));
    arguments.extend(args(["-s", &size, "-r", &shot.frame_rate.to_string(), "-i", "pipe:0"]));
    if let Some(input) = audio.filter(|input| input.audio.is_some()) {
        arguments.extend(read_guards(input.container));
        arguments.extend([OsString::from("-i"), file_url(&input.path)]);
    }
    arguments
}

/// The sound of the second input, if there is any, for the output that follows.
pub fn mapped_sound(shot: &Shot, input: &Input) -> Vec<OsString> {
    let Some(track) = input.audio else { return Vec::new() };
    args(["-map", &format!("1:{}", track.index), "-af", &cut_sound(shot, input)])
}

/// For every output file.
pub fn file_limits() -> Vec<OsString> {
    args(["-map_metadata", "-1", "-map_chapters", "-1", "-fs", &OUTPUT_SIZE_BYTES_MAX.to_string()])
}

/// The sound from the first picture to where the last one should end, with silence where there is none: a gap that is
/// closed instead makes everything behind it early.
fn cut_sound(shot: &Shot, input: &Input) -> String {
    let start = match input.picture_start_ms {
        0 => String::new(),
        start_ms => format!("asetpts=PTS-{}/TB,", seconds(start_ms)),
    };
    let end = seconds(duration_ms(shot.frames, shot.frame_rate));
    // Cut before filling, so that no silence is made for what is dropped; and after, since filling may go beyond.
    format!("{start}atrim=start=0:end={end},aresample=async=1:first_pts=0,apad=whole_dur={end},atrim=end={end}")
}

/// A codec for the sound, if there is any; more channels than it should carry become two.
pub fn sound(input: &Input, channels_max: u32, codec: &[&str]) -> Vec<OsString> {
    let Some(track) = input.audio else { return Vec::new() };
    let mut arguments: Vec<OsString> = codec.iter().map(OsString::from).collect();
    if track.channels > channels_max {
        arguments.extend(args(["-ac", "2"]));
    }
    arguments
}

/// RGB to BT.709 by an explicit matrix, and the tags that say so: without it ffmpeg converts by BT.601. Pixels are square.
pub fn to_bt709(pixel_format: &str) -> Vec<OsString> {
    let mut arguments = args(["-vf", &bt709_filter(pixel_format)]);
    arguments.extend(bt709_tags());
    arguments
}

/// The conversion of [`to_bt709`].
pub fn bt709_filter(pixel_format: &str) -> String {
    [
        "scale=in_range=pc:out_color_matrix=bt709:out_range=tv:flags=bicubic+full_chroma_int".to_owned(),
        format!(",format={pixel_format},setsar=1"),
        // The encoder takes its tags from the frames, or from the options, depending on ffmpeg's version.
        ",setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709".to_owned(),
    ]
    .concat()
}

/// The tags of [`to_bt709`].
pub fn bt709_tags() -> Vec<OsString> {
    args(["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"])
}

/// Threads for one encoder.
pub fn threads() -> String {
    std::thread::available_parallelism().map_or(1, usize::from).min(16).to_string()
}
