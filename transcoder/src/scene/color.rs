//! Colours on the scale of 0 to 255, gamma-coded as in the file; luma and chroma are differences of them.

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
