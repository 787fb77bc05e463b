//! Calms mattes that were made picture by picture: alpha that trembles while the picture does not is brought towards what it
//! was there before; there means where the picture has moved from.
//!
//! Motion is found block by block, small, by the sum of differences; where no block fits, nothing is calmed.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "sides and motions are small, and so are brightnesses of a few pixels"
)]

use rayon::prelude::*;
use shared::media::PixelSize;

use super::plane::{Plane, place};
use crate::frame::pixels::sides;

/// Motion is looked for in a picture of no longer side than that.
/// Units: pixels.
const SIDE_PX_MAX: u32 = 192;
const BLOCK_PX: usize = 8;
/// How far a block may have moved.
/// Units: pixels of that small picture.
const REACH_PX: isize = 8;
/// A pixel of a block that is off by so much is another one. Channels go from 0 to 255.
const MISFIT: f32 = 6.0;
/// A block that is off by no more has not moved; in flat parts everything fits.
const STILL: f32 = 2.0;
/// Alpha that changes by more than this means it.
const TREMBLE_MAX: f32 = 0.25;
/// How much of a trembling is taken away.
const CALM: f32 = 0.6;

/// What is remembered of the frame before.
#[derive(Debug, Default)]
pub struct Steady {
    before: Option<(Plane, Plane)>,
}

/// Where a block was, in pixels of the small picture, and how surely; 0 to 1.
#[derive(Debug, Clone, Copy)]
struct Motion {
    x: isize,
    y: isize,
    trust: f32,
}

impl Steady {
    /// The next matte, calmed. `rgba` is the picture it was made of, in the matte's size or another.
    pub fn calm(&mut self, matte: Plane, rgba: &[u8], size: PixelSize) -> Plane {
        let luma = small_luma(rgba, size);
        let calmed = match &self.before {
            Some((luma_before, matte_before)) if matte_before.size == matte.size && luma_before.size == luma.size => {
                let motions = motions(&luma, luma_before);
                calmed(&matte, matte_before, &motions, luma.size)
            }
            _ => matte,
        };
        self.before = Some((luma, calmed.clone()));
        calmed
    }
}

fn calmed(matte: &Plane, before: &Plane, motions: &[Motion], small: PixelSize) -> Plane {
    let (width, blocks) = (matte.size.width as usize, (small.width as usize).div_ceil(BLOCK_PX));
    let scale = matte.size.width as f32 / small.width as f32;
    Plane::from_fn(matte.size, |x, y| {
        let now = matte.values[y * width + x];
        let (column, row) =
            (place(x, matte.size.width, small.width).0.max(0), place(y, matte.size.height, small.height).0.max(0));
        let motion = motions[row.cast_unsigned() / BLOCK_PX * blocks + column.cast_unsigned() / BLOCK_PX];
        if motion.trust <= 0.0 {
            return now;
        }
        let moved = |by: isize| (by as f32 * scale).round() as isize;
        let then = before.at(x.cast_signed() + moved(motion.x), y.cast_signed() + moved(motion.y));
        let change = now - then;
        let share = CALM * motion.trust * (1.0 - change.abs() / TREMBLE_MAX).max(0.0);
        now - change * share
    })
}

fn motions(now: &Plane, before: &Plane) -> Vec<Motion> {
    let (width, height) = sides(now.size);
    let (columns, rows) = (width.div_ceil(BLOCK_PX), height.div_ceil(BLOCK_PX));
    (0..columns * rows)
        .into_par_iter()
        .map(|index| motion(now, before, index % columns * BLOCK_PX, index / columns * BLOCK_PX))
        .collect()
}

fn motion(now: &Plane, before: &Plane, left: usize, top: usize) -> Motion {
    let (width, height) = sides(now.size);
    let misfit = |by_x: isize, by_y: isize| {
        let (mut sum, mut count) = (0.0, 0.0);
        for y in top..(top + BLOCK_PX).min(height) {
            for x in left..(left + BLOCK_PX).min(width) {
                sum += (now.values[y * width + x] - before.at(x.cast_signed() + by_x, y.cast_signed() + by_y)).abs();
                count += 1.0;
            }
        }
        sum / f32::max(count, 1.0)
    };
    // Standing still is believed first.
    let mut best = (misfit(0, 0), 0, 0);
    for by_y in -REACH_PX..=REACH_PX {
        for by_x in -REACH_PX..=REACH_PX {
            if best.0 <= STILL {
                break;
            }
            let found = misfit(by_x, by_y);
            if found < best.0 * 0.9 {
                best = (found, by_x, by_y);
            }
        }
    }
    Motion { x: best.1, y: best.2, trust: (1.0 - best.0 / MISFIT).max(0.0) }
}

/// Brightness, small: means of what falls into each pixel.
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

    /// A textured picture whose left part has moved by so many pixels.
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
    fn trembling_is_calmed_and_the_matte_moves_with_the_picture() {
        let edge = |x: usize, moved: usize| ((x as f32 - 60.0 - moved as f32) / 20.0).clamp(0.0, 1.0);
        let mut steady = Steady::default();
        let (mut rough, mut calm) = (0.0, 0.0);
        for frame in 0..8_usize {
            let moved = frame * 4;
            let tremble = if frame % 2 == 0 { 0.06 } else { -0.06 };
            let matte = Plane::from_fn(SIZE, |x, _| (edge(x, moved) + tremble).clamp(0.0, 1.0));
            let calmed = steady.calm(matte.clone(), &picture(moved), SIZE);
            if frame > 2 {
                rough += error(&matte, |x, _| edge(x, moved));
                calm += error(&calmed, |x, _| edge(x, moved));
            }
        }
        assert!(calm * 2.0 < rough, "{calm} {rough}");
    }

    #[test]
    fn what_really_changes_and_what_stands_still_are_left_as_they_are() {
        let mut steady = Steady::default();
        let (clear, opaque) = (Plane::from_fn(SIZE, |_, _| 0.0), Plane::from_fn(SIZE, |_, _| 1.0));
        assert_eq!(steady.calm(clear.clone(), &picture(0), SIZE), clear);
        assert_eq!(steady.calm(clear.clone(), &picture(0), SIZE), clear);
        assert_eq!(steady.calm(opaque.clone(), &picture(0), SIZE), opaque);
    }
}
