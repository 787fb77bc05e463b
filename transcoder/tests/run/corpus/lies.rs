//! Whole files whose headers say what cannot be: sizes, lengths, rates, counts.

use super::{Hostile, position};

/// `kind` of a box, how far behind its name, and what is written there.
const MP4_LIES: [(&str, &[u8; 4], usize, [u8; 4]); 22] = [
    ("no_timescale", b"mdhd", 12, [0; 4]),
    ("timescale_1", b"mdhd", 12, [0, 0, 0, 1]),
    ("timescale_4g", b"mdhd", 12, [0xff; 4]),
    ("media_lasts_4g", b"mdhd", 16, [0xff; 4]),
    ("movie_timescale_0", b"mvhd", 12, [0; 4]),
    ("movie_lasts_4g", b"mvhd", 16, [0xff; 4]),
    ("no_width", b"avc1", 24, [0; 4]),
    ("65535x65535", b"avc1", 24, [0xff; 4]),
    ("shown_65535x65535", b"tkhd", 76, [0xff; 4]),
    ("1e9_frames", b"stts", 8, [0x3b, 0x9a, 0xca, 0]),
    ("frame_lasts_0", b"stts", 12, [0; 4]),
    ("frame_lasts_4g", b"stts", 12, [0xff; 4]),
    ("stts_4g_entries", b"stts", 4, [0xff; 4]),
    ("samples_of_2g", b"stsz", 4, [0x7f, 0xff, 0xff, 0xff]),
    ("4g_samples", b"stsz", 8, [0xff; 4]),
    ("no_samples", b"stsz", 8, [0; 4]),
    ("4g_chunks", b"stco", 4, [0xff; 4]),
    ("chunk_at_4g", b"stco", 8, [0xff; 4]),
    ("4g_edits", b"elst", 4, [0xff; 4]),
    ("edit_lasts_4g", b"elst", 8, [0xff; 4]),
    ("edit_before_beginning", b"elst", 12, [0x80, 0, 0, 0]),
    ("sample_description_4g", b"stsd", 4, [0xff; 4]),
];

/// Name, header of the Matroska element, and its false value.
const MATROSKA_LIES: [(&str, &[u8], &[u8]); 4] = [
    ("clock_0", &[0x2a, 0xd7, 0xb1, 0x83], &[0, 0, 0]),
    ("clock_16m", &[0x2a, 0xd7, 0xb1, 0x83], &[0xff, 0xff, 0xff]),
    ("lasts_for_ever", &[0x44, 0x89, 0x88], &[0x7f, 0xef, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    ("lasts_nan", &[0x44, 0x89, 0x88], &[0x7f, 0xf8, 0, 0, 0, 0, 0, 0]),
];

/// Name, kind of the AVI header, offset after its name, and the false value.
const AVI_LIES: [(&str, &[u8; 4], usize, [u8; 4]); 7] = [
    ("1e6_frames_a_second", b"avih", 8, [1, 0, 0, 0]),
    ("1e9_frames", b"avih", 24, [0, 0xca, 0x9a, 0x3b]),
    ("scale_0", b"strh", 28, [0; 4]),
    ("rate_0", b"strh", 32, [0; 4]),
    ("rate_4g", b"strh", 32, [0xff; 4]),
    ("starts_at_4g", b"strh", 36, [0xff; 4]),
    ("lasts_4g", b"strh", 40, [0xff; 4]),
];

/// Lies about three whole clips.
pub fn lies(mp4: &[u8], matroska: &[u8], avi: &[u8]) -> Vec<Hostile> {
    let patched = |whole: &[u8], at: usize, bytes: &[u8]| {
        let mut copy = whole.to_vec();
        copy[at..at + bytes.len()].copy_from_slice(bytes);
        copy
    };
    let in_mp4 = MP4_LIES.map(|(name, kind, offset, bytes)| {
        let at = position(mp4, kind) + 4 + offset;
        Hostile::new(format!("{name}.mp4"), patched(mp4, at, &bytes))
    });
    let in_matroska = MATROSKA_LIES.map(|(name, element, bytes)| {
        let at = position(matroska, element) + element.len();
        Hostile::new(format!("{name}.mkv"), patched(matroska, at, bytes))
    });
    let in_avi = AVI_LIES.map(|(name, kind, offset, bytes)| {
        Hostile::new(format!("{name}.avi"), patched(avi, position(avi, kind) + offset, &bytes))
    });
    let lengths = [("zero", 0), ("seven", 7), ("2g", 0x7fff_ffff_u32)];
    let boxes = [b"moov", b"trak", b"stbl", b"mdat"];
    let lengths = boxes.into_iter().flat_map(|kind| {
        let of = String::from_utf8_lossy(kind).into_owned();
        let at = position(mp4, kind) - 4;
        lengths.map(|(name, length)| Hostile::new(format!("{of}_length_{name}.mp4"), patched(mp4, at, &length.to_be_bytes())))
    });
    in_mp4.into_iter().chain(in_matroska).chain(in_avi).chain(lengths).collect()
}
