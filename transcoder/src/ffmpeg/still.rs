//! Still pictures from clients: PNG, JPEG or WebP by their first bytes, decoded with every other
//! format forbidden.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use shared::code::JobErrorCode;
use shared::file_kind::FileKind;
use shared::media::{BACKGROUND_SIZE_BYTES_MAX, PixelSize};

use crate::blocking::blocking;
use crate::error::{TaskError, TaskResult};
use crate::ffmpeg::guards::{file_url, preamble};
use crate::ffmpeg::probe::sniff;
use crate::ffmpeg::process::{Tool, args};

/// Most pixels of a picture before scaling.
const PIXELS_MAX: u64 = 64_000_000;

/// The demuxer and the decoder of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// ffmpeg's names.
    pub demuxer: &'static str,
    /// The only decoder that is allowed.
    pub decoder: &'static str,
}

impl Kind {
    fn of(head: &[u8]) -> Option<Self> {
        let (demuxer, decoder) = match FileKind::of_picture(head)? {
            FileKind::Jpeg => ("jpeg_pipe", "mjpeg"),
            FileKind::Png => ("png_pipe", "png"),
            FileKind::Webp => ("webp_pipe", "webp"),
            FileKind::Mp3 | FileKind::Wav | FileKind::M4a | FileKind::Ogg => return None,
        };
        Some(Self { demuxer, decoder })
    }
}

/// How a picture is scaled to another size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// Stretched.
    Stretched,
    /// Aspect ratio kept, cropped around its centre.
    Filling,
}

/// The picture as RGB of this size. Errors: `code`.
pub async fn read(ffmpeg: Tool<'_>, path: &Path, size: PixelSize, fit: Fit, code: JobErrorCode) -> TaskResult<Vec<u8>> {
    let owned = path.to_owned();
    let kind = blocking(move || sniff(&owned, BACKGROUND_SIZE_BYTES_MAX)).await?;
    let kind = kind.map_err(|error| TaskError::with_detail(code, format!("reading it: {error}")))?;
    let kind = kind.ok_or_else(|| TaskError::with_detail(code, "no known picture, or too large"))?;
    let frame_size_bytes = size.pixels() * 3;
    match ffmpeg.capture_up_to(&arguments(kind, path, size, fit), frame_size_bytes).await {
        Ok(pixels) if pixels.len() as u64 == frame_size_bytes => Ok(pixels),
        Ok(pixels) => Err(TaskError::with_detail(code, format!("the decoder gave {} bytes", pixels.len()))),
        Err(error) if error.is_passing() => Err(error.passing_error("reading a picture")),
        Err(error) => Err(TaskError::with_detail(code, error.to_string())),
    }
}

/// The format by the first bytes; none if it is no picture or too large.
pub fn sniff(path: &Path, size_bytes_max: u64) -> io::Result<Option<Kind>> {
    sniff::head(path, size_bytes_max).map(|head| Kind::of(&head))
}

/// Arguments before a picture: only its own demuxer and decoder are allowed.
pub fn guards(Kind { demuxer, decoder }: Kind) -> Vec<OsString> {
    let pixels_max = PIXELS_MAX.to_string();
    let mut guards = args(["-protocol_whitelist", "file", "-max_pixels", &pixels_max]);
    guards.extend(args(["-codec_whitelist", decoder, "-format_whitelist", demuxer, "-f", demuxer]));
    guards
}

fn arguments(kind: Kind, path: &Path, PixelSize { width, height }: PixelSize, fit: Fit) -> Vec<OsString> {
    let mut arguments = [preamble(), guards(kind)].concat();
    arguments.extend([OsString::from("-i"), file_url(path)]);
    // JPEG is BT.601 in full range, and ffmpeg reads it so.
    let scale = match fit {
        Fit::Stretched => format!("scale={width}:{height}:flags=area+accurate_rnd"),
        Fit::Filling => format!(
            "scale={width}:{height}:force_original_aspect_ratio=increase:flags=bicubic+accurate_rnd,crop={width}:{height}"
        ),
    };
    let filter = format!("{scale},format=rgb24");
    arguments.extend(args(["-vf", &filter, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"]));
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: PixelSize = PixelSize { width: 4, height: 2 };
    const CODE: JobErrorCode = JobErrorCode::BackdropUnusable;

    async fn read_file(name: &str, bytes: Option<&[u8]>, fit: Fit) -> TaskResult<Vec<u8>> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        if let Some(bytes) = bytes {
            std::fs::write(&path, bytes).unwrap();
        } else {
            let mut command = std::process::Command::new("ffmpeg");
            let picture = "color=c=0x305080:s=32x32,drawbox=h=4:c=white:t=fill";
            command.args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", picture, "-frames:v", "1"]);
            assert!(command.arg(&path).status().unwrap().success());
        }
        read(Tool { program: "ffmpeg", dir: dir.path() }, &path, SIZE, fit, CODE).await
    }

    #[tokio::test]
    async fn pictures_are_read_at_the_size_that_is_wanted() {
        for name in ["a.png", "a.jpg", "a.webp"] {
            // Both rows of a picture: the bar is cropped away, or a quarter of the first.
            let filling = read_file(name, None, Fit::Filling).await.unwrap();
            let stretched = read_file(name, None, Fit::Stretched).await.unwrap();
            assert_eq!((filling.len(), stretched.len()), (4 * 2 * 3, 4 * 2 * 3));
            let is_blue = |row: &[u8], tolerance| {
                row.iter().zip([0x30, 0x50, 0x80].iter().cycle()).all(|(a, b)| a.abs_diff(*b) <= tolerance)
            };
            assert!(is_blue(&filling[..12], 12) && is_blue(&filling[12..], 3), "{name}: {filling:?}");
            assert!(stretched[0] > 90 && is_blue(&stretched[12..], 3), "{name}: {stretched:?}");
        }
    }

    #[tokio::test]
    async fn what_is_no_picture_is_refused_with_the_callers_code() {
        let playlist = b"#EXTM3U\nfile:///etc/passwd\n".as_slice();
        for bytes in [playlist, b"\x89PNG\r\n\x1a\nnothing", b"\xff\xd8\xff", b"RIFF\0\0\0\0WAVE", b"GIF89a", b"<svg", b""] {
            let error = read_file("a", Some(bytes), Fit::Stretched).await.unwrap_err();
            assert!(matches!(error, TaskError::Permanent { code: CODE, .. }), "{error}");
        }
    }
}
