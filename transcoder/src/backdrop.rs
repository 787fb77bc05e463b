//! Reads a picture that a caller wants behind the subject: PNG, JPEG or WebP by its first bytes, everything else forbidden.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use shared::code::JobErrorCode;
use shared::media::PixelSize;
use tokio::io::AsyncReadExt;

use crate::error::{TaskError, TaskResult};
use crate::plan;
use crate::process::{Piped, ProcessError, Tool, unstalled, words};

/// Largest picture.
/// Units: bytes.
pub const SIZE_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Most pixels of a picture, whatever it is scaled to.
pub const PIXELS_MAX: u64 = 64_000_000;

/// The picture as RGB, filling `size`: scaled as it is shaped, and cropped around its middle.
pub async fn read(ffmpeg: Tool<'_>, path: &Path, size: PixelSize) -> TaskResult<Vec<u8>> {
    let (head, size_bytes) = head(path).map_err(|error| TaskError::disk("reading a backdrop", &error))?;
    let Some((demuxer, decoder)) = kind(&head).filter(|_| size_bytes <= SIZE_BYTES_MAX) else {
        return Err(unusable("no known picture, or too large"));
    };
    let frame_size_bytes = usize::try_from(size.pixels() * 3).unwrap_or(usize::MAX);
    match decode(ffmpeg, &arguments(demuxer, decoder, path, size), frame_size_bytes).await {
        Ok(rgb) if rgb.len() == frame_size_bytes => Ok(rgb),
        Ok(rgb) => Err(unusable(&format!("the decoder gave {} bytes", rgb.len()))),
        Err(error) if error.is_passing() => Err(TaskError::Transient(format!("reading a backdrop: {error}"))),
        Err(error) => Err(unusable(&error.to_string())),
    }
}

async fn decode(ffmpeg: Tool<'_>, arguments: &[OsString], size_bytes: usize) -> Result<Vec<u8>, ProcessError> {
    let mut child = ffmpeg.spawn(arguments, Piped::Stdout)?;
    let mut pipe = child.take_stdout()?.take(size_bytes as u64);
    let mut rgb = Vec::with_capacity(size_bytes);
    while unstalled(pipe.read_buf(&mut rgb)).await? > 0 {}
    drop(pipe);
    child.finish().await?;
    Ok(rgb)
}

/// The first bytes, and how many there are.
/// Units: bytes.
pub fn head(path: &Path) -> io::Result<([u8; 12], u64)> {
    let mut file = File::open(path)?;
    let mut head = [0; 12];
    let size_bytes = file.metadata()?.len();
    if size_bytes >= 12 {
        file.read_exact(&mut head)?;
    }
    Ok((head, size_bytes))
}

/// The demuxer and the decoder of a picture.
pub fn kind(head: &[u8; 12]) -> Option<(&'static str, &'static str)> {
    match head {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(("png_pipe", "png")),
        [0xff, 0xd8, 0xff, ..] => Some(("jpeg_pipe", "mjpeg")),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P'] => Some(("webp_pipe", "webp")),
        _ => None,
    }
}

fn arguments(demuxer: &str, decoder: &str, path: &Path, size: PixelSize) -> Vec<OsString> {
    let mut arguments = plan::preamble();
    arguments.extend(words(["-protocol_whitelist", "file", "-max_pixels", &PIXELS_MAX.to_string()]));
    arguments.extend(words(["-codec_whitelist", decoder, "-format_whitelist", demuxer, "-f", demuxer]));
    arguments.extend([OsString::from("-i"), plan::file_url(path)]);
    let PixelSize { width, height } = size;
    let filter = format!(
        "scale={width}:{height}:force_original_aspect_ratio=increase:flags=bicubic+accurate_rnd,crop={width}:{height},format=rgb24"
    );
    arguments.extend(words(["-vf", &filter, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"]));
    arguments
}

fn unusable(detail: &str) -> TaskError {
    let message = "The background is no PNG, JPEG or WebP picture that can be read, or too large.".to_owned();
    TaskError::Permanent { code: JobErrorCode::BackdropUnusable, message, detail: detail.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_known_by_its_first_bytes_alone() {
        let head = |text: &[u8]| {
            let mut head = [0; 12];
            head[..text.len()].copy_from_slice(text);
            kind(&head)
        };
        assert_eq!(head(b"\x89PNG\r\n\x1a\n"), Some(("png_pipe", "png")));
        assert_eq!(head(b"\xff\xd8\xff\xe0"), Some(("jpeg_pipe", "mjpeg")));
        assert_eq!(head(b"RIFF\0\0\0\0WEBP"), Some(("webp_pipe", "webp")));
        for text in [&b"GIF89a"[..], b"<svg", b"RIFF\0\0\0\0WAVE", b"#EXTM3U"] {
            assert_eq!(head(text), None);
        }
    }
}
