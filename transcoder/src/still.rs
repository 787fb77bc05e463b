//! Reads one still picture that somebody sent: PNG or JPEG, told by its first bytes, decoded with everything else forbidden.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use shared::code::JobErrorCode;
use shared::media::{BACKGROUND_SIZE_BYTES_MAX, PixelSize};

use crate::error::{TaskError, TaskResult};
use crate::plan;
use crate::process::{Tool, words};

/// The demuxer and the decoder of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind {
    demuxer: &'static str,
    decoder: &'static str,
}

const PNG: Kind = Kind { demuxer: "png_pipe", decoder: "png" };
const JPEG: Kind = Kind { demuxer: "jpeg_pipe", decoder: "mjpeg" };

/// The picture as RGB, scaled to `size` whatever its shape.
pub async fn read(ffmpeg: Tool<'_>, path: &Path, size: PixelSize) -> TaskResult<Vec<u8>> {
    let owned = path.to_owned();
    let head = tokio::task::spawn_blocking(move || head(&owned));
    let head = head.await.map_err(|error| TaskError::Transient(error.to_string()))?;
    let (head, size_bytes) = head.map_err(|error| unusable(format!("reading it: {error}")))?;
    if size_bytes > BACKGROUND_SIZE_BYTES_MAX {
        return Err(unusable(format!("it has {size_bytes} bytes")));
    }
    let kind = kind(&head).ok_or_else(|| unusable("it is neither PNG nor JPEG".into()))?;
    let frame_size_bytes = size.pixels() * 3;
    match ffmpeg.capture_up_to(&arguments(kind, path, size), frame_size_bytes).await {
        Ok(pixels) if pixels.len() as u64 == frame_size_bytes => Ok(pixels),
        Ok(pixels) => Err(unusable(format!("the decoder gave {} bytes", pixels.len()))),
        Err(error) if error.is_passing() => Err(TaskError::Transient(format!("reading the background: {error}"))),
        Err(error) => Err(unusable(error.to_string())),
    }
}

fn head(path: &Path) -> io::Result<(Vec<u8>, u64)> {
    let file = File::open(path)?;
    let size_bytes = file.metadata()?.len();
    let mut head = Vec::new();
    file.take(16).read_to_end(&mut head)?;
    Ok((head, size_bytes))
}

fn kind(head: &[u8]) -> Option<Kind> {
    match head {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(PNG),
        [0xff, 0xd8, 0xff, ..] => Some(JPEG),
        _ => None,
    }
}

fn arguments(kind: Kind, path: &Path, size: PixelSize) -> Vec<OsString> {
    let mut arguments = plan::preamble();
    arguments.extend(words(["-protocol_whitelist", "file", "-max_pixels", &plan::DECODER_PIXELS_MAX.to_string()]));
    arguments.extend(words(["-codec_whitelist", kind.decoder, "-format_whitelist", kind.demuxer, "-f", kind.demuxer]));
    arguments.extend([OsString::from("-i"), plan::file_url(path)]);
    // JPEG is BT.601 in full range, which is what ffmpeg takes it for.
    let filter = format!("scale={}:{}:flags=area+accurate_rnd,format=rgb24", size.width, size.height);
    arguments.extend(words(["-vf", &filter, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"]));
    arguments
}

fn unusable(detail: String) -> TaskError {
    let message = "The picture of the empty background is no PNG or JPEG that can be read, or too large.".to_owned();
    TaskError::Permanent { code: JobErrorCode::BackgroundUnusable, message, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: PixelSize = PixelSize { width: 4, height: 2 };

    async fn read_file(name: &str, bytes: Option<&[u8]>) -> TaskResult<Vec<u8>> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        if let Some(bytes) = bytes {
            std::fs::write(&path, bytes).unwrap();
        } else {
            let mut command = std::process::Command::new("ffmpeg");
            command.args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", "color=c=0x305080:s=8x8", "-frames:v", "1"]);
            assert!(command.arg(&path).status().unwrap().success());
        }
        read(Tool { program: "ffmpeg", dir: dir.path() }, &path, SIZE).await
    }

    #[tokio::test]
    async fn pictures_are_read_at_the_size_that_is_wanted() {
        for name in ["a.png", "a.jpg"] {
            let pixels = read_file(name, None).await.unwrap();
            assert_eq!(pixels.len(), 4 * 2 * 3);
            for (value, expected) in pixels.iter().zip([0x30_u8, 0x50, 0x80].iter().cycle()) {
                assert!(value.abs_diff(*expected) <= 3, "{name}: {pixels:?}");
            }
        }
    }

    #[tokio::test]
    async fn what_is_no_picture_is_refused_with_a_code_of_its_own() {
        let playlist = b"#EXTM3U\nfile:///etc/passwd\n".as_slice();
        for bytes in [playlist, b"\x89PNG\r\n\x1a\nnothing", b"\xff\xd8\xff", b""] {
            let error = read_file("a", Some(bytes)).await.unwrap_err();
            assert!(matches!(error, TaskError::Permanent { code: JobErrorCode::BackgroundUnusable, .. }), "{error}");
        }
    }
}
