//! Samples of pixels of every master frame, with which decoded outputs are compared. Positions
//! follow a low-discrepancy sequence over all frames, so that the PSNR of the samples estimates
//! that of the clip; memory does not grow with its length.

use shared::media::PixelSize;

use crate::frame::pixels::sides;

/// Memory for the samples of one size.
/// Units: bytes.
const KEPT_SIZE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Most and fewest samples per frame.
const PIXELS_MAX: u64 = 8_192;
const PIXELS_MIN: u64 = 64;
/// Steps of the R2 sequence as fractions of 2³²: the inverse of the plastic number, and its square.
const STEP_X: u32 = 3_242_174_889;
const STEP_Y: u32 = 2_447_445_414;

/// A pixel of straight RGBA.
pub type Rgba = [u8; 4];

/// Positions of the samples of each frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lattice {
    /// Size of the picture, without padding.
    pub size: PixelSize,
    per_frame: u32,
}

impl Lattice {
    /// Positions for a clip of about this many frames.
    pub fn new(size: PixelSize, frames: u64) -> Self {
        let affordable = KEPT_SIZE_BYTES_MAX / 4 / frames.max(1);
        let per_frame = affordable.clamp(PIXELS_MIN, PIXELS_MAX).min(size.pixels().max(1));
        Self { size, per_frame: u32::try_from(per_frame).unwrap_or(u32::MAX) }
    }

    /// Columns and rows of the samples of a frame.
    pub fn positions(&self, index: u64) -> impl Iterator<Item = (usize, usize)> {
        let (width, height) = sides(self.size);
        let first = u32::try_from(index & u64::from(u32::MAX)).unwrap_or_default().wrapping_mul(self.per_frame);
        let share = |step: u32, number: u32, side: usize| (number.wrapping_mul(step) as usize * side) >> 32;
        (0..self.per_frame).map(move |offset| {
            let number = first.wrapping_add(offset);
            (share(STEP_X, number, width), share(STEP_Y, number, height))
        })
    }
}

/// Samples of the master frames of one size.
#[derive(Debug)]
pub struct Samples {
    /// Their positions.
    pub lattice: Lattice,
    samples: Vec<Rgba>,
}

impl Samples {
    /// No samples yet.
    pub const fn new(lattice: Lattice) -> Self {
        Self { lattice, samples: Vec::new() }
    }

    /// Samples the next frame.
    pub fn add(&mut self, index: u64, rgba: &[u8]) {
        let width = self.lattice.size.width as usize;
        for (x, y) in self.lattice.positions(index) {
            self.samples.push(pixel::<4>(rgba, width, x, y).unwrap_or_default());
        }
    }

    /// Samples of a frame.
    pub fn of(&self, index: u64) -> &[Rgba] {
        let per_frame = self.lattice.per_frame as usize;
        let start = usize::try_from(index).unwrap_or(usize::MAX).saturating_mul(per_frame);
        self.samples.get(start..start.saturating_add(per_frame)).unwrap_or_default()
    }
}

/// A pixel of a packed frame.
pub fn pixel<const N: usize>(pixels: &[u8], width: usize, x: usize, y: usize) -> Option<[u8; N]> {
    let start = (y * width + x) * N;
    pixels.get(start..start + N)?.first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_spread_and_differ_from_frame_to_frame() {
        let lattice = Lattice::new(PixelSize { width: 1_000, height: 500 }, 300);
        let mut quarters = [0; 4];
        for (x, y) in lattice.positions(7) {
            assert!(x < 1_000 && y < 500);
            quarters[usize::from(x >= 500) + 2 * usize::from(y >= 250)] += 1;
        }
        let expected = i64::from(lattice.per_frame) / 4;
        assert!(quarters.iter().all(|count: &i64| (count - expected).abs() < expected / 20), "{quarters:?}");
        assert_ne!(lattice.positions(7).next(), lattice.positions(8).next());
    }

    #[test]
    fn an_hour_needs_little_more_than_a_minute() {
        let size = PixelSize { width: 3_840, height: 2_160 };
        let bytes = |frames: u64| u64::from(Lattice::new(size, frames).per_frame) * 4 * frames;
        assert!(bytes(60 * 30) <= KEPT_SIZE_BYTES_MAX && bytes(3_600 * 30) < 2 * KEPT_SIZE_BYTES_MAX);
    }
}
