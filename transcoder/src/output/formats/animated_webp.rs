//! Animated WebP: lossy colour, lossless alpha, no sound. For web pages, in an `<img>`. Source: RFC
//! 9649 §2.7.
//!
//! ffmpeg encodes stills, which are muxed into the animation here as they come: ffmpeg's own
//! animation encoder keeps the whole file in memory. It would save 5 % of the bytes.
//!
//! `-compression_level` 3 lies between 4 (0.65 MB, 1.6 CPU-s) and 2 (0.67 MB, 1.3 CPU-s), 30 frames
//! of 800 × 450.

use std::io::{self, BufReader, SeekFrom};
use std::path::{Path, PathBuf};

use image_webp::WebPDecoder;
use shared::media::PixelSize;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, BufWriter};
use tokio::process::ChildStdout;
use tokio::sync::mpsc;

use crate::ffmpeg::probe::Input;
use crate::ffmpeg::process::{ProcessError, args};
use crate::frame::feed::Pixels;
use crate::frame::pixels::sides;
use crate::length::duration_ms;
use crate::output::ffmpeg_arguments::raw_input;
use crate::output::format::{
    AlphaChannel, DecodeError, EncodeParams, Encoder, Encoding, Format, Layout, Presets, PsnrMin, Reader, Verification, broken,
    settings,
};

pub const FORMAT: Format = Format {
    encoding: Encoding {
        presets: Presets { web_app: settings(800, 20, 75), editing: settings(1_280, 30, 90), social: settings(640, 15, 70) },
        pixels: Pixels::Rgba,
        needs_even_sides: false,
        disk_cost: 25,
        encoder,
    },
    verification: Verification {
        reader: Reader::InProcess { duration_ms: declared_duration_ms, read },
        layout: Layout::Rgba,
        alpha: AlphaChannel::Smooth,
        // Alpha is lossless (99, 40)
        psnr_min: PsnrMin { alpha_db: Some(60.0), color_db: Some(20.0) },
    },
};

/// Far above any still of the largest size that is made.
/// Units: bytes.
const STILL_SIZE_BYTES_MAX: u32 = 64 * 1024 * 1024;
/// `RIFF`, a length, `WEBP`.
const RIFF_HEADER_SIZE_BYTES: usize = 12;

/// WebP stills on stdout, one after the other.
fn encoder(params: &EncodeParams, _: &Input) -> Encoder {
    let mut arguments = raw_input(params, Pixels::Rgba, None);
    // libwebp converts RGB itself, by the one matrix that WebP has.
    arguments.extend(args(["-vf", "format=bgra", "-c:v", "libwebp", "-quality", &params.quality.to_string()]));
    arguments.extend(args(["-compression_level", "3", "-f", "image2pipe", "pipe:1"]));
    Encoder::Muxed { arguments, mux: |stills, params, path| Box::pin(mux(stills, params, path)) }
}

/// Reads stills to the end and writes the animation.
async fn mux(mut stills: ChildStdout, params: EncodeParams, path: PathBuf) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path).await?);
    file.write_all(&header(params.size)).await?;
    let (mut size_bytes, mut frames) = (header(params.size).len() as u64, 0);
    while let Some(still) = next_still(&mut stills).await? {
        let until = |frames| duration_ms(frames, params.frame_rate);
        let frame = frame(&still, params.size, until(frames + 1) - until(frames));
        file.write_all(&frame).await?;
        size_bytes += frame.len() as u64;
        frames += 1;
    }
    let riff_size_bytes =
        u32::try_from(size_bytes - 8).map_err(|_| io::Error::other("the animation is larger than WebP's 4 GiB"))?;
    file.seek(SeekFrom::Start(4)).await?;
    file.write_all(&riff_size_bytes.to_le_bytes()).await?;
    file.flush().await
}

/// The next `RIFF` file; none at the end.
async fn next_still(stills: &mut ChildStdout) -> io::Result<Option<Vec<u8>>> {
    let mut still = vec![0; RIFF_HEADER_SIZE_BYTES];
    if stills.read(still.get_mut(..1).unwrap_or_default()).await? == 0 {
        return Ok(None);
    }
    stills.read_exact(still.get_mut(1..).unwrap_or_default()).await?;
    let [b'R', b'I', b'F', b'F', a, b, c, d, b'W', b'E', b'B', b'P'] = still.as_slice() else {
        return Err(io::Error::other("the encoder wrote something else than WebP"));
    };
    let rest_size_bytes = u32::from_le_bytes([*a, *b, *c, *d]).saturating_sub(4);
    if rest_size_bytes > STILL_SIZE_BYTES_MAX {
        return Err(io::Error::other("a still is too large"));
    }
    let rest = stills.take(u64::from(rest_size_bytes)).read_to_end(&mut still).await?;
    if rest < rest_size_bytes as usize {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(still))
}

/// `RIFF` (its length is written last), `VP8X` with alpha, and `ANIM` that loops for ever.
fn header(size: PixelSize) -> Vec<u8> {
    const ALPHA_AND_ANIMATION: [u8; 4] = [0x12, 0, 0, 0];
    let [width, height] = [size.width, size.height].map(less_one);
    let extended = [&ALPHA_AND_ANIMATION[..], &width, &height].concat();
    let mut header = b"RIFF\0\0\0\0WEBP".to_vec();
    header.extend(chunk(*b"VP8X", &extended));
    // Background colour, loop count.
    header.extend(chunk(*b"ANIM", &[0; 6]));
    header
}

/// `ANMF` over the whole picture, which replaces the previous frame.
fn frame(still: &[u8], size: PixelSize, duration_ms: u64) -> Vec<u8> {
    const REPLACE: u8 = 0b10;
    let [width, height] = [size.width, size.height].map(less_one);
    let duration = u32::try_from(duration_ms.min((1 << 24) - 1)).unwrap_or_default();
    let [a, b, c, _] = duration.to_le_bytes();
    let mut data = [&[0; 6][..], &width, &height, &[a, b, c, REPLACE]].concat();
    let mut rest = still.get(RIFF_HEADER_SIZE_BYTES..).unwrap_or_default();
    while let Some((kind, behind)) = rest.split_first_chunk::<4>() {
        let Some((length, _)) = behind.split_first_chunk::<4>() else { break };
        let whole = (8 + (u32::from_le_bytes(*length) as usize).next_multiple_of(2)).min(rest.len());
        let (this, next) = rest.split_at(whole);
        // The still's own header and metadata have no place inside a frame.
        if matches!(kind, b"ALPH" | b"VP8 " | b"VP8L") {
            data.extend_from_slice(this);
        }
        rest = next;
    }
    chunk(*b"ANMF", &data)
}

fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let size_bytes = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let padding = data.len() % 2;
    [&kind[..], &size_bytes.to_le_bytes(), data, &[0][..padding]].concat()
}

/// A side as WebP stores it: 24 bits, less one.
const fn less_one(side_px: u32) -> [u8; 3] {
    let [a, b, c, _] = side_px.saturating_sub(1).to_le_bytes();
    [a, b, c]
}

/// The length that the animation declares.
fn declared_duration_ms(path: &Path) -> Result<Option<u64>, DecodeError> {
    let file = BufReader::new(std::fs::File::open(path).map_err(ProcessError::Io)?);
    Ok(Some(WebPDecoder::new(file).map_err(broken)?.loop_duration()))
}

fn read(path: &Path, size: PixelSize, frames: &mpsc::Sender<Vec<u8>>) -> Result<(), DecodeError> {
    let file = BufReader::new(std::fs::File::open(path).map_err(ProcessError::Io)?);
    let mut decoder = WebPDecoder::new(file).map_err(broken)?;
    if decoder.dimensions() != (size.width, size.height) || !decoder.is_animated() || !decoder.has_alpha() {
        let (width, height) = decoder.dimensions();
        return Err(broken(format!("{width}x{height}, animation {}, alpha {}", decoder.is_animated(), decoder.has_alpha())));
    }
    let (width, height) = sides(size);
    for _ in 0..decoder.num_frames() {
        let mut frame = vec![0; width * height * 4];
        decoder.read_frame(&mut frame).map_err(broken)?;
        if frames.blocking_send(frame).is_err() {
            break;
        }
    }
    Ok(())
}
