//! Composes a frame: places it on a canvas, never distorted, and blends it over a background as
//! browsers do.

use shared::composition::{Composition, SCALE_WHOLE};
use shared::media::PixelSize;

use crate::error::TaskResult;
use crate::frame::geometry::squared;
use crate::frame::pixels::{self, Part, sides};

/// Background of a composition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ground {
    /// Transparent.
    Clear,
    /// One colour.
    Color([u8; 3]),
    /// RGB of the size of the canvas.
    Picture(Vec<u8>),
}

/// Composes frames of one size.
#[derive(Debug, Clone)]
pub struct Compositor {
    from: PixelSize,
    to: PixelSize,
    ground: Ground,
    /// None where the frame keeps its size and position.
    placement: Option<Placement>,
}

/// Placement of the picture on a canvas.
#[derive(Debug, Clone, PartialEq)]
enum Placement {
    Outside,
    Visible(VisiblePart),
}

/// Position of the visible part of the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
struct VisiblePart {
    left: usize,
    top: usize,
    size: PixelSize,
    /// The visible part, in shares of the picture.
    part: Part,
}

/// Size of the composed frame for a picture of this size and pixel aspect.
pub fn staged(composition: &Composition, shown: PixelSize, pixel_aspect: Option<(u32, u32)>) -> PixelSize {
    if is_composed(composition) { composition.canvas.unwrap_or(squared(shown, pixel_aspect)) } else { shown }
}

/// True if the composition has a canvas, a scale or an offset.
pub fn is_composed(composition: &Composition) -> bool {
    composition.canvas.is_some() || composition.scale_millionths != SCALE_WHOLE || composition.offset_px != (0, 0)
}

impl Compositor {
    /// A compositor of frames of size `shown`.
    pub fn new(composition: &Composition, shown: PixelSize, pixel_aspect: Option<(u32, u32)>, ground: Ground) -> Self {
        let to = staged(composition, shown, pixel_aspect);
        let placement = is_composed(composition).then(|| place(composition, squared(shown, pixel_aspect), to));
        Self { from: shown, to, ground, placement }
    }

    /// Size of composed frames.
    pub const fn size(&self) -> PixelSize {
        self.to
    }

    /// Composes one frame.
    pub fn show(&self, mut rgba: Vec<u8>) -> TaskResult<Vec<u8>> {
        let place = match &self.placement {
            None => {
                match &self.ground {
                    Ground::Clear => {}
                    Ground::Color(color) => pixels::fill(&mut rgba, *color),
                    Ground::Picture(picture) => pixels::back(&mut rgba, picture),
                }
                return Ok(rgba);
            }
            Some(Placement::Outside) => return Ok(self.empty_canvas()),
            Some(Placement::Visible(place)) => *place,
        };
        let subject = pixels::scale_part(&rgba, self.from, place.part, place.size)?;
        let mut out = self.empty_canvas();
        let ((width, _), (subject_width, _)) = (sides(self.to), sides(place.size));
        let rows = out.chunks_exact_mut(width * 4).skip(place.top).zip(subject.chunks_exact(subject_width * 4));
        for (row, subject) in rows {
            let Some(row) = row.get_mut(place.left * 4..(place.left + subject_width) * 4) else { continue };
            match self.ground {
                Ground::Clear => row.copy_from_slice(subject),
                Ground::Color(_) | Ground::Picture(_) => pixels::blend_row(row, subject),
            }
        }
        Ok(out)
    }

    /// The canvas without the picture.
    fn empty_canvas(&self) -> Vec<u8> {
        let (width, height) = sides(self.to);
        match &self.ground {
            // Grey, as all flattened transparent pixels.
            Ground::Clear => [128, 128, 128, 0].repeat(width * height),
            Ground::Color([red, green, blue]) => [*red, *green, *blue, u8::MAX].repeat(width * height),
            Ground::Picture(picture) => {
                let pixels = picture.chunks_exact(3);
                pixels.flat_map(|pixel| pixel.iter().copied().chain([u8::MAX])).collect()
            }
        }
    }
}

/// Places the picture: at scale 1 it is the largest that fits the canvas; its anchor point lies on
/// the canvas's, moved by the offset.
fn place(composition: &Composition, picture: PixelSize, canvas: PixelSize) -> Placement {
    let (across, down) = composition.anchor.halves();
    let fit = (f64::from(canvas.width) / f64::from(picture.width)).min(f64::from(canvas.height) / f64::from(picture.height));
    let scale = fit * f64::from(composition.scale_millionths) / f64::from(SCALE_WHOLE);
    let (x, y) = composition.offset_px;
    let columns = visible_span(canvas.width, f64::from(picture.width) * scale, across, x);
    let rows = visible_span(canvas.height, f64::from(picture.height) * scale, down, y);
    let (Some(columns), Some(rows)) = (columns, rows) else { return Placement::Outside };
    Placement::Visible(VisiblePart {
        left: columns.at,
        top: rows.at,
        size: PixelSize { width: columns.length, height: rows.length },
        part: Part { left: columns.skipped, top: rows.skipped, width: columns.share, height: rows.share },
    })
}

/// The visible part of one side of the picture.
struct VisibleSpan {
    at: usize,
    length: u32,
    /// Share of the side before it.
    skipped: f64,
    /// Share of the side in it.
    share: f64,
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the canvas, which is no longer than 8192"
)]
fn visible_span(canvas: u32, length: f64, halves: u8, offset: i32) -> Option<VisibleSpan> {
    let canvas = f64::from(canvas);
    let begin = ((canvas - length) * f64::from(halves) / 2.0 + f64::from(offset)).round();
    let end = (begin + length).round().max(begin + 1.0);
    let (first, last) = (begin.clamp(0.0, canvas), end.clamp(0.0, canvas));
    let whole = end - begin;
    (last > first).then(|| VisibleSpan {
        at: first as usize,
        length: (last - first) as u32,
        skipped: (first - begin) / whole,
        share: (last - first) / whole,
    })
}

#[cfg(test)]
mod tests;
