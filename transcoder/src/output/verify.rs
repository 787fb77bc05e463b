//! Decodes an output again and compares it with what was fed: nothing is delivered on an encoder's word.

mod bundle;
mod compare;
mod decode;

use std::path::{Path, PathBuf};
use std::time::Duration;

use shared::code::JobErrorCode;
use shared::media::{Output, PixelSize};
use shared::qa::OutputFigures;

use crate::error::{TaskError, TaskResult};
use crate::ffmpeg::probe;
use crate::ffmpeg::process::Tool;
use crate::output::encode::Master;
use crate::output::product::Product;
use crate::plan::Picture;
use compare::Comparison;
use decode::DecodeError;

/// Container clocks tick in milliseconds at the coarsest (GIF's in hundredths), and sound is framed.
/// Units: milliseconds.
const DURATION_ERROR_MS_MAX: u64 = 50;
/// How far sound may begin from the picture: less than people notice.
/// Units: milliseconds.
const AV_OFFSET_MS_MAX: u64 = 40;

/// An output that stood up.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    /// What it is.
    pub output: Output,
    /// Where it is.
    pub path: PathBuf,
    /// Whether it carries sound.
    pub has_audio: bool,
    /// Its picture.
    pub size: PixelSize,
    /// Its length.
    pub duration_ms: u64,
    /// What it is like.
    pub figures: OutputFigures,
}

/// What an output is compared with.
#[derive(Debug, Clone, Copy)]
pub struct Truth<'a> {
    /// What went into the encoder.
    pub master: &'a Master,
    /// Its geometry.
    pub picture: Picture,
    /// Whether the source has sound.
    pub has_audio: bool,
}

/// What an output says about itself.
struct Facts {
    size: PixelSize,
    duration_ms: u64,
    file_duration_ms: u64,
    has_alpha: bool,
    has_audio: bool,
    av_offset_ms: Option<i64>,
}

/// Verifies one output. `on_frame` is told how many frames have been compared.
pub async fn verify(
    ffmpeg: Tool<'_>,
    ffprobe: Tool<'_>,
    output: Output,
    product: &Product,
    truth: Truth<'_>,
    on_frame: impl Fn(u64),
) -> TaskResult<Verified> {
    let path = ffmpeg.dir.join(output.file_name());
    let (frames, duration_ms) = product.share(truth.master.frames);
    let facts = read_facts(ffprobe, output, product, &path, duration_ms).await?;
    check_facts(output, product, &facts, truth, duration_ms)?;
    let samples = truth.master.samples_of(product.feed.size).ok_or_else(|| failed(output, "no samples were kept"))?;
    let mut comparison = Comparison::new(samples, output, product.feed.padded);
    let mut seen = 0;
    let compare = |frame: &[u8]| {
        if seen < frames {
            comparison.add(seen * product.keep_every, frame);
        }
        seen += 1;
        on_frame(seen);
    };
    let count =
        decode::each_frame(ffmpeg, output, product, &path, compare).await.map_err(|error| decode_failed(output, error))?;
    if count != frames {
        return Err(failed(output, &format!("has {count} frames, {frames} were fed")));
    }
    if output == Output::ColorAlphaZip {
        bundle::remove(&path);
    }
    if let Some(complaint) = comparison.complaint() {
        return Err(failed(output, &complaint));
    }
    let size_bytes = std::fs::metadata(&path).map_err(|error| TaskError::disk("measuring an output", &error))?.len();
    let figures = OutputFigures {
        format: output,
        width: facts.size.width,
        height: facts.size.height,
        frame_rate: product.shot.frame_rate.as_f64(),
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

async fn read_facts(ffprobe: Tool<'_>, output: Output, product: &Product, path: &Path, expected_ms: u64) -> TaskResult<Facts> {
    let own = |duration_ms| Facts {
        size: product.feed.padded,
        duration_ms,
        file_duration_ms: duration_ms,
        has_alpha: true,
        has_audio: false,
        av_offset_ms: None,
    };
    match output {
        // Size and alpha are looked at while decoding; a folder of stills has no length of its own.
        Output::PngSequence => return Ok(own(expected_ms)),
        Output::AnimatedWebp => {
            return decode::webp_duration_ms(path).map(own).map_err(|error| decode_failed(output, error));
        }
        _ => {}
    }
    let unpacked;
    let path = if output == Output::ColorAlphaZip {
        unpacked = unpack(output, path).await?;
        unpacked.as_path()
    } else {
        path
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

/// Unpacks the archive; the file that says most about it.
async fn unpack(output: Output, path: &Path) -> TaskResult<PathBuf> {
    let (archive, [_, color]) = (path.to_owned(), bundle::members(path));
    let work = tokio::task::spawn_blocking(move || bundle::unpack(&archive)).await;
    let unpacked = work.map_err(|error| TaskError::with_detail(JobErrorCode::Internal, error.to_string()))?;
    unpacked.map_err(|error| decode_failed(output, error)).map(|()| color)
}

fn check_facts(output: Output, product: &Product, facts: &Facts, truth: Truth<'_>, expected_ms: u64) -> TaskResult<()> {
    let written = match output {
        // Its two pictures are fed as one.
        Output::ColorAlphaZip => product.feed.padded,
        _ => product.feed.pixels.written(product.feed.padded),
    };
    if facts.size != written {
        return Err(failed(output, &format!("size {} is not {written}", facts.size)));
    }
    if facts.has_alpha != carries_alpha(output) || facts.has_audio != (truth.has_audio && output.carries_sound()) {
        return Err(failed(output, &format!("alpha {} and sound {} are not as planned", facts.has_alpha, facts.has_audio)));
    }
    if facts.duration_ms.abs_diff(expected_ms) > DURATION_ERROR_MS_MAX {
        return Err(failed(output, &format!("{} ms long, {expected_ms} ms were fed", facts.duration_ms)));
    }
    // The sound is cut where the picture should end, which may be a little behind where it did.
    let longest_ms = expected_ms.max(product.share(truth.picture.length.frames).1);
    if facts.file_duration_ms > longest_ms + DURATION_ERROR_MS_MAX {
        return Err(failed(output, &format!("lasts {} ms, {longest_ms} ms at most were planned", facts.file_duration_ms)));
    }
    match facts.av_offset_ms.filter(|offset_ms| offset_ms.unsigned_abs() > AV_OFFSET_MS_MAX) {
        Some(offset_ms) => Err(failed(output, &format!("sound begins {offset_ms} ms from the picture"))),
        None => Ok(()),
    }
}

const fn carries_alpha(output: Output) -> bool {
    !matches!(output, Output::MatteGrayscaleMp4 | Output::StackedAlphaMp4 | Output::OpaqueMp4 | Output::ColorAlphaZip)
}

fn decode_failed(output: Output, error: DecodeError) -> TaskError {
    match error {
        DecodeError::Process(error) if error.is_passing() => TaskError::Transient(format!("verifying {output}: {error}")),
        error => failed(output, &error.to_string()),
    }
}

fn failed(output: Output, detail: &str) -> TaskError {
    let message = format!("The {output} output did not stand up to being decoded again.");
    TaskError::Permanent { code: JobErrorCode::VerifyFailed, message, detail: format!("{output}: {detail}") }
}
