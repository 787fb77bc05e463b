//! Converts wide gamuts to BT.709. Keyed frames are converted after keying: a green screen lies at
//! the border of BT.709, where the conversion amplifies noise up to tenfold.

use rayon::prelude::*;

/// Gamma of the display. Source: ITU-R BT.1886.
const GAMMA: f32 = 2.4;
/// Entries of the table from linear light to codes, enough to keep the darkest codes apart.
const STEPS: usize = 1 << 16;
/// Bytes per work item of the thread pool.
const CHUNK_BYTES: usize = 1 << 18;

/// Gamuts of cameras and phones that are wider than BT.709.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WideGamut {
    /// ITU-R BT.2020.
    Bt2020,
    /// Display P3: SMPTE EG 432-1 with the D65 white point.
    DisplayP3,
}

impl WideGamut {
    /// The gamut of ffmpeg's `color_primaries`; none for those that are not wide.
    pub fn from_primaries(name: &str) -> Option<Self> {
        match name {
            "bt2020" => Some(Self::Bt2020),
            "smpte432" => Some(Self::DisplayP3),
            _ => None,
        }
    }

    /// Name for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bt2020 => "BT.2020",
            Self::DisplayP3 => "Display P3",
        }
    }

    /// Matrix from linear BT.709 to this gamut: the inverse of `to_bt709`.
    const fn of_bt709(self) -> [[f32; 3]; 3] {
        match self {
            Self::Bt2020 => [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]],
            Self::DisplayP3 => [[0.8225, 0.1775, 0.0], [0.0332, 0.9668, 0.0], [0.0171, 0.0724, 0.9105]],
        }
    }

    /// Matrix from this gamut to linear BT.709. Source: chromaticities of the primaries in ITU-R
    /// BT.2087 and SMPTE EG 432-1.
    const fn to_bt709(self) -> [[f32; 3]; 3] {
        match self {
            Self::Bt2020 => [[1.6605, -0.5877, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1188]],
            Self::DisplayP3 => [[1.2249, -0.2249, 0.0], [-0.0420, 1.0420, 0.0], [-0.0196, -0.0786, 1.0982]],
        }
    }
}

/// Converts a BT.709 colour to a wide gamut, clipped. Units: 0 to 255.
pub fn from_bt709(wide: WideGamut, color: [f32; 3]) -> [f32; 3] {
    let light = color.map(|code| (code / 255.0).clamp(0.0, 1.0).powf(GAMMA));
    let back = wide.of_bt709().map(|row| row.iter().zip(light).map(|(share, light)| share * light).sum::<f32>());
    back.map(|light| light.clamp(0.0, 1.0).powf(1.0 / GAMMA) * 255.0)
}

/// Converts pixels of one wide gamut to BT.709.
#[derive(Debug)]
pub struct Gamut {
    matrix: [[f32; 3]; 3],
    light: Vec<f32>,
    code: Vec<u8>,
}

impl Gamut {
    /// Builds the conversion tables of a gamut.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "steps and codes are small, and codes lie within a byte"
    )]
    pub fn new(wide: WideGamut) -> Self {
        Self {
            matrix: wide.to_bt709(),
            light: (0..256).map(|code| (code as f32 / 255.0).powf(GAMMA)).collect(),
            code: (0..STEPS).map(|step| ((step as f32 / (STEPS - 1) as f32).powf(1.0 / GAMMA) * 255.0).round() as u8).collect(),
        }
    }

    /// Converts RGBA in place and keeps alpha.
    pub fn apply(&self, rgba: &mut [u8]) {
        rgba.par_chunks_mut(CHUNK_BYTES).for_each(|chunk| {
            for [color @ .., _] in chunk.as_chunks_mut::<4>().0 {
                self.convert(color);
            }
        });
    }

    /// Converts one pixel.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "light is clamped to the table"
    )]
    pub fn convert(&self, pixel: &mut [u8; 3]) {
        let [red, green, blue] = pixel.map(|code| self.light[usize::from(code)]);
        *pixel = self.matrix.map(|[from_red, from_green, from_blue]| {
            let light = (red * from_red + green * from_green + blue * from_blue).clamp(0.0, 1.0);
            self.code[(light * (STEPS - 1) as f32).round() as usize]
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greys_and_alpha_stay_and_a_colour_moves_away_from_grey() {
        for wide in [WideGamut::Bt2020, WideGamut::DisplayP3] {
            let gamut = Gamut::new(wide);
            for grey in 0..=255 {
                let mut pixel = [grey, grey, grey, 7];
                gamut.apply(&mut pixel);
                assert!(pixel[..3].iter().all(|code| code.abs_diff(grey) <= 1), "{wide:?} {grey}: {pixel:?}");
                assert_eq!(pixel[3], 7);
            }
            let mut red = [180, 60, 60, 255];
            gamut.apply(&mut red);
            assert!(red[0] > 180 && red[1] < 60, "{wide:?}: {red:?}");
        }
    }

    #[test]
    fn a_colour_of_bt709_comes_back() {
        for wide in [WideGamut::Bt2020, WideGamut::DisplayP3] {
            let color = [60.0, 150.0, 70.0];
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "codes lie within a byte")]
            let mut pixel = from_bt709(wide, color).map(|code| code.round() as u8);
            Gamut::new(wide).convert(&mut pixel);
            for (back, code) in pixel.iter().zip(color) {
                assert!((f32::from(*back) - code).abs() <= 3.0, "{wide:?}: {pixel:?}");
            }
        }
    }

    #[test]
    fn display_p3s_red_is_beyond_bt709s() {
        let mut red = [255, 0, 0, 255];
        Gamut::new(WideGamut::DisplayP3).apply(&mut red);
        assert_eq!(red, [255, 0, 0, 255]);
    }
}
