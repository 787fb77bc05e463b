//! A plane of one value per pixel.

use rayon::prelude::*;
use shared::media::PixelSize;

use crate::frame::pixels::sides;

/// One value per pixel, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Plane {
    /// Size of the plane.
    pub size: PixelSize,
    /// Values, row by row.
    pub values: Vec<f32>,
}

impl Plane {
    /// Computes the value of each pixel from its column and row.
    pub fn from_fn(size: PixelSize, value: impl Fn(usize, usize) -> f32 + Sync) -> Self {
        let (width, height) = sides(size);
        let mut values = vec![0.0; width * height];
        values.par_chunks_mut(width.max(1)).enumerate().for_each(|(y, row)| {
            row.iter_mut().enumerate().for_each(|(x, out)| *out = value(x, y));
        });
        Self { size, values }
    }

    /// The value of a pixel; positions outside are clamped to the border.
    pub fn at(&self, x: isize, y: isize) -> f32 {
        let (width, height) = sides(self.size);
        let inside = |place: isize, side: usize| place.clamp(0, side.cast_signed() - 1).cast_unsigned();
        self.values.get(inside(y, height) * width + inside(x, width)).copied().unwrap_or_default()
    }

    /// Scales the plane bilinearly.
    pub fn scaled(&self, size: PixelSize) -> Self {
        Self::from_fn(size, |x, y| {
            let ((left, across), (top, down)) =
                (source_position(x, size.width, self.size.width), source_position(y, size.height, self.size.height));
            self.bilinear(left, across, top, down)
        })
    }

    /// Means of squares of `factor` × `factor` pixels, which divide the plane.
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    pub fn averaged(&self, factor: usize) -> Self {
        let part = u32::try_from(factor).unwrap_or(u32::MAX);
        let size = PixelSize { width: self.size.width / part, height: self.size.height / part };
        let width = self.size.width as usize;
        Self::from_fn(size, |x, y| {
            let rows = (y * factor..(y + 1) * factor).map(|row| &self.values[row * width + x * factor..][..factor]);
            rows.flatten().sum::<f32>() / (factor * factor) as f32
        })
    }

    /// Interpolates between the pixel at `left`, `top` and its right and lower neighbours.
    pub fn bilinear(&self, left: isize, across: f32, top: isize, down: f32) -> f32 {
        let upper = self.at(left, top) * (1.0 - across) + self.at(left + 1, top) * across;
        let lower = self.at(left, top + 1) * (1.0 - across) + self.at(left + 1, top + 1) * across;
        upper * (1.0 - down) + lower * down
    }
}

/// Position of a pixel's centre in a picture of another size: the pixel before it, and the fraction
/// to the next.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "sides are small")]
pub fn source_position(index: usize, side: u32, small_side: u32) -> (isize, f32) {
    let position = (index as f32 + 0.5) * small_side as f32 / side as f32 - 0.5;
    (position.floor() as isize, position - position.floor())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_those_of_pixel_centres() {
        assert_eq!(source_position(0, 4, 2), (-1, 0.75));
        assert_eq!(source_position(1, 4, 2), (0, 0.25));
        assert_eq!(source_position(3, 4, 4), (3, 0.0));
    }
}
