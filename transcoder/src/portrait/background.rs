//! Background of the picture: a blurred, darkened copy of it; a contrasting shade if it has
//! transparency.

#![expect(clippy::cast_precision_loss, reason = "sides of pictures are small")]

use shared::media::PixelSize;

use super::layout::{Layer, Window};
use super::picture::Still;
use crate::error::TaskResult;
use crate::frame::pixels::{self, Part, sides};
use keyer::color::byte;

/// The copy is this many times smaller before it is blurred, so that only large shapes remain.
const SHRINK: u32 = 16;
/// Passes of the blur.
const BLUR_PASSES: usize = 6;
/// Brightness of the copy, of the picture's.
const DIM: f32 = 0.5;
/// Width of the picture's shadow.
/// Units: pixels.
const SHADOW_PX: f32 = 36.0;
const SHADOW: f32 = 0.45;
/// A picture with a lower mean luma gets a bright shade.
/// Units: luma, 0 to 255.
const DARK_LUMA: f32 = 96.0;
const BRIGHT_SHADE: f32 = 232.0;
const DARK_SHADE: f32 = 30.0;
/// Share of the picture's mean colour in the shade.
const TINT: f32 = 0.10;

/// A background, and the colour that contrasts with it.
#[derive(Debug)]
pub struct Background {
    /// Opaque, of the canvas's size.
    pub rgba: Vec<u8>,
    /// The waveform's colour.
    pub bar_color: BarColor,
}

/// The colour of the waveform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BarColor {
    /// Over pictures, which are darkened below the waveform.
    White,
    /// On a bright shade.
    Dark,
}

/// Paints the background of a canvas.
pub fn paint(still: &Still, layer: &Layer, canvas: PixelSize) -> TaskResult<Background> {
    if still.has_alpha {
        return Ok(shade(still, canvas));
    }
    let mut rgba = blurred(still, canvas)?;
    if layer.window.size != canvas {
        shadow(&mut rgba, layer.window, canvas);
    }
    Ok(Background { rgba, bar_color: BarColor::White })
}

fn blurred(still: &Still, canvas: PixelSize) -> TaskResult<Vec<u8>> {
    let small = PixelSize { width: canvas.width / SHRINK, height: canvas.height / SHRINK };
    let mut copy = pixels::scale_premultiplied(&still.rgba, still.size, Part::WHOLE, small)?;
    let (width, _) = sides(small);
    for _ in 0..BLUR_PASSES {
        copy = blurred_along(&copy, width * 4, 4);
        copy = blurred_along(&copy, copy.len(), width * 4);
    }
    for pixel in copy.chunks_exact_mut(4) {
        if let [color @ .., _] = pixel {
            scale(color, DIM);
        }
    }
    pixels::scale_premultiplied(&copy, small, Part::WHOLE, canvas)
}

fn scale(color: &mut [u8], by: f32) {
    for value in color {
        *value = byte(f32::from(*value) * by);
    }
}

/// Blurs along one axis: each value with those `step` before and after it, within runs of `run`.
fn blurred_along(values: &[u8], run: usize, step: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(values.len());
    for run in values.chunks(run) {
        for (index, value) in run.iter().enumerate() {
            let before = index.checked_sub(step).and_then(|index| run.get(index)).unwrap_or(value);
            let behind = run.get(index + step).unwrap_or(value);
            let sum = u16::from(*before) + 2 * u16::from(*value) + u16::from(*behind);
            out.push(u8::try_from((sum + 2) / 4).unwrap_or(u8::MAX));
        }
    }
    out
}

/// A contrasting shade, lighter towards the middle and tinted by the picture.
fn shade(still: &Still, canvas: PixelSize) -> Background {
    let mean = mean_color(&still.rgba);
    let (base, bar_color) = if luma(mean) < DARK_LUMA { (BRIGHT_SHADE, BarColor::Dark) } else { (DARK_SHADE, BarColor::White) };
    let (width, height) = sides(canvas);
    let (middle_x, middle_y) = (width as f32 / 2.0, height as f32 / 2.0);
    let mut rgba = Vec::with_capacity(width * height * 4);
    for index in 0..width * height {
        let (x, y) = ((index % width) as f32 / middle_x - 1.0, (index / width) as f32 / middle_y - 1.0);
        let light = 1.0 + 0.06 * (1.0 - x.hypot(y));
        rgba.extend(mean.map(|color| byte((base + (color - base) * TINT) * light)));
        rgba.push(u8::MAX);
    }
    Background { rgba, bar_color }
}

/// Mean colour of visible pixels.
fn mean_color(premultiplied: &[u8]) -> [f32; 3] {
    let mut sums = [0_u64; 4];
    for pixel in premultiplied.chunks_exact(4) {
        for (sum, value) in sums.iter_mut().zip(pixel) {
            *sum += u64::from(*value);
        }
    }
    let [red, green, blue, alpha] = sums.map(|sum| sum as f32);
    [red, green, blue].map(|sum| sum / alpha.max(1.0) * 255.0)
}

fn luma([red, green, blue]: [f32; 3]) -> f32 {
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn shadow(background: &mut [u8], window: Window, canvas: PixelSize) {
    let ((width, _), (window_width, window_height)) = (sides(canvas), sides(window.size));
    let outside = |at: usize, from: usize, side: usize| from.saturating_sub(at).max((at + 1).saturating_sub(from + side)) as f32;
    for (y, row) in background.chunks_exact_mut(width * 4).enumerate() {
        let down = outside(y, window.top, window_height);
        if down >= SHADOW_PX {
            continue;
        }
        for (x, pixel) in row.chunks_exact_mut(4).enumerate() {
            let near = 1.0 - outside(x, window.left, window_width).hypot(down) / SHADOW_PX;
            if let ([color @ .., _], true) = (pixel, near > 0.0) {
                scale(color, 1.0 - SHADOW * near * near);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANVAS: PixelSize = PixelSize { width: 64, height: 32 };

    fn background(pixel: [u8; 4]) -> Background {
        let size = PixelSize { width: 8, height: 8 };
        let still = Still { size, rgba: pixel.repeat(64), has_alpha: pixel[3] < 255, codec: "png" };
        let layer = Layer::new(&still, CANVAS).unwrap();
        paint(&still, &layer, CANVAS).unwrap()
    }

    #[test]
    fn the_background_of_an_opaque_picture_is_its_own_colour_darkened_most_at_the_edge() {
        let background = background([200, 100, 40, 255]).rgba;
        let at = |x: usize| background[(16 * 64 + x) * 4];
        assert!(at(15) < at(0) && at(0) < 105 && at(15) > 20, "{} {}", at(15), at(0));
        assert!(background.chunks_exact(4).all(|pixel| pixel[3] == 255 && pixel[0] > pixel[1] && pixel[1] > pixel[2]));
    }

    #[test]
    fn a_dark_drawing_has_a_bright_background_and_a_bright_one_a_dark() {
        let bright = background([10, 10, 20, 250]);
        let dark = background([200, 210, 220, 230]);
        assert!(bright.rgba.chunks_exact(4).all(|pixel| pixel[0] > 180) && dark.rgba.chunks_exact(4).all(|pixel| pixel[0] < 80));
        assert_eq!((bright.bar_color, dark.bar_color), (BarColor::Dark, BarColor::White));
    }
}
