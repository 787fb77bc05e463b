//! WebP → PNG or APNG, which ffmpeg decodes: no ffmpeg that is supported decodes animated WebP.
//!
//! The decoder is `image-webp`, without unsafe code. It runs in this process, so the file is
//! checked before: a bitstream that is larger than its frame would take memory without a limit.
//! Source: RFC 9649 §2.7.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use image_webp::WebPDecoder;
use png::{BitDepth, BlendOp, ColorType, DeflateCompression, DisposeOp, Filter};
use shared::code::JobErrorCode;
use shared::media::{PixelSize, SOURCE_FRAMES_MAX, SOURCE_SIZE_BYTES_MAX};
use tokio::task::spawn_blocking;

use super::sniff::read_at;
use crate::error::{TaskError, TaskResult};

/// Longest rewriting.
const REWRITE_MAX: Duration = Duration::from_mins(2);
/// Most chunks that are looked at: a frame has up to three.
const CHUNKS_MAX: u64 = SOURCE_FRAMES_MAX * 4;
/// Duration of frames that have none, as browsers show them.
/// Units: milliseconds.
const DURATION_MS_DEFAULT: u32 = 100;
/// Length of the header of an animation's frame.
const FRAME_HEADER_SIZE_BYTES: u64 = 16;

/// Why a file was not rewritten.
enum Failure {
    Broken(String),
    TooLarge,
    Disk(io::Error),
}

/// Rewrites a WebP as a PNG or APNG in `dir`; the path of that.
/// Errors: `source_undecodable`, `source_too_large`.
pub async fn rewrite(path: &Path, dir: &Path) -> TaskResult<PathBuf> {
    let unpacked = tempfile::Builder::new().prefix("webp-").suffix(".apng").tempfile_in(dir);
    let unpacked = unpacked.map_err(|error| TaskError::disk("rewriting the source", &error))?;
    let (file, target) = unpacked.keep().map_err(|error| TaskError::disk("rewriting the source", &error.error))?;
    let source = path.to_owned();
    // A panic of the decoder is a fault of the file.
    let rewritten = spawn_blocking(move || rewrite_file(&source, file)).await;
    match rewritten.unwrap_or_else(|panic| Err(Failure::Broken(panic.to_string()))) {
        Ok(()) => Ok(target),
        Err(Failure::Broken(detail)) => Err(TaskError::with_detail(JobErrorCode::SourceUndecodable, detail)),
        Err(Failure::TooLarge) => Err(TaskError::permanent(
            JobErrorCode::SourceTooLarge,
            "The source is a WebP that needs more time or disk space to be decoded than one job is given.",
        )),
        Err(Failure::Disk(error)) => Err(TaskError::disk("rewriting the source", &error)),
    }
}

fn rewrite_file(source: &Path, target: File) -> Result<(), Failure> {
    let begun = Instant::now();
    let mut file = BufReader::new(File::open(source).map_err(Failure::Disk)?);
    check_frames(&mut file).map_err(broken)?;
    file.rewind().map_err(Failure::Disk)?;
    let mut decoder = WebPDecoder::new(file).map_err(broken)?;
    // The colour that the file suggests is for viewers without transparency.
    if decoder.is_animated() {
        decoder.set_background_color([0; 4]).map_err(broken)?;
    }
    let (width, height) = decoder.dimensions();
    let mut encoder = png::Encoder::new(BufWriter::new(target), width, height);
    encoder.set_color(if decoder.has_alpha() { ColorType::Rgba } else { ColorType::Rgb });
    encoder.set_depth(BitDepth::Eight);
    encoder.set_deflate_compression(DeflateCompression::FdeflateUltraFast);
    encoder.set_filter(Filter::Up);
    let frames = if decoder.is_animated() { decoder.num_frames() } else { 0 };
    if u64::from(frames) > SOURCE_FRAMES_MAX {
        return Err(Failure::TooLarge);
    }
    // A still picture is an animation of one frame: ffmpeg's demuxer takes nothing else.
    encoder.set_animated(frames.max(1), 0).map_err(disk)?;
    encoder.set_blend_op(BlendOp::Source).map_err(disk)?;
    encoder.set_dispose_op(DisposeOp::None).map_err(disk)?;
    let mut writer = encoder.write_header().map_err(disk)?;
    let mut pixels = vec![0; decoder.output_buffer_size().ok_or(Failure::TooLarge)?];
    if frames == 0 {
        decoder.read_image(&mut pixels).map_err(broken)?;
        writer.write_image_data(&pixels).map_err(disk)?;
    }
    let mut raw_size_bytes = 0;
    for _ in 0..frames {
        raw_size_bytes += pixels.len() as u64;
        if begun.elapsed() > REWRITE_MAX || raw_size_bytes > SOURCE_SIZE_BYTES_MAX * 4 {
            return Err(Failure::TooLarge);
        }
        let (delay, parts_of_second) = delay(decoder.read_frame(&mut pixels).map_err(broken)?);
        writer.set_frame_delay(delay, parts_of_second).map_err(disk)?;
        writer.write_image_data(&pixels).map_err(disk)?;
    }
    writer.finish().map_err(disk)
}

fn broken(error: impl std::fmt::Display) -> Failure {
    Failure::Broken(format!("WebP: {error}"))
}

fn disk(error: png::EncodingError) -> Failure {
    match error {
        png::EncodingError::IoError(error) => Failure::Disk(error),
        error => Failure::Disk(io::Error::other(error)),
    }
}

/// A duration as APNG stores it: 16 bits, and parts of a second.
fn delay(duration_ms: u32) -> (u16, u16) {
    let duration_ms = if duration_ms == 0 { DURATION_MS_DEFAULT } else { duration_ms };
    let of = |divisor: u32| u16::try_from(duration_ms / divisor).ok();
    match (of(1), of(1_000)) {
        (Some(milliseconds), _) => (milliseconds, 1_000),
        (None, seconds) => (seconds.unwrap_or(u16::MAX), 1),
    }
}

/// Checks that each picture's bitstream has the size that its frame, or the whole picture, states.
/// Errors: `InvalidData`.
fn check_frames(file: &mut (impl Read + Seek)) -> io::Result<()> {
    let invalid = |message: &str| io::Error::new(io::ErrorKind::InvalidData, message);
    let end = file.seek(SeekFrom::End(0))?;
    let (mut at, mut whole, mut frame) = (12, None, None::<Frame>);
    for _ in 0..CHUNKS_MAX {
        // The decoder goes on behind a frame, whatever its last chunk says of its own length.
        if let Some(over) = frame.take_if(|frame| at >= frame.end) {
            at = over.end;
        }
        let Some((kind, length)) = chunk_header(file, at, end)? else { return Ok(()) };
        let data = at + 8;
        match &kind {
            b"VP8X" => whole = read_at(file, data, 10)?.get(4..10).and_then(frame_size),
            b"ANMF" => {
                let header = read_at(file, data, FRAME_HEADER_SIZE_BYTES)?;
                frame = Some(Frame { size: header.get(6..12).and_then(frame_size), end: data + length });
                at = data + FRAME_HEADER_SIZE_BYTES;
                continue;
            }
            b"VP8 " | b"VP8L" => {
                let stated = frame.as_ref().map_or(whole, |frame| frame.size);
                let size = bitstream_size(kind, &read_at(file, data, 10)?);
                if size.is_none() || stated.is_some_and(|stated| Some(stated) != size) {
                    return Err(invalid("a bitstream has another size than its frame"));
                }
            }
            _ => {}
        }
        at = data + length.next_multiple_of(2);
    }
    Err(invalid("there are too many chunks"))
}

/// A frame of an animation.
struct Frame {
    size: Option<PixelSize>,
    /// The place behind it in the file.
    end: u64,
}

fn chunk_header(file: &mut (impl Read + Seek), at: u64, end: u64) -> io::Result<Option<([u8; 4], u64)>> {
    if at + 8 > end {
        return Ok(None);
    }
    let header = read_at(file, at, 8)?;
    let (Some(kind), Some(length)) = (header.first_chunk::<4>(), header.last_chunk::<4>()) else { return Ok(None) };
    Ok(Some((*kind, u32::from_le_bytes(*length).into())))
}

/// Both sides less one, of 24 bits each.
pub fn frame_size(sides: &[u8]) -> Option<PixelSize> {
    let side = |bytes: &[u8; 3]| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]) + 1;
    let (width, height) = (sides.first_chunk()?, sides.get(3..)?.first_chunk()?);
    Some(PixelSize { width: side(width), height: side(height) })
}

/// The size in a bitstream's first bytes: RFC 6386 §9.1, RFC 9649 §3.4.
pub fn bitstream_size(kind: [u8; 4], data: &[u8]) -> Option<PixelSize> {
    match (&kind, data) {
        (b"VP8 ", [_, _, _, 0x9d, 0x01, 0x2a, a, b, c, d, ..]) => Some(PixelSize {
            width: u32::from(u16::from_le_bytes([*a, *b]) & 0x3fff),
            height: u32::from(u16::from_le_bytes([*c, *d]) & 0x3fff),
        }),
        (b"VP8L", [0x2f, a, b, c, d, ..]) => {
            let bits = u32::from_le_bytes([*a, *b, *c, *d]);
            Some(PixelSize { width: (bits & 0x3fff) + 1, height: (bits >> 14 & 0x3fff) + 1 })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn a_bitstream_that_is_larger_than_its_frame_is_found_before_it_is_decoded() {
        let lossless = |side: u32| {
            let bits = (side - 1) | (side - 1) << 14;
            [&b"VP8L"[..], &5_u32.to_le_bytes(), &[0x2f], &bits.to_le_bytes(), &[0]].concat()
        };
        let animation = |stated: u8, coded: u32| {
            let header = [&[0; 6][..], &[stated - 1, 0, 0, stated - 1, 0, 0], &[0; 4]].concat();
            let body = [header, lossless(coded)].concat();
            let frame = [&b"ANMF"[..], &u32::try_from(body.len()).unwrap().to_le_bytes(), &body].concat();
            Cursor::new([&b"RIFF\0\0\0\0WEBP"[..], &frame, &frame].concat())
        };
        assert!(check_frames(&mut animation(64, 64)).is_ok());
        assert!(check_frames(&mut animation(64, 16_383)).is_err());
        let still = |stated: u8, coded: u32| {
            let canvas = [&b"VP8X"[..], &10_u32.to_le_bytes(), &[0; 4], &[stated - 1, 0, 0, stated - 1, 0, 0]].concat();
            Cursor::new([&b"RIFF\0\0\0\0WEBP"[..], &canvas, &lossless(coded)].concat())
        };
        assert!(check_frames(&mut still(64, 64)).is_ok() && check_frames(&mut still(64, 16_383)).is_err());
        // A chunk that claims to reach beyond its frame hides nothing behind it.
        let long = [&b"JUNK"[..], &u32::MAX.to_le_bytes()].concat();
        let frames = [(64, long), (16_383, Vec::new())].map(|(coded, more)| {
            let body = [&[0; 6][..], &[63, 0, 0, 63, 0, 0], &[0; 4], &lossless(coded), &more].concat();
            [&b"ANMF"[..], &u32::try_from(body.len()).unwrap().to_le_bytes(), &body].concat()
        });
        let hidden = [&b"RIFF\0\0\0\0WEBP"[..], &frames.concat()].concat();
        assert!(check_frames(&mut Cursor::new(hidden)).is_err());
        assert_eq!(bitstream_size(*b"VP8 ", &[0, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0]).unwrap().pixels(), 320 * 240);
    }

    #[test]
    fn durations_are_kept_as_exactly_as_apng_can() {
        assert_eq!([0, 40, 65_535, 70_500].map(delay), [(100, 1_000), (40, 1_000), (65_535, 1_000), (70, 1)]);
    }
}
