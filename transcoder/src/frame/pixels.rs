//! Operations on whole frames of straight RGBA: scale, pad, blend over a background, stack, flatten
//! transparent pixels.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeError, ResizeOptions, Resizer};
use rayon::prelude::*;
use shared::media::PixelSize;

use crate::error::{TaskError, TaskResult};

/// Side of a square of the checkerboard.
/// Units: pixels.
const CHECKER_PX: usize = 16;
const CHECKER_BRIGHT: u8 = 204;
const CHECKER_DIM: u8 = 153;
const DARK: u8 = 24;
const LIGHT: u8 = 238;

/// Backdrop of a preview.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backdrop {
    /// The usual sign for transparency.
    Checkerboard,
    /// Nearly black: shows bright fringes.
    Dark,
    /// Nearly white: shows dark fringes.
    Light,
}

impl Backdrop {
    const fn at(self, x: usize, y: usize) -> u8 {
        match self {
            Self::Checkerboard if (x / CHECKER_PX + y / CHECKER_PX).is_multiple_of(2) => CHECKER_BRIGHT,
            Self::Checkerboard => CHECKER_DIM,
            Self::Dark => DARK,
            Self::Light => LIGHT,
        }
    }
}

/// A rectangle of a frame, in shares of its sides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// Left edge.
    pub left: f64,
    /// Upper edge.
    pub top: f64,
    /// Width.
    pub width: f64,
    /// Its own height.
    pub height: f64,
}

impl Part {
    /// The whole frame.
    pub const WHOLE: Self = Self { left: 0.0, top: 0.0, width: 1.0, height: 1.0 };
}

/// Scales with premultiplied alpha, so that colours of transparent pixels do not bleed into visible
/// ones. Where alpha becomes 0, colour is scaled straight, so that it still continues the
/// subject's.
pub fn scale(rgba: &[u8], from: PixelSize, to: PixelSize) -> TaskResult<Vec<u8>> {
    scale_part(rgba, from, Part::WHOLE, to)
}

/// Scales a rectangle of a frame as [`scale`] does.
pub fn scale_part(rgba: &[u8], from: PixelSize, part: Part, to: PixelSize) -> TaskResult<Vec<u8>> {
    let mut visible = resize(rgba, from, part, to, (FilterType::CatmullRom, true))?;
    if visible.iter().skip(3).step_by(4).all(|alpha| *alpha > 0) {
        return Ok(visible);
    }
    let straight_scaled = resize(rgba, from, part, to, (FilterType::CatmullRom, false))?;
    for (pixel, straight) in visible.chunks_exact_mut(4).zip(straight_scaled.chunks_exact(4)) {
        if let ([color @ .., 0], [straight @ .., _]) = (pixel, straight) {
            color.copy_from_slice(straight);
        }
    }
    Ok(visible)
}

/// Scales a rectangle of a frame that is opaque or premultiplied.
pub fn scale_premultiplied(rgba: &[u8], from: PixelSize, part: Part, to: PixelSize) -> TaskResult<Vec<u8>> {
    resize(rgba, from, part, to, (FilterType::CatmullRom, false))
}

/// Scales an opaque frame without ringing or aliasing, which models would take for edges.
pub fn scale_opaque(rgba: &[u8], from: PixelSize, to: PixelSize) -> TaskResult<Vec<u8>> {
    resize(rgba, from, Part::WHOLE, to, (FilterType::Bilinear, false))
}

fn resize(
    rgba: &[u8],
    from: PixelSize,
    part: Part,
    to: PixelSize,
    (filter, premultiply): (FilterType, bool),
) -> TaskResult<Vec<u8>> {
    let refused = |error: &dyn std::fmt::Display| TaskError::Transient(format!("scaling a frame: {error}"));
    let source = ImageRef::new(from.width, from.height, rgba, PixelType::U8x4).map_err(|error| refused(&error))?;
    let mut scaled = Image::new(to.width, to.height, PixelType::U8x4);
    let (width, height) = (f64::from(from.width), f64::from(from.height));
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter)).use_alpha(premultiply).crop(
        part.left * width,
        part.top * height,
        part.width * width,
        part.height * height,
    );
    Resizer::new().resize(&source, &mut scaled, &options).map_err(|error: ResizeError| refused(&error))?;
    Ok(scaled.into_vec())
}

/// Pads a frame by repeating the last column and row: transparent padding would be visible,
/// cropping would lose pixels.
pub fn pad<const N: usize>(pixels: &[u8], size: PixelSize, padded: PixelSize) -> Vec<u8> {
    let (width, _) = sides(size);
    let (padded_width, padded_height) = sides(padded);
    let mut out = Vec::with_capacity(padded_width * padded_height * N);
    for row in pixels.chunks_exact(width * N) {
        out.extend_from_slice(row);
        let last = row.last_chunk::<N>().copied().unwrap_or([0; N]);
        out.extend(last.iter().cycle().take((padded_width - width) * N));
    }
    let last_row = out.len().saturating_sub(padded_width * N);
    while out.len() < padded_width * padded_height * N {
        out.extend_from_within(last_row..last_row + padded_width * N);
    }
    out
}

/// Extracts alpha.
pub fn matte(rgba: &[u8]) -> Vec<u8> {
    let mut alpha = vec![0; rgba.len() / 4];
    alpha.par_chunks_mut(CHUNK_PX).zip(rgba.par_chunks(CHUNK_PX * 4)).for_each(|(alpha, rgba)| {
        for (value, pixel) in alpha.iter_mut().zip(rgba.chunks_exact(4)) {
            *value = pixel.last().copied().unwrap_or_default();
        }
    });
    alpha
}

/// Colour is kept this far around visible pixels: the reach of filters and chroma subsampling.
/// Units: pixels.
const FLATTEN_CELL_PX: usize = 16;
const FLAT_GREY: u8 = 128;
/// Pixels per work item of the thread pool, where rows do not matter.
/// Units: pixels.
const CHUNK_PX: usize = 1 << 16;

/// Sets transparent pixels far from visible ones to grey: no encoder block or filter reaches the
/// subject from there, and the colours that the keyer made up cost bits, a third of ProRes's and a
/// twentieth of VP9's.
pub fn flatten(rgba: &mut [u8], size: PixelSize) {
    let (width, height) = sides(size);
    let (columns, rows) = (width.div_ceil(FLATTEN_CELL_PX), height.div_ceil(FLATTEN_CELL_PX));
    let mut visible = vec![false; columns * rows];
    let bands = rgba.par_chunks(width * 4 * FLATTEN_CELL_PX);
    visible.par_chunks_mut(columns).zip(bands).for_each(|(visible, band)| {
        for row in band.chunks_exact(width * 4) {
            for (visible, cell) in visible.iter_mut().zip(row.chunks(FLATTEN_CELL_PX * 4)) {
                *visible |= cell.iter().skip(3).step_by(4).any(|alpha| *alpha > 0);
            }
        }
    });
    let near = |column: usize, row: usize| {
        let rows = row.saturating_sub(1)..(row + 2).min(rows);
        let columns_near = column.saturating_sub(1)..(column + 2).min(columns);
        rows.into_iter().any(|row| {
            visible
                .get(row * columns + columns_near.start..row * columns + columns_near.end)
                .is_some_and(|cells| cells.contains(&true))
        })
    };
    rgba.par_chunks_mut(width * 4 * FLATTEN_CELL_PX).enumerate().for_each(|(row, band)| {
        let far: Vec<bool> = (0..columns).map(|column| !near(column, row)).collect();
        for pixels in band.chunks_exact_mut(width * 4) {
            for (cell, _) in pixels.chunks_mut(FLATTEN_CELL_PX * 4).zip(&far).filter(|(_, far)| **far) {
                cell.chunks_exact_mut(4).for_each(|pixel| pixel.copy_from_slice(&[FLAT_GREY, FLAT_GREY, FLAT_GREY, 0]));
            }
        }
    });
}

/// Blends over a backdrop on gamma-coded values, as browsers do; returns RGB.
pub fn over(rgba: &[u8], size: PixelSize, backdrop: Backdrop) -> Vec<u8> {
    let (width, height) = sides(size);
    let mut rgb = vec![0; width * height * 3];
    rgb.par_chunks_mut(width * 3).zip(rgba.par_chunks(width * 4)).enumerate().for_each(|(y, (rgb, rgba))| {
        for (x, (out, pixel)) in rgb.chunks_exact_mut(3).zip(rgba.chunks_exact(4)).enumerate() {
            blend(out, pixel, [backdrop.at(x, y); 3]);
        }
    });
    rgb
}

/// Blends over black; returns RGB.
pub fn opaque(rgba: &[u8]) -> Vec<u8> {
    let mut rgb = vec![0; rgba.len() / 4 * 3];
    rgb.par_chunks_mut(CHUNK_PX * 3).zip(rgba.par_chunks(CHUNK_PX * 4)).for_each(|(rgb, rgba)| {
        for (out, pixel) in rgb.chunks_exact_mut(3).zip(rgba.chunks_exact(4)) {
            blend(out, pixel, [0; 3]);
        }
    });
    rgb
}

/// Blends over a colour, as browsers do; the frame becomes opaque.
pub fn fill(rgba: &mut [u8], color: [u8; 3]) {
    rgba.par_chunks_mut(CHUNK_PX * 4).for_each(|rgba| {
        for pixel in rgba.chunks_exact_mut(4) {
            let mut filled = [0, 0, 0, u8::MAX];
            blend(&mut filled, pixel, color);
            pixel.copy_from_slice(&filled);
        }
    });
}

/// Blends over an RGB picture of the same size, as browsers do; the frame becomes opaque.
pub fn back(rgba: &mut [u8], picture: &[u8]) {
    rgba.par_chunks_mut(CHUNK_PX * 4).zip(picture.par_chunks(CHUNK_PX * 3)).for_each(|(rgba, picture)| {
        for (pixel, background) in rgba.chunks_exact_mut(4).zip(picture.as_chunks::<3>().0) {
            let mut filled = [0, 0, 0, u8::MAX];
            blend(&mut filled, pixel, *background);
            pixel.copy_from_slice(&filled);
        }
    });
}

/// Blends a row over an opaque one.
pub fn blend_row(opaque: &mut [u8], rgba: &[u8]) {
    for (out, pixel) in opaque.as_chunks_mut::<4>().0.iter_mut().zip(rgba.chunks_exact(4)) {
        let [red, green, blue, _] = *out;
        blend(out, pixel, [red, green, blue]);
    }
}

/// Returns RGB of twice the height: colour above, matte as grey below. Colour stays straight and
/// continues into transparent pixels: with premultiplied colour, coding errors of its edges and the
/// matte's would differ, and hair would sparkle.
pub fn stack(rgba: &[u8], size: PixelSize) -> Vec<u8> {
    let (width, height) = sides(size);
    let mut rgb = vec![0; width * height * 6];
    let (color, grey) = rgb.split_at_mut(width * height * 3);
    let rows = color.par_chunks_mut(width * 3).zip(grey.par_chunks_mut(width * 3)).zip(rgba.par_chunks(width * 4));
    rows.for_each(|((color, grey), rgba)| {
        for ((color, grey), pixel) in color.chunks_exact_mut(3).zip(grey.chunks_exact_mut(3)).zip(rgba.chunks_exact(4)) {
            if let [straight @ .., alpha] = pixel {
                color.copy_from_slice(straight);
                grey.fill(*alpha);
            }
        }
    });
    rgb
}

fn blend(out: &mut [u8], pixel: &[u8], background: [u8; 3]) {
    let [color @ .., alpha] = pixel else { return };
    let alpha = u16::from(*alpha);
    for ((out, channel), background) in out.iter_mut().zip(color).zip(background) {
        let sum = u16::from(*channel) * alpha + u16::from(background) * (255 - alpha);
        *out = u8::try_from((sum + 127) / 255).unwrap_or(u8::MAX);
    }
}

/// Width and height as `usize`.
pub const fn sides(size: PixelSize) -> (usize, usize) {
    (size.width as usize, size.height as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn size(width: u32, height: u32) -> PixelSize {
        PixelSize { width, height }
    }

    #[test]
    fn odd_sides_are_padded_with_their_last_pixels() {
        let row = [[1; 4], [2; 4], [3; 4]].concat();
        let expected = [[1; 4], [2; 4], [3; 4], [3; 4]].concat();
        assert_eq!(pad::<4>(&row, size(3, 1), size(4, 2)), [expected.clone(), expected].concat());
        assert_eq!(pad::<4>(&row, size(3, 1), size(3, 1)), row);
    }

    #[test]
    fn scaling_leaves_no_halo_and_transparent_colour_continues() {
        // White where visible, black where transparent, red far from visible pixels.
        let pixel = |x: u32| match x {
            0..20 => [255, 255, 255, 255],
            20..40 => [0, 0, 0, 0],
            _ => [200, 0, 0, 0],
        };
        let frame: Vec<u8> = (0..64).flat_map(|_| (0..64).flat_map(pixel)).collect();
        let scaled = scale(&frame, size(64, 64), size(23, 23)).unwrap();
        let soft = scaled.chunks_exact(4).filter(|pixel| (1..255).contains(&pixel[3])).count();
        assert!(soft > 0);
        for pixel in scaled.chunks_exact(4) {
            assert!(pixel[3] == 0 || pixel[..3] == [255; 3], "{pixel:?}");
        }
        assert_eq!(scaled[22 * 4..23 * 4], [200, 0, 0, 0]);
    }

    #[test]
    fn only_pixels_far_from_visible_ones_are_greyed() {
        let mut frame: Vec<u8> = [10, 20, 30, 0].repeat(70 * 50);
        frame[(20 * 70 + 66) * 4 + 3] = 1;
        let before = frame.clone();
        flatten(&mut frame, size(70, 50));
        let far = |index: usize| index % 70 < 48 || index / 70 >= 48;
        for (index, (pixel, before)) in frame.chunks_exact(4).zip(before.chunks_exact(4)).enumerate() {
            assert_eq!(pixel, if far(index) { &[FLAT_GREY, FLAT_GREY, FLAT_GREY, 0] } else { before }, "{index}");
        }
    }

    #[test]
    fn a_half_transparent_pixel_lies_halfway_to_the_background() {
        let pixel = [200, 100, 0, 128];
        assert_eq!(over(&pixel, size(1, 1), Backdrop::Dark), [112, 62, 12]);
        assert_eq!(stack(&pixel, size(1, 1)), [200, 100, 0, 128, 128, 128]);
        assert_eq!(matte(&pixel), [128]);
        assert_eq!(opaque(&pixel), [100, 50, 0]);
        let mut filled = pixel;
        fill(&mut filled, [0, 255, 40]);
        assert_eq!(filled, [100, 177, 20, 255]);
    }

    #[test]
    fn squares_of_a_checkerboard_alternate() {
        let clear = vec![0; 40 * 40 * 4];
        let shown = over(&clear, size(40, 40), Backdrop::Checkerboard);
        assert_eq!((shown[0], shown[16 * 3], shown[16 * 40 * 3]), (CHECKER_BRIGHT, CHECKER_DIM, CHECKER_DIM));
    }
}
