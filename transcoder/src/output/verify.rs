//! Decodes a finished output again and compares it with the frames that its encoder was fed.
//! Nothing is delivered unchecked.

mod compare;
mod decode;
mod facts;

use std::path::PathBuf;
use std::time::Duration;

use shared::code::JobErrorCode;
use shared::media::{Output, PixelSize};
use shared::qa::OutputFigures;

use crate::error::{TaskError, TaskResult};
use crate::ffmpeg::process::Tool;
use crate::output::format::{DecodeError, Reader};
use crate::output::formats;
use crate::output::master::Master;
use crate::output::rendition::Rendition;
use crate::plan::Picture;
use compare::Comparison;

/// An output that passed.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    /// Which format.
    pub output: Output,
    /// Where it is.
    pub path: PathBuf,
    /// Whether it carries sound.
    pub has_audio: bool,
    /// Its picture.
    pub size: PixelSize,
    /// Its length.
    pub duration_ms: u64,
    /// For the report.
    pub figures: OutputFigures,
}

/// Reference for the comparison.
#[derive(Debug, Clone, Copy)]
pub struct Reference<'a> {
    /// What was kept of the frames that were encoded.
    pub master: &'a Master,
    /// The source as decoded.
    pub picture: Picture,
    /// Whether the source has sound.
    pub has_audio: bool,
}

/// Verifies one output. `on_frame` is told how many frames have been compared.
/// Errors: `verify_failed`.
pub async fn verify(
    ffmpeg: Tool<'_>,
    ffprobe: Tool<'_>,
    output: Output,
    rendition: &Rendition,
    reference: Reference<'_>,
    on_frame: impl Fn(u64),
) -> TaskResult<Verified> {
    let path = ffmpeg.dir.join(output.file_name());
    let verification = &formats::find(output).verification;
    let (frames, duration_ms) = rendition.share(reference.master.frames);
    let facts = facts::read(ffprobe, output, rendition, &path, duration_ms).await?;
    facts::check(output, rendition, &facts, reference, duration_ms)?;
    let samples = reference.master.samples_of(rendition.feed.size).ok_or_else(|| failed(output, "no samples were kept"))?;
    let mut comparison = Comparison::new(samples, verification, rendition.feed.padded);
    let mut decoded = 0;
    let compare = |frame: &[u8]| {
        if decoded < frames {
            comparison.add(decoded * rendition.keep_every, frame);
        }
        decoded += 1;
        on_frame(decoded);
    };
    let count = decode::decode(ffmpeg, verification, rendition.feed.padded, &path, compare).await;
    let count = count.map_err(|error| decode_failed(output, error))?;
    if count != frames {
        return Err(failed(output, &format!("has {count} frames, {frames} were encoded")));
    }
    if let Reader::Archive { members, .. } = verification.reader {
        // Best effort: whatever remains is removed with the task's folder.
        for member in members(&path) {
            drop(std::fs::remove_file(member));
        }
    }
    if let Some(complaint) = comparison.complaint() {
        return Err(failed(output, &complaint));
    }
    let size_bytes = std::fs::metadata(&path).map_err(|error| TaskError::disk("measuring an output", &error))?.len();
    let figures = OutputFigures {
        format: output,
        width: facts.size.width,
        height: facts.size.height,
        frame_rate: rendition.params.frame_rate.as_f64(),
        frame_count: frames,
        duration_sec: Duration::from_millis(duration_ms).as_secs_f64(),
        size_bytes,
        alpha_psnr_db: comparison.alpha_psnr_db(),
        color_psnr_db: comparison.color_psnr_db(),
        av_offset_ms: facts.av_offset_ms,
    };
    tracing::debug!(?figures, "verified");
    Ok(Verified { output, path, has_audio: facts.has_audio, size: facts.size, duration_ms, figures })
}

fn decode_failed(output: Output, error: DecodeError) -> TaskError {
    match error {
        DecodeError::Process(error) if error.is_passing() => error.passing_error(&format!("verifying {output}")),
        error => failed(output, &error.to_string()),
    }
}

fn failed(output: Output, detail: &str) -> TaskError {
    let message = format!("The {output} output differed from what was encoded when it was decoded again.");
    TaskError::Permanent { code: JobErrorCode::VerifyFailed, message, detail: format!("{output}: {detail}") }
}
