//! Reads raw frames from a decoder's pipe.

use shared::code::JobErrorCode;
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;

use crate::error::{TaskError, TaskResult};
use crate::ffmpeg::process::{Child, ProcessError, with_stall_limit, within_processor_time};
use crate::length::Length;

/// Sends each frame that the decoder writes to `frames`, then waits for the decoder to exit;
/// returns how many there were.
/// Errors: more frames than `length` allows, a stalled or failed decoder.
pub async fn read_frames(
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
            let read = with_stall_limit((&mut pipe).take(missing).read_buf(&mut frame)).await;
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

/// Sends each whole frame that the decoder writes to `frames`, which are few, then waits for the
/// decoder to exit.
pub async fn read_samples(
    mut decoder: Child,
    frame_size_bytes: usize,
    frames: mpsc::Sender<Vec<u8>>,
) -> Result<(), ProcessError> {
    let mut pipe = decoder.take_stdout()?;
    loop {
        let mut frame = Vec::with_capacity(frame_size_bytes);
        while frame.len() < frame_size_bytes {
            let missing = (frame_size_bytes - frame.len()) as u64;
            if within_processor_time((&mut pipe).take(missing).read_buf(&mut frame)).await? == 0 {
                break;
            }
        }
        if frame.len() < frame_size_bytes || frames.send(frame).await.is_err() {
            break;
        }
    }
    drop(pipe);
    decoder.finish().await.map(|_| ())
}

/// A failed decoder as the failure of the task; `frames` were read before.
pub fn decode_error(error: ProcessError, frames: u64) -> TaskError {
    error.into_task_error(&format!("decoder after {frames} frames"), JobErrorCode::SourceUndecodable)
}
