//! Detects the screen in one RGB picture, by the first pass over it alone.

use crate::analyzer::Analyzer;
use crate::options::KeyOptions;
use crate::planar::{PlanarFormat, YuvMatrix};
use crate::screen_space::ScreenSpace;
use crate::shot::DetectedScreen;

/// The screen in one picture of packed 8-bit RGB; none where there is none, or where `rgb` has
/// another size.
#[must_use]
pub fn detect_screen(width: usize, height: usize, rgb: &[u8]) -> Option<DetectedScreen> {
    let format =
        PlanarFormat { width, height, across: 1, down: 1, depth_bits: 16, matrix: YuvMatrix::Bt709, is_full_range: false };
    let pixels = rgb.as_chunks::<3>().0;
    let space = ScreenSpace::of_hue(format.matrix, [1.0, 0.0]);
    let scales = [format.luma_scale(), format.chroma_scale(), format.chroma_scale()];
    let mut planes = [(); 3].map(|()| Vec::with_capacity(pixels.len() * 2));
    for pixel in pixels {
        for ((plane, value), (gain, offset)) in planes.iter_mut().zip(space.of_rgb(pixel.map(f32::from))).zip(scales) {
            plane.extend((((value - offset) / gain).round() as u16).to_le_bytes());
        }
    }
    let mut analyzer = Analyzer::new(format, &KeyOptions::default()).ok()?;
    analyzer.add_frame(&planes.concat());
    analyzer.finish()?.screen()
}
