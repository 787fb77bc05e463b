//! What is done to a whole composed frame: scale, pad, lay over a backdrop, stack. Straight RGBA in, packed bytes out.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeError, ResizeOptions, Resizer};
use rayon::prelude::*;
use shared::media::PixelSize;

use crate::error::{TaskError, TaskResult};

/// Side of a checkerboard's square.
/// Units: pixels.
const CHECKER_PX: usize = 16;
const CHECKER_BRIGHT: u8 = 204;
const CHECKER_DIM: u8 = 153;
const DARK: u8 = 24;
const LIGHT: u8 = 238;

/// What a preview shows behind the subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backdrop {
    /// What says "transparent".
    Checkerboard,
    /// Shows bright fringes.
    Dark,
    /// Shows dark fringes.
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

/// A part of a frame, in shares of its sides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// What lies left of it.
    pub left: f64,
    /// What lies above it.
    pub top: f64,
    /// Its own width.
    pub width: f64,
    /// Its own height.
    pub height: f64,
}

impl Part {
    /// All of it.
    pub const WHOLE: Self = Self { left: 0.0, top: 0.0, width: 1.0, height: 1.0 };
}

/// Scales through premultiplied alpha: colour that nobody sees must not bleed into colour that somebody does.
/// Where alpha comes out as 0 the colour is scaled as it stands, so that it still continues the subject's.
pub fn scale(rgba: &[u8], from: PixelSize, to: PixelSize) -> TaskResult<Vec<u8>> {
    scale_part(rgba, from, Part::WHOLE, to)
}

/// Scales a part of a frame as [`scale`] does.
pub fn scale_part(rgba: &[u8], from: PixelSize, part: Part, to: PixelSize) -> TaskResult<Vec<u8>> {
    let mut seen = resize(rgba, from, part, to, (FilterType::CatmullRom, true))?;
    if seen.iter().skip(3).step_by(4).all(|alpha| *alpha > 0) {
        return Ok(seen);
    }
    let unseen = resize(rgba, from, part, to, (FilterType::CatmullRom, false))?;
    for (pixel, straight) in seen.chunks_exact_mut(4).zip(unseen.chunks_exact(4)) {
        if let ([color @ .., 0], [straight @ .., _]) = (pixel, straight) {
            color.copy_from_slice(straight);
        }
    }
    Ok(seen)
}

/// Scales a part of what is opaque, or premultiplied.
pub fn scale_premultiplied(rgba: &[u8], from: PixelSize, part: Part, to: PixelSize) -> TaskResult<Vec<u8>> {
    resize(rgba, from, part, to, (FilterType::CatmullRom, false))
}

/// Scales opaque pixels without ringing or aliasing: models take either for an edge.
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

/// Repeats the last column and row: a transparent seam would show, a cropped one would lose picture.
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

/// The matte alone.
pub fn matte(rgba: &[u8]) -> Vec<u8> {
    let mut alpha = vec![0; rgba.len() / 4];
    alpha.par_chunks_mut(ROWLESS).zip(rgba.par_chunks(ROWLESS * 4)).for_each(|(alpha, rgba)| {
        for (value, pixel) in alpha.iter_mut().zip(rgba.chunks_exact(4)) {
            *value = pixel.last().copied().unwrap_or_default();
        }
    });
    alpha
}

/// Colour is kept for this far around what is seen: as far as filters and half-size chroma reach.
/// Units: pixels.
const FLAT_PX: usize = 16;
const FLAT: u8 = 128;
/// Work for one thread where rows do not matter.
/// Units: pixels.
const ROWLESS: usize = 1 << 16;

/// Greys what lies far from anything that is seen: there no encoder's blocks and no filter reach the subject, and what the
/// keyer made up costs bits. A third of ProRes's, a twentieth of VP9's.
pub fn flatten(rgba: &mut [u8], size: PixelSize) {
    let (width, height) = sides(size);
    let (columns, rows) = (width.div_ceil(FLAT_PX), height.div_ceil(FLAT_PX));
    let mut seen = vec![false; columns * rows];
    let bands = rgba.par_chunks(width * 4 * FLAT_PX);
    seen.par_chunks_mut(columns).zip(bands).for_each(|(seen, band)| {
        for row in band.chunks_exact(width * 4) {
            for (seen, cell) in seen.iter_mut().zip(row.chunks(FLAT_PX * 4)) {
                *seen |= cell.iter().skip(3).step_by(4).any(|alpha| *alpha > 0);
            }
        }
    });
    let near = |column: usize, row: usize| {
        let rows = row.saturating_sub(1)..(row + 2).min(rows);
        let columns_near = column.saturating_sub(1)..(column + 2).min(columns);
        rows.into_iter().any(|row| {
            seen.get(row * columns + columns_near.start..row * columns + columns_near.end)
                .is_some_and(|cells| cells.contains(&true))
        })
    };
    rgba.par_chunks_mut(width * 4 * FLAT_PX).enumerate().for_each(|(row, band)| {
        let far: Vec<bool> = (0..columns).map(|column| !near(column, row)).collect();
        for pixels in band.chunks_exact_mut(width * 4) {
            for (cell, _) in pixels.chunks_mut(FLAT_PX * 4).zip(&far).filter(|(_, far)| **far) {
                cell.chunks_exact_mut(4).for_each(|pixel| pixel.copy_from_slice(&[FLAT, FLAT, FLAT, 0]));
            }
        }
    });
}

/// RGB over a backdrop, as browsers blend: on the encoded values.
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

/// RGB over black.
pub fn opaque(rgba: &[u8]) -> Vec<u8> {
    let mut rgb = vec![0; rgba.len() / 4 * 3];
    rgb.par_chunks_mut(ROWLESS * 3).zip(rgba.par_chunks(ROWLESS * 4)).for_each(|(rgb, rgba)| {
        for (out, pixel) in rgb.chunks_exact_mut(3).zip(rgba.chunks_exact(4)) {
            blend(out, pixel, [0; 3]);
        }
    });
    rgb
}

/// Fills what is clear, as browsers blend; nothing is clear any more.
pub fn fill(rgba: &mut [u8], color: [u8; 3]) {
    rgba.par_chunks_mut(ROWLESS * 4).for_each(|rgba| {
        for pixel in rgba.chunks_exact_mut(4) {
            let mut filled = [0, 0, 0, u8::MAX];
            blend(&mut filled, pixel, color);
            pixel.copy_from_slice(&filled);
        }
    });
}

/// Puts an RGB picture of the same size behind what is clear, as browsers blend; nothing is clear any more.
pub fn back(rgba: &mut [u8], picture: &[u8]) {
    rgba.par_chunks_mut(ROWLESS * 4).zip(picture.par_chunks(ROWLESS * 3)).for_each(|(rgba, picture)| {
        for (pixel, behind) in rgba.chunks_exact_mut(4).zip(picture.as_chunks::<3>().0) {
            let mut filled = [0, 0, 0, u8::MAX];
            blend(&mut filled, pixel, *behind);
            pixel.copy_from_slice(&filled);
        }
    });
}

/// Blends a row over one in which nothing is clear.
pub fn blend_row(opaque: &mut [u8], rgba: &[u8]) {
    for (out, pixel) in opaque.as_chunks_mut::<4>().0.iter_mut().zip(rgba.chunks_exact(4)) {
        let [red, green, blue, _] = *out;
        blend(out, pixel, [red, green, blue]);
    }
}

/// RGB, twice as high: the colour above, the matte as grey below. The colour stays straight and goes on where nothing is seen:
/// premultiplied, its edges and the matte's would be coded apart, and where they disagree, hair sparkles.
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

fn blend(out: &mut [u8], pixel: &[u8], behind: [u8; 3]) {
    let [color @ .., alpha] = pixel else { return };
    let alpha = u16::from(*alpha);
    for ((out, channel), behind) in out.iter_mut().zip(color).zip(behind) {
        let sum = u16::from(*channel) * alpha + u16::from(behind) * (255 - alpha);
        *out = u8::try_from((sum + 127) / 255).unwrap_or(u8::MAX);
    }
}

/// As lengths of slices.
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
    fn scaling_leaves_no_halo_and_unseen_colour_goes_on() {
        // White where it is seen, black where it is not, red far out where nothing is seen.
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
    fn only_what_is_far_from_everything_seen_is_greyed() {
        let mut frame: Vec<u8> = [10, 20, 30, 0].repeat(70 * 50);
        frame[(20 * 70 + 66) * 4 + 3] = 1;
        let before = frame.clone();
        flatten(&mut frame, size(70, 50));
        let far = |index: usize| index % 70 < 48 || index / 70 >= 48;
        for (index, (pixel, before)) in frame.chunks_exact(4).zip(before.chunks_exact(4)).enumerate() {
            assert_eq!(pixel, if far(index) { &[FLAT, FLAT, FLAT, 0] } else { before }, "{index}");
        }
    }

    #[test]
    fn a_half_clear_pixel_lies_halfway_to_what_is_behind() {
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
