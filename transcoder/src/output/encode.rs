//! One decode fans out to one maker per product, all at the same time, each behind a bounded queue.
//!
//! Everything runs inside one future: dropping it kills every child before the drop returns.

mod animated_webp;
mod apng;
mod arguments;
pub mod color_alpha_zip;
mod gif;
mod line;
mod matte_grayscale_mp4;
mod mov_prores4444;
mod opaque_mp4;
mod ordered;
pub mod png;
pub mod png_sequence;
pub mod portrait_mp4;
mod preview;
mod stacked_alpha_mp4;
mod webm_vp9_alpha;
mod zip;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use futures_util::future::{OptionFuture, try_join_all};
use shared::code::JobErrorCode;
use shared::media::Output;
use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;
use tokio::sync::mpsc;

pub use line::{Line, Master, Unseen};

use crate::error::{TaskError, TaskResult};
use crate::ffmpeg::probe::Input;
use crate::ffmpeg::process::{Child, Pipes, ProcessError, Tool, finished, with_stall_limit};
use crate::ffmpeg::raw_frames::{decode_error, read_frames};
use crate::frame::feed::Frame;
use crate::matte::matting_step::MattingStep;
use crate::output::product::{Item, Maker, Product, Shot};
use crate::plan::Plan;

/// Decoded frames that wait to be keyed.
const DECODED_FRAMES_IN_FLIGHT_MAX: usize = 2;
/// Frames with a matte that wait to be composed.
const MATTED_FRAMES_IN_FLIGHT_MAX: usize = 2;
/// Composed frames that wait for one encoder.
const ENCODER_FRAMES_IN_FLIGHT_MAX: usize = 4;
/// What an encoder says when the disk is full; no other attempt need meet that.
const DISK_FULL: &str = "No space left on device";

/// Who makes an item, and how.
pub fn maker(item: Item, shot: &Shot, input: &Input) -> Maker {
    let mut maker = match item {
        Item::Output(Output::WebmVp9Alpha) => Maker::Ffmpeg(webm_vp9_alpha::arguments(shot, input)),
        Item::Output(Output::MovProres4444) => Maker::Ffmpeg(mov_prores4444::arguments(shot, input)),
        Item::Output(Output::AnimatedWebp) => return Maker::Webp(animated_webp::arguments(shot)),
        Item::Output(Output::Gif) => Maker::Ffmpeg(gif::arguments(shot)),
        Item::Output(Output::Apng) => return Maker::Apng,
        Item::Output(Output::PngSequence) => return Maker::PngSequence,
        Item::Output(Output::MatteGrayscaleMp4) => Maker::Ffmpeg(matte_grayscale_mp4::arguments(shot, input)),
        Item::Output(Output::StackedAlphaMp4) => Maker::Ffmpeg(stacked_alpha_mp4::arguments(shot, input)),
        Item::Output(Output::OpaqueMp4) => Maker::Ffmpeg(opaque_mp4::arguments(shot, input)),
        Item::Output(Output::ColorAlphaZip) => return Maker::ColorAlphaZip(color_alpha_zip::arguments(shot, input)),
        Item::Preview(backdrop) => Maker::Ffmpeg(preview::arguments(shot, backdrop)),
    };
    if let Maker::Ffmpeg(arguments) = &mut maker {
        arguments.push(item.file_name().into());
    }
    maker
}

/// Runs the plan to its end. `on_frame` is told how many frames have been composed.
pub async fn run(
    ffmpeg: Tool<'_>,
    plan: &Plan,
    matting: Option<MattingStep>,
    line: Line,
    on_frame: impl Fn(u64),
) -> TaskResult<Master> {
    let previews = plan.products.iter().any(|product| matches!(product.item, Item::Preview(_)));
    if previews {
        std::fs::create_dir_all(ffmpeg.dir.join("previews")).map_err(|error| TaskError::disk("making a folder", &error))?;
    }
    let decoder = ffmpeg.spawn(&plan.decode, Pipes::Stdout).map_err(|error| decode_error(error, 0))?;
    let (decoded_in, decoded_out) = mpsc::channel(DECODED_FRAMES_IN_FLIGHT_MAX);
    let (queues, makers): (Vec<_>, Vec<_>) = plan
        .products
        .iter()
        .map(|product| {
            let (queue, frames) = mpsc::channel(ENCODER_FRAMES_IN_FLIGHT_MAX);
            (queue, make(ffmpeg, product, frames))
        })
        .unzip();
    let frame_size_bytes = plan.raw_format.frame_size_bytes(plan.picture.shown);
    let (matted_in, matted_out) = mpsc::channel(MATTED_FRAMES_IN_FLIGHT_MAX);
    let (matted_out, matting) = match matting {
        Some(stage) => (matted_out, Some(stage.run(decoded_out, matted_in))),
        None => (decoded_out, None),
    };
    let (frames, (), master, _) = tokio::try_join!(
        read_frames(decoder, frame_size_bytes, plan.picture.length, decoded_in),
        async { OptionFuture::from(matting).await.unwrap_or(Ok(())) },
        compose_frames(line, matted_out, queues, on_frame),
        try_join_all(makers),
    )?;
    if frames == 0 {
        return Err(TaskError::with_detail(JobErrorCode::SourceNoFrames, "the decoder gave no frame"));
    }
    Ok(master)
}

async fn compose_frames(
    mut line: Line,
    mut decoded: mpsc::Receiver<Vec<u8>>,
    queues: Vec<mpsc::Sender<Frame>>,
    on_frame: impl Fn(u64),
) -> TaskResult<Master> {
    while let Some(raw) = decoded.recv().await {
        let work = tokio::task::spawn_blocking(move || {
            let taken = line.pass(raw);
            (line, taken)
        });
        let taken;
        (line, taken) = work.await.map_err(|error| TaskError::with_detail(JobErrorCode::Internal, error.to_string()))?;
        on_frame(line.frames());
        for (queue, frame) in queues.iter().zip(taken?) {
            // A closed queue means that an encoder failed; its own error says more than ours could.
            if let Some(frame) = frame
                && queue.send(frame).await.is_err()
            {
                return Ok(line.finish());
            }
        }
    }
    Ok(line.finish())
}

/// Makes one product of the frames that come.
pub async fn make(ffmpeg: Tool<'_>, product: &Product, frames: mpsc::Receiver<Frame>) -> TaskResult<()> {
    let failed = |error: ProcessError| encode_error(product.item, error);
    let path = ffmpeg.dir.join(product.item.file_name());
    match &product.maker {
        Maker::Ffmpeg(arguments) => into_files(ffmpeg, product.item, arguments, frames).await,
        Maker::ColorAlphaZip(arguments) => {
            into_files(ffmpeg, product.item, arguments, frames).await?;
            let dir = ffmpeg.dir.to_owned();
            on_a_thread(product.item, move || color_alpha_zip::pack(&dir, &path)).await
        }
        Maker::Webp(arguments) => {
            let mut child = ffmpeg.spawn(arguments, Pipes::Both).map_err(failed)?;
            let pipe = child.take_stdin().map_err(|error| failed(error.into()))?;
            let stills = child.take_stdout().map_err(|error| failed(error.into()))?;
            let (fed, written) = stitch(feed(pipe, frames), animated_webp::write(stills, &product.shot, &path)).await;
            let written = written.map_err(failed)?.map_err(|error| write_error(product.item, &error));
            // A full disk ends the child too, and then it knows less; otherwise its own last words come first.
            if let Err(error @ TaskError::Transient(_)) = written {
                return Err(error);
            }
            settle(product.item, child, fed).await?;
            written
        }
        Maker::Apng => in_process(product, path, frames, apng::write).await,
        Maker::PngSequence => in_process(product, path, frames, png_sequence::write).await,
    }
}

/// One ffmpeg makes the item's files of frames.
pub async fn into_files(ffmpeg: Tool<'_>, item: Item, arguments: &[OsString], frames: mpsc::Receiver<Frame>) -> TaskResult<()> {
    let failed = |error: ProcessError| encode_error(item, error);
    let mut child = ffmpeg.spawn(arguments, Pipes::Stdin).map_err(failed)?;
    let pipe = child.take_stdin().map_err(|error| failed(error.into()))?;
    let fed = feed(pipe, frames).await;
    settle(item, child, fed).await
}

/// Feeds a child and writes what it makes, at the same time; once it has everything, what is left may take only so long.
async fn stitch<T>(
    feeding: impl Future<Output = T>,
    writing: impl Future<Output = io::Result<()>>,
) -> (T, Result<io::Result<()>, ProcessError>) {
    tokio::pin!(feeding, writing);
    tokio::select! {
        fed = &mut feeding => (fed, finished(async { Ok(writing.await) }).await),
        written = &mut writing => (feeding.await, Ok(written)),
    }
}

async fn in_process(
    product: &Product,
    path: PathBuf,
    frames: mpsc::Receiver<Frame>,
    write: fn(mpsc::Receiver<Frame>, &Shot, &std::path::Path) -> io::Result<()>,
) -> TaskResult<()> {
    let shot = product.shot;
    on_a_thread(product.item, move || write(frames, &shot, &path)).await
}

async fn on_a_thread(item: Item, write: impl FnOnce() -> io::Result<()> + Send + 'static) -> TaskResult<()> {
    let work = tokio::task::spawn_blocking(write).await;
    work.map_err(|error| TaskError::with_detail(JobErrorCode::Internal, error.to_string()))?
        .map_err(|error| write_error(item, &error))
}

/// Whether the child took everything.
enum Fed {
    All,
    HungUp,
}

async fn feed(mut pipe: ChildStdin, mut frames: mpsc::Receiver<Frame>) -> Result<Fed, ProcessError> {
    while let Some(frame) = frames.recv().await {
        match with_stall_limit(pipe.write_all(&frame)).await {
            Ok(()) => {}
            // Its exit tells why.
            Err(ProcessError::Io(_)) => return Ok(Fed::HungUp),
            Err(error) => return Err(error),
        }
    }
    Ok(Fed::All)
}

async fn settle(item: Item, child: Child, fed: Result<Fed, ProcessError>) -> TaskResult<()> {
    let fed = fed.map_err(|error| encode_error(item, error))?;
    child.finish().await.map_err(|error| encode_error(item, error))?;
    match fed {
        Fed::All => Ok(()),
        Fed::HungUp => Err(failed(item, "ended before its input")),
    }
}

fn encode_error(item: Item, error: ProcessError) -> TaskError {
    match error {
        ProcessError::Exit { stderr, .. } if stderr.contains(DISK_FULL) => TaskError::Transient(format!("{item}: {DISK_FULL}")),
        error => match error.into_task_error(&item.to_string(), JobErrorCode::EncodeFailed) {
            TaskError::Permanent { code: JobErrorCode::EncodeFailed, detail, .. } => failed(item, &detail),
            error => error,
        },
    }
}

/// What is no trouble with the disk is trouble with the format.
fn write_error(item: Item, error: &io::Error) -> TaskError {
    match error.kind() {
        io::ErrorKind::Other | io::ErrorKind::UnexpectedEof => failed(item, &error.to_string()),
        _ => TaskError::disk(&format!("writing {item}"), error),
    }
}

/// The encoder's own last words are for the log: they may name paths.
fn failed(item: Item, last_words: &str) -> TaskError {
    let message = format!("The encoder of {item} failed on this footage.");
    TaskError::Permanent { code: JobErrorCode::EncodeFailed, message, detail: format!("{item}: {last_words}") }
}
