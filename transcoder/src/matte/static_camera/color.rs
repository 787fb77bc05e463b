//! Colours on the scale of 0 to 255, gamma-coded as in the file; luma and chroma are differences of them.

use std::ops::Range;

/// Red, green, blue.
pub type Rgb = [f32; 3];

/// Luma, blue less luma, red less luma, each as wide as luma.
pub type Ypq = [f32; 3];

/// Luma and chroma. Source: ITU-R BT.709.
pub fn ypq([red, green, blue]: Rgb) -> Ypq {
    let luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    [luma, (blue - luma) * (1.0 / 1.8556), (red - luma) * (1.0 / 1.5748)]
}

pub fn rgb(pixel: [u8; 3]) -> Rgb {
    pixel.map(f32::from)
}

/// Whether a colour may be the other in a shadow that leaves a share of its light, with its chroma off by no more codes.
pub fn is_shade([luma, blue, red]: Ypq, lit: Ypq, left: &Range<f32>, chroma_max: f32) -> bool {
    let share = luma / lit[0].max(1.0);
    left.contains(&share) && (blue - share * lit[1]).hypot(red - share * lit[2]) < chroma_max
}
