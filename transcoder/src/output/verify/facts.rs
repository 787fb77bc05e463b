//! Reads the facts that a finished file declares and compares them with the plan.

use std::path::{Path, PathBuf};

use shared::media::{Output, PixelSize};

use super::{Reference, decode_failed, failed};
use crate::blocking::blocking;
use crate::error::{TaskError, TaskResult};
use crate::ffmpeg::probe;
use crate::ffmpeg::process::Tool;
use crate::output::format::{AlphaChannel, DecodeError, Reader};
use crate::output::formats;
use crate::output::rendition::Rendition;

/// Containers round times to milliseconds (GIF to hundredths of a second), and sound comes in whole
/// frames.
/// Units: milliseconds.
const DURATION_ERROR_MS_MAX: u64 = 50;
/// Largest offset between sound and picture: less than people notice.
/// Units: milliseconds.
const AV_OFFSET_MS_MAX: u64 = 40;

/// Declared facts of a finished file.
pub struct Facts {
    pub size: PixelSize,
    pub duration_ms: u64,
    /// The longest of its streams.
    pub file_duration_ms: u64,
    pub has_alpha: bool,
    pub has_audio: bool,
    pub av_offset_ms: Option<i64>,
}

/// Reads them; where the format has no clock of its own, the length is the expected one.
pub async fn read(ffprobe: Tool<'_>, output: Output, rendition: &Rendition, path: &Path, expected_ms: u64) -> TaskResult<Facts> {
    let unpacked;
    let path = match formats::find(output).verification.reader {
        Reader::InProcess { duration_ms, .. } => {
            let declared_ms = duration_ms(path).map_err(|error| decode_failed(output, error))?;
            return Ok(unprobed(rendition.feed.padded, declared_ms.unwrap_or(expected_ms)));
        }
        Reader::Archive { unpack, members, .. } => {
            unpack_aside(output, path, unpack).await?;
            [_, unpacked] = members(path);
            unpacked.as_path()
        }
        Reader::Ffmpeg { .. } => path,
    };
    let probed = probe::read(ffprobe, path).await.map_err(|error| match error {
        TaskError::Permanent { detail, .. } => failed(output, &detail),
        error => error,
    })?;
    Ok(Facts {
        size: probed.facts.size,
        duration_ms: probed.facts.duration_ms,
        file_duration_ms: probed.file_duration_ms,
        has_alpha: probed.facts.has_alpha,
        has_audio: probed.facts.has_audio,
        av_offset_ms: probed.av_offset_ms,
    })
}

/// Of a file whose size and alpha are checked while it is decoded.
const fn unprobed(size: PixelSize, duration_ms: u64) -> Facts {
    Facts { size, duration_ms, file_duration_ms: duration_ms, has_alpha: true, has_audio: false, av_offset_ms: None }
}

async fn unpack_aside(output: Output, path: &Path, unpack: fn(&Path) -> Result<(), DecodeError>) -> TaskResult<()> {
    let archive: PathBuf = path.to_owned();
    blocking(move || unpack(&archive)).await?.map_err(|error| decode_failed(output, error))
}

/// Compares them with the plan.
/// Errors: `verify_failed`.
pub fn check(output: Output, rendition: &Rendition, facts: &Facts, reference: Reference<'_>, expected_ms: u64) -> TaskResult<()> {
    let verification = &formats::find(output).verification;
    let written = rendition.written_size();
    if facts.size != written {
        return Err(failed(output, &format!("size {} is not {written}", facts.size)));
    }
    let expects_alpha = verification.alpha != AlphaChannel::Absent;
    if facts.has_alpha != expects_alpha || facts.has_audio != (reference.has_audio && output.carries_sound()) {
        return Err(failed(output, &format!("alpha {} and sound {} are not as planned", facts.has_alpha, facts.has_audio)));
    }
    if facts.duration_ms.abs_diff(expected_ms) > DURATION_ERROR_MS_MAX {
        return Err(failed(output, &format!("{} ms long, {expected_ms} ms were encoded", facts.duration_ms)));
    }
    // Sound is cut at the expected end of the picture, which may be slightly after its real end.
    let longest_ms = expected_ms.max(rendition.share(reference.picture.length.frames).1);
    if facts.file_duration_ms > longest_ms + DURATION_ERROR_MS_MAX {
        return Err(failed(output, &format!("lasts {} ms, {longest_ms} ms at most were planned", facts.file_duration_ms)));
    }
    match facts.av_offset_ms.filter(|offset_ms| offset_ms.unsigned_abs() > AV_OFFSET_MS_MAX) {
        Some(offset_ms) => Err(failed(output, &format!("sound begins {offset_ms} ms from the picture"))),
        None => Ok(()),
    }
}
