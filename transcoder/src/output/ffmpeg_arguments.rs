//! Pieces of ffmpeg arguments that several formats share.

use std::ffi::OsString;

use crate::ffmpeg::guards::{file_url, preamble, read_guards};
use crate::ffmpeg::probe::Input;
use crate::ffmpeg::process::args;
use crate::frame::feed::Pixels;
use crate::length::duration_ms;
use crate::output::format::{EncodeParams, Encoder, Layout};
use crate::plan::seconds;

/// ffmpeg stops at this size, and verification then refuses the output.
/// Units: bytes. The largest object that can be stored: 10,000 parts of 8 MiB.
const OUTPUT_SIZE_BYTES_MAX: u64 = 10_000 * 8 * 1024 * 1024;

/// One output file from raw frames on stdin and the sound of the source, if there is any; its
/// metadata is not copied.
pub fn raw_input(params: &EncodeParams, pixels: Pixels, audio: Option<&Input>) -> Vec<OsString> {
    let mut arguments = raw_inputs(params, pixels, audio);
    if let Some(input) = audio.filter(|input| input.audio.is_some()) {
        arguments.extend(args(["-map", "0:v:0"]));
        arguments.extend(mapped_sound(params, input));
    }
    arguments.extend(file_limits());
    arguments
}

/// The inputs alone: raw frames on stdin, then the source for its sound, if there is any.
pub fn raw_inputs(params: &EncodeParams, pixels: Pixels, audio: Option<&Input>) -> Vec<OsString> {
    let mut arguments = preamble();
    let size = pixels.written(params.size).to_string();
    arguments.extend(args(["-protocol_whitelist", "pipe,file", "-f", "rawvideo", "-pix_fmt", pixels.pixel_format()]));
    arguments.extend(args(["-s", &size, "-r", &params.frame_rate.to_string(), "-i", "pipe:0"]));
    if let Some(input) = audio.filter(|input| input.audio.is_some()) {
        arguments.extend(read_guards(input.container));
        arguments.extend([OsString::from("-i"), file_url(&input.path)]);
    }
    arguments
}

/// Maps the sound of the second input, if there is any, into the output file that follows.
pub fn mapped_sound(params: &EncodeParams, input: &Input) -> Vec<OsString> {
    let Some(track) = input.audio else { return Vec::new() };
    args(["-map", &format!("1:{}", track.index), "-af", &cut_sound(params, input)])
}

/// Options of every output file.
pub fn file_limits() -> Vec<OsString> {
    args(["-map_metadata", "-1", "-map_chapters", "-1", "-fs", &OUTPUT_SIZE_BYTES_MAX.to_string()])
}

/// Cuts the sound to the expected length of the picture and fills gaps with silence: closing a gap
/// would make all sound after it early.
fn cut_sound(params: &EncodeParams, input: &Input) -> String {
    let start = match input.picture_start_ms {
        0 => String::new(),
        start_ms => format!("asetpts=PTS-{}/TB,", seconds(start_ms)),
    };
    let end = seconds(duration_ms(params.frames, params.frame_rate));
    // Trimmed before padding, so that no silence is made for what is dropped; and after, since
    // padding may exceed the end.
    format!("{start}atrim=start=0:end={end},aresample=async=1:first_pts=0,apad=whole_dur={end},atrim=end={end}")
}

/// The codec of the sound, if there is any; more than `channels_max` channels are mixed down to
/// two.
pub fn sound(input: &Input, channels_max: u32, codec: &[&str]) -> Vec<OsString> {
    let Some(track) = input.audio else { return Vec::new() };
    let mut arguments: Vec<OsString> = codec.iter().map(OsString::from).collect();
    if track.channels > channels_max {
        arguments.extend(args(["-ac", "2"]));
    }
    arguments
}

/// RGB to BT.709 by an explicit matrix (ffmpeg's default is BT.601), square pixels, and tags that
/// say so.
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
        // The encoder takes its tags from the frames, or from the options, depending on ffmpeg's
        // version.
        ",setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709".to_owned(),
    ]
    .concat()
}

/// The tags of [`to_bt709`].
pub fn bt709_tags() -> Vec<OsString> {
    args(["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"])
}

/// Number of threads for one encoder.
pub fn threads() -> String {
    std::thread::available_parallelism().map_or(1, usize::from).min(16).to_string()
}

/// MP4 with its index at the start, H.264 of 4:2:0, and the sound of the source as AAC.
pub fn h264_mp4(params: &EncodeParams, pixels: Pixels, input: &Input) -> Encoder {
    let mut arguments = raw_input(params, pixels, Some(input));
    arguments.extend(to_bt709("yuv420p"));
    arguments.extend(h264(params));
    arguments.extend(aac(input));
    arguments.extend(args(MP4));
    Encoder::Ffmpeg(arguments)
}

/// `veryfast` against `medium` at CRF 12, 60 frames of a matte in 1080p: 1.9 against 2.7 CPU-s,
/// 1.75 against 1.68 MB.
pub fn h264(params: &EncodeParams) -> Vec<OsString> {
    args(["-c:v", "libx264", "-crf", &params.quality.to_string(), "-preset", "veryfast"])
}

/// The sound as AAC, if there is any, in as many channels as every browser plays.
pub fn aac(input: &Input) -> Vec<OsString> {
    const CHANNELS_MAX: u32 = 2;
    sound(input, CHANNELS_MAX, &["-c:a", "aac", "-b:a", "128k"])
}

/// MP4 with its index at the start.
pub const MP4: [&str; 4] = ["-movflags", "+faststart", "-f", "mp4"];

/// Filter from limited-range YUV to RGB. In 4:4:4 no chroma is interpolated, so that ffmpeg's fast
/// conversion is exact.
pub const YUV_TO_RGB: &str = "scale=in_color_matrix=bt709:in_range=tv:out_range=pc:flags=bicubic+full_chroma_int";
/// Filter from limited-range luma to full-range grey.
pub const LUMA_TO_GREY: &str = "scale=in_range=tv:out_range=pc";
/// Filter from subsampled chroma to 4:4:4.
pub const UPSAMPLE_CHROMA: &str = "scale=flags=bicubic";

/// Raw frames on stdout, as many as there are in the file.
pub fn raw_output(layout: Layout) -> Vec<OsString> {
    let pixel_format = layout.pixel_format();
    args(["-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", pixel_format, "-flush_packets", "1", "pipe:1"])
}
