//! ZIP of `alpha.mp4`, the matte as grey, and `color.mp4`, the straight colour with the sound: both H.264, from one pipe, put
//! together when they are whole. The layout is the one that Unscreen's clients unpack.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

use super::arguments::{bt709_filter, bt709_tags, file_limits, mapped_sound, raw_inputs, sound};
use super::zip::Archive;
use crate::ffmpeg::probe::Input;
use crate::ffmpeg::process::args;
use crate::frame::feed::Pixels;
use crate::output::product::Shot;

/// What lies in the archive, in this order.
pub const MEMBERS: [&str; 2] = ["alpha.mp4", "color.mp4"];
/// What every player plays.
const CHANNELS_MAX: u32 = 2;

pub fn arguments(shot: &Shot, input: &Input) -> Vec<OsString> {
    let [alpha_file, color_file] = MEMBERS;
    let bt709 = bt709_filter("yuv420p");
    let filter =
        format!("[0:v]split[above][below];[above]crop=iw:ih/2:0:0,{bt709}[color];[below]crop=iw:ih/2:0:ih/2,{bt709}[alpha]");
    let mut arguments = raw_inputs(shot, Pixels::Stacked, Some(input));
    arguments.extend(args(["-filter_complex", &filter, "-map", "[alpha]"]));
    arguments.extend(file(shot, &[], alpha_file));
    arguments.extend(args(["-map", "[color]"]));
    let mut sounding = mapped_sound(shot, input);
    sounding.extend(sound(input, CHANNELS_MAX, &["-c:a", "aac", "-b:a", "128k"]));
    arguments.extend(file(shot, &sounding, color_file));
    arguments
}

fn file(shot: &Shot, sounding: &[OsString], name: &str) -> Vec<OsString> {
    let mut arguments = [sounding.to_vec(), file_limits(), bt709_tags()].concat();
    arguments.extend(args(["-c:v", "libx264", "-crf", &shot.quality.to_string(), "-preset", "veryfast"]));
    arguments.extend(args(["-movflags", "+faststart", "-f", "mp4", name]));
    arguments
}

/// Puts the two files into the archive, and removes them.
pub fn pack(dir: &Path, path: &Path) -> io::Result<()> {
    let mut archive = Archive::new(BufWriter::new(File::create(path)?), name);
    for member in MEMBERS {
        let file = dir.join(member);
        archive.add_file(&mut File::open(&file)?)?;
        std::fs::remove_file(file)?;
    }
    archive.end().map(drop)
}

fn name(index: usize) -> String {
    MEMBERS.get(index).copied().unwrap_or_default().to_owned()
}
