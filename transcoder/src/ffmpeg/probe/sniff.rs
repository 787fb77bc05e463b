//! Detects the container by the first bytes of a file. ffmpeg's own detection is not used: it also
//! accepts playlists and scripts.
//!
//! `completeness` detects truncated files, `foreign` names what is not read. Sources: ISO/IEC
//! 14496-12 §4.2, RFC 8794 §4-6, Microsoft RIFF and ASF, `GIF89a`, PNG (Third Edition) §5.2, RFC
//! 9649, RFC 3533, ISO/IEC 13818-1, SMPTE 377 and 314M.

mod completeness;
mod foreign;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use shared::file_kind::HEAD_SIZE_BYTES;
use shared::media::PixelSize;

use completeness::{boxes_are_whole, gif_is_whole, is_animated, png_is_whole, riff_is_whole, segment_is_whole};
pub use foreign::Foreign;

use super::webp;

/// Number of bytes that are looked at first: five packets of a transport stream.
/// Units: bytes.
const LOOK_SIZE_BYTES: u64 = 1024;

macro_rules! containers {
    ($($(#[$doc:meta])* $name:ident = $demuxer:literal, $label:literal;)*) => {
        /// A container this service reads.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum SourceContainer {
            $($(#[$doc])* $name,)*
        }

        impl SourceContainer {
            /// All of them, in the order of the documentation.
            pub const ALL: [Self; [$($label),*].len()] = [$(Self::$name,)*];

            /// The name of ffmpeg's demuxer.
            pub const fn demuxer(self) -> &'static str {
                match self { $(Self::$name => $demuxer,)* }
            }

            /// The name for people.
            pub const fn label(self) -> &'static str {
                match self { $(Self::$name => $label,)* }
            }
        }
    };
}

containers! {
    /// MP4, `QuickTime` and their kin.
    Mov = "mov", "MP4 or QuickTime";
    /// Matroska and WebM.
    Matroska = "matroska", "Matroska or WebM";
    /// RIFF AVI.
    Avi = "avi", "AVI";
    /// MPEG-2 transport stream: AVCHD, broadcasts.
    MpegTs = "mpegts", "MPEG-TS";
    /// MPEG program stream: DVDs, MPEG-1.
    MpegPs = "mpeg", "MPEG-PS";
    /// Material Exchange Format.
    Mxf = "mxf", "MXF";
    /// DV without a container.
    Dv = "dv", "DV";
    /// Windows Media.
    Asf = "asf", "ASF (WMV)";
    /// Flash Video.
    Flv = "flv", "FLV";
    /// Ogg.
    Ogg = "ogg", "Ogg";
    /// GIF.
    Gif = "gif", "GIF";
    /// Animated PNG.
    Apng = "apng", "APNG";
    /// WebP, animated or not, after it was rewritten as APNG: ffmpeg does not decode animations.
    Webp = "apng", "WebP";
}

impl SourceContainer {
    /// True for animated pictures: the last frame is held for its duration and decoded once, and a
    /// frame is found only by decoding all frames before it.
    pub const fn is_animated_picture(self) -> bool {
        matches!(self, Self::Gif | Self::Apng | Self::Webp)
    }

    /// True if a recording may begin and end anywhere, so that its first frames cannot be decoded.
    pub const fn begins_anywhere(self) -> bool {
        matches!(self, Self::MpegTs | Self::MpegPs)
    }
}

/// Detected container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sniffed {
    /// A container, whole as far as its own lengths tell.
    Whole(SourceContainer),
    /// A container that says it is longer than the file, or whose index is missing.
    Truncated(SourceContainer),
    /// A known kind of file that is not read here.
    Foreign(Foreign),
    /// Nothing that is known.
    Unknown,
}

/// The first bytes of a file, for detection; empty if the file is larger than `size_bytes_max`.
pub fn head(path: &Path, size_bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    if file.metadata()?.len() > size_bytes_max {
        return Ok(Vec::new());
    }
    read_at(&mut file, 0, HEAD_SIZE_BYTES as u64)
}

/// Reads as little of the file as answers the question.
pub fn sniff(file: &mut (impl Read + Seek)) -> io::Result<Sniffed> {
    let size_bytes = file.seek(SeekFrom::End(0))?;
    let head = read_at(file, 0, LOOK_SIZE_BYTES)?;
    let Some(container) = container(&head) else {
        return Ok(Foreign::of(&head).map_or(Sniffed::Unknown, Sniffed::Foreign));
    };
    if container == SourceContainer::Apng && !is_animated(file)? {
        return Ok(Sniffed::Foreign(Foreign::Other("a PNG picture without animation")));
    }
    let is_whole = match container {
        SourceContainer::Mov => boxes_are_whole(file, size_bytes)?,
        SourceContainer::Matroska => segment_is_whole(&head, size_bytes),
        SourceContainer::Avi | SourceContainer::Webp => riff_is_whole(&head, size_bytes),
        SourceContainer::Gif => gif_is_whole(file, size_bytes)?,
        SourceContainer::Apng => png_is_whole(file, size_bytes)?,
        // They state no length, or the number of frames shows what lacks.
        SourceContainer::MpegTs
        | SourceContainer::MpegPs
        | SourceContainer::Mxf
        | SourceContainer::Dv
        | SourceContainer::Asf
        | SourceContainer::Flv
        | SourceContainer::Ogg => true,
    };
    Ok(if is_whole { Sniffed::Whole(container) } else { Sniffed::Truncated(container) })
}

/// The container of a file with these first bytes.
fn container(head: &[u8]) -> Option<SourceContainer> {
    /// Header object of ASF.
    const ASF_HEADER: &[u8] = &[0x30, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11, 0xa6, 0xd9, 0, 0xaa, 0, 0x62, 0xce, 0x6c];
    /// Header partition pack of MXF.
    const MXF_HEADER: &[u8] = &[0x06, 0x0e, 0x2b, 0x34, 0x02, 0x05, 0x01, 0x01, 0x0d, 0x01, 0x02, 0x01, 0x01, 0x02];
    Some(match head {
        [_, _, _, _, b'f', b't', b'y', b'p', ..]
        | [_, _, _, _, b'm', b'o', b'o', b'v', ..]
        | [_, _, _, _, b'm', b'd', b'a', b't', ..]
        | [_, _, _, _, b'w', b'i', b'd', b'e', ..] => SourceContainer::Mov,
        [0x1a, 0x45, 0xdf, 0xa3, ..] => SourceContainer::Matroska,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'A', b'V', b'I', b' ', ..] => SourceContainer::Avi,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => SourceContainer::Webp,
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => SourceContainer::Gif,
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => SourceContainer::Apng,
        [b'F', b'L', b'V', 1, ..] => SourceContainer::Flv,
        [b'O', b'g', b'g', b'S', 0, ..] => SourceContainer::Ogg,
        [0, 0, 1, 0xba, ..] => SourceContainer::MpegPs,
        // The first block is a header of section type 0; its fourth byte tells 50 Hz from 60 Hz.
        [0x1f, 0x07, 0x00, 0x3f | 0xbf, ..] => SourceContainer::Dv,
        _ if head.starts_with(ASF_HEADER) => SourceContainer::Asf,
        _ if head.starts_with(MXF_HEADER) => SourceContainer::Mxf,
        _ if is_transport_stream(head) => SourceContainer::MpegTs,
        _ => return None,
    })
}

/// Whether packets begin with their sync byte throughout: of 188 bytes, of 192 behind a time code
/// (M2TS), of 204 with error correction.
fn is_transport_stream(head: &[u8]) -> bool {
    const SYNC: u8 = 0x47;
    /// A shorter file is no video.
    const PACKETS_MIN: usize = 4;
    [(188, 0), (192, 4), (204, 0)].into_iter().any(|(packet_size, offset)| {
        let syncs: Vec<u8> = head.iter().skip(offset).step_by(packet_size).copied().collect();
        syncs.len() >= PACKETS_MIN && syncs.iter().all(|byte| *byte == SYNC)
    })
}

/// The size that a picture's first bytes declare, where the container is one picture or many of one
/// size: a bomb is told from a picture before anything is allocated for it.
pub fn declared_size(file: &mut (impl Read + Seek)) -> io::Result<Option<PixelSize>> {
    let head = read_at(file, 0, 30)?;
    Ok(match head.as_slice() {
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', size @ ..] => size.first_chunk().map(|[a, b, c, d]| PixelSize {
            width: u16::from_le_bytes([*a, *b]).into(),
            height: u16::from_le_bytes([*c, *d]).into(),
        }),
        [0x89, b'P', b'N', b'G', _, _, _, _, _, _, _, _, b'I', b'H', b'D', b'R', size @ ..] => {
            let sides = size.first_chunk::<4>().zip(size.get(4..).and_then(<[u8]>::first_chunk::<4>));
            sides.map(|(width, height)| PixelSize { width: u32::from_be_bytes(*width), height: u32::from_be_bytes(*height) })
        }
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', kind @ ..] => webp_size(kind),
        _ => None,
    })
}

/// The size of a WebP by its first chunk: the canvas, or the size of the only bitstream.
fn webp_size(chunk: &[u8]) -> Option<PixelSize> {
    let (kind, data) = (*chunk.first_chunk::<4>()?, chunk.get(8..)?);
    if kind == *b"VP8X" { webp::frame_size(data.get(4..)?) } else { webp::bitstream_size(kind, data) }
}

/// Bytes from this place on, fewer at the end.
pub(super) fn read_at(file: &mut (impl Read + Seek), offset: u64, size_bytes: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(offset))?;
    file.take(size_bytes).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
