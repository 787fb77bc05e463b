//! GIF: a palette for each frame, so that memory does not grow with the length (one for the whole clip needs every frame);
//! alpha is cut at half.

use std::ffi::OsString;

use super::arguments::raw_input;
use crate::ffmpeg::process::args;
use crate::frame::feed::Pixels;
use crate::output::product::Shot;

const FILTER: &str = "split[frames][sample];[sample]palettegen=reserve_transparent=1:stats_mode=single[palette];\
    [frames][palette]paletteuse=new=1:alpha_threshold=128";

pub fn arguments(shot: &Shot) -> Vec<OsString> {
    let mut arguments = raw_input(shot, Pixels::Rgba, None);
    arguments.extend(args(["-filter_complex", FILTER, "-c:v", "gif", "-loop", "0", "-f", "gif"]));
    arguments
}
