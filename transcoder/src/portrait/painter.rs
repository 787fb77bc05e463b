//! Paints frames: the background, the part of the picture that the camera shows, the waveform.

use shared::media::PixelSize;

use super::background::{self, Background};
use super::layout::Layer;
use super::motion::Motion;
use super::picture::Still;
use super::waveform::Waveform;
use crate::error::TaskResult;
use crate::frame::pixels::{self, sides};

/// Everything that a frame is made of.
#[derive(Debug)]
pub struct Painter {
    canvas: PixelSize,
    background: Background,
    layer: Layer,
    motion: Motion,
    waveform: Waveform,
    frames: u32,
}

impl Painter {
    /// Paints as many frames as there are levels.
    pub fn new(still: &Still, canvas: PixelSize, levels: Vec<f32>) -> TaskResult<Self> {
        let frames = u32::try_from(levels.len()).unwrap_or(u32::MAX);
        let layer = Layer::new(still, canvas)?;
        let background = background::paint(still, &layer, canvas)?;
        let waveform = Waveform::new(canvas, layer.window, background.bar_color, levels);
        Ok(Self { canvas, background, layer, motion: Motion::new(frames), waveform, frames })
    }

    /// How many frames there are.
    pub const fn frames(&self) -> u32 {
        self.frames
    }

    /// The size of each.
    pub const fn canvas(&self) -> PixelSize {
        self.canvas
    }

    /// One frame, opaque RGBA.
    pub fn paint(&self, index: u32) -> TaskResult<Vec<u8>> {
        let window = self.layer.window;
        let seen = pixels::scale_premultiplied(&self.layer.rgba, self.layer.size, self.motion.part(index), window.size)?;
        let mut out = self.background.rgba.clone();
        let (width, _) = sides(self.canvas);
        let rows = out.chunks_exact_mut(width * 4).skip(window.top).zip(seen.chunks_exact(sides(window.size).0 * 4));
        for (row, seen) in rows {
            match row.get_mut(window.left * 4..window.left * 4 + seen.len()) {
                Some(row) if self.layer.is_opaque => row.copy_from_slice(seen),
                Some(row) => over(row, seen),
                None => {}
            }
        }
        self.waveform.draw(&mut out, index as usize);
        Ok(out)
    }
}

/// A row of premultiplied pixels over an opaque one.
fn over(opaque: &mut [u8], premultiplied: &[u8]) {
    let pixels = opaque.as_chunks_mut::<4>().0.iter_mut().zip(premultiplied.as_chunks::<4>().0);
    for (out, pixel) in pixels {
        let [.., alpha] = *pixel;
        for (out, value) in out.iter_mut().zip(pixel) {
            let behind = (u16::from(*out) * u16::from(u8::MAX - alpha) + 127) / 255;
            *out = value.saturating_add(u8::try_from(behind).unwrap_or(u8::MAX));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_transparent_pixel_shows_half_of_what_is_behind_it() {
        let mut row = [100, 200, 40, 255, 1, 2, 3, 255];
        over(&mut row, &[60, 0, 0, 128, 9, 8, 7, 255]);
        assert_eq!(row, [110, 100, 20, 255, 9, 8, 7, 255]);
    }
}
