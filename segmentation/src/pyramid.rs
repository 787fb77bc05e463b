//! A picture at full, half, quarter … size, from which scaled and turned views are sampled without
//! aliasing.

use crate::plane::{Picture, float, position, scale};

/// Smallest side of a level. Units: pixels.
const SIDE_PX_MIN: usize = 16;

/// The levels of one picture, the largest first.
#[derive(Debug)]
pub struct Pyramid {
    levels: Vec<Picture>,
}

impl Pyramid {
    /// All levels of a picture.
    pub fn new(picture: Picture) -> Self {
        let mut levels = vec![picture];
        while let Some(last) = levels.last()
            && last.width.min(last.height) >= SIDE_PX_MIN * 2
        {
            levels.push(last.halved());
        }
        Self { levels }
    }

    /// The level to sample where neighbouring samples are `step` pixels of the full picture apart,
    /// and the scale of its pixels.
    pub fn level(&self, step: f32) -> Sampler<'_> {
        let mut scale = 1.0;
        let mut index = 0;
        // Up to 1.5 pixels of a level between samples alias little.
        while step / scale > 1.5 && index + 1 < self.levels.len() {
            scale *= 2.0;
            index += 1;
        }
        Sampler { level: &self.levels[index], scale }
    }

    /// The picture in another size.
    pub fn resized(&self, width: usize, height: usize) -> Picture {
        let full = &self.levels[0];
        let sampler = self.level(scale(width, full.width).max(scale(height, full.height)));
        Picture::from_fn(width, height, |x, y| {
            sampler.sample(position(x, width, full.width), position(y, height, full.height)).map(byte)
        })
    }
}

/// One level of a pyramid.
#[derive(Debug, Clone, Copy)]
pub struct Sampler<'a> {
    level: &'a Picture,
    scale: f32,
}

impl Sampler<'_> {
    /// The colour at a position in pixels of the full picture. Outside it is mirrored.
    pub fn sample(&self, x: f32, y: f32) -> [f32; 3] {
        let place = |position: f32, side: usize| mirrored((position + 0.5) / self.scale - 0.5, side);
        self.level.bilinear(place(x, self.level.width), place(y, self.level.height))
    }
}

/// A position outside of 0 to `side` - 1, mirrored at the border as often as needed.
fn mirrored(position: f32, side: usize) -> f32 {
    let last = float(side) - 1.0;
    if last <= 0.0 {
        return 0.0;
    }
    if (0.0..=last).contains(&position) {
        return position;
    }
    let within = position.rem_euclid(2.0 * last);
    if within > last { 2.0 * last - within } else { within }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
fn byte(value: f32) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plane::Plane;

    #[test]
    fn outside_is_mirrored() {
        let found = [-1.0, 0.0, 3.0, 4.0, 7.5].map(|x| mirrored(x, 4));
        assert!(
            found.iter().zip([1.0, 0.0, 3.0, 2.0, 1.5]).all(|(found, expected)| (found - expected).abs() < 1e-6),
            "{found:?}"
        );
    }

    #[test]
    fn fine_stripes_become_grey_when_the_picture_is_shrunk() {
        let stripes = Plane::from_fn(160, 160, |x, _| [if x % 2 == 0 { 0 } else { 255 }; 3]);
        let small = Pyramid::new(stripes).resized(40, 40);
        assert!(small.values.iter().all(|pixel| pixel[0].abs_diff(128) < 3));
    }
}
