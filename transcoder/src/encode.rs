//! One decode fans out to one encoder process per output, all at the same time, each behind a bounded queue.
//!
//! Everything runs inside one future: dropping it kills every child before the drop returns.

mod matte_grayscale_mp4;
mod mov_prores4444;
mod webm_vp9_alpha;

use std::ffi::OsString;
use std::sync::Arc;

use futures_util::future::try_join_all;
use shared::code::JobErrorCode;
use shared::media::Output;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use crate::compose::{AlphaThumb, Composed, Composer};
use crate::error::{TaskError, TaskResult};
use crate::length::{Length, duration_ms};
use crate::plan::{EncoderStage, Picture, Plan, seconds};
use crate::probe::Input;
use crate::process::{Child, Piped, ProcessError, Tool, unstalled, words};

/// Decoded frames that wait to be keyed.
const DECODED_FRAMES_IN_FLIGHT_MAX: usize = 2;
/// Composed frames that wait for one encoder.
const ENCODER_FRAMES_IN_FLIGHT_MAX: usize = 4;

/// An encoder that has written this much ends, and the output fails.
/// Units: bytes. What can be stored: 10,000 parts of 8 MiB.
const OUTPUT_SIZE_BYTES_MAX: u64 = 10_000 * 8 * 1024 * 1024;

/// What went into every encoder.
#[derive(Debug)]
pub struct Master {
    /// The matte of each frame, in small; 64 bytes a frame, 14 MB for the longest source.
    pub thumbs: Vec<AlphaThumb>,
}

/// The arguments of one encoder; its input is raw frames on stdin, its output a file of that name in its folder.
pub fn arguments(output: Output, picture: &Picture, input: &Input) -> Vec<OsString> {
    match output {
        Output::WebmVp9Alpha => webm_vp9_alpha::arguments(picture, input),
        Output::MovProres4444 => mov_prores4444::arguments(picture, input),
        Output::MatteGrayscaleMp4 => matte_grayscale_mp4::arguments(picture),
    }
}

/// Runs the plan to its end. `on_frame` is told how many frames have been composed.
pub async fn run(ffmpeg: Tool<'_>, plan: &Plan, composer: Composer, on_frame: impl Fn(u64)) -> TaskResult<Master> {
    let decoder = ffmpeg.spawn(&plan.decode, Piped::Stdout).map_err(|error| decode_error(error, 0))?;
    let (decoded_in, decoded_out) = mpsc::channel(DECODED_FRAMES_IN_FLIGHT_MAX);
    let mut queues = Vec::new();
    let mut encoders = Vec::new();
    for stage in &plan.encoders {
        let child = ffmpeg.spawn(&stage.arguments, Piped::Stdin).map_err(|error| encode_error(stage.output, error))?;
        let (queue, frames) = mpsc::channel(ENCODER_FRAMES_IN_FLIGHT_MAX);
        queues.push(queue);
        encoders.push(feed(stage, child, frames));
    }
    let frame_size_bytes = usize::try_from(plan.picture.shown.pixels())
        .map(|pixels| pixels * plan.raw_format.pixel_size_bytes())
        .map_err(|error| TaskError::Transient(error.to_string()))?;
    let (frames, thumbs, _) = tokio::try_join!(
        read_frames(decoder, frame_size_bytes, plan.picture.length, decoded_in),
        compose_frames(composer, decoded_out, queues, on_frame),
        try_join_all(encoders),
    )?;
    if frames == 0 {
        return Err(TaskError::with_detail(JobErrorCode::SourceNoFrames, "the decoder gave no frame"));
    }
    Ok(Master { thumbs })
}

async fn read_frames(
    mut decoder: Child,
    frame_size_bytes: usize,
    length: Length,
    frames: mpsc::Sender<Vec<u8>>,
) -> TaskResult<u64> {
    let mut pipe = decoder.take_stdout().map_err(|error| TaskError::disk("reading frames", &error))?;
    let mut count = 0;
    loop {
        let mut frame = Vec::with_capacity(frame_size_bytes);
        while frame.len() < frame_size_bytes {
            let missing = (frame_size_bytes - frame.len()) as u64;
            let read = unstalled((&mut pipe).take(missing).read_buf(&mut frame)).await;
            if read.map_err(|error| decode_error(error, count))? == 0 {
                break;
            }
        }
        // A closed queue means that an encoder failed; its own error says more than ours could.
        if frame.len() < frame_size_bytes || frames.send(frame).await.is_err() {
            break;
        }
        count += 1;
        if length.exceeds(count) {
            return Err(length.too_many(count));
        }
    }
    drop(frames);
    drop(pipe);
    let complaints = decoder.finish().await.map_err(|error| decode_error(error, count))?;
    if !complaints.is_empty() {
        tracing::info!(complaints, "the decoder went on after errors");
    }
    Ok(count)
}

async fn compose_frames(
    composer: Composer,
    mut decoded: mpsc::Receiver<Vec<u8>>,
    queues: Vec<mpsc::Sender<Arc<Composed>>>,
    on_frame: impl Fn(u64),
) -> TaskResult<Vec<AlphaThumb>> {
    let composer = Arc::new(composer);
    let mut thumbs = Vec::new();
    while let Some(frame) = decoded.recv().await {
        let composer = Arc::clone(&composer);
        let outcome = tokio::task::spawn_blocking(move || composer.compose(&frame)).await;
        let ready = Arc::new(outcome.map_err(|error| TaskError::with_detail(JobErrorCode::Internal, error.to_string()))?);
        thumbs.push(ready.thumb);
        on_frame(thumbs.len() as u64);
        for queue in &queues {
            if queue.send(Arc::clone(&ready)).await.is_err() {
                return Ok(thumbs);
            }
        }
    }
    Ok(thumbs)
}

async fn feed(stage: &EncoderStage, mut child: Child, mut frames: mpsc::Receiver<Arc<Composed>>) -> TaskResult<()> {
    let mut pipe = child.take_stdin().map_err(|error| TaskError::disk("writing frames", &error))?;
    let mut hung_up = false;
    while let Some(frame) = frames.recv().await {
        let bytes = match stage.output {
            Output::WebmVp9Alpha | Output::MovProres4444 => &frame.rgba,
            Output::MatteGrayscaleMp4 => &frame.alpha,
        };
        match unstalled(pipe.write_all(bytes)).await {
            Ok(()) => {}
            // It hung up on us: its exit tells why.
            Err(ProcessError::Io(_)) => {
                hung_up = true;
                break;
            }
            Err(error) => return Err(encode_error(stage.output, error)),
        }
    }
    drop(pipe);
    child.finish().await.map_err(|error| encode_error(stage.output, error))?;
    if hung_up {
        return Err(TaskError::with_detail(JobErrorCode::EncodeFailed, format!("{}: ended before its input", stage.output)));
    }
    Ok(())
}

fn decode_error(error: ProcessError, frames: u64) -> TaskError {
    match classify(error, JobErrorCode::SourceNotVideo, &format!("decoder after {frames} frames")) {
        TaskError::Permanent { code: code @ JobErrorCode::SourceNotVideo, detail, .. } => {
            TaskError::Permanent { code, message: "The source's video cannot be decoded.".to_owned(), detail }
        }
        error => error,
    }
}

fn encode_error(output: Output, error: ProcessError) -> TaskError {
    classify(error, JobErrorCode::EncodeFailed, output.as_str())
}

fn classify(error: ProcessError, code: JobErrorCode, who: &str) -> TaskError {
    match error {
        error if error.is_passing() => TaskError::Transient(format!("{who}: {error}")),
        error => TaskError::with_detail(code, format!("{who}: {error}")),
    }
}

/// Raw frames on stdin, then the source's sound where there is some; metadata of the source is not passed on.
fn raw_input(picture: &Picture, pixel_format: &str, audio: Option<&Input>) -> Vec<OsString> {
    let mut arguments = crate::plan::preamble();
    arguments.extend(words(["-protocol_whitelist", "pipe,file", "-f", "rawvideo", "-pix_fmt", pixel_format]));
    arguments.extend(words(["-s", &picture.padded.to_string(), "-r", &picture.frame_rate.to_string(), "-i", "pipe:0"]));
    if let Some((input, track)) = audio.and_then(|input| Some((input, input.audio?))) {
        arguments.extend(crate::plan::read_guards(input.container));
        arguments.extend([OsString::from("-i"), crate::plan::file_url(&input.path)]);
        arguments.extend(words(["-map", "0:v:0", "-map", &format!("1:{}", track.index)]));
        arguments.extend(words(["-af", &cut_sound(picture, input)]));
    }
    arguments.extend(words(["-map_metadata", "-1", "-map_chapters", "-1", "-fs", &OUTPUT_SIZE_BYTES_MAX.to_string()]));
    arguments
}

/// The sound from the first picture to where the last one should end, with silence where there is none: a gap that is
/// closed instead makes everything behind it early.
fn cut_sound(picture: &Picture, input: &Input) -> String {
    let start = match input.picture_start_ms {
        0 => String::new(),
        start_ms => format!("asetpts=PTS-{}/TB,", seconds(start_ms)),
    };
    let end = seconds(duration_ms(picture.length.frames, picture.frame_rate));
    // Cut before filling, so that no silence is made for what is dropped; and after, since filling may go beyond.
    format!("{start}atrim=start=0:end={end},aresample=async=1:first_pts=0,apad=whole_dur={end},atrim=end={end}")
}

/// RGB to BT.709 by an explicit matrix, and the tags that say so: without it ffmpeg converts by BT.601.
fn to_bt709(picture: &Picture, in_range: &str, pixel_format: &str) -> Vec<OsString> {
    let aspect = picture.pixel_aspect.map_or_else(String::new, |(across, down)| format!(",setsar={across}/{down}"));
    let filter = [
        format!("scale=in_range={in_range}:out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_int"),
        format!(",format={pixel_format}{aspect}"),
        // The encoder takes its tags from the frames, or from the options, depending on ffmpeg's version.
        ",setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709".to_owned(),
    ];
    let mut arguments = words(["-vf", &filter.concat()]);
    arguments.extend(words(["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"]));
    arguments
}
