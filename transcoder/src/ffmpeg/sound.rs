//! Selects the audio track of a source: the first that can be decoded. A source without one is
//! transcoded without sound.

use std::ffi::OsString;

use crate::error::TaskResult;
use crate::ffmpeg::guards::{file_url, preamble, read_guards};
use crate::ffmpeg::probe::{AudioTrack, Input, Probed};
use crate::ffmpeg::process::{Tool, args};

/// Selects the first track from which a sample can be decoded; none if there is no such track.
pub async fn choose(ffmpeg: Tool<'_>, probed: &mut Probed) -> TaskResult<()> {
    let mut chosen = None;
    for track in probed.audio_tracks.iter().copied().filter(|track| track.is_decodable) {
        match ffmpeg.capture(&first_sample(&probed.input, track)).await {
            Ok(samples) if !samples.is_empty() => {
                chosen = Some(track);
                break;
            }
            Ok(_) => tracing::info!(track.index, "an audio track is empty"),
            Err(error) if error.is_passing() => return Err(error.passing_error("sampling the sound")),
            Err(error) => tracing::info!(%error, track.index, "an audio track cannot be decoded"),
        }
    }
    probed.input.audio = chosen;
    probed.facts.has_audio = chosen.is_some();
    Ok(())
}

/// ffmpeg's arguments that decode the first frame of a track to raw samples on stdout.
fn first_sample(input: &Input, track: AudioTrack) -> Vec<OsString> {
    let mut arguments = [preamble(), read_guards(input.container)].concat();
    arguments.extend([OsString::from("-i"), file_url(&input.path)]);
    arguments.extend(args(["-map", &format!("0:{}", track.index), "-frames:a", "1", "-f", "s16le", "pipe:1"]));
    arguments
}
