//! PNG sequence: `frame_000001.png` and so on in a ZIP, lossless, no sound. For compositing.
//!
//! Frames are compressed on all cores and stored as they come.

use std::fs::File;
use std::io::{self, BufWriter, Read};
use std::path::Path;

use rawzip::{RECOMMENDED_BUFFER_SIZE, ZipArchive};
use shared::media::PixelSize;
use shared::qa::PSNR_DB_LOSSLESS;
use tokio::sync::mpsc;

use crate::ffmpeg::process::ProcessError;
use crate::frame::feed::{Frame, Pixels};
use crate::frame::pixels::sides;
use crate::output::format::{
    AlphaChannel, DecodeError, EncodeParams, Encoder, Encoding, Format, Layout, NO_QUALITY, OWN_RATE, OWN_SIDE_PX, Presets,
    PsnrMin, Reader, SOCIAL_SIDE_PX, Verification, broken, settings,
};
use crate::output::ordered;
use crate::output::png::encode;
use crate::output::zip::Archive;

pub const FORMAT: Format = Format {
    encoding: Encoding {
        presets: Presets {
            // A sequence is for further work, whatever the preset.
            web_app: settings(OWN_SIDE_PX, OWN_RATE, NO_QUALITY),
            editing: settings(OWN_SIDE_PX, OWN_RATE, NO_QUALITY),
            social: settings(SOCIAL_SIDE_PX, 30, NO_QUALITY),
        },
        pixels: Pixels::Rgba,
        needs_even_sides: false,
        disk_cost: 75,
        encoder: |_, _| Encoder::InProcess(write),
    },
    verification: Verification {
        // Still images have no length.
        reader: Reader::InProcess { duration_ms: |_| Ok(None), read },
        layout: Layout::Rgba,
        alpha: AlphaChannel::Smooth,
        // (99, 99)
        psnr_min: PsnrMin { alpha_db: Some(PSNR_DB_LOSSLESS), color_db: Some(PSNR_DB_LOSSLESS) },
    },
};

/// Writes the whole file, until no more frames come.
fn write(frames: mpsc::Receiver<Frame>, params: &EncodeParams, path: &Path) -> io::Result<()> {
    let mut archive = Archive::new(BufWriter::new(File::create(path)?), name);
    ordered::each(frames, |frame| encode(&frame, params.size), |picture| archive.add(&picture))?;
    archive.end().map(drop)
}

/// Counts from one, as `frame_%06d.png`.
fn name(index: usize) -> String {
    format!("frame_{:06}.png", index + 1)
}

fn read(path: &Path, size: PixelSize, frames: &mpsc::Sender<Vec<u8>>) -> Result<(), DecodeError> {
    let file = File::open(path).map_err(ProcessError::Io)?;
    let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
    let archive = ZipArchive::from_file(file, &mut buffer).map_err(broken)?;
    let mut entries = archive.entries(&mut buffer);
    let mut index = 0;
    while let Some(entry) = entries.next_entry().map_err(broken)? {
        let name = name(index);
        index += 1;
        if entry.file_path().try_normalize().map_err(broken)?.as_ref() != name {
            return Err(broken(format!("{name} is not where it should be")));
        }
        let stored = archive.get_entry(entry.wayfinder()).map_err(broken)?;
        let mut file = Vec::new();
        stored.verifying_reader(stored.reader()).read_to_end(&mut file).map_err(broken)?;
        let frame = read_png(&file, size).map_err(|error| broken(format!("{name}: {error}")))?;
        if frames.blocking_send(frame).is_err() {
            break;
        }
    }
    Ok(())
}

fn read_png(file: &[u8], size: PixelSize) -> Result<Vec<u8>, DecodeError> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().map_err(broken)?;
    let (width, height) = sides(size);
    let mut frame = vec![0; width * height * 4];
    let seen = reader.info();
    if (seen.width, seen.height) != (size.width, size.height) || seen.color_type != png::ColorType::Rgba {
        return Err(broken(format!("{}x{}, {:?}", seen.width, seen.height, seen.color_type)));
    }
    reader.next_frame(&mut frame).map_err(broken)?;
    Ok(frame)
}
