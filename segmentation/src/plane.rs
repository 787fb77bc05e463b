//! Planes of values and pictures, with their scaling.

use rayon::prelude::*;

/// One value per pixel, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Plane<T> {
    /// Units: pixels.
    pub width: usize,
    /// Units: pixels.
    pub height: usize,
    /// Shape: `width` × `height`, row by row.
    pub values: Vec<T>,
}

/// A picture: red, green and blue from 0 to 255.
pub type Picture = Plane<[u8; 3]>;

impl<T: Copy + Send + Sync> Plane<T> {
    /// The same value everywhere.
    pub(crate) fn filled(width: usize, height: usize, value: T) -> Self {
        Self { width, height, values: vec![value; width * height] }
    }

    /// Computes each value from its column and row.
    pub(crate) fn from_fn(width: usize, height: usize, value: impl Fn(usize, usize) -> T + Sync) -> Self {
        let row = |y: usize| (0..width).map(move |x| (x, y)).map(|(x, y)| value(x, y)).collect::<Vec<T>>();
        let values = (0..height).into_par_iter().flat_map_iter(row).collect();
        Self { width, height, values }
    }

    /// Computes each value from that at the same place.
    pub(crate) fn map<U: Copy + Send + Sync>(&self, value: impl Fn(T) -> U + Sync) -> Plane<U> {
        let values = self.values.iter().map(|before| value(*before)).collect();
        Plane { width: self.width, height: self.height, values }
    }

    /// The value of a pixel; positions outside are those of the border.
    #[expect(clippy::cast_sign_loss, clippy::cast_possible_wrap, reason = "clamped to the plane, whose sides are small")]
    pub(crate) fn at(&self, x: isize, y: isize) -> T {
        let inside = |place: isize, side: usize| place.clamp(0, side as isize - 1) as usize;
        self.values[inside(y, self.height) * self.width + inside(x, self.width)]
    }
}

/// The pixel before a position, and the distance from it. `f32::floor` is a function call on
/// processors without an instruction for it.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "positions are small")]
fn split(position: f32) -> (isize, f32) {
    let truncated = position as i32;
    let floor = truncated - i32::from((truncated as f32) > position);
    (floor as isize, position - floor as f32)
}

impl<T: Copy + Send + Sync> Plane<T> {
    /// The four pixels around a position, row by row, and their weights; whole numbers are pixel
    /// centres.
    #[expect(clippy::cast_sign_loss, reason = "checked")]
    #[inline]
    pub(crate) fn corners(&self, x: f32, y: f32) -> ([T; 4], [f32; 4]) {
        let ((left, across), (top, down)) = (split(x), split(y));
        let is_inside = left >= 0 && top >= 0 && left + 1 < signed(self.width) && top + 1 < signed(self.height);
        let corners = if is_inside {
            let start = top as usize * self.width + left as usize;
            let (upper, lower) = (&self.values[start..start + 2], &self.values[start + self.width..start + self.width + 2]);
            [upper[0], upper[1], lower[0], lower[1]]
        } else {
            [self.at(left, top), self.at(left + 1, top), self.at(left, top + 1), self.at(left + 1, top + 1)]
        };
        (corners, [(1.0 - across) * (1.0 - down), across * (1.0 - down), (1.0 - across) * down, across * down])
    }
}

impl Plane<f32> {
    /// Interpolates between the four pixels around a position; whole numbers are pixel centres.
    #[inline]
    pub(crate) fn bilinear(&self, x: f32, y: f32) -> f32 {
        let (corners, weights) = self.corners(x, y);
        corners[0] * weights[0] + corners[1] * weights[1] + corners[2] * weights[2] + corners[3] * weights[3]
    }

    /// Half of the width and height, rounded up; means of 2 × 2 pixels.
    pub(crate) fn halved(&self) -> Self {
        Self::from_fn(self.width.div_ceil(2), self.height.div_ceil(2), |x, y| {
            let (x, y) = (signed(x * 2), signed(y * 2));
            0.25 * (self.at(x, y) + self.at(x + 1, y) + self.at(x, y + 1) + self.at(x + 1, y + 1))
        })
    }
}

impl Picture {
    /// Interpolates between the four pixels around a position; whole numbers are pixel centres.
    #[inline]
    pub(crate) fn bilinear(&self, x: f32, y: f32) -> [f32; 3] {
        let (corners, weights) = self.corners(x, y);
        let mut mixed = [0.0; 3];
        for (corner, weight) in corners.iter().zip(weights) {
            for (mixed, code) in mixed.iter_mut().zip(corner) {
                *mixed += f32::from(*code) * weight;
            }
        }
        mixed
    }

    /// Half of the width and height, rounded up; means of 2 × 2 pixels.
    pub(crate) fn halved(&self) -> Self {
        Self::from_fn(self.width.div_ceil(2), self.height.div_ceil(2), |x, y| {
            let (x, y) = (signed(x * 2), signed(y * 2));
            let four = [self.at(x, y), self.at(x + 1, y), self.at(x, y + 1), self.at(x + 1, y + 1)];
            [0, 1, 2].map(|channel| {
                let sum: u16 = four.iter().map(|pixel| u16::from(pixel[channel])).sum();
                u8::try_from((sum + 2) / 4).unwrap_or(u8::MAX)
            })
        })
    }

    /// Brightness from 0 to 255.
    pub(crate) fn luma(&self) -> Plane<f32> {
        self.map(|[red, green, blue]| 0.299 * f32::from(red) + 0.587 * f32::from(green) + 0.114 * f32::from(blue))
    }
}

/// A column or row that may also lie outside.
#[expect(clippy::cast_possible_wrap, reason = "sides are small")]
pub const fn signed(place: usize) -> isize {
    place as isize
}

/// A count as a float.
#[expect(clippy::cast_precision_loss, reason = "sides and counts of pixels are small")]
pub const fn float(count: usize) -> f32 {
    count as f32
}

/// The position of a pixel of one plane in another of the same scene: columns, or rows, of `from`
/// and `to` pixels. Whole numbers are pixel centres.
pub fn position(index: usize, from: usize, to: usize) -> f32 {
    (float(index) + 0.5) * scale(from, to) - 0.5
}

/// Pixels of the other plane for one pixel.
pub fn scale(from: usize, to: usize) -> f32 {
    float(to) / float(from.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_between_pixels_are_interpolated_and_outside_is_the_border() {
        let plane = Plane::from_fn(3, 2, |x, y| f32::from(u8::try_from(x + 10 * y).unwrap()));
        assert!((plane.bilinear(0.5, 0.5) - 5.5).abs() < 1e-6);
        assert!((plane.bilinear(-4.0, 9.0) - 10.0).abs() < 1e-6);
    }

    #[test]
    fn halving_averages_and_rounds_sides_up() {
        let picture = Plane::from_fn(3, 1, |x, _| [u8::try_from(x * 100).unwrap(); 3]);
        let half = picture.halved();
        assert_eq!((half.width, half.height, half.values), (2, 1, vec![[50; 3], [200; 3]]));
    }
}
