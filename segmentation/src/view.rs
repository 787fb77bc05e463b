//! Views: the box around the subject as the model is shown it, stretched, shifted and mirrored
//! (test-time augmentation).
//!
//! A small model errs differently each time the subject is placed or stretched differently, so that
//! the mean of several views is more accurate than each. A box that is narrower than the square
//! picture shows people broader than they are, which helps most.

use rayon::prelude::*;

use crate::plane::{Plane, float, position};
use crate::pyramid::Pyramid;

/// No view is more certain than this.
const SHARE_MAX: f32 = 0.99;
/// Log-odds of pixels that no view shows.
const UNSEEN: f32 = -4.0;
/// Least weight of views that show a pixel, for each that could.
const WEIGHT_MIN: f32 = 0.6;

/// One view: the crop and stretch of a box, and its weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    /// Part of the box's width that is shown.
    pub across: f32,
    /// Part of its height.
    pub down: f32,
    /// Shift to the right. Units: widths of the box.
    pub shift: f32,
    /// Weight in the mean.
    pub weight: f32,
}

impl View {
    /// A view.
    pub const fn new(across: f32, down: f32, shift: f32, weight: f32) -> Self {
        Self { across, down, shift, weight }
    }
}

/// A rectangle. Units: pixels of the picture; whole numbers are borders between pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rect {
    /// Left border.
    pub left: f32,
    /// Upper border.
    pub top: f32,
    /// Right border.
    pub right: f32,
    /// Lower border.
    pub bottom: f32,
}

impl Rect {
    /// All of a picture.
    pub fn whole(width: usize, height: usize) -> Self {
        Self { left: 0.0, top: 0.0, right: float(width), bottom: float(height) }
    }

    /// The smallest rectangle around both.
    pub fn union(&self, other: &Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    /// Intersection over union.
    pub fn overlap(&self, other: &Self) -> f32 {
        let area = |rect: &Self| (rect.right - rect.left).max(0.0) * (rect.bottom - rect.top).max(0.0);
        let common = Self {
            left: self.left.max(other.left),
            top: self.top.max(other.top),
            right: self.right.min(other.right),
            bottom: self.bottom.min(other.bottom),
        };
        let common = area(&common);
        common / (area(self) + area(other) - common).max(f32::MIN_POSITIVE)
    }
}

/// The mapping from the model's square picture to the frame. Whole numbers are pixel centres.
#[derive(Debug, Clone, Copy)]
pub struct Placement {
    /// Pixels of the frame for one pixel of the square, across and down; negative where mirrored.
    scale: [f32; 2],
    middle: [f32; 2],
    half_side: f32,
}

impl Placement {
    /// The placement of a view of `rect` in a square of `side` pixels.
    pub fn new(rect: Rect, view: View, is_mirrored: bool, side_px: usize) -> Self {
        let (width, height) = (rect.right - rect.left, rect.bottom - rect.top);
        let side = float(side_px);
        let (across, down) = (width * view.across / side, height * view.down / side);
        let scale = [if is_mirrored { -across } else { across }, down];
        let middle =
            [f32::midpoint(rect.left, rect.right) + view.shift * width - 0.5, f32::midpoint(rect.top, rect.bottom) - 0.5];
        Self { scale, middle, half_side: (side - 1.0) / 2.0 }
    }

    /// The model's input: planes of red, green and blue from 0 to 1.
    pub fn picture(&self, pyramid: &Pyramid, side: usize) -> Vec<f32> {
        let sampler = pyramid.level(self.scale[0].abs().max(self.scale[1]));
        let mut values = vec![0.0; side * side * 3];
        let (reds, rest) = values.split_at_mut(side * side);
        let (greens, blues) = rest.split_at_mut(side * side);
        let rows = reds.chunks_exact_mut(side).zip(greens.chunks_exact_mut(side)).zip(blues.chunks_exact_mut(side));
        for (y, ((reds, greens), blues)) in rows.enumerate() {
            let down = float(y) - self.half_side;
            for (x, ((red, green), blue)) in reds.iter_mut().zip(greens).zip(blues).enumerate() {
                let right = float(x) - self.half_side;
                let color = sampler.sample(self.middle[0] + right * self.scale[0], self.middle[1] + down * self.scale[1]);
                [*red, *green, *blue] = color.map(|channel| channel * (1.0 / 255.0));
            }
        }
        values
    }

    /// Position in the square of a position in the frame; none outside of the square.
    fn position(&self, x: f32, y: f32) -> Option<(f32, f32)> {
        let (right, down) = ((x - self.middle[0]) / self.scale[0], (y - self.middle[1]) / self.scale[1]);
        let is_inside = right.abs() <= self.half_side + 0.5 && down.abs() <= self.half_side + 0.5;
        is_inside.then_some((right + self.half_side, down + self.half_side))
    }
}

/// The model's output for one view: shares of the subject from 0 to 1.
#[derive(Debug)]
pub struct SeenView {
    /// Position of the view in the frame.
    pub placement: Placement,
    /// Its weight.
    pub weight: f32,
    /// The model's output, a square.
    pub shares: Plane<f32>,
}

/// The weighted mean of several views in log-odds, in a plane of `width` × `height` pixels that
/// shows all of the frame.
pub fn combine(views: &[SeenView], (width, height): (usize, usize), (frame_width, frame_height): (usize, usize)) -> Plane<f32> {
    let table = LogOdds::new();
    let odds: Vec<Plane<f32>> = views.par_iter().map(|view| view.shares.map(|share| table.of(share))).collect();
    let mut values = vec![0.0; width * height];
    values.par_chunks_mut(width).enumerate().for_each(|(row, out)| {
        let y = position(row, height, frame_height);
        for (column, out) in out.iter_mut().enumerate() {
            let x = position(column, width, frame_width);
            let (mut sum, mut weights) = (0.0, 0.0);
            for (view, odds) in views.iter().zip(&odds) {
                if let Some((x, y)) = view.placement.position(x, y) {
                    sum += view.weight * odds.bilinear(x, y);
                    weights += view.weight;
                }
            }
            *out = if weights > WEIGHT_MIN { sum / weights } else { UNSEEN };
        }
    });
    Plane { width, height, values }
}

/// Log-odds of shares, from a table: logarithms of all pixels would take longer than the model.
struct LogOdds([f32; LogOdds::STEPS + 1]);

impl LogOdds {
    const STEPS: usize = 1024;

    fn new() -> Self {
        let log_odds = |index: usize| {
            let share = (float(index) / float(Self::STEPS)).clamp(1.0 - SHARE_MAX, SHARE_MAX);
            (share / (1.0 - share)).ln()
        };
        Self(std::array::from_fn(log_odds))
    }

    /// The log-odds of a share, which is limited to 0 and 1.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to the number of steps")]
    fn of(&self, share: f32) -> f32 {
        self.0[(share.clamp(0.0, 1.0) * float(Self::STEPS) + 0.5) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plane::Picture;

    #[test]
    fn what_the_model_says_returns_to_where_it_was_seen() {
        let frame =
            Picture::from_fn(200, 120, |x, y| if (60..110).contains(&x) && (30..90).contains(&y) { [255; 3] } else { [0; 3] });
        let pyramid = Pyramid::new(frame);
        let rect = Rect { left: 30.0, top: 10.0, right: 150.0, bottom: 110.0 };
        for (view, is_mirrored) in [
            (View::new(1.0, 1.0, 0.0, 1.0), false),
            (View::new(0.9, 1.15, 0.05, 4.0), true),
            (View::new(0.75, 1.0, -0.05, 1.0), false),
        ] {
            let placement = Placement::new(rect, view, is_mirrored, 64);
            // A model that takes red for the share of the subject.
            let red = placement.picture(&pyramid, 64)[..64 * 64].to_vec();
            let seen = SeenView { placement, weight: 1.0, shares: Plane { width: 64, height: 64, values: red } };
            let found = combine(&[seen], (100, 60), (200, 120));
            let at = |x: usize, y: usize| found.values[y * 100 + x];
            for (x, y, is_subject) in
                [(33, 18, true), (52, 42, true), (42, 30, true), (26, 30, false), (60, 30, false), (42, 11, false)]
            {
                assert_eq!(at(x, y) > 0.0, is_subject, "{view:?} {is_mirrored} {x} {y}: {}", at(x, y));
            }
            assert!((at(2, 2) - UNSEEN).abs() < 1e-6, "outside of the box");
        }
    }
}
