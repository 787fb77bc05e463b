//! Decodes every frame of a finished file, with the reader that its format names.

use std::ffi::OsString;
use std::path::Path;

use shared::media::PixelSize;
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;

use crate::ffmpeg::guards;
use crate::ffmpeg::probe::SourceContainer;
use crate::ffmpeg::process::{Pipes, ProcessError, Tool, args, with_stall_limit};
use crate::output::ffmpeg_arguments::raw_output;
use crate::output::format::{DecodeError, Layout, ReadFrames, Reader, Verification, broken};

/// Frames that wait to be compared.
const FRAMES_IN_FLIGHT_MAX: usize = 2;

/// Decodes a file of this size to its end and passes every frame on; returns the number of frames.
pub async fn decode(
    ffmpeg: Tool<'_>,
    verification: &Verification,
    size: PixelSize,
    path: &Path,
    on_frame: impl FnMut(&[u8]),
) -> Result<u64, DecodeError> {
    let layout = verification.layout;
    let frame_size_bytes = layout.frame_size_bytes(size);
    match verification.reader {
        Reader::Ffmpeg { container, decoder, filter } => {
            let arguments = arguments(container, decoder, filter, layout, path);
            through_ffmpeg(ffmpeg, &arguments, frame_size_bytes, on_frame).await
        }
        Reader::Archive { members, arguments, .. } => {
            through_ffmpeg(ffmpeg, &arguments(members(path)), frame_size_bytes, on_frame).await
        }
        Reader::InProcess { read, .. } => in_process(path, size, read, on_frame).await,
    }
}

fn arguments(container: SourceContainer, decoder: Option<&str>, filter: &str, layout: Layout, path: &Path) -> Vec<OsString> {
    let mut arguments = [guards::preamble(), guards::read_guards(container)].concat();
    if let Some(decoder) = decoder {
        arguments.extend(args(["-c:v", decoder]));
    }
    arguments.extend([OsString::from("-i"), guards::file_url(path)]);
    arguments.extend(args(["-map", "0:v:0", "-vf", &format!("{filter},format={}", layout.pixel_format())]));
    arguments.extend(raw_output(layout));
    arguments
}

async fn through_ffmpeg(
    ffmpeg: Tool<'_>,
    arguments: &[OsString],
    frame_size_bytes: u64,
    mut on_frame: impl FnMut(&[u8]),
) -> Result<u64, DecodeError> {
    let mut decoder = ffmpeg.spawn(arguments, Pipes::Stdout)?;
    let mut pipe = decoder.take_stdout().map_err(ProcessError::Io)?;
    let (mut count, mut frame) = (0, Vec::new());
    loop {
        frame.clear();
        while (frame.len() as u64) < frame_size_bytes {
            let missing = frame_size_bytes - frame.len() as u64;
            if with_stall_limit((&mut pipe).take(missing).read_buf(&mut frame)).await? == 0 {
                break;
            }
        }
        if frame.is_empty() {
            break;
        }
        if (frame.len() as u64) < frame_size_bytes {
            return Err(broken("ends within a frame"));
        }
        on_frame(&frame);
        count += 1;
    }
    drop(pipe);
    decoder.finish().await?;
    Ok(count)
}

/// Decodes on a thread of its own, which ends when frames are no longer received.
async fn in_process(path: &Path, size: PixelSize, read: ReadFrames, mut on_frame: impl FnMut(&[u8])) -> Result<u64, DecodeError> {
    let (frames_in, mut frames) = mpsc::channel(FRAMES_IN_FLIGHT_MAX);
    let path = path.to_owned();
    let reader = tokio::task::spawn_blocking(move || read(&path, size, &frames_in));
    let mut count = 0;
    while let Some(frame) = frames.recv().await {
        on_frame(&frame);
        count += 1;
    }
    reader.await.map_err(broken)??;
    Ok(count)
}
