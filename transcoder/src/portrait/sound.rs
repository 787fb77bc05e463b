//! Decodes the sound of a portrait once: its length, its levels, and a copy encoded as it goes into
//! the video. A copy, so that what was measured is what is delivered, and a hostile file is decoded
//! once.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use shared::code::JobErrorCode;
use shared::file_kind::FileKind;
use shared::portrait::{SOUND_DURATION_MS_MAX, SOUND_SIZE_BYTES_MAX};
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;

use super::levels::{LevelMeter, SAMPLE_SIZE_BYTES, SAMPLES_PER_FRAME, SAMPLES_PER_S};
use super::rendition::{OUTPUT, SOUND_FILE_NAME};
use crate::blocking::blocking;
use crate::error::{TaskError, TaskResult};
use crate::ffmpeg::guards;
use crate::ffmpeg::probe::sniff;
use crate::ffmpeg::process::{Child, Pipes, ProcessError, Tool, args, with_stall_limit};
use crate::frame::feed::Frame;
use crate::output::encode::run_ffmpeg;
use crate::output::rendition::RenditionKind;

/// The block that is passed on at once: ten frames of the video.
/// Units: bytes.
const BLOCK_SIZE_BYTES: usize = FRAME_SIZE_BYTES * 10;
/// Units: bytes.
const FRAME_SIZE_BYTES: usize = SAMPLES_PER_FRAME * SAMPLE_SIZE_BYTES;
/// Largest single allocation of the decoder: minutes of sound at once. Resampled from a few hertz,
/// a second would take as much as hours do.
/// Units: bytes.
const ALLOC_SIZE_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// Blocks that wait to be encoded.
const BLOCKS_IN_FLIGHT_MAX: usize = 4;
const SAMPLES_MAX: u64 = SOUND_DURATION_MS_MAX / 1_000 * SAMPLES_PER_S as u64;

/// A decoded sound.
#[derive(Debug)]
pub struct DecodedSound {
    /// ffmpeg's name of the container.
    pub container: &'static str,
    /// Of each channel.
    pub samples: u64,
    /// 0 to 1 for each frame of the video, the last of which may be partial; not empty.
    pub levels: Vec<f32>,
}

impl DecodedSound {
    /// To the nearest millisecond.
    pub const fn duration_ms(&self) -> u64 {
        (self.samples * 1_000 + SAMPLES_PER_S as u64 / 2) / SAMPLES_PER_S as u64
    }
}

/// Decodes, measures and encodes a sound.
/// Errors: `sound_unusable`.
pub async fn read(ffmpeg: Tool<'_>, path: &Path) -> TaskResult<DecodedSound> {
    let owned = path.to_owned();
    let container = blocking(move || sniff(&owned)).await??;
    let decoder = ffmpeg.spawn(&decoding(container, path), Pipes::Stdout).map_err(decode_error)?;
    let (blocks_in, blocks) = mpsc::channel(BLOCKS_IN_FLIGHT_MAX);
    let encoding = encoding();
    let encoder = run_ffmpeg(ffmpeg, RenditionKind::Output(OUTPUT), &encoding, blocks);
    let (meter, ()) = tokio::try_join!(self::meter(decoder, blocks_in), encoder)?;
    Ok(DecodedSound { container, samples: meter.samples(), levels: meter.levels() })
}

/// Decodes and measures the sound of a rendered video.
pub async fn measure(ffmpeg: Tool<'_>, video: &Path) -> TaskResult<DecodedSound> {
    const CONTAINER: &str = "mov";
    let decoder = ffmpeg.spawn(&decoding(CONTAINER, video), Pipes::Stdout).map_err(decode_error)?;
    let (blocks_in, mut blocks) = mpsc::channel(BLOCKS_IN_FLIGHT_MAX);
    let (meter, ()) = tokio::join!(self::meter(decoder, blocks_in), async { while blocks.recv().await.is_some() {} });
    let meter = meter?;
    Ok(DecodedSound { container: CONTAINER, samples: meter.samples(), levels: meter.levels() })
}

/// Measures what a decoder writes and passes it on.
async fn meter(mut decoder: Child, blocks: mpsc::Sender<Frame>) -> TaskResult<LevelMeter> {
    let mut pipe = decoder.take_stdout().map_err(|error| TaskError::disk("reading the sound", &error))?;
    let mut meter = LevelMeter::default();
    loop {
        let mut block = Vec::with_capacity(BLOCK_SIZE_BYTES);
        while block.len() < BLOCK_SIZE_BYTES {
            let missing = (BLOCK_SIZE_BYTES - block.len()) as u64;
            if with_stall_limit((&mut pipe).take(missing).read_buf(&mut block)).await.map_err(decode_error)? == 0 {
                break;
            }
        }
        block.chunks(FRAME_SIZE_BYTES).for_each(|frame| meter.add(frame));
        if meter.samples() > SAMPLES_MAX {
            let limit_s = SOUND_DURATION_MS_MAX / 1_000;
            return Err(TaskError::permanent(
                JobErrorCode::SoundUnusable,
                format!("The sound is too long; at most {limit_s} s are taken."),
            ));
        }
        let is_last = block.len() < BLOCK_SIZE_BYTES;
        if blocks.send(Arc::new(block)).await.is_err() {
            // The encoder failed; its error is reported instead.
            return Ok(meter);
        }
        if is_last {
            break;
        }
    }
    drop(pipe);
    let stderr = decoder.finish().await.map_err(decode_error)?;
    if !stderr.is_empty() {
        tracing::info!(stderr, "the decoder of the sound continued after errors");
    }
    if meter.samples() == 0 {
        return Err(unusable("not one sample could be decoded"));
    }
    Ok(meter)
}

fn sniff(path: &Path) -> TaskResult<&'static str> {
    let head = sniff::head(path, SOUND_SIZE_BYTES_MAX).map_err(|error| TaskError::disk("reading the sound", &error))?;
    demuxer(&head).ok_or_else(|| unusable("no known sound, or too large"))
}

/// ffmpeg's demuxer for a file with these first bytes.
fn demuxer(head: &[u8]) -> Option<&'static str> {
    // WAV with big-endian samples, and WAV of more than 4 GiB.
    if let [b'R', b'I', b'F', b'X', ..] | [b'R', b'F', b'6', b'4', ..] = head {
        return head.ends_with(b"WAVE").then_some("wav");
    }
    match FileKind::of_sound(head)? {
        FileKind::Wav => Some("wav"),
        FileKind::Ogg => Some("ogg"),
        FileKind::M4a => Some("mov"),
        FileKind::Mp3 => Some("mp3"),
        FileKind::Jpeg | FileKind::Png | FileKind::Webp => None,
    }
}

/// Decodes the first audio track, gaps filled with silence, to 16 bits in two channels. One second
/// more than the limit, so that a longer sound is noticed.
fn decoding(demuxer: &str, path: &Path) -> Vec<OsString> {
    let mut arguments = [guards::preamble_with(ALLOC_SIZE_BYTES_MAX), guards::guards(demuxer)].concat();
    arguments.extend([OsString::from("-i"), guards::file_url(path)]);
    let longest_s = (SOUND_DURATION_MS_MAX / 1_000 + 1).to_string();
    let filter = format!("aresample={SAMPLES_PER_S}:async=1:first_pts=0");
    arguments.extend(args(["-map", "0:a:0", "-af", &filter, "-ac", "2", "-t", &longest_s]));
    arguments.extend(args(["-f", "s16le", "-flush_packets", "1", "pipe:1"]));
    arguments
}

fn encoding() -> Vec<OsString> {
    let mut arguments = guards::preamble();
    let rate = SAMPLES_PER_S.to_string();
    arguments.extend(args(["-protocol_whitelist", "pipe", "-f", "s16le", "-ar", &rate, "-ac", "2", "-i", "pipe:0"]));
    arguments.extend(args(["-c:a", "aac", "-b:a", "160k", "-f", "mp4", SOUND_FILE_NAME]));
    arguments
}

fn decode_error(error: ProcessError) -> TaskError {
    match error.into_task_error("the decoder of the sound", JobErrorCode::SoundUnusable) {
        TaskError::Permanent { detail, .. } => unusable(&detail),
        error => error,
    }
}

fn unusable(detail: &str) -> TaskError {
    let message = "The sound is no MP3, WAV, M4A or Ogg that can be decoded, or too large.".to_owned();
    TaskError::Permanent { code: JobErrorCode::SoundUnusable, message, detail: detail.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_is_known_by_its_first_bytes_alone() {
        for (head, expected) in [
            (&b"RIFF\x24\0\0\0WAVE"[..], Some("wav")),
            (b"RF64\xff\xff\xff\xffWAVE", Some("wav")),
            (b"RIFF\x24\0\0\0WEBP", None),
            (b"OggS\0\x02\0\0\0\0\0\0", Some("ogg")),
            (b"\0\0\0\x1cftypM4A ", Some("mov")),
            (b"ID3\x04\0\0\0\0\0\0\0\0", Some("mp3")),
            (b"\xff\xfb\x90\x64\0\0\0\0\0\0\0\0", Some("mp3")),
            (b"\xff\xf1\x50\x80\0\0\0\0\0\0\0\0", None),
            (b"\xff\xd8\xff\xe0\0\0\0\0\0\0\0\0", None),
            (b"#EXTM3U\nfile", None),
            (b"", None),
        ] {
            assert_eq!(demuxer(head), expected, "{head:?}");
        }
    }
}
