//! Whether a file is as long as its container says, by the container's own lengths and ends.

use std::io::{self, Read, Seek};

use super::read_at;

/// Walks the top-level boxes: an index must be there, and neither it nor the samples may end behind
/// the file.
pub fn boxes_are_whole(file: &mut (impl Read + Seek), size_bytes: u64) -> io::Result<bool> {
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
pub fn gif_is_whole(file: &mut (impl Read + Seek), size_bytes: u64) -> io::Result<bool> {
    const TRAILER: u8 = 0x3b;
    let tail = read_tail(file, size_bytes)?;
    Ok(tail.iter().rfind(|byte| !matches!(byte, 0 | b'\r' | b'\n')) == Some(&TRAILER))
}

/// A PNG ends with this chunk; bytes after it are ignored.
pub fn png_is_whole(file: &mut (impl Read + Seek), size_bytes: u64) -> io::Result<bool> {
    const LAST_CHUNK: &[u8] = b"\0\0\0\0IEND\xae\x42\x60\x82";
    let tail = read_tail(file, size_bytes)?;
    Ok(tail.windows(LAST_CHUNK.len()).any(|window| window == LAST_CHUNK))
}

/// A PNG is animated if it says so before its picture; chunks that may stand before that are small.
pub fn is_animated(file: &mut (impl Read + Seek)) -> io::Result<bool> {
    const HEAD_SIZE_BYTES_MAX: u64 = 256 * 1024;
    let head = read_at(file, 0, HEAD_SIZE_BYTES_MAX)?;
    Ok(head.windows(4).take_while(|window| window != b"IDAT").any(|window| window == b"acTL"))
}

fn read_tail(file: &mut (impl Read + Seek), size_bytes: u64) -> io::Result<Vec<u8>> {
    const TAIL_SIZE_BYTES_MAX: u64 = 64 * 1024;
    read_at(file, size_bytes.saturating_sub(TAIL_SIZE_BYTES_MAX), TAIL_SIZE_BYTES_MAX)
}

/// Finds the segment behind the EBML header and compares its length; live recordings leave it
/// unknown.
pub fn segment_is_whole(head: &[u8], size_bytes: u64) -> bool {
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

/// A RIFF file is as long as its first chunk says; the last byte of padding may lack.
pub fn riff_is_whole(head: &[u8], size_bytes: u64) -> bool {
    let Some([a, b, c, d]) = head.get(4..8).and_then(|length| length.first_chunk()) else { return false };
    u64::from(u32::from_le_bytes([*a, *b, *c, *d])) + 8 <= size_bytes + 1
}
