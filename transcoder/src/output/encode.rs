//! Encodes one rendition from the frames that it is fed, whichever way its format is encoded.
//!
//! Nothing is spawned: dropping the future kills every child before the drop returns.

use std::ffi::OsString;
use std::io;

use shared::code::JobErrorCode;
use shared::report::MachineFault;
use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;
use tokio::sync::mpsc;

use crate::blocking::blocking;
use crate::error::{TaskError, TaskResult};
use crate::ffmpeg::process::{Child, Pipes, ProcessError, Tool, finished, with_stall_limit};
use crate::frame::feed::Frame;
use crate::output::format::Encoder;
use crate::output::rendition::{Rendition, RenditionKind};

/// ffmpeg's message when the disk is full.
const DISK_FULL: &str = "No space left on device";

/// Encodes one rendition; ends with the frames.
/// Errors: `encode_failed`.
pub async fn encode(ffmpeg: Tool<'_>, rendition: &Rendition, frames: mpsc::Receiver<Frame>) -> TaskResult<()> {
    let kind = rendition.kind;
    let path = ffmpeg.dir.join(kind.file_name());
    match &rendition.encoder {
        Encoder::Ffmpeg(arguments) => run_ffmpeg(ffmpeg, kind, arguments, frames).await,
        Encoder::Packed { arguments, pack } => {
            run_ffmpeg(ffmpeg, kind, arguments, frames).await?;
            let (dir, pack) = (ffmpeg.dir.to_owned(), *pack);
            on_a_thread(kind, move || pack(&dir, &path)).await
        }
        Encoder::Muxed { arguments, mux } => {
            let failed = |error: ProcessError| encode_error(kind, error);
            let mut child = ffmpeg.spawn(arguments, Pipes::Both).map_err(failed)?;
            let stdin = child.take_stdin().map_err(|error| failed(error.into()))?;
            let stdout = child.take_stdout().map_err(|error| failed(error.into()))?;
            let (fed, muxed) = feed_and_mux(feed(stdin, frames), mux(stdout, rendition.params, path)).await;
            let muxed = muxed.map_err(failed)?.map_err(|error| write_error(kind, &error));
            // A full disk ends the child too, with an error that says less; otherwise the child's
            // error says more.
            if let Err(error @ (TaskError::Transient(_) | TaskError::Machine { .. })) = muxed {
                return Err(error);
            }
            settle(kind, child, fed).await?;
            muxed
        }
        Encoder::InProcess(write) => {
            let (write, params) = (*write, rendition.params);
            on_a_thread(kind, move || write(frames, &params, &path)).await
        }
    }
}

/// Feeds frames to one ffmpeg process, which writes the files of `kind`.
pub async fn run_ffmpeg(
    ffmpeg: Tool<'_>,
    kind: RenditionKind,
    arguments: &[OsString],
    frames: mpsc::Receiver<Frame>,
) -> TaskResult<()> {
    let failed = |error: ProcessError| encode_error(kind, error);
    let mut child = ffmpeg.spawn(arguments, Pipes::Stdin).map_err(failed)?;
    let stdin = child.take_stdin().map_err(|error| failed(error.into()))?;
    let fed = feed(stdin, frames).await;
    settle(kind, child, fed).await
}

/// Feeds a child and muxes its output at the same time. Once it has been fed everything, muxing has
/// a time limit.
async fn feed_and_mux<T>(
    feeding: impl Future<Output = T>,
    muxing: impl Future<Output = io::Result<()>>,
) -> (T, Result<io::Result<()>, ProcessError>) {
    tokio::pin!(feeding, muxing);
    tokio::select! {
        fed = &mut feeding => (fed, finished(async { Ok(muxing.await) }).await),
        muxed = &mut muxing => (feeding.await, Ok(muxed)),
    }
}

async fn on_a_thread(kind: RenditionKind, write: impl FnOnce() -> io::Result<()> + Send + 'static) -> TaskResult<()> {
    blocking(write).await?.map_err(|error| write_error(kind, &error))
}

/// How the feeding of a child ended.
enum Fed {
    All,
    ClosedEarly,
}

async fn feed(mut pipe: ChildStdin, mut frames: mpsc::Receiver<Frame>) -> Result<Fed, ProcessError> {
    while let Some(frame) = frames.recv().await {
        match with_stall_limit(pipe.write_all(&frame)).await {
            Ok(()) => {}
            // Its exit status tells why.
            Err(ProcessError::Io(_)) => return Ok(Fed::ClosedEarly),
            Err(error) => return Err(error),
        }
    }
    Ok(Fed::All)
}

async fn settle(kind: RenditionKind, child: Child, fed: Result<Fed, ProcessError>) -> TaskResult<()> {
    let fed = fed.map_err(|error| encode_error(kind, error))?;
    child.finish().await.map_err(|error| encode_error(kind, error))?;
    match fed {
        Fed::All => Ok(()),
        Fed::ClosedEarly => Err(failed(kind, "ended before its input")),
    }
}

fn encode_error(kind: RenditionKind, error: ProcessError) -> TaskError {
    match error {
        ProcessError::Exit { stderr, .. } if stderr.contains(DISK_FULL) => {
            TaskError::machine(MachineFault::ScratchFull, format!("{kind}: {DISK_FULL}"))
        }
        error => match error.into_task_error(&kind.to_string(), JobErrorCode::EncodeFailed) {
            TaskError::Permanent { code: JobErrorCode::EncodeFailed, detail, .. } => failed(kind, &detail),
            error => error,
        },
    }
}

/// Errors that the writer itself made mean a failed encode; all others come from the disk.
fn write_error(kind: RenditionKind, error: &io::Error) -> TaskError {
    match error.kind() {
        io::ErrorKind::Other | io::ErrorKind::UnexpectedEof => failed(kind, &error.to_string()),
        _ => TaskError::disk(&format!("writing {kind}"), error),
    }
}

/// `detail` is for the log alone: it may name paths.
fn failed(kind: RenditionKind, detail: &str) -> TaskError {
    let message = format!("The encoder of {kind} failed on this footage.");
    TaskError::Permanent { code: JobErrorCode::EncodeFailed, message, detail: format!("{kind}: {detail}") }
}
