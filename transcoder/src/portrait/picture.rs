//! Reads the picture of a portrait: JPEG, PNG or WebP, detected by content, turned as its EXIF
//! orientation says.

use std::ffi::OsString;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use exif::{In, Tag};
use shared::code::JobErrorCode;
use shared::media::PixelSize;
use shared::portrait::PICTURE_SIZE_BYTES_MAX;

use crate::blocking::blocking;
use crate::error::{TaskError, TaskResult};
use crate::ffmpeg::guards;
use crate::ffmpeg::process::{Tool, args};
use crate::ffmpeg::still::{self, Kind};

/// Longest side that is kept: twice the longest of any canvas, enough for the zoom.
/// Units: pixels.
const SIDE_PX_MAX: u32 = 2_560;
/// Before the pixels of a PAM.
/// Units: bytes.
const HEADER_SIZE_BYTES_MAX: u64 = 256;

/// A picture, upright.
#[derive(Debug)]
pub struct Still {
    /// Its size as kept.
    pub size: PixelSize,
    /// Premultiplied.
    pub rgba: Vec<u8>,
    /// Whether it has transparent pixels.
    pub has_alpha: bool,
    /// ffmpeg's name.
    pub codec: &'static str,
}

/// Format and orientation of a picture.
struct Sniffed {
    kind: Kind,
    orientation: u32,
}

/// Reads a picture.
/// Errors: `picture_unusable`.
pub async fn read(ffmpeg: Tool<'_>, path: &Path) -> TaskResult<Still> {
    let owned = path.to_owned();
    let sniffed = blocking(move || sniff(owned)).await??;
    let size_bytes_max = u64::from(SIDE_PX_MAX).pow(2) * 4 + HEADER_SIZE_BYTES_MAX;
    match ffmpeg.capture_up_to(&arguments(&sniffed, path), size_bytes_max).await {
        Ok(pam) => parse_pam(&pam, sniffed.kind.decoder).ok_or_else(|| unusable("the decoder gave no picture")),
        Err(error) => Err(match error.into_task_error("reading the picture", JobErrorCode::PictureUnusable) {
            TaskError::Permanent { detail, .. } => unusable(&detail),
            error => error,
        }),
    }
}

fn sniff(path: PathBuf) -> TaskResult<Sniffed> {
    let kind = still::sniff(&path, PICTURE_SIZE_BYTES_MAX).map_err(|error| TaskError::disk("reading the picture", &error))?;
    let kind = kind.ok_or_else(|| unusable("no known picture, or too large"))?;
    let file = File::open(path).map_err(|error| TaskError::disk("reading the picture", &error))?;
    Ok(Sniffed { kind, orientation: orientation(file) })
}

/// EXIF orientation; 1, which is upright, where none can be read.
fn orientation(file: File) -> u32 {
    const UPRIGHT: u32 = 1;
    let exif = exif::Reader::new().read_from_container(&mut BufReader::new(file));
    exif.ok().and_then(|exif| exif.get_field(Tag::Orientation, In::PRIMARY)?.value.get_uint(0)).unwrap_or(UPRIGHT)
}

/// Source: EXIF 2.32, 4.6.4, tag 0x0112.
const fn rotation(orientation: u32) -> &'static str {
    match orientation {
        2 => ",hflip",
        3 => ",hflip,vflip",
        4 => ",vflip",
        5 => ",transpose=0",
        6 => ",transpose=1",
        7 => ",transpose=3",
        8 => ",transpose=2",
        _ => "",
    }
}

/// Decodes to PAM, which has the size in its header. A truncated picture is refused.
fn arguments(sniffed: &Sniffed, path: &Path) -> Vec<OsString> {
    let Sniffed { kind, orientation } = *sniffed;
    let mut arguments = guards::preamble();
    arguments.extend(args(["-xerror", "-err_detect", "explode"]));
    arguments.extend(still::guards(kind));
    arguments.extend([OsString::from("-noautorotate"), OsString::from("-i"), guards::file_url(path)]);
    // Scaled with premultiplied alpha, so that colours of transparent pixels do not bleed.
    let premultiply = if kind.decoder == "mjpeg" { "" } else { "format=gbrap,premultiply=inplace=1," };
    let filter = format!(
        "{premultiply}scale=w=min({SIDE_PX_MAX}\\,iw):h=min({SIDE_PX_MAX}\\,ih):force_original_aspect_ratio=decrease\
         :flags=bicubic+accurate_rnd+full_chroma_int,format=rgba{}",
        rotation(orientation)
    );
    arguments.extend(args(["-vf", &filter, "-frames:v", "1", "-f", "image2pipe", "-c:v", "pam", "pipe:1"]));
    arguments
}

/// `P7`, `WIDTH 2`, `HEIGHT 1`, …, `ENDHDR`, pixels.
fn parse_pam(pam: &[u8], codec: &'static str) -> Option<Still> {
    const END: &[u8] = b"ENDHDR\n";
    let at = pam.windows(END.len()).take(usize::try_from(HEADER_SIZE_BYTES_MAX).ok()?).position(|window| window == END)?;
    let (header, rest) = pam.split_at_checked(at)?;
    let header = std::str::from_utf8(header).ok()?;
    let field = |name: &str| header.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u32>().ok());
    let size = PixelSize { width: field("WIDTH ")?, height: field("HEIGHT ")? };
    let rgba = rest.get(END.len()..)?.to_vec();
    if size.pixels() == 0 || rgba.len() as u64 != size.pixels() * 4 {
        return None;
    }
    let has_alpha = rgba.iter().skip(3).step_by(4).any(|alpha| *alpha < u8::MAX);
    Some(Still { size, rgba, has_alpha, codec })
}

fn unusable(detail: &str) -> TaskError {
    let message = "The picture is no JPEG, PNG or WebP that can be read, or too large.".to_owned();
    TaskError::Permanent { code: JobErrorCode::PictureUnusable, message, detail: detail.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_comes_from_the_header_and_too_few_pixels_are_refused() {
        let pam = |pixels: &[u8]| [b"P7\nWIDTH 2\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n", pixels].concat();
        let still = parse_pam(&pam(&[1, 2, 3, 255, 4, 5, 6, 255]), "png").unwrap();
        assert_eq!((still.size, still.has_alpha), (PixelSize { width: 2, height: 1 }, false));
        assert!(parse_pam(&pam(&[1, 2, 3, 255, 0, 0, 0, 254]), "png").unwrap().has_alpha);
        assert!(parse_pam(&pam(&[1, 2, 3, 255]), "png").is_none());
        assert!(parse_pam(b"P7\nWIDTH 2\n", "png").is_none());
    }
}
