//! Detects the container by the first bytes of a file. ffmpeg's own detection is not used: it also
//! accepts playlists and scripts.
//!
//! Also detects truncated files. Sources: ISO/IEC 14496-12 §4.2,
//! RFC 8794 §4-6, Microsoft RIFF, `GIF89a`, PNG (Third Edition) §5.2.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use shared::file_kind::HEAD_SIZE_BYTES;
use shared::media::PixelSize;

/// A container this service reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceContainer {
    /// MP4, `QuickTime` and their kin.
    Mov,
    /// Matroska and WebM.
    Matroska,
    /// RIFF AVI.
    Avi,
    /// GIF.
    Gif,
    /// PNG, animated or not.
    Apng,
}

impl SourceContainer {
    /// The name of ffmpeg's demuxer.
    pub const fn demuxer(self) -> &'static str {
        match self {
            Self::Mov => "mov",
            Self::Matroska => "matroska",
            Self::Avi => "avi",
            Self::Gif => "gif",
            Self::Apng => "apng",
        }
    }
}

/// Detected container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sniffed {
    /// A container, whole as far as its own lengths tell.
    Whole(SourceContainer),
    /// A container that says it is longer than the file, or whose index is missing.
    Truncated(SourceContainer),
    /// WebP, animated or not: no ffmpeg that is supported decodes the animated kind.
    Webp,
    /// Nothing that is read here.
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
    let head = read_at(file, 0, 64)?;
    Ok(match head.as_slice() {
        [_, _, _, _, b'f', b't', b'y', b'p', ..]
        | [_, _, _, _, b'm', b'o', b'o', b'v', ..]
        | [_, _, _, _, b'm', b'd', b'a', b't', ..]
        | [_, _, _, _, b'w', b'i', b'd', b'e', ..] => judge(SourceContainer::Mov, boxes_are_whole(file, size_bytes)?),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => judge(SourceContainer::Matroska, segment_is_whole(&head, size_bytes)),
        [b'R', b'I', b'F', b'F', a, b, c, d, b'A', b'V', b'I', b' ', ..] => {
            judge(SourceContainer::Avi, u64::from(u32::from_le_bytes([*a, *b, *c, *d])) + 8 <= size_bytes + 1)
        }
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Sniffed::Webp,
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => judge(SourceContainer::Gif, gif_is_whole(file, size_bytes)?),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => judge(SourceContainer::Apng, png_is_whole(file, size_bytes)?),
        _ => Sniffed::Unknown,
    })
}

/// The size that a picture's first bytes declare, where the container is one picture or many of one
/// size: a bomb is told from a picture before anything is allocated for it.
pub fn declared_size(file: &mut (impl Read + Seek)) -> io::Result<Option<PixelSize>> {
    let head = read_at(file, 0, 24)?;
    Ok(match head.as_slice() {
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', size @ ..] => size.first_chunk().map(|[a, b, c, d]| PixelSize {
            width: u16::from_le_bytes([*a, *b]).into(),
            height: u16::from_le_bytes([*c, *d]).into(),
        }),
        [0x89, b'P', b'N', b'G', _, _, _, _, _, _, _, _, b'I', b'H', b'D', b'R', size @ ..] => {
            let sides = size.first_chunk::<4>().zip(size.last_chunk::<4>());
            sides.map(|(width, height)| PixelSize { width: u32::from_be_bytes(*width), height: u32::from_be_bytes(*height) })
        }
        _ => None,
    })
}

const fn judge(container: SourceContainer, whole: bool) -> Sniffed {
    if whole { Sniffed::Whole(container) } else { Sniffed::Truncated(container) }
}

/// Walks the top-level boxes: an index must be there, and neither it nor the samples may end behind
/// the file.
fn boxes_are_whole(file: &mut (impl Read + Seek), size_bytes: u64) -> io::Result<bool> {
    /// A fragmented hour has a few thousand; a hostile file has as many as it likes.
    const BOXES_MAX: usize = 100_000;
    let (mut offset, mut has_index) = (0_u64, false);
    for _ in 0..BOXES_MAX {
        let header = read_at(file, offset, 16)?;
        let [a, b, c, d, kind @ ..] = header.as_slice() else { break };
        let Some(kind) = kind.first_chunk::<4>() else { break };
        let essential = matches!(kind, b"moov" | b"moof" | b"mdat");
        let length_bytes = match u32::from_be_bytes([*a, *b, *c, *d]) {
            0 => size_bytes - offset,
            1 => header.get(8..16).and_then(|wide| wide.try_into().ok()).map_or(0, u64::from_be_bytes),
            length => u64::from(length),
        };
        let end = offset.saturating_add(length_bytes);
        if essential && end > size_bytes {
            return Ok(false);
        }
        has_index |= kind == b"moov";
        if length_bytes < 8 || end >= size_bytes {
            break;
        }
        offset = end;
    }
    Ok(has_index)
}

/// A GIF ends with its trailer; some writers pad it.
fn gif_is_whole(file: &mut (impl Read + Seek), size_bytes: u64) -> io::Result<bool> {
    const TRAILER: u8 = 0x3b;
    let tail = read_tail(file, size_bytes)?;
    Ok(tail.iter().rfind(|byte| !matches!(byte, 0 | b'\r' | b'\n')) == Some(&TRAILER))
}

/// A PNG ends with this chunk; bytes after it are ignored.
fn png_is_whole(file: &mut (impl Read + Seek), size_bytes: u64) -> io::Result<bool> {
    const LAST_CHUNK: &[u8] = b"\0\0\0\0IEND\xae\x42\x60\x82";
    let tail = read_tail(file, size_bytes)?;
    Ok(tail.windows(LAST_CHUNK.len()).any(|window| window == LAST_CHUNK))
}

fn read_tail(file: &mut (impl Read + Seek), size_bytes: u64) -> io::Result<Vec<u8>> {
    const TAIL_SIZE_BYTES_MAX: u64 = 64 * 1024;
    read_at(file, size_bytes.saturating_sub(TAIL_SIZE_BYTES_MAX), TAIL_SIZE_BYTES_MAX)
}

/// Finds the segment behind the EBML header and compares its length; live recordings leave it
/// unknown.
fn segment_is_whole(head: &[u8], size_bytes: u64) -> bool {
    const SEGMENT_ID: [u8; 4] = [0x18, 0x53, 0x80, 0x67];
    let Some((header_length, header_start)) = read_vint(head, 4) else { return true };
    let Some(segment) = header_length.and_then(|length| header_start.checked_add(usize::try_from(length).ok()?)) else {
        return true;
    };
    if head.get(segment..segment.saturating_add(4)) != Some(&SEGMENT_ID) {
        return true;
    }
    match read_vint(head, segment + 4) {
        Some((Some(length), start)) => (start as u64).saturating_add(length) <= size_bytes,
        _ => true,
    }
}

/// An EBML length at `at`: its value (none when all ones: unknown) and where it ends.
fn read_vint(bytes: &[u8], at: usize) -> Option<(Option<u64>, usize)> {
    let first = *bytes.get(at)?;
    let width = first.leading_zeros() as usize + 1;
    let rest = bytes.get(at + 1..at.checked_add(width)?)?;
    let marker_free = u64::from(first) & (0xff_u64 >> width);
    let value = rest.iter().fold(marker_free, |value, byte| value << 8 | u64::from(*byte));
    let unknown = (1_u64 << (7 * width)) - 1;
    Some(((value != unknown).then_some(value), at + width))
}

fn read_at(file: &mut (impl Read + Seek), offset: u64, size_bytes: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(offset))?;
    file.take(size_bytes).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn sniffed(bytes: &[u8]) -> Sniffed {
        sniff(&mut Cursor::new(bytes)).unwrap()
    }

    #[test]
    fn pictures_declare_their_size_at_their_beginning() {
        let declared = |bytes: &[u8]| declared_size(&mut Cursor::new(bytes)).unwrap();
        let gif = [b"GIF89a".as_slice(), &[0x02, 0x01, 0xff, 0xff], &[0; 20]].concat();
        assert_eq!(declared(&gif), Some(PixelSize { width: 258, height: 65_535 }));
        let png = [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &[0, 0, 0x3e, 0x80, 0, 0, 0, 7], &[0; 9]].concat();
        assert_eq!(declared(&png), Some(PixelSize { width: 16_000, height: 7 }));
        assert_eq!(declared(&mp4_box(*b"ftyp", 40, 40)), None);
        assert_eq!(declared(b"GIF89a"), None);
    }

    fn mp4_box(kind: [u8; 4], claimed: u32, actual: usize) -> Vec<u8> {
        [&claimed.to_be_bytes()[..], &kind, &vec![0; actual - 8]].concat()
    }

    #[test]
    fn scripts_and_texts_are_unknown_whatever_they_are_called() {
        for text in [
            "#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/a.ts",
            "ffconcat version 1.0\nfile a.mp4",
            "v=0\no=- 0 0 IN IP4 127.0.0.1",
            "<?xml version=\"1.0\"?><MPD/>",
            "hello, this is text",
            "",
            "RIFF\0\0\0\0WAVEfmt ",
        ] {
            assert_eq!(sniffed(text.as_bytes()), Sniffed::Unknown, "{text}");
        }
    }

    #[test]
    fn mp4_needs_its_index_and_all_of_its_samples() {
        let (ftyp, moov, mdat) = (mp4_box(*b"ftyp", 16, 16), mp4_box(*b"moov", 24, 24), mp4_box(*b"mdat", 40, 40));
        let whole = [&ftyp[..], &moov, &mdat].concat();
        assert_eq!(sniffed(&whole), Sniffed::Whole(SourceContainer::Mov));
        assert_eq!(sniffed(&whole[..whole.len() - 1]), Sniffed::Truncated(SourceContainer::Mov));
        assert_eq!(sniffed(&[&ftyp[..], &mdat].concat()), Sniffed::Truncated(SourceContainer::Mov));
        let open_end = [&ftyp[..], &moov, &mp4_box(*b"mdat", 0, 40)].concat();
        assert_eq!(sniffed(&open_end), Sniffed::Whole(SourceContainer::Mov));
        let junk_after = [&whole[..], &mp4_box(*b"junk", 4_000, 12)].concat();
        assert_eq!(sniffed(&junk_after), Sniffed::Whole(SourceContainer::Mov));
    }

    #[test]
    fn gif_and_png_end_with_what_ends_them() {
        let gif = [b"GIF89a".as_slice(), &[0; 20], &[0x3b]].concat();
        let png = [b"\x89PNG\r\n\x1a\n".as_slice(), &[7; 40], b"\0\0\0\0IEND\xae\x42\x60\x82"].concat();
        for (whole, container) in [(gif, SourceContainer::Gif), (png, SourceContainer::Apng)] {
            assert_eq!(sniffed(&whole), Sniffed::Whole(container));
            assert_eq!(sniffed(&[&whole[..], &[0; 30]].concat()), Sniffed::Whole(container));
            assert_eq!(sniffed(&whole[..whole.len() - 1]), Sniffed::Truncated(container));
        }
    }

    #[test]
    fn matroska_is_as_long_as_its_segment_says() {
        let header = [0x1a, 0x45, 0xdf, 0xa3, 0x82, 0, 0, 0x18, 0x53, 0x80, 0x67];
        let whole = [&header[..], &[0x83, 1, 2, 3]].concat();
        assert_eq!(sniffed(&whole), Sniffed::Whole(SourceContainer::Matroska));
        assert_eq!(sniffed(&whole[..whole.len() - 1]), Sniffed::Truncated(SourceContainer::Matroska));
        let live = [&header[..], &[0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]].concat();
        assert_eq!(sniffed(&live), Sniffed::Whole(SourceContainer::Matroska));
    }
}
