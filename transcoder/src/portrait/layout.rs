//! Position of the picture on the canvas, and the oversampled copy from which frames are cropped.

use shared::media::PixelSize;
use shared::portrait::PortraitShape;

use super::motion::ZOOM_MAX;
use super::picture::Still;
use crate::error::TaskResult;
use crate::frame::pixels::{self, Part, sides};

/// The picture fills the canvas where no more than this share is cropped.
const CROP_SHARE_MAX: f64 = 0.1;
/// Margin around a picture with transparency, and below it, where the waveform is.
const MARGIN_SHARE: f64 = 0.08;
const BELOW_SHARE: f64 = 0.22;
/// Frames are cropped from more pixels than they have: at one to one, their sharpness would depend
/// on the subpixel position, which flickers.
const OVERSAMPLING: f64 = 1.5;

/// A rectangle of the canvas.
/// Units: pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub left: usize,
    pub top: usize,
    pub size: PixelSize,
}

/// The picture that the camera moves over.
#[derive(Debug)]
pub struct Layer {
    /// Where it is shown on the canvas.
    pub window: Window,
    /// Its own size.
    pub size: PixelSize,
    /// Premultiplied.
    pub rgba: Vec<u8>,
    /// Whether it has no transparent pixels.
    pub is_opaque: bool,
}

/// The shape nearest to the picture's.
pub fn nearest(size: PixelSize) -> PortraitShape {
    let distance = |shape: &PortraitShape| (aspect(size) / aspect(shape.canvas())).ln().abs();
    let nearest = PortraitShape::ALL.into_iter().min_by(|left, right| distance(left).total_cmp(&distance(right)));
    nearest.unwrap_or(PortraitShape::Square)
}

impl Layer {
    /// An opaque picture fills the canvas where that crops little of it, else a window of its own
    /// shape. A picture with transparency moves as a whole, with a margin.
    pub fn new(still: &Still, canvas: PixelSize) -> TaskResult<Self> {
        let fill = crop_share(still.size, canvas) <= CROP_SHARE_MAX;
        match (still.has_alpha, fill) {
            (true, _) => with_margin(still, canvas),
            (false, true) => {
                let window = Window { left: 0, top: 0, size: canvas };
                opaque(still, covering(still.size, canvas), window)
            }
            (false, false) => {
                let size = within(still.size, canvas);
                opaque(still, Part::WHOLE, centered(size, canvas))
            }
        }
    }
}

fn opaque(still: &Still, part: Part, window: Window) -> TaskResult<Layer> {
    let size = oversampled(window.size);
    let rgba = pixels::scale_premultiplied(&still.rgba, still.size, part, size)?;
    Ok(Layer { window, size, rgba, is_opaque: true })
}

fn with_margin(still: &Still, canvas: PixelSize) -> TaskResult<Layer> {
    let whole = oversampled(canvas);
    let above = part_of(whole, 1.0, 1.0 - BELOW_SHARE + MARGIN_SHARE);
    let seen = within(still.size, part_of(whole, 1.0 - 2.0 * MARGIN_SHARE, 1.0 - BELOW_SHARE - MARGIN_SHARE));
    let scaled = pixels::scale_premultiplied(&still.rgba, still.size, Part::WHOLE, seen)?;
    let (place, (width, height)) = (centered(seen, above), sides(whole));
    let mut rgba = vec![0; width * height * 4];
    let rows = rgba.chunks_exact_mut(width * 4).skip(place.top).zip(scaled.chunks_exact(sides(seen).0 * 4));
    for (row, scaled) in rows {
        if let Some(row) = row.get_mut(place.left * 4..place.left * 4 + scaled.len()) {
            row.copy_from_slice(scaled);
        }
    }
    Ok(Layer { window: Window { left: 0, top: 0, size: canvas }, size: whole, rgba, is_opaque: false })
}

fn oversampled(size: PixelSize) -> PixelSize {
    part_of(size, ZOOM_MAX * OVERSAMPLING, ZOOM_MAX * OVERSAMPLING)
}

/// The middle of the picture that has the canvas's shape; of an upright one rather the upper part,
/// where faces are.
fn covering(size: PixelSize, canvas: PixelSize) -> Part {
    const ABOVE_SHARE: f64 = 0.4;
    let ratio = aspect(size) / aspect(canvas);
    let (width, height) = ((1.0 / ratio).min(1.0), ratio.min(1.0));
    Part { left: (1.0 - width) / 2.0, top: (1.0 - height) * ABOVE_SHARE, width, height }
}

fn crop_share(size: PixelSize, canvas: PixelSize) -> f64 {
    let ratio = aspect(size) / aspect(canvas);
    1.0 - ratio.min(1.0 / ratio)
}

/// The largest of the picture's shape within a room, with even sides: chroma is halved.
fn within(size: PixelSize, room: PixelSize) -> PixelSize {
    let scale = (f64::from(room.width) / f64::from(size.width)).min(f64::from(room.height) / f64::from(size.height));
    let fitted = part_of(size, scale, scale);
    let even = |side: u32, most: u32| (side.next_multiple_of(2)).clamp(2, most);
    PixelSize { width: even(fitted.width, room.width), height: even(fitted.height, room.height) }
}

const fn centered(size: PixelSize, canvas: PixelSize) -> Window {
    let ((width, height), (canvas_width, canvas_height)) = (sides(size), sides(canvas));
    // On even pixels.
    Window { left: (canvas_width - width) / 4 * 2, top: (canvas_height - height) / 4 * 2, size }
}

fn aspect(size: PixelSize) -> f64 {
    f64::from(size.width) / f64::from(size.height.max(1))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sides of pictures")]
fn part_of(size: PixelSize, across: f64, down: f64) -> PixelSize {
    let times = |side_px: u32, share: f64| (f64::from(side_px) * share).round().max(1.0) as u32;
    PixelSize { width: times(size.width, across), height: times(size.height, down) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn size(width: u32, height: u32) -> PixelSize {
        PixelSize { width, height }
    }

    fn layer(size: PixelSize, alpha: u8, shape: PortraitShape) -> Layer {
        let rgba = [alpha; 4].repeat(usize::try_from(size.pixels()).unwrap());
        Layer::new(&Still { size, rgba, has_alpha: alpha < 255, codec: "png" }, shape.canvas()).unwrap()
    }

    #[test]
    fn the_shape_is_the_one_nearest_to_the_pictures() {
        for (picture, shape) in [
            (size(1_920, 1_080), PortraitShape::Wide),
            (size(300, 200), PortraitShape::Wide),
            (size(5, 4), PortraitShape::Square),
            (size(100, 100), PortraitShape::Square),
            (size(4, 5), PortraitShape::Square),
            (size(2, 3), PortraitShape::Tall),
            (size(10, 9_000), PortraitShape::Tall),
        ] {
            assert_eq!(nearest(picture), shape, "{picture}");
        }
    }

    #[test]
    fn a_picture_is_never_stretched_and_fills_where_that_costs_little() {
        for (picture, shape, expected) in [
            (size(160, 90), PortraitShape::Wide, Window { left: 0, top: 0, size: size(1_280, 720) }),
            (size(160, 100), PortraitShape::Wide, Window { left: 0, top: 0, size: size(1_280, 720) }),
            (size(60, 40), PortraitShape::Wide, Window { left: 100, top: 0, size: size(1_080, 720) }),
            (size(100, 100), PortraitShape::Tall, Window { left: 0, top: 280, size: size(720, 720) }),
            (size(900, 1), PortraitShape::Square, Window { left: 0, top: 478, size: size(960, 2) }),
        ] {
            assert_eq!(layer(picture, 255, shape).window, expected, "{picture}");
        }
    }

    #[test]
    fn a_picture_with_transparency_has_a_margin() {
        let layer = layer(size(160, 90), 200, PortraitShape::Wide);
        let (width, height) = sides(layer.size);
        let at = |x: usize, y: usize| layer.rgba[(y * width + x) * 4 + 3];
        assert_eq!((at(width / 2, height / 2), at(width / 2, height / 20), at(width / 20, height / 2)), (200, 0, 0));
        assert_eq!((at(width / 2, height * 76 / 100), at(width / 2, height * 80 / 100)), (200, 0));
        assert_eq!(layer.window.size, size(1_280, 720));
    }
}
