//! Small files that would fill a machine: pictures of nothing, archives of nothing.

use super::Hostile;

const PNG_MAGIC: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Every bomb; none is larger than two megabytes.
pub fn bombs() -> Vec<Hostile> {
    let archive = [&b"\x1f\x8b\x08\0\0\0\0\0\0\x03"[..], &deflated_zeros(1 << 28)].concat();
    let zip = [&b"PK\x03\x04\x14\0\0\0\x08\0"[..], &[0; 20], &deflated_zeros(1 << 28)].concat();
    vec![
        Hostile::new("png_16000x16000.png", png(16_000, 16_000, None)),
        Hostile::new(
            "png_header_only_4g.png",
            [PNG_MAGIC, &png_header(0x7fff_ffff, 0x7fff_ffff), &png_chunk(*b"IEND", &[])].concat(),
        ),
        Hostile::new("png_16000x16000_in_small.avi", png_in_avi((64, 64), &png(16_000, 16_000, None))),
        Hostile::new("png_16000x16000.avi", png_in_avi((16_000, 16_000), &png(16_000, 16_000, None))),
        Hostile::new("apng_16000x16000.apng", png(16_000, 16_000, Some(2))),
        Hostile::new("apng_4g_frames.apng", png(64, 64, Some(u32::MAX))),
        Hostile::new("apng_4g_frames_of_16000x16000.mp4", png(16_000, 16_000, Some(0x7fff_ffff))),
        Hostile::new("gif_65535x65535.gif", gif((65_535, 65_535), (1, 1), 1)),
        Hostile::new("gif_frame_65535x65535.gif", gif((1, 1), (65_535, 65_535), 1)),
        Hostile::new("gif_100000_frames.gif", gif((4_000, 4_000), (1, 1), 100_000)),
        Hostile::new("webp_16384x16384.mp4", webp()),
        Hostile::new("gzip.mp4", archive),
        Hostile::new("zip.mp4", zip),
        Hostile::new("zeros.mp4", vec![0; 1 << 20]),
        Hostile::new("nested_boxes.mp4", nested_boxes()),
    ]
}

/// An 8-bit grey picture of zeros, animated when it says how many frames there are.
fn png(width: u32, height: u32, frames: Option<u32>) -> Vec<u8> {
    let rows_size = (u64::from(width) + 1) * u64::from(height);
    // Adler-32 of zeros: the first sum stays 1, the second counts.
    let adler = (u32::try_from(rows_size % 65_521).unwrap() << 16) | 1;
    let pixels = [&[0x78, 0x01][..], &deflated_zeros(rows_size), &adler.to_be_bytes()].concat();
    let animation = frames.map(|frames| {
        let control = png_chunk(*b"acTL", &[frames.to_be_bytes(), [0; 4]].concat());
        let area = [0_u32, width, height, 0, 0].map(u32::to_be_bytes).concat();
        [control, png_chunk(*b"fcTL", &[&area[..], &[0, 1, 0, 25, 0, 0]].concat())].concat()
    });
    let chunks = [png_chunk(*b"IDAT", &pixels), png_chunk(*b"IEND", &[])].concat();
    [PNG_MAGIC, &png_header(width, height), &animation.unwrap_or_default(), &chunks].concat()
}

/// A picture as the one packet of a stream that says what size it is, truly or not.
fn png_in_avi((width, height): (u32, u32), picture: &[u8]) -> Vec<u8> {
    let format = [40, width, height, 24 << 16 | 1, u32::from_le_bytes(*b"MPNG"), 0, 0, 0, 0, 0].map(u32::to_le_bytes).concat();
    super::avi(*b"vidsMPNG", &format, &super::riff_chunk(*b"00dc", picture))
}

fn png_header(width: u32, height: u32) -> Vec<u8> {
    png_chunk(*b"IHDR", &[&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 0, 0, 0, 0]].concat())
}

fn png_chunk(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    let named = [&kind[..], body].concat();
    [&u32::try_from(body.len()).unwrap().to_be_bytes()[..], &named, &crc32(&named).to_be_bytes()].concat()
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

/// One block with fixed codes (RFC 1951): a zero, then copies of 258 zeros at 13 bits each, then
/// the rest singly.
fn deflated_zeros(size: u64) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.push(0b011, 3);
    let zero = |bits: &mut Bits| bits.push(0b0000_1100, 8);
    zero(&mut bits);
    for _ in 0..(size - 1) / 258 {
        bits.push(0b1010_0011, 8);
        bits.push(0, 5);
    }
    (0..(size - 1) % 258).for_each(|_| zero(&mut bits));
    bits.push(0, 7);
    bits.push(0, 7);
    bits.bytes
}

/// Bits from the lowest on, as deflate packs them; codes are given reversed.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    pending: u32,
    count: u32,
}

impl Bits {
    fn push(&mut self, value: u32, width: u32) {
        self.pending |= value << self.count;
        self.count += width;
        while self.count >= 8 {
            self.bytes.push(u8::try_from(self.pending & 0xff).unwrap());
            self.pending >>= 8;
            self.count -= 8;
        }
    }
}

/// A screen, and frames in its corner that hold one pixel's code and nothing else.
fn gif(screen: (u16, u16), frame: (u16, u16), frames: usize) -> Vec<u8> {
    let size = |(width, height): (u16, u16)| [width.to_le_bytes(), height.to_le_bytes()].concat();
    let head = [&b"GIF89a"[..], &size(screen), &[0x80, 0, 0], &[0, 255, 0, 0, 0, 0]].concat();
    let picture = [&[0x2c, 0, 0, 0, 0][..], &size(frame), &[0, 2, 2, 0x44, 0x01, 0]].concat();
    [&head[..], &picture.repeat(frames), &[0x3b]].concat()
}

fn webp() -> Vec<u8> {
    let lossless = super::riff_chunk(*b"VP8L", &[0x2f, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0]);
    super::riff_chunk(*b"RIFF", &[&b"WEBP"[..], &lossless].concat())
}

/// Boxes in boxes, deeper than any stack.
fn nested_boxes() -> Vec<u8> {
    const DEPTH: usize = 100_000;
    let opening = |depth: usize| {
        let length = u32::try_from((DEPTH - depth) * 8).unwrap();
        let kind = if depth == 0 { *b"moov" } else { *b"trak" };
        [length.to_be_bytes(), kind].concat()
    };
    (0..DEPTH).flat_map(opening).collect()
}
