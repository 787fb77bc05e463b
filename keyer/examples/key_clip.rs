//! Keys a file of raw planar frames and writes raw RGBA on standard output.
//!
//! `key_clip FILE WIDTH HEIGHT ACROSS DOWN DEPTH_BITS [--rounds=N] [--silent]`
//!
//! ACROSS and DOWN are the chroma subsampling, 1 or 2; the matrix is BT.709, limited range.
//! `--rounds` repeats both passes and `--silent` writes nothing, for timing.

use std::io::{Error, ErrorKind, Result, Write, stdout};

use keyer::{Analyzer, KeyOptions, Keyer, PlanarFormat, YuvMatrix};

fn main() -> Result<()> {
    let (flags, arguments): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|text| text.starts_with("--"));
    let usage = || Error::new(ErrorKind::InvalidInput, "key_clip FILE WIDTH HEIGHT ACROSS DOWN DEPTH_BITS");
    let [file, numbers @ ..] = arguments.as_slice() else { return Err(usage()) };
    let numbers: Vec<usize> = numbers.iter().filter_map(|text| text.parse().ok()).collect();
    let &[width, height, across, down, depth_bits] = numbers.as_slice() else { return Err(usage()) };
    let depth_bits = u32::try_from(depth_bits).map_err(|_| usage())?;
    let format = PlanarFormat { width, height, across, down, depth_bits, matrix: YuvMatrix::Bt709, is_full_range: false };
    let rounds = flags.iter().find_map(|flag| flag.strip_prefix("--rounds=")?.parse().ok()).unwrap_or(1_usize);
    let is_silent = flags.iter().any(|flag| flag == "--silent");
    let bytes = std::fs::read(file)?;
    let frames: Vec<&[u8]> = bytes.chunks_exact(format.frame_size_bytes()).collect();
    let mut picture = vec![0; width * height * 4];
    for _ in 0..rounds {
        let options = KeyOptions::default();
        let mut analyzer = Analyzer::new(format, &options).map_err(|error| Error::other(format!("{error:?}")))?;
        let mut keyer = Keyer::new(format, options);
        frames.iter().filter_map(|frame| analyzer.add_frame(frame)).for_each(|shot| keyer.add_shot(shot));
        analyzer.finish().into_iter().for_each(|shot| keyer.add_shot(shot));
        for frame in &frames {
            keyer.key(frame, &mut picture);
            if !is_silent {
                stdout().write_all(&picture)?;
            }
            std::hint::black_box(&picture);
        }
    }
    Ok(())
}
