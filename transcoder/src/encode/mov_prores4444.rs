//! `QuickTime`: ProRes 4444 with 16-bit alpha, PCM sound. A fixed quantiser is four times as fast as the default search.

use std::ffi::OsString;

use shared::media::Output;

use super::{raw_input, to_bt709};
use crate::plan::Picture;
use crate::probe::Input;
use crate::process::words;

/// The most that players have a layout for.
const CHANNELS_MAX: u32 = 8;

pub fn arguments(picture: &Picture, input: &Input) -> Vec<OsString> {
    let mut arguments = raw_input(picture, "rgba", Some(input));
    arguments.extend(to_bt709(picture, "pc", "yuva444p10le"));
    arguments.extend(words([
        "-c:v",
        "prores_ks",
        "-profile:v",
        "4444",
        "-qscale:v",
        "4",
        "-alpha_bits",
        "16",
        "-vendor",
        "apl0",
    ]));
    if let Some(track) = input.audio {
        arguments.extend(words(["-c:a", "pcm_s16le"]));
        if track.channels > CHANNELS_MAX {
            arguments.extend(words(["-ac", "2"]));
        }
    }
    arguments.extend(words(["-movflags", "+write_colr", "-f", "mov"]));
    arguments.push(Output::MovProres4444.file_name().into());
    arguments
}
