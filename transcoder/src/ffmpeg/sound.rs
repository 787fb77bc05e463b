//! Which of a source's audio tracks is the sound: the first that can be heard. A broken one costs no good picture.

use crate::error::{TaskError, TaskResult};
use crate::ffmpeg::probe::Probed;
use crate::ffmpeg::process::Tool;
use crate::plan;

/// Drops the tracks before the first from which a sample can be decoded; all of them when there is none.
pub async fn choose(ffmpeg: Tool<'_>, probed: &mut Probed) -> TaskResult<()> {
    let mut chosen = None;
    for track in probed.audio_tracks.iter().copied() {
        match ffmpeg.capture(&plan::sample_audio(&probed.input, track)).await {
            Ok(samples) if !samples.is_empty() => {
                chosen = Some(track);
                break;
            }
            Ok(_) => tracing::info!(track.index, "an audio track is empty"),
            Err(error) if error.is_passing() => return Err(TaskError::Transient(format!("sampling the sound: {error}"))),
            Err(error) => tracing::info!(%error, track.index, "an audio track cannot be decoded"),
        }
    }
    probed.input.audio = chosen;
    probed.facts.has_audio = chosen.is_some();
    Ok(())
}
