//! Where a background shows an outline that the frames do not: something was taken for background that belongs to the subject.
//!
//! The rim of a true matte is an edge in the frame. Where the rim is an edge of the background alone, the same cloth goes on
//! at both sides of it, and its still part was learned as background.

use super::choice::distance;
use super::color::{Ypq, is_shade};
use super::grid::Grid;

/// How far apart the two sides are looked at.
const ACROSS: usize = 2;
/// A step of colour that is no noise, in codes.
const STEP_MIN: f32 = 14.0;
/// The frame's step is this much smaller than the background's where the outline is false.
const FADED_MAX: f32 = 0.4;
/// A place is judged when this many samples had a rim there, and false when so many of them were.
const RIMS_MIN: u32 = 5;
const FALSE_SHARE_MIN: f32 = 0.75;
/// Share of light that a shadow leaves, and how far its chroma may be off, in codes.
const SHADE: std::ops::Range<f32> = 0.3..1.0;
const SHADE_CHROMA_MAX: f32 = 6.0;

/// Share of the places, of those where rims were seen often, that are false; and how many are. Units: pixels of a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seams {
    pub false_px: usize,
    pub judged_px: usize,
}

/// Looks at the rims in all samples. `seen` tells in which of them each pixel shows the background.
pub fn find(grid: Grid, frames: &[Vec<Ypq>], background: &[Ypq], seen: &[u64], noise: Ypq) -> Seams {
    let mut seams = Seams { false_px: 0, judged_px: 0 };
    for (down, across) in [(0, ACROSS), (ACROSS, 0)] {
        for row in 0..grid.rows.saturating_sub(down) {
            for column in 0..grid.columns.saturating_sub(across) {
                let here = row * grid.columns + column;
                let there = here + down * grid.columns + across;
                let behind = distance(background[here], background[there]);
                if behind < STEP_MIN {
                    continue;
                }
                let (mut rims, mut faded) = (0_u32, 0_u32);
                for (sample, frame) in frames.iter().enumerate() {
                    let (on, off) = if seen[here] >> sample & 1 == 0 { (there, here) } else { (here, there) };
                    if (seen[here] ^ seen[there]) >> sample & 1 == 1
                        && is_same(frame[on], background[on], noise)
                        && !is_shade(frame[off], background[off], &SHADE, SHADE_CHROMA_MAX)
                    {
                        rims += 1;
                        faded += u32::from(distance(frame[here], frame[there]) < FADED_MAX * behind);
                    }
                }
                if rims >= RIMS_MIN {
                    seams.judged_px += 1;
                    seams.false_px += usize::from(f64::from(faded) >= f64::from(FALSE_SHARE_MIN) * f64::from(rims));
                }
            }
        }
    }
    seams
}

/// Whether less than a deviation of the noise lies between two colours: what only resembles the background is off by more.
fn is_same(left: Ypq, right: Ypq, noise: Ypq) -> bool {
    (0..3).map(|channel| ((left[channel] - right[channel]) / noise[channel]).powi(2)).sum::<f32>() < 1.0
}
