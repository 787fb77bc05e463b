//! Finds ghosts: resting parts of the subject that were learned as background.
//!
//! The outline of a correct matte is an edge in the frame. Where it is an edge in the background
//! only, the same surface continues on both sides in the frame: its resting part was learned as
//! background.

use super::background_selection::distance;
use super::color::{Ycc, is_shadow_of};
use super::grid::Grid;

/// Distance of the two pixels that are compared across an outline.
const DISTANCE_PX: usize = 2;
/// Least colour step of an outline in the background, in codes.
const STEP_MIN: f32 = 14.0;
/// The outline is missing in a frame whose step is below this share of the background's.
const STEP_SHARE_MAX: f32 = 0.4;
/// A pixel is judged if this many samples have an outline there, and is a ghost if it is missing in
/// this share of them.
const SAMPLES_MIN: u32 = 5;
const GHOST_SHARE_MIN: f32 = 0.75;
/// Share of the light that remains in a shadow, and largest difference in chroma, in codes.
const SHADOW_LIGHT: std::ops::Range<f32> = 0.3..1.0;
const SHADOW_CHROMA_MAX: f32 = 6.0;

/// Number of ghost pixels, and of all that were judged. Units: pixels of a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GhostOutlines {
    pub ghost_px: usize,
    pub judged_px: usize,
}

/// Checks the outlines in all samples. `visible` is the bit mask, by pixel, of samples that show
/// the background.
pub fn find(grid: Grid, frames: &[Vec<Ycc>], background: &[Ycc], visible: &[u64], noise: Ycc) -> GhostOutlines {
    let mut outlines = GhostOutlines { ghost_px: 0, judged_px: 0 };
    for (down, across) in [(0, DISTANCE_PX), (DISTANCE_PX, 0)] {
        for row in 0..grid.rows.saturating_sub(down) {
            for column in 0..grid.columns.saturating_sub(across) {
                let here = row * grid.columns + column;
                let there = here + down * grid.columns + across;
                let background_step = distance(background[here], background[there]);
                if background_step < STEP_MIN {
                    continue;
                }
                let (mut outlines_seen, mut missing) = (0_u32, 0_u32);
                for (sample, frame) in frames.iter().enumerate() {
                    let (visible_at, covered_at) = if visible[here] >> sample & 1 == 0 { (there, here) } else { (here, there) };
                    if (visible[here] ^ visible[there]) >> sample & 1 == 1
                        && is_background(frame[visible_at], background[visible_at], noise)
                        && !is_shadow_of(frame[covered_at], background[covered_at], &SHADOW_LIGHT, SHADOW_CHROMA_MAX)
                    {
                        outlines_seen += 1;
                        missing += u32::from(distance(frame[here], frame[there]) < STEP_SHARE_MAX * background_step);
                    }
                }
                if outlines_seen >= SAMPLES_MIN {
                    outlines.judged_px += 1;
                    outlines.ghost_px += usize::from(f64::from(missing) >= f64::from(GHOST_SHARE_MIN) * f64::from(outlines_seen));
                }
            }
        }
    }
    outlines
}

/// True if two colours differ by less than a standard deviation of the noise. Surfaces similar to
/// the background differ by more.
fn is_background(left: Ycc, right: Ycc, noise: Ycc) -> bool {
    (0..3).map(|channel| ((left[channel] - right[channel]) / noise[channel]).powi(2)).sum::<f32>() < 1.0
}
