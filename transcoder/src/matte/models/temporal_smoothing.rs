//! Temporal smoothing of mattes that were inferred frame by frame: small changes of alpha are
//! reduced along the motion of the picture.
//!
//! Motion is estimated by block matching on downscaled luma; blocks without a match are not
//! smoothed.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "sides and motions are small, and so are brightnesses of a few pixels"
)]

use rayon::prelude::*;
use shared::media::PixelSize;

use super::plane::{Plane, source_position};
use crate::frame::pixels::sides;

/// Longest side of the picture in which blocks are matched.
/// Units: pixels.
const SIDE_PX_MAX: u32 = 192;
const BLOCK_PX: usize = 8;
/// Search range.
/// Units: pixels of that picture.
const REACH_PX: isize = 8;
/// Mean absolute difference at which a match has no confidence. Units: luma, 0 to 255.
const MATCH_ERROR_MAX: f32 = 6.0;
/// Difference up to which a block counts as static, without a search: in flat areas everything
/// matches.
const STATIC_ERROR_MAX: f32 = 2.0;
/// Changes of alpha above this are no flicker.
const FLICKER_MAX: f32 = 0.25;
/// Share of flicker that is removed.
const SMOOTHING: f32 = 0.6;

/// Smooths the mattes of one clip, in order.
#[derive(Debug, Default)]
pub struct TemporalSmoother {
    previous: Option<(Plane, Plane)>,
}

/// Motion vector of a block to the previous frame, in pixels of the small picture, and its
/// confidence, 0 to 1.
#[derive(Debug, Clone, Copy)]
struct Motion {
    x: isize,
    y: isize,
    confidence: f32,
}

impl TemporalSmoother {
    /// Smooths the next matte. `rgba` is its frame, of any size.
    pub fn smooth(&mut self, matte: Plane, rgba: &[u8], size: PixelSize) -> Plane {
        let luma = small_luma(rgba, size);
        let smoothed = match &self.previous {
            Some((previous_luma, previous_matte)) if previous_matte.size == matte.size && previous_luma.size == luma.size => {
                let motions = motions(&luma, previous_luma);
                smoothed(&matte, previous_matte, &motions, luma.size)
            }
            _ => matte,
        };
        self.previous = Some((luma, smoothed.clone()));
        smoothed
    }
}

fn smoothed(matte: &Plane, previous: &Plane, motions: &[Motion], small: PixelSize) -> Plane {
    let (width, blocks) = (matte.size.width as usize, (small.width as usize).div_ceil(BLOCK_PX));
    let scale = matte.size.width as f32 / small.width as f32;
    Plane::from_fn(matte.size, |x, y| {
        let now = matte.values[y * width + x];
        let (column, row) = (
            source_position(x, matte.size.width, small.width).0.max(0),
            source_position(y, matte.size.height, small.height).0.max(0),
        );
        let motion = motions[row.cast_unsigned() / BLOCK_PX * blocks + column.cast_unsigned() / BLOCK_PX];
        if motion.confidence <= 0.0 {
            return now;
        }
        let moved = |by: isize| (by as f32 * scale).round() as isize;
        let then = previous.at(x.cast_signed() + moved(motion.x), y.cast_signed() + moved(motion.y));
        let change = now - then;
        let share = SMOOTHING * motion.confidence * (1.0 - change.abs() / FLICKER_MAX).max(0.0);
        now - change * share
    })
}

fn motions(now: &Plane, previous: &Plane) -> Vec<Motion> {
    let (width, height) = sides(now.size);
    let (columns, rows) = (width.div_ceil(BLOCK_PX), height.div_ceil(BLOCK_PX));
    (0..columns * rows)
        .into_par_iter()
        .map(|index| motion(now, previous, index % columns * BLOCK_PX, index / columns * BLOCK_PX))
        .collect()
}

fn motion(now: &Plane, previous: &Plane, left: usize, top: usize) -> Motion {
    let (width, height) = sides(now.size);
    let match_error = |by_x: isize, by_y: isize| {
        let (mut sum, mut count) = (0.0, 0.0);
        for y in top..(top + BLOCK_PX).min(height) {
            for x in left..(left + BLOCK_PX).min(width) {
                sum += (now.values[y * width + x] - previous.at(x.cast_signed() + by_x, y.cast_signed() + by_y)).abs();
                count += 1.0;
            }
        }
        sum / f32::max(count, 1.0)
    };
    // No motion is preferred.
    let mut best = (match_error(0, 0), 0, 0);
    for by_y in -REACH_PX..=REACH_PX {
        for by_x in -REACH_PX..=REACH_PX {
            if best.0 <= STATIC_ERROR_MAX {
                break;
            }
            let found = match_error(by_x, by_y);
            if found < best.0 * 0.9 {
                best = (found, by_x, by_y);
            }
        }
    }
    Motion { x: best.1, y: best.2, confidence: (1.0 - best.0 / MATCH_ERROR_MAX).max(0.0) }
}

/// Downscaled luma, by box mean.
fn small_luma(rgba: &[u8], size: PixelSize) -> Plane {
    let step = size.width.max(size.height).div_ceil(SIDE_PX_MAX).max(1);
    let small = PixelSize { width: (size.width / step).max(1), height: (size.height / step).max(1) };
    let ((width, height), step) = (sides(size), step as usize);
    Plane::from_fn(small, |x, y| {
        let (mut sum, mut count) = (0_u32, 0_u32);
        for y in (y * step..(y + 1) * step).take_while(|y| *y < height) {
            for x in (x * step..(x + 1) * step).take_while(|x| *x < width) {
                if let [red, green, blue] = rgba[(y * width + x) * 4..][..3] {
                    sum += u32::from(red) * 2 + u32::from(green) * 5 + u32::from(blue);
                    count += 8;
                }
            }
        }
        sum as f32 / count.max(1) as f32
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: PixelSize = PixelSize { width: 160, height: 96 };

    /// A textured picture, shifted by so many pixels.
    fn picture(moved: usize) -> Vec<u8> {
        let texture = |x: usize, y: usize| u8::try_from((x * 37 + y * 91 + x * y * 13) % 7 * 30).unwrap();
        (0..96)
            .flat_map(|y| {
                (0..160).flat_map(move |x| {
                    let value = texture((x + 160 - moved) / 4, y / 4);
                    [value, value, value, 255]
                })
            })
            .collect()
    }

    fn error(plane: &Plane, truth: impl Fn(usize, usize) -> f32) -> f32 {
        plane.values.iter().enumerate().map(|(index, value)| (value - truth(index % 160, index / 160)).powi(2)).sum::<f32>()
    }

    #[test]
    fn flicker_is_smoothed_and_the_matte_moves_with_the_picture() {
        let edge = |x: usize, moved: usize| ((x as f32 - 60.0 - moved as f32) / 20.0).clamp(0.0, 1.0);
        let mut smoother = TemporalSmoother::default();
        let (mut raw_error, mut smooth_error) = (0.0, 0.0);
        for frame in 0..8_usize {
            let moved = frame * 4;
            let flicker = if frame % 2 == 0 { 0.06 } else { -0.06 };
            let matte = Plane::from_fn(SIZE, |x, _| (edge(x, moved) + flicker).clamp(0.0, 1.0));
            let result = smoother.smooth(matte.clone(), &picture(moved), SIZE);
            if frame > 2 {
                raw_error += error(&matte, |x, _| edge(x, moved));
                smooth_error += error(&result, |x, _| edge(x, moved));
            }
        }
        assert!(smooth_error * 2.0 < raw_error, "{smooth_error} {raw_error}");
    }

    #[test]
    fn real_changes_and_static_mattes_are_left_as_they_are() {
        let mut smoother = TemporalSmoother::default();
        let (clear, opaque) = (Plane::from_fn(SIZE, |_, _| 0.0), Plane::from_fn(SIZE, |_, _| 1.0));
        assert_eq!(smoother.smooth(clear.clone(), &picture(0), SIZE), clear);
        assert_eq!(smoother.smooth(clear.clone(), &picture(0), SIZE), clear);
        assert_eq!(smoother.smooth(opaque.clone(), &picture(0), SIZE), opaque);
    }
}
