//! Animated WebP: ffmpeg encodes stills, and they are put into the animation's container here, as they come: ffmpeg's own
//! animation encoder keeps the whole file in memory. For that, 5 % more bytes. Source: RFC 9649 §2.7.
//!
//! `-compression_level` 3 lies between 4 (0.65 MB, 1.6 CPU-s) and 2 (0.67 MB, 1.3 CPU-s), 30 frames of 800 × 450.

use std::ffi::OsString;
use std::io::{self, SeekFrom};
use std::path::Path;

use shared::media::PixelSize;
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, BufWriter};

use super::arguments::raw_input;
use crate::ffmpeg::process::args;
use crate::frame::feed::Pixels;
use crate::length::duration_ms;
use crate::output::product::Shot;

/// A still of the largest size that is made is far smaller.
/// Units: bytes.
const STILL_SIZE_BYTES_MAX: u32 = 64 * 1024 * 1024;
/// `RIFF`, a length, `WEBP`.
const RIFF_HEADER_SIZE_BYTES: usize = 12;

/// Stills, one behind the other, on stdout.
pub fn arguments(shot: &Shot) -> Vec<OsString> {
    let mut arguments = raw_input(shot, Pixels::Rgba, None);
    // libwebp converts RGB itself, by the one matrix that WebP knows.
    arguments.extend(args(["-vf", "format=bgra", "-c:v", "libwebp", "-quality", &shot.quality.to_string()]));
    arguments.extend(args(["-compression_level", "3", "-f", "image2pipe", "pipe:1"]));
    arguments
}

/// Reads stills to the end and writes the animation.
pub async fn write(mut stills: impl AsyncRead + Unpin, shot: &Shot, path: &Path) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path).await?);
    file.write_all(&header(shot.padded)).await?;
    let (mut size_bytes, mut frames) = (header(shot.padded).len() as u64, 0);
    while let Some(still) = next_still(&mut stills).await? {
        let until = |frames| duration_ms(frames, shot.frame_rate);
        let frame = frame(&still, shot.padded, until(frames + 1) - until(frames));
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

/// One `RIFF` file; none at the end.
async fn next_still(stills: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
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

/// `RIFF` (its length comes last), `VP8X` and `ANIM`: with alpha, for ever.
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

/// `ANMF` over the whole picture, in place of the frame before.
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

/// 24 bits, counted from one.
const fn less_one(side_px: u32) -> [u8; 3] {
    let [a, b, c, _] = side_px.saturating_sub(1).to_le_bytes();
    [a, b, c]
}
