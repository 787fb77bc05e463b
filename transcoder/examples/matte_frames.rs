//! Mattes raw RGB frames of a static camera and does nothing else, to measure the quality and time
//! of the matting alone.
//!
//! `matte_frames FILE WIDTH HEIGHT SAMPLES [--given FILE] [--write]`; `--given` is a clean plate,
//! `--write` puts raw RGBA on standard output. Confidence or refusal, and the times, go to standard
//! error.

use std::io::{Error, ErrorKind, Result, Write, stdout};
use std::sync::Arc;
use std::time::Instant;

use transcoder::matte::static_camera::{PlateAccumulator, Samples, StaticCameraSession, learn};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let usage = || Error::new(ErrorKind::InvalidInput, "matte_frames FILE WIDTH HEIGHT SAMPLES [--given FILE] [--write]");
    let [file, width, height, samples, flags @ ..] = arguments.as_slice() else { return Err(usage()) };
    let number = |text: &str| text.parse::<usize>().map_err(|_| usage());
    let (width, height, count) = (number(width)?, number(height)?, number(samples)?);
    let given = flags.iter().position(|flag| flag == "--given").and_then(|at| flags.get(at + 1));
    let given = given.map(std::fs::read).transpose()?;
    let bytes = std::fs::read(file)?;
    let frames: Vec<&[u8]> = bytes.chunks_exact(width * height * 3).collect();
    let count = count.min(frames.len());
    let picked: Vec<usize> = (0..count).map(|index| (2 * index + 1) * frames.len() / (2 * count)).collect();
    let begun = Instant::now();
    let divisor = width.div_ceil(320);
    let small = |frame: &[u8]| downscaled(frame, width, height, divisor);
    let samples = Samples {
        width: width / divisor,
        height: height / divisor,
        frames: picked.iter().map(|index| small(frames[*index])).collect(),
        given_plate: given.as_deref().map(small),
    };
    let model = match learn(&samples) {
        Ok(model) => model,
        Err(refusal) => {
            writeln!(std::io::stderr(), "refused: {refusal}")?;
            return Ok(());
        }
    };
    let (confidence, learned_in) = (model.confidence, begun.elapsed());
    let mut accumulator = PlateAccumulator::new(model, width, height);
    for (index, frame) in picked.iter().enumerate() {
        accumulator.add(index, frames[*frame]);
    }
    let plate = accumulator.finish(given.as_deref());
    let accumulated_in = begun.elapsed().saturating_sub(learned_in);
    let mut session = StaticCameraSession::new(Arc::new(plate));
    let begun = Instant::now();
    let is_written = flags.iter().any(|flag| flag == "--write");
    for index in 0..=frames.len() {
        let done = match frames.get(index) {
            Some(frame) => session.push(frame.as_chunks::<3>().0.iter().flat_map(|[r, g, b]| [*r, *g, *b, 255]).collect()),
            None => session.finish(),
        };
        if let Some(done) = std::hint::black_box(done).filter(|_| is_written) {
            stdout().write_all(&done)?;
        }
    }
    let each = begun.elapsed() / u32::try_from(frames.len().max(1)).unwrap_or(u32::MAX);
    writeln!(
        std::io::stderr(),
        "confidence {confidence:.2}, learned in {learned_in:.2?}, accumulated in {accumulated_in:.2?}, {each:.1?} a frame"
    )
}

/// Scales down by an integer factor.
fn downscaled(frame: &[u8], width: usize, height: usize, divisor: usize) -> Vec<u8> {
    let mut small = Vec::new();
    for row in 0..height / divisor {
        for column in 0..width / divisor {
            for channel in 0..3 {
                let pixels = (0..divisor * divisor).map(|index| {
                    let (x, y) = (column * divisor + index % divisor, row * divisor + index / divisor);
                    usize::from(frame[(y * width + x) * 3 + channel])
                });
                let mean = (pixels.sum::<usize>() + divisor * divisor / 2) / (divisor * divisor);
                small.push(u8::try_from(mean).unwrap_or(u8::MAX));
            }
        }
    }
    small
}
