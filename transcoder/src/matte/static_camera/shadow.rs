//! Separates shadows from subjects: a shadow scales all channels equally, keeps the texture, and
//! has soft edges.

use std::collections::VecDeque;

use rayon::prelude::*;

use super::color::{Rgb, distance, ycc};
use super::grid::Grid;
use super::plate::Plate;

/// Share of the light that remains in the deepest shadow; above 1 where the background was learned
/// in a faint shadow.
const LIGHT_MIN: f32 = 0.4;
const LIGHT_MAX: f32 = 1.06;
/// Squared distance up to which a cell is background without a shadow.
const BACKGROUND_DISTANCE_MAX: f32 = 8.0;
/// Squared distance from the darkened background up to which a cell may be shadow.
const SHADOW_DISTANCE_MAX: f32 = 14.0;
/// Largest change of light between neighbouring cells of a shadow.
const LIGHT_STEP_MAX: f32 = 0.05;
/// A cell is shadow by its texture alone if the variance of the background's texture exceeds that
/// of the noise by this factor.
const TEXTURE_MIN: f32 = 8.0;
/// Largest share of the texture that may be lost in such a cell.
const TEXTURE_LOST_MAX: f32 = 0.25;

/// Share of the light that remains at each cell, 1 without a shadow; and whether the background's
/// texture is visible there.
pub fn find(plate: &Plate, frame: &[Rgb], lit: &[Rgb], unshadowed: &[f32]) -> (Vec<f32>, Vec<bool>) {
    let cells = plate.cells;
    let luma = |colors: &[Rgb]| -> Vec<f32> { colors.par_iter().map(|color| ycc(*color)[0]).collect() };
    let (frame_luma, lit_luma) = (luma(frame), luma(lit));
    let product =
        |left: &[f32], right: &[f32]| -> Vec<f32> { left.par_iter().zip(right).map(|(left, right)| left * right).collect() };
    let both = product(&frame_luma, &lit_luma);
    let square = product(&lit_luma, &lit_luma);
    let (near_both, near_square) = (cells.box_mean(&both, 1), cells.box_mean(&square, 1));
    let light: Vec<f32> = near_both.par_iter().zip(&near_square).map(|(both, square)| both / square.max(1.0)).collect();
    let may_be_shadow: Vec<bool> = (0..cells.len())
        .into_par_iter()
        .map(|cell| {
            let shade = light[cell];
            (LIGHT_MIN..LIGHT_MAX).contains(&shade)
                && distance(frame[cell], lit[cell].map(|channel| channel * shade), plate.variance[cell]) < SHADOW_DISTANCE_MAX
        })
        .collect();
    let textured = keeps_texture(plate, [&frame_luma, &lit_luma], [&both, &square], &light);
    let mut shade = vec![1.0; cells.len()];
    let mut is_reached: Vec<bool> = unshadowed.iter().map(|unshadowed| *unshadowed < BACKGROUND_DISTANCE_MAX).collect();
    let mut queue: VecDeque<usize> = (0..cells.len()).filter(|cell| is_reached[*cell]).collect();
    for cell in 0..cells.len() {
        if !is_reached[cell] && may_be_shadow[cell] && textured[cell] {
            is_reached[cell] = true;
            shade[cell] = light[cell];
            queue.push_back(cell);
        }
    }
    while let Some(cell) = queue.pop_front() {
        for next in cells.neighbours(cell) {
            if !is_reached[next] && may_be_shadow[next] && (light[next] - light[cell].min(LIGHT_MAX)).abs() < LIGHT_STEP_MAX {
                is_reached[next] = true;
                shade[next] = light[next];
                queue.push_back(next);
            }
        }
    }
    ShadowEdges { cells, light: &light, unshadowed, may_be_shadow: &may_be_shadow }.remove_hard_edged(&mut shade, &textured);
    (shade, textured)
}

/// A shadow with less light is deep.
const DEEP_LIGHT_MAX: f32 = 0.85;

/// Profile of the light across a shadow's edge, from inside to outside. Units: cells.
const EDGE_PROFILE: std::ops::RangeInclusive<isize> = -7..=4;
/// An edge is hard where this share of the change of light lies within two cells; it is judged
/// where light changes by more than the second.
const HARD_SHARE_MIN: f32 = 0.4;
const FALL_MIN: f32 = 0.12;

/// Judges the edges of shadows.
struct ShadowEdges<'a> {
    cells: Grid,
    light: &'a [f32],
    unshadowed: &'a [f32],
    may_be_shadow: &'a [bool],
}

impl ShadowEdges<'_> {
    /// Removes shadows whose edges towards the background are mostly hard: dark cloth before a wall
    /// of its hue.
    fn remove_hard_edged(&self, shade: &mut [f32], textured: &[bool]) {
        let is_deep = |shade: &[f32], cell: usize| shade[cell] < DEEP_LIGHT_MAX && !textured[cell];
        let mut is_taken = vec![false; shade.len()];
        for first in 0..shade.len() {
            if is_taken[first] || !is_deep(shade, first) {
                continue;
            }
            is_taken[first] = true;
            let (mut part, mut at, mut soft, mut hard) = (vec![first], 0, 0_usize, 0_usize);
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
                    } else if let Some(is_hard) = self.is_hard(cell, next) {
                        hard += usize::from(is_hard);
                        soft += usize::from(!is_hard);
                    }
                }
            }
            if hard > soft {
                for cell in part {
                    shade[cell] = 1.0;
                }
            }
        }
    }

    /// Whether the edge between two neighbours, the second outside, is hard; none where light
    /// hardly changes, or where something other than background and shadow lies beyond: an arm
    /// between both has edges of its own.
    fn is_hard(&self, inside: usize, outside: usize) -> Option<bool> {
        let step = outside.checked_signed_diff(inside)?;
        let column = isize::try_from(inside % self.cells.columns).ok()?;
        if step.abs() == 1
            && !(-EDGE_PROFILE.start()..isize::try_from(self.cells.columns).ok()? + EDGE_PROFILE.start()).contains(&column)
        {
            return None;
        }
        let cell = |steps: isize| inside.checked_add_signed(step * steps).filter(|cell| *cell < self.light.len());
        let is_clear = |cell: usize| self.unshadowed[cell] <= BACKGROUND_DISTANCE_MAX;
        let is_open = is_clear(cell(*EDGE_PROFILE.end())?)
            && (1..*EDGE_PROFILE.end()).all(|steps| cell(steps).is_some_and(|cell| self.may_be_shadow[cell] || is_clear(cell)));
        if !is_open {
            return None;
        }
        let path: Vec<f32> =
            EDGE_PROFILE.map(|steps| cell(steps).map(|cell| self.light[cell].min(1.0))).collect::<Option<_>>()?;
        let fall = path.last()? - path.iter().copied().fold(1.0, f32::min);
        let steepest = path.windows(3).map(|light| light[2] - light[0]).fold(0.0, f32::max);
        (fall > FALL_MIN).then_some(steepest > HARD_SHARE_MIN * fall)
    }
}

/// Whether the background's texture is visible in each cell, only darker.
fn keeps_texture(plate: &Plate, [frame, lit]: [&[f32]; 2], [both, square]: [&[f32]; 2], share: &[f32]) -> Vec<bool> {
    const REACH: usize = 2;
    let cells = plate.cells;
    let frame_square: Vec<f32> = frame.par_iter().map(|luma| luma * luma).collect();
    let mean = |plane: &[f32]| cells.box_mean(plane, REACH);
    let (frame, lit, both, square, frame_square) = (mean(frame), mean(lit), mean(both), mean(square), mean(&frame_square));
    (0..cells.len())
        .into_par_iter()
        .map(|cell| {
            let texture = square[cell] - lit[cell] * lit[cell];
            let own = frame_square[cell] - frame[cell] * frame[cell];
            let common = both[cell] - frame[cell] * lit[cell];
            let share = share[cell];
            let kept = texture * share * share;
            let lost = own - 2.0 * share * common + kept;
            kept > TEXTURE_MIN * plate.variance[cell][0] && lost < TEXTURE_LOST_MAX * kept
        })
        .collect()
}
