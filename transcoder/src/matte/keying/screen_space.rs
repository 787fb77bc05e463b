//! The colour space of the keyer: YCbCr with the chroma plane rotated so that one axis is the hue
//! of the screen. Linear in the code values of the file.

use ::keyer::color::Rgb;
use ::keyer::planar::YuvMatrix;

/// Luma 0 to 255, P: chroma along the hue of the screen, Q: chroma across it. Grey is `[y, 0, 0]`,
/// the screen `[y, p, 0]` with `p` > 0.
pub type Ypq = [f32; 3];

/// Conversion from and to [`Ypq`] for one YUV matrix and one screen colour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScreenSpace {
    red: f32,
    blue: f32,
    /// Unit vector of the screen's hue in the plane of Cb and Cr.
    pub hue: [f32; 2],
}

impl ScreenSpace {
    /// The space in which `screen` has no chroma across its hue.
    pub fn new(matrix: YuvMatrix, screen: Rgb) -> Self {
        let (red, blue) = matrix.red_blue();
        let mut space = Self { red, blue, hue: [1.0, 0.0] };
        let [_, cb, cr] = space.ypq_from_rgb(screen);
        let length = cb.hypot(cr).max(1.0);
        space.hue = [cb / length, cr / length];
        space
    }

    pub fn ypq_from_rgb(&self, [red, green, blue]: Rgb) -> Ypq {
        let y = self.red * red + (1.0 - self.red - self.blue) * green + self.blue * blue;
        self.ypq_from_ycc([y, (blue - y) * 0.5 / (1.0 - self.blue), (red - y) * 0.5 / (1.0 - self.red)])
    }

    pub fn ypq_from_ycc(&self, [y, cb, cr]: [f32; 3]) -> Ypq {
        [y, cb * self.hue[0] + cr * self.hue[1], cr * self.hue[0] - cb * self.hue[1]]
    }

    /// Factors of YCbCr → RGB: Cr in red, Cb subtracted from green, Cr subtracted from green, Cb in
    /// blue.
    pub const fn rgb_factors(self) -> [f32; 4] {
        let (red, blue) = (2.0 * (1.0 - self.red), 2.0 * (1.0 - self.blue));
        let green = 1.0 - self.red - self.blue;
        [red, self.blue * blue / green, self.red * red / green, blue]
    }

    pub fn to_rgb(self, [y, p, q]: Ypq) -> Rgb {
        let (cb, cr) = (p * self.hue[0] - q * self.hue[1], p * self.hue[1] + q * self.hue[0]);
        let (red, blue) = (y + 2.0 * (1.0 - self.red) * cr, y + 2.0 * (1.0 - self.blue) * cb);
        [red, (y - self.red * red - self.blue * blue) / (1.0 - self.red - self.blue), blue]
    }
}
