//! APNG, lossless, no sound. For web pages, in an `<img>`, where every bit counts. Source: PNG
//! (Third Edition) §11.3.6.
//!
//! Written as frames come: of each, only the rectangle that differs from the one before.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use shared::media::PixelSize;
use shared::qa::PSNR_DB_LOSSLESS;
use tokio::sync::mpsc;

use crate::ffmpeg::probe::SourceContainer;
use crate::frame::feed::{Frame, Pixels};
use crate::frame::pixels::sides;
use crate::length::duration_ms;
use crate::output::format::{
    ANIMATED_IMAGE_PRESETS, AlphaChannel, EncodeParams, Encoder, Encoding, Format, Layout, PsnrMin, Reader, Verification,
};
use crate::output::ordered;
use crate::output::png::{chunks, encode};

pub const FORMAT: Format = Format {
    encoding: Encoding {
        presets: ANIMATED_IMAGE_PRESETS,
        pixels: Pixels::Rgba,
        needs_even_sides: false,
        disk_cost: 75,
        encoder: |_, _| Encoder::InProcess(write),
    },
    verification: Verification {
        reader: Reader::Ffmpeg { container: SourceContainer::Apng, decoder: None, filter: "null" },
        layout: Layout::Rgba,
        alpha: AlphaChannel::Smooth,
        // (99, 99)
        psnr_min: PsnrMin { alpha_db: Some(PSNR_DB_LOSSLESS), color_db: Some(PSNR_DB_LOSSLESS) },
    },
};

/// `acTL` follows the signature and `IHDR`.
const CONTROL_OFFSET_BYTES: u64 = 8 + 25;

/// Writes the whole file, until no more frames come.
fn write(mut frames: mpsc::Receiver<Frame>, params: &EncodeParams, path: &Path) -> io::Result<()> {
    let (pairs_in, pairs) = mpsc::channel(1);
    std::thread::scope(|scope| {
        let writer = scope.spawn(move || write_pairs(pairs, params, path));
        let mut before: Option<Frame> = None;
        while let Some(frame) = frames.blocking_recv() {
            if pairs_in.blocking_send((before.replace(Frame::clone(&frame)), frame)).is_err() {
                break;
            }
        }
        drop(pairs_in);
        writer.join().unwrap_or_else(|_| Err(io::Error::other("the APNG writer ended badly")))
    })
}

fn write_pairs(pairs: mpsc::Receiver<(Option<Frame>, Frame)>, params: &EncodeParams, path: &Path) -> io::Result<()> {
    let mut file = Animation { file: BufWriter::new(File::create(path)?), params, frames: 0, chunks: 0 };
    file.begin()?;
    let size = params.size;
    let work = |(before, frame): (Option<Frame>, Frame)| {
        let area = before.map_or_else(|| Area::whole(size), |before| Area::changed(&before, &frame, size));
        Ok((area, encode(&area.cut(&frame, size), area.size())?))
    };
    ordered::each(pairs, work, |(area, picture)| file.add(area, &picture))?;
    file.end()
}

/// A rectangle of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Area {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

impl Area {
    const fn whole(size: PixelSize) -> Self {
        let (width, height) = sides(size);
        Self { x: 0, y: 0, width, height }
    }

    /// The smallest that holds every difference; one pixel if there is none, since a frame must
    /// have some.
    fn changed(before: &[u8], frame: &[u8], size: PixelSize) -> Self {
        let (width, _) = sides(size);
        let (mut left, mut right, mut rows) = (width, 0, None);
        let pairs = before.chunks_exact(width * 4).zip(frame.chunks_exact(width * 4));
        for (y, (before, row)) in pairs.enumerate() {
            if before == row {
                continue;
            }
            let differs = |(one, other): (&[u8], &[u8])| looks_different(one, other);
            let first = before.chunks_exact(4).zip(row.chunks_exact(4)).position(differs);
            let last = before.chunks_exact(4).zip(row.chunks_exact(4)).rposition(differs);
            if let (Some(first), Some(last)) = (first, last) {
                left = left.min(first);
                right = right.max(last);
                rows = Some((rows.map_or(y, |(top, _)| top), y));
            }
        }
        match rows {
            Some((top, bottom)) => Self { x: left, y: top, width: right + 1 - left, height: bottom + 1 - top },
            None => Self { x: 0, y: 0, width: 1, height: 1 },
        }
    }

    fn cut(self, frame: &[u8], size: PixelSize) -> Vec<u8> {
        let (width, _) = sides(size);
        let rows = frame.chunks_exact(width * 4).skip(self.y).take(self.height);
        rows.flat_map(|row| row.get(self.x * 4..(self.x + self.width) * 4).unwrap_or_default()).copied().collect()
    }

    fn size(self) -> PixelSize {
        PixelSize { width: be_u32(self.width), height: be_u32(self.height) }
    }
}

/// Transparent pixels look alike whatever their colour, and are written alike.
fn looks_different(one: &[u8], other: &[u8]) -> bool {
    one != other && !(matches!(one, [.., 0]) && matches!(other, [.., 0]))
}

fn be_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

struct Animation<'a, W: Write> {
    file: W,
    params: &'a EncodeParams,
    frames: u32,
    /// Sequence number of the next frame control or frame data chunk.
    chunks: u32,
}

impl<W: Write + Seek> Animation<'_, W> {
    fn begin(&mut self) -> io::Result<()> {
        const DEPTH_COLOR_METHODS: [u8; 5] = [8, 6, 0, 0, 0];
        self.file.write_all(b"\x89PNG\r\n\x1a\n")?;
        let PixelSize { width, height } = self.params.size;
        let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &DEPTH_COLOR_METHODS].concat();
        self.chunk(*b"IHDR", &header)?;
        self.control()
    }

    /// The number of frames, and a loop for ever.
    fn control(&mut self) -> io::Result<()> {
        self.chunk(*b"acTL", &[self.frames.to_be_bytes(), [0; 4]].concat())
    }

    fn add(&mut self, area: Area, picture: &[u8]) -> io::Result<()> {
        const NO_DISPOSAL_NO_BLENDING: [u8; 2] = [0, 0];
        let first = self.frames == 0;
        // The end of each frame is rounded, not its duration, so that a long clip does not drift.
        let until = |frames: u32| duration_ms(u64::from(frames), self.params.frame_rate);
        let delay_ms = u16::try_from(until(self.frames + 1) - until(self.frames)).unwrap_or(u16::MAX);
        let place = [area.width, area.height, area.x, area.y].map(|side| be_u32(side).to_be_bytes()).concat();
        let timing = [delay_ms.to_be_bytes(), 1_000_u16.to_be_bytes()].concat();
        let number = self.next();
        self.chunk(*b"fcTL", &[&number[..], &place, &timing, &NO_DISPOSAL_NO_BLENDING].concat())?;
        for (_, data) in chunks(picture).filter(|(kind, _)| kind == b"IDAT") {
            if first {
                self.chunk(*b"IDAT", data)?;
            } else {
                let number = self.next();
                self.chunk(*b"fdAT", &[&number[..], data].concat())?;
            }
        }
        self.frames += 1;
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        self.chunk(*b"IEND", &[])?;
        self.file.seek(SeekFrom::Start(CONTROL_OFFSET_BYTES))?;
        self.control()?;
        self.file.flush()
    }

    fn next(&mut self) -> [u8; 4] {
        self.chunks += 1;
        (self.chunks - 1).to_be_bytes()
    }

    fn chunk(&mut self, kind: [u8; 4], data: &[u8]) -> io::Result<()> {
        let mut checksum = crc32fast::Hasher::new();
        checksum.update(&kind);
        checksum.update(data);
        self.file.write_all(&be_u32(data.len()).to_be_bytes())?;
        self.file.write_all(&kind)?;
        self.file.write_all(data)?;
        self.file.write_all(&checksum.finalize().to_be_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_visible_differences_are_written_again() {
        let size = PixelSize { width: 4, height: 3 };
        let before = vec![9; 4 * 3 * 4];
        let mut frame = before.clone();
        assert_eq!(Area::changed(&before, &frame, size).size(), PixelSize { width: 1, height: 1 });
        frame[(4 + 1) * 4] = 0;
        frame[(2 * 4 + 3) * 4 + 3] = 0;
        let area = Area::changed(&before, &frame, size);
        assert_eq!(area, Area { x: 1, y: 1, width: 3, height: 2 });
        assert_eq!(area.cut(&frame, size).len(), 3 * 2 * 4);
        let transparent_red = [255, 0, 0, 0].repeat(12);
        let transparent_blue = [0, 0, 255, 0].repeat(12);
        assert_eq!(Area::changed(&transparent_red, &transparent_blue, size).size(), PixelSize { width: 1, height: 1 });
    }
}
