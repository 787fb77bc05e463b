//! Tells shadows from subjects: a shadow takes the same share of all channels, keeps the texture, and fades in.

use std::collections::VecDeque;

use rayon::prelude::*;

use super::color::{Rgb, ypq};
use super::evidence::distance;
use super::grid::Grid;
use super::plate::Plate;

/// Share of light that is left in the deepest shadow; and where the background was learned in a faint one that has gone.
const SHADE_MIN: f32 = 0.4;
const SHADE_MAX: f32 = 1.06;
/// A cell no further from the background than this is background.
const CLEAR_MAX: f32 = 8.0;
/// A cell no further from the shadowed background than this may be shadow.
const SHADED_MAX: f32 = 14.0;
/// A shadow's light changes by no more from cell to cell.
const FADE_MAX: f32 = 0.05;
/// Where the background's texture is this many times stronger than noise, it tells by itself,
const TEXTURE_MIN: f32 = 8.0;
/// when no more than this share of it is lost.
const TEXTURE_LOST_MAX: f32 = 0.25;

/// The share of light left at each cell, 1 where there is no shadow; and whether the background's texture is seen through it.
pub fn find(plate: &Plate, seen: &[Rgb], lit: &[Rgb], plain: &[f32]) -> (Vec<f32>, Vec<bool>) {
    let cells = plate.cells;
    let luma = |colors: &[Rgb]| -> Vec<f32> { colors.par_iter().map(|color| ypq(*color)[0]).collect() };
    let (seen_luma, lit_luma) = (luma(seen), luma(lit));
    let product =
        |left: &[f32], right: &[f32]| -> Vec<f32> { left.par_iter().zip(right).map(|(left, right)| left * right).collect() };
    let both = product(&seen_luma, &lit_luma);
    let square = product(&lit_luma, &lit_luma);
    let (near_both, near_square) = (cells.mean(&both, 1), cells.mean(&square, 1));
    let light: Vec<f32> = near_both.par_iter().zip(&near_square).map(|(both, square)| both / square.max(1.0)).collect();
    let is_shaded: Vec<bool> = (0..cells.len())
        .into_par_iter()
        .map(|cell| {
            let shade = light[cell];
            (SHADE_MIN..SHADE_MAX).contains(&shade)
                && distance(seen[cell], lit[cell].map(|channel| channel * shade), plate.variance[cell]) < SHADED_MAX
        })
        .collect();
    let textured = keeps_texture(plate, [&seen_luma, &lit_luma], [&both, &square], &light);
    let mut shade = vec![1.0; cells.len()];
    let mut is_reached: Vec<bool> = plain.iter().map(|plain| *plain < CLEAR_MAX).collect();
    let mut queue: VecDeque<usize> = (0..cells.len()).filter(|cell| is_reached[*cell]).collect();
    for cell in 0..cells.len() {
        if !is_reached[cell] && is_shaded[cell] && textured[cell] {
            is_reached[cell] = true;
            shade[cell] = light[cell];
            queue.push_back(cell);
        }
    }
    while let Some(cell) = queue.pop_front() {
        for next in cells.neighbours(cell) {
            if !is_reached[next] && is_shaded[next] && (light[next] - light[cell].min(SHADE_MAX)).abs() < FADE_MAX {
                is_reached[next] = true;
                shade[next] = light[next];
                queue.push_back(next);
            }
        }
    }
    Rims { cells, light: &light, plain, is_shaded: &is_shaded }.drop_sharp(&mut shade, &textured);
    (shade, textured)
}

/// Light below which a shadow is deep.
const DEEP_MAX: f32 = 0.85;

/// The light across a rim is looked at from so far inside to so far outside, in cells.
const RIM: std::ops::RangeInclusive<isize> = -7..=4;
/// A rim is sharp where so much of the whole fall of light lies within two cells, and where light falls at all.
const SHARP_SHARE_MIN: f32 = 0.4;
const FALL_MIN: f32 = 0.12;

/// What rims of shadows are judged by.
struct Rims<'a> {
    cells: Grid,
    light: &'a [f32],
    plain: &'a [f32],
    is_shaded: &'a [bool],
}

impl Rims<'_> {
    /// Takes back what has mostly sharp rims towards the plain background: dark cloth before a wall of its hue.
    fn drop_sharp(&self, shade: &mut [f32], textured: &[bool]) {
        let is_deep = |shade: &[f32], cell: usize| shade[cell] < DEEP_MAX && !textured[cell];
        let mut is_taken = vec![false; shade.len()];
        for first in 0..shade.len() {
            if is_taken[first] || !is_deep(shade, first) {
                continue;
            }
            is_taken[first] = true;
            let (mut part, mut at, mut soft, mut sharp) = (vec![first], 0, 0_usize, 0_usize);
            while let Some(cell) = part.get(at).copied() {
                at += 1;
                for next in self.cells.neighbours(cell) {
                    if is_deep(shade, next) {
                        if !is_taken[next] {
                            is_taken[next] = true;
                            part.push(next);
                        }
                    } else if textured[next] {
                        soft += 1;
                    } else if let Some(is_sharp) = self.is_sharp(cell, next) {
                        sharp += usize::from(is_sharp);
                        soft += usize::from(!is_sharp);
                    }
                }
            }
            if sharp > soft {
                for cell in part {
                    shade[cell] = 1.0;
                }
            }
        }
    }

    /// Whether the light falls at once between two neighbours, the second of which lies outside; none where it hardly falls, or
    /// where something else than plain background and shadow lies beyond: an arm between both has rims of its own.
    fn is_sharp(&self, inside: usize, outside: usize) -> Option<bool> {
        let step = outside.checked_signed_diff(inside)?;
        let column = isize::try_from(inside % self.cells.columns).ok()?;
        if step.abs() == 1 && !(-RIM.start()..isize::try_from(self.cells.columns).ok()? + RIM.start()).contains(&column) {
            return None;
        }
        let cell = |steps: isize| inside.checked_add_signed(step * steps).filter(|cell| *cell < self.light.len());
        let is_clear = |cell: usize| self.plain[cell] <= CLEAR_MAX;
        let is_open = is_clear(cell(*RIM.end())?)
            && (1..*RIM.end()).all(|steps| cell(steps).is_some_and(|cell| self.is_shaded[cell] || is_clear(cell)));
        if !is_open {
            return None;
        }
        let path: Vec<f32> = RIM.map(|steps| cell(steps).map(|cell| self.light[cell].min(1.0))).collect::<Option<_>>()?;
        let fall = path.last()? - path.iter().copied().fold(1.0, f32::min);
        let steepest = path.windows(3).map(|light| light[2] - light[0]).fold(0.0, f32::max);
        (fall > FALL_MIN).then_some(steepest > SHARP_SHARE_MIN * fall)
    }
}

/// Where the background's texture is seen, only darker.
fn keeps_texture(plate: &Plate, [seen, lit]: [&[f32]; 2], [both, square]: [&[f32]; 2], share: &[f32]) -> Vec<bool> {
    const REACH: usize = 2;
    let cells = plate.cells;
    let seen_square: Vec<f32> = seen.par_iter().map(|luma| luma * luma).collect();
    let mean = |plane: &[f32]| cells.mean(plane, REACH);
    let (seen, lit, both, square, seen_square) = (mean(seen), mean(lit), mean(both), mean(square), mean(&seen_square));
    (0..cells.len())
        .into_par_iter()
        .map(|cell| {
            let texture = square[cell] - lit[cell] * lit[cell];
            let own = seen_square[cell] - seen[cell] * seen[cell];
            let common = both[cell] - seen[cell] * lit[cell];
            let share = share[cell];
            let kept = texture * share * share;
            let lost = own - 2.0 * share * common + kept;
            kept > TEXTURE_MIN * plate.variance[cell][0] && lost < TEXTURE_LOST_MAX * kept
        })
        .collect()
}
