//! Colours on the scale 0 to 255, gamma-coded as in the file.

use std::ops::Range;

/// Red, green, blue.
pub type Rgb = [f32; 3];

/// Luma, Cb, Cr; chroma is centred on 0.
pub type Ycc = [f32; 3];

/// Converts RGB to Y, Cb, Cr. Source: ITU-R BT.709.
pub fn ycc([red, green, blue]: Rgb) -> Ycc {
    let luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    [luma, (blue - luma) * (1.0 / 1.8556), (red - luma) * (1.0 / 1.5748)]
}

pub fn rgb(pixel: [u8; 3]) -> Rgb {
    pixel.map(f32::from)
}

/// Whether a colour may be `lit` in a shadow: the share of light is within `left`, and chroma
/// differs by less than `chroma_max` codes from that share of it.
pub fn is_shadow_of([luma, blue, red]: Ycc, lit: Ycc, left: &Range<f32>, chroma_max: f32) -> bool {
    let share = luma / lit[0].max(1.0);
    left.contains(&share) && (blue - share * lit[1]).hypot(red - share * lit[2]) < chroma_max
}

/// Squared distance of two colours in deviations of the noise, whose `variance` is by channel.
pub fn distance(frame: Rgb, background: Rgb, variance: Ycc) -> f32 {
    let difference = ycc([frame[0] - background[0], frame[1] - background[1], frame[2] - background[2]]);
    difference[0] * difference[0] / variance[0]
        + difference[1] * difference[1] / variance[1]
        + difference[2] * difference[2] / variance[2]
}
