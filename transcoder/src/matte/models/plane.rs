//! One number a pixel, and what is done with whole planes of them.

use rayon::prelude::*;
use shared::media::PixelSize;

use crate::frame::pixels::sides;

/// Numbers, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Plane {
    /// Of the plane.
    pub size: PixelSize,
    /// As many as there are pixels.
    pub values: Vec<f32>,
}

impl Plane {
    /// A plane made of its pixels' positions.
    pub fn from_fn(size: PixelSize, value: impl Fn(usize, usize) -> f32 + Sync) -> Self {
        let (width, height) = sides(size);
        let mut values = vec![0.0; width * height];
        values.par_chunks_mut(width.max(1)).enumerate().for_each(|(y, row)| {
            row.iter_mut().enumerate().for_each(|(x, out)| *out = value(x, y));
        });
        Self { size, values }
    }

    /// The value at a place, or at the edge nearest to it.
    pub fn at(&self, x: isize, y: isize) -> f32 {
        let (width, height) = sides(self.size);
        let inside = |place: isize, side: usize| place.clamp(0, side.cast_signed() - 1).cast_unsigned();
        self.values.get(inside(y, height) * width + inside(x, width)).copied().unwrap_or_default()
    }

    /// The plane in another size, between its values.
    pub fn scaled(&self, size: PixelSize) -> Self {
        Self::from_fn(size, |x, y| {
            let ((left, across), (top, down)) = (place(x, size.width, self.size.width), place(y, size.height, self.size.height));
            self.between(left, across, top, down)
        })
    }

    /// The value between four, from the upper left on.
    pub fn between(&self, left: isize, across: f32, top: isize, down: f32) -> f32 {
        let upper = self.at(left, top) * (1.0 - across) + self.at(left + 1, top) * across;
        let lower = self.at(left, top + 1) * (1.0 - across) + self.at(left + 1, top + 1) * across;
        upper * (1.0 - down) + lower * down
    }
}

/// Where a pixel of a large picture lies in a smaller one, by the middles of pixels: the one before it and how far beyond.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "sides are small")]
pub fn place(index: usize, side: u32, small_side: u32) -> (isize, f32) {
    let position = (index as f32 + 0.5) * small_side as f32 / side as f32 - 0.5;
    (position.floor() as isize, position - position.floor())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_middles() {
        assert_eq!(place(0, 4, 2), (-1, 0.75));
        assert_eq!(place(1, 4, 2), (0, 0.25));
        assert_eq!(place(3, 4, 4), (3, 0.0));
    }
}
