//! Keys raw 8-bit 4:2:0 frames and does nothing else, to measure the time of the keyer alone.
//!
//! `key_frames FILE WIDTH HEIGHT RED,GREEN,BLUE ROUNDS [--write]`; `--write` puts raw RGBA on
//! standard output,
//! `RAYON_NUM_THREADS=1` keeps it to one core.

use std::io::{Error, ErrorKind, Result, Write, stdout};

use transcoder::matte::keying::{KeyOptions, Keyer, PlanarFormat, Screen, YuvMatrix};

fn main() -> Result<()> {
    let (flags, arguments): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|text| text.starts_with("--"));
    let usage = || Error::new(ErrorKind::InvalidInput, "key_frames FILE WIDTH HEIGHT RED,GREEN,BLUE ROUNDS [--write]");
    let [file, width, height, screen, rounds] = arguments.as_slice() else { return Err(usage()) };
    let number = |text: &str| text.parse::<usize>().map_err(|_| usage());
    let is_set = |name: &str| flags.iter().any(|flag| flag == name);
    let channels: Vec<f32> = screen.split(',').filter_map(|channel| channel.parse().ok()).collect();
    let color = <[f32; 3]>::try_from(channels).map_err(|_| usage())?;
    let format = PlanarFormat {
        width: number(width)?,
        height: number(height)?,
        across: 2,
        down: 2,
        depth_bits: 8,
        matrix: YuvMatrix::Bt709,
        is_full_range: false,
    };
    let frames = std::fs::read(file)?;
    let mut keyer = Keyer::new(Screen { color, coverage: 1.0 }, format, KeyOptions::default());
    let mut picture = vec![0; format.width * format.height * 4];
    for _ in 0..number(rounds)? {
        for frame in frames.chunks_exact(format.frame_size_bytes()) {
            keyer.key(frame, &mut picture);
            if is_set("--write") {
                stdout().write_all(&picture)?;
            }
            std::hint::black_box(&picture);
        }
    }
    Ok(())
}
