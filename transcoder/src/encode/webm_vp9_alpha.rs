//! WebM: VP9, the alpha beside the picture (`BlockAdditional`), Opus sound.

use std::ffi::OsString;

use shared::media::Output;

use super::{raw_input, to_bt709};
use crate::plan::Picture;
use crate::probe::Input;
use crate::process::words;

/// Opus takes more channels only in layouts that few sources have.
const CHANNELS_MAX: u32 = 2;

pub fn arguments(picture: &Picture, input: &Input) -> Vec<OsString> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(16).to_string();
    let mut arguments = raw_input(picture, "rgba", Some(input));
    arguments.extend(to_bt709(picture, "pc", "yuva420p"));
    arguments.extend(words(["-c:v", "libvpx-vp9", "-b:v", "0", "-crf", "24", "-deadline", "good", "-cpu-used", "4"]));
    // Alternate reference frames stay off until browsers are proven to play them with alpha.
    arguments.extend(words(["-row-mt", "1", "-tile-columns", "2", "-threads", &threads, "-auto-alt-ref", "0"]));
    arguments.extend(words(["-metadata:s:v:0", "alpha_mode=1"]));
    if let Some(track) = input.audio {
        arguments.extend(words(["-c:a", "libopus", "-b:a", "128k"]));
        if track.channels > CHANNELS_MAX {
            arguments.extend(words(["-ac", "2"]));
        }
    }
    arguments.extend(words(["-f", "webm"]));
    arguments.push(Output::WebmVp9Alpha.file_name().into());
    arguments
}
