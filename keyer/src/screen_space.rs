//! Colour space of the keyer: luma, chroma along the screen's hue, chroma across it; linear in the
//! file's codes.

use crate::color::Rgb;
use crate::planar::YuvMatrix;
use crate::sample::rotate_to_hue;

/// Luma 0 to 255, chroma along the screen's hue, chroma across it. Grey is `[y, 0, 0]`, the screen
/// `[y, p, 0]`.
pub type Ypq = [f32; 3];

/// Conversion between RGB and [`Ypq`] for one matrix and one screen hue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScreenSpace {
    red: f32,
    blue: f32,
    /// Unit vector of the screen's hue in the `Cb`–`Cr` plane.
    pub hue: [f32; 2],
}

impl ScreenSpace {
    /// The space of a screen hue, a unit vector in the `Cb`–`Cr` plane.
    pub const fn of_hue(matrix: YuvMatrix, hue: [f32; 2]) -> Self {
        let (red, blue) = matrix.red_blue();
        Self { red, blue, hue }
    }

    pub fn of_rgb(&self, [red, green, blue]: Rgb) -> Ypq {
        let y = self.red * red + (1.0 - self.red - self.blue) * green + self.blue * blue;
        rotate_to_hue([y, (blue - y) * 0.5 / (1.0 - self.blue), (red - y) * 0.5 / (1.0 - self.red)], self.hue)
    }

    /// Coefficients of p and q in red, green and blue.
    pub fn factors(self) -> [[f32; 2]; 3] {
        let (by_p, by_q) = (self.to_rgb([0.0, 1.0, 0.0]), self.to_rgb([0.0, 0.0, 1.0]));
        [0, 1, 2].map(|channel: usize| [by_p[channel], by_q[channel]])
    }

    pub fn to_rgb(self, [y, p, q]: Ypq) -> Rgb {
        let (cb, cr) = (p * self.hue[0] - q * self.hue[1], p * self.hue[1] + q * self.hue[0]);
        let (red, blue) = (y + 2.0 * (1.0 - self.red) * cr, y + 2.0 * (1.0 - self.blue) * cb);
        [red, (y - self.red * red - self.blue * blue) / (1.0 - self.red - self.blue), blue]
    }
}

/// Chromaticity of a colour: Cb and Cr over luma.
pub fn chromaticity(matrix: YuvMatrix, color: Rgb) -> [f32; 2] {
    let [y, cb, cr] = ScreenSpace::of_hue(matrix, [1.0, 0.0]).of_rgb(color);
    [cb / y.max(1.0), cr / y.max(1.0)]
}
