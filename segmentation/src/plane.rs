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

/// The pixel before a position, and the distance from it.
#[expect(clippy::cast_possible_truncation, reason = "positions are small")]
fn split(position: f32) -> (isize, f32) {
    let floor = position.floor();
    (floor as isize, position - floor)
}

impl Plane<f32> {
    /// Interpolates between the four pixels around a position; whole numbers are pixel centres.
    pub(crate) fn bilinear(&self, x: f32, y: f32) -> f32 {
        let ((left, across), (top, down)) = (split(x), split(y));
        let mix = |row: isize| self.at(left, row) * (1.0 - across) + self.at(left + 1, row) * across;
        mix(top) * (1.0 - down) + mix(top + 1) * down
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
    pub(crate) fn bilinear(&self, x: f32, y: f32) -> [f32; 3] {
        let ((left, across), (top, down)) = (split(x), split(y));
        let corners = [(left, top), (left + 1, top), (left, top + 1), (left + 1, top + 1)].map(|(x, y)| self.at(x, y));
        let weights = [(1.0 - across) * (1.0 - down), across * (1.0 - down), (1.0 - across) * down, across * down];
        let channel = |index: usize| corners.iter().zip(weights).map(|(corner, weight)| f32::from(corner[index]) * weight).sum();
        [channel(0), channel(1), channel(2)]
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
