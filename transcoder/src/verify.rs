//! Decodes an output again and compares it with what was fed: nothing is delivered on an encoder's word.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use shared::code::JobErrorCode;
use shared::media::{Output, PixelSize};
use tokio::io::AsyncReadExt;

use crate::compose::{AlphaThumb, thumb};
use crate::encode::Master;
use crate::error::{TaskError, TaskResult};
use crate::length::duration_ms;
use crate::plan::{self, Picture};
use crate::probe::{self, Probed, SourceContainer};
use crate::process::{Piped, ProcessError, Tool, unstalled, words};

/// How far the matte may be from the master, on average over all cells of all frames.
/// Units: of 255. A missing alpha plane is 100 and more away.
const MEAN_ERROR_MAX: f64 = 2.0;
/// The same for the worst frame: one frame too early or too late shows here.
const FRAME_ERROR_MAX: f64 = 8.0;
/// Container clocks tick in milliseconds at the coarsest, and sound is framed.
/// Units: milliseconds.
const DURATION_ERROR_MS_MAX: u64 = 50;

/// An output that stood up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What it is.
    pub output: Output,
    /// Where it is.
    pub path: PathBuf,
    /// Its size.
    pub size_bytes: u64,
    /// Its picture size.
    pub size: PixelSize,
    /// Frames that came out of it.
    pub frame_count: u64,
    /// Its picture's length.
    pub duration_ms: u64,
    /// Whether it carries sound.
    pub has_audio: bool,
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

/// Verifies one output. `on_frame` is told how many frames have been compared.
pub async fn verify(
    ffmpeg: Tool<'_>,
    ffprobe: Tool<'_>,
    output: Output,
    truth: Truth<'_>,
    on_frame: impl Fn(u64),
) -> TaskResult<Verified> {
    let path = ffmpeg.dir.join(output.file_name());
    let probed = probe::read(ffprobe, &path).await.map_err(|error| match error {
        TaskError::Permanent { detail, .. } => failed(output, &detail),
        error => error,
    })?;
    let frame_count = truth.master.thumbs.len() as u64;
    let expected_ms = duration_ms(frame_count, truth.picture.frame_rate);
    check_facts(output, &probed, truth, expected_ms)?;
    compare_matte(ffmpeg, output, &path, truth, on_frame).await?;
    let size_bytes = std::fs::metadata(&path).map_err(|error| TaskError::disk("measuring an output", &error))?.len();
    Ok(Verified {
        output,
        path,
        size_bytes,
        size: probed.facts.size,
        frame_count,
        duration_ms: expected_ms,
        has_audio: probed.facts.has_audio,
    })
}

fn check_facts(output: Output, probed: &Probed, truth: Truth<'_>, expected_ms: u64) -> TaskResult<()> {
    let facts = &probed.facts;
    if facts.size != truth.picture.padded {
        return Err(failed(output, &format!("size {} is not {}", facts.size, truth.picture.padded)));
    }
    if facts.has_alpha != carries_alpha(output) || facts.has_audio != (truth.has_audio && carries_alpha(output)) {
        return Err(failed(output, &format!("alpha {} and sound {} are not as planned", facts.has_alpha, facts.has_audio)));
    }
    if facts.duration_ms.abs_diff(expected_ms) > DURATION_ERROR_MS_MAX {
        return Err(failed(output, &format!("{} ms long, {expected_ms} ms were fed", facts.duration_ms)));
    }
    // The sound is cut where the picture should end, which may be a little behind where it did.
    let longest_ms = expected_ms.max(duration_ms(truth.picture.length.frames, truth.picture.frame_rate));
    if probed.file_duration_ms > longest_ms + DURATION_ERROR_MS_MAX {
        return Err(failed(output, &format!("lasts {} ms, {longest_ms} ms at most were planned", probed.file_duration_ms)));
    }
    Ok(())
}

async fn compare_matte(
    ffmpeg: Tool<'_>,
    output: Output,
    path: &Path,
    truth: Truth<'_>,
    on_frame: impl Fn(u64),
) -> TaskResult<()> {
    let broken = |error: ProcessError| match error {
        error if error.is_passing() => TaskError::Transient(format!("verifying {output}: {error}")),
        error => failed(output, &error.to_string()),
    };
    let mut decoder = ffmpeg.spawn(&decode_matte(output, path), Piped::Stdout).map_err(broken)?;
    let mut pipe = decoder.take_stdout().map_err(|error| TaskError::disk("verifying", &error))?;
    let size = truth.picture.padded;
    let frame_size_bytes = size.pixels();
    let (mut errors, mut frame) = (Errors::default(), Vec::new());
    let mut masters = truth.master.thumbs.iter();
    loop {
        frame.clear();
        while (frame.len() as u64) < frame_size_bytes {
            let missing = frame_size_bytes - frame.len() as u64;
            if unstalled((&mut pipe).take(missing).read_buf(&mut frame)).await.map_err(broken)? == 0 {
                break;
            }
        }
        match (frame.is_empty(), masters.next()) {
            (true, None) => break,
            (true, Some(_)) => return Err(failed(output, &format!("ends after {} frames", errors.frames))),
            (false, None) => return Err(failed(output, "has more frames than were fed")),
            (false, Some(master)) => {
                let seen;
                (frame, seen) = thumb_of(frame, size).await?;
                errors.add(&seen, master);
            }
        }
        on_frame(errors.frames);
    }
    drop(pipe);
    decoder.finish().await.map_err(broken)?;
    tracing::debug!(output = output.as_str(), mean = errors.mean(), worst = errors.worst, "matte compared");
    if errors.mean() > MEAN_ERROR_MAX || errors.worst > FRAME_ERROR_MAX {
        return Err(failed(output, &format!("matte is off by {:.2}, in one frame by {:.2}", errors.mean(), errors.worst)));
    }
    Ok(())
}

/// Off the threads that heartbeats need: a large frame takes tens of milliseconds.
async fn thumb_of(frame: Vec<u8>, size: PixelSize) -> TaskResult<(Vec<u8>, AlphaThumb)> {
    let work = tokio::task::spawn_blocking(move || {
        let seen = thumb(&frame, size);
        (frame, seen)
    });
    work.await.map_err(|error| TaskError::with_detail(JobErrorCode::Internal, error.to_string()))
}

#[derive(Debug, Default)]
struct Errors {
    frames: u64,
    sum: f64,
    worst: f64,
}

impl Errors {
    fn add(&mut self, seen: &AlphaThumb, master: &AlphaThumb) {
        let total: u32 = seen.iter().zip(master).map(|(seen, master)| u32::from(seen.abs_diff(*master))).sum();
        let error = f64::from(total) / 64.0;
        self.frames += 1;
        self.sum += error;
        self.worst = self.worst.max(error);
    }

    #[expect(clippy::cast_precision_loss, reason = "at most 216,000 frames")]
    fn mean(&self) -> f64 {
        self.sum / self.frames.max(1) as f64
    }
}

/// Every frame's matte as 8-bit grey, one frame in the file for one frame out.
fn decode_matte(output: Output, path: &Path) -> Vec<OsString> {
    let (container, decoder, filter) = match output {
        // ffmpeg's own VP9 decoder drops the alpha.
        Output::WebmVp9Alpha => (SourceContainer::Matroska, Some("libvpx-vp9"), "extractplanes=a"),
        Output::MovProres4444 => (SourceContainer::Mov, None, "extractplanes=a,format=gray"),
        Output::MatteGrayscaleMp4 => (SourceContainer::Mov, None, "scale=in_range=tv:out_range=pc,format=gray"),
    };
    let mut arguments = [plan::preamble(), plan::read_guards(container)].concat();
    if let Some(decoder) = decoder {
        arguments.extend(words(["-c:v", decoder]));
    }
    arguments.extend([OsString::from("-i"), plan::file_url(path)]);
    arguments.extend(words(["-map", "0:v:0", "-vf", filter, "-fps_mode", "passthrough"]));
    arguments.extend(words(["-f", "rawvideo", "-pix_fmt", "gray", "-flush_packets", "1", "pipe:1"]));
    arguments
}

const fn carries_alpha(output: Output) -> bool {
    match output {
        Output::WebmVp9Alpha | Output::MovProres4444 => true,
        Output::MatteGrayscaleMp4 => false,
    }
}

fn failed(output: Output, detail: &str) -> TaskError {
    TaskError::with_detail(JobErrorCode::VerifyFailed, format!("{output}: {detail}"))
}
