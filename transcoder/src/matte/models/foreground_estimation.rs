//! Foreground estimation: replaces the colour of partially transparent pixels by that of the
//! subject alone.
//!
//! Foreground and background are averaged locally with weights that favour certain pixels; then the
//! foreground is corrected so that the mixture is the observed colour. Source: Forte, "Approximate
//! Fast Foreground Colour Estimation", 2021.

use rayon::prelude::*;
use shared::media::PixelSize;

use super::plane::{Plane, source_position};
use super::plane4::{Plane4, sample};
use crate::frame::pixels::sides;
use keyer::color::byte;

/// Side of the cells in which colours are averaged.
const CELL_PX: u32 = 4;
/// The longer side of the picture, divided by the reach of the average.
const REACH_DIVISOR: u32 = 80;
/// Least weight of an average.
const WEIGHT_MIN: f32 = 1e-5;

/// Writes the matte into the frame's alpha, and foreground colours where alpha is partial.
pub fn apply(rgba: &mut [u8], alpha: &Plane) {
    let width = alpha.size.width as usize;
    let colors = alpha.values.par_iter().any(|alpha| is_partial(*alpha)).then(|| LocalColors::average(rgba, alpha));
    let rows = rgba.par_chunks_mut(width * 4).zip(alpha.values.par_chunks(width)).enumerate();
    rows.for_each(|(y, (row, alphas))| {
        if let Some(colors) = &colors
            && alphas.iter().any(|alpha| is_partial(*alpha))
        {
            colors.estimate_row(row, alphas, y);
        }
        for (pixel, alpha) in row.chunks_exact_mut(4).zip(alphas) {
            if let [.., code] = pixel {
                *code = byte(*alpha * 255.0);
            }
        }
    });
}

/// Local mean colours by cell: weighted red, green and blue, then the weight.
struct LocalColors {
    picture: PixelSize,
    subject: Plane4,
    background: Plane4,
}

impl LocalColors {
    fn average(rgba: &[u8], alpha: &Plane) -> Self {
        let picture = alpha.size;
        let cells = PixelSize { width: picture.width.div_ceil(CELL_PX), height: picture.height.div_ceil(CELL_PX) };
        let reach = (picture.width.max(picture.height) / REACH_DIVISOR / CELL_PX).max(2) as usize;
        let sums: Vec<[[f32; 4]; 2]> =
            (0..cells.height).into_par_iter().flat_map_iter(|row| sum_row(rgba, alpha, cells, row)).collect();
        let width = cells.width as usize;
        let [subject, background] = [0, 1].map(|kind| Plane4::from_fn(cells, |x, y| sums[y * width + x][kind]).box_mean(reach));
        Self { picture, subject, background }
    }

    fn estimate_row(&self, row: &mut [u8], alphas: &[f32], y: usize) {
        let (subjects, backgrounds) = (self.subject.row(y, self.picture.height), self.background.row(y, self.picture.height));
        for (x, (pixel, alpha)) in row.chunks_exact_mut(4).zip(alphas).enumerate().filter(|(_, (_, alpha))| is_partial(**alpha)) {
            let column = source_position(x, self.picture.width, self.subject.size.width);
            let (subject, background) = (sample(&subjects, column), sample(&backgrounds, column));
            // Without both kinds of pixels nearby the colour stays.
            if subject[3] <= WEIGHT_MIN || background[3] <= WEIGHT_MIN {
                continue;
            }
            for ((code, subject_sum), background_sum) in pixel.iter_mut().zip(subject).zip(background).take(3) {
                let (foreground, local_background) = (subject_sum / subject[3], background_sum / background[3]);
                let residual = f32::from(*code) - alpha * foreground - (1.0 - alpha) * local_background;
                *code = byte(foreground + alpha * residual);
            }
        }
    }
}

/// Sums one row of cells, for foreground and background. Weights are fourth powers, so that
/// mixtures hardly count.
fn sum_row(rgba: &[u8], alpha: &Plane, cells: PixelSize, row: u32) -> Vec<[[f32; 4]; 2]> {
    let (width, height) = sides(alpha.size);
    let cell_px = CELL_PX as usize;
    let mut sums = vec![[[0.0; 4]; 2]; cells.width as usize];
    let first = row as usize * cell_px;
    for y in first..(first + cell_px).min(height) {
        let pixels = rgba[y * width * 4..(y + 1) * width * 4].chunks(cell_px * 4);
        let alphas = alpha.values[y * width..(y + 1) * width].chunks(cell_px);
        for ((sums, pixels), alphas) in sums.iter_mut().zip(pixels).zip(alphas) {
            for (pixel, alpha) in pixels.chunks_exact(4).zip(alphas) {
                let [red, green, blue, _] = pixel else { continue };
                let color = [f32::from(*red), f32::from(*green), f32::from(*blue), 1.0];
                for (sums, weight) in sums.iter_mut().zip([alpha.powi(4), (1.0 - alpha).powi(4)]) {
                    sums.iter_mut().zip(color).for_each(|(sum, value)| *sum += weight * value);
                }
            }
        }
    }
    sums
}

/// Whether alpha rounds to neither 0 nor 255.
fn is_partial(alpha: f32) -> bool {
    (0.5 / 255.0..254.5 / 255.0).contains(&alpha)
}

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "sides are small")]
mod tests {
    use super::*;

    const SIZE: PixelSize = PixelSize { width: 96, height: 64 };
    const SUBJECT: [f32; 3] = [210.0, 160.0, 120.0];

    /// A subject to the right, over a background of two halves; soft over eight pixels.
    fn scene() -> (Vec<u8>, Plane) {
        let alpha = Plane::from_fn(SIZE, |x, _| ((x as f32 - 44.0) / 8.0).clamp(0.0, 1.0));
        let background = |y: usize| if y < 32 { [20.0, 90.0, 200.0] } else { [30.0, 120.0, 40.0] };
        let pixel = |x: usize, y: usize| {
            let alpha = alpha.values[y * 96 + x];
            let mixed = [0, 1, 2].map(|channel| byte(SUBJECT[channel] * alpha + background(y)[channel] * (1.0 - alpha)));
            [mixed[0], mixed[1], mixed[2], 255]
        };
        ((0..64).flat_map(|y| (0..96).flat_map(move |x| pixel(x, y)).collect::<Vec<_>>()).collect(), alpha.clone())
    }

    #[test]
    fn soft_edges_get_the_subjects_colour_and_the_rest_keeps_its_own() {
        let (before, alpha) = scene();
        let mut after = before.clone();
        apply(&mut after, &alpha);
        let error = |rgba: &[u8], of: &dyn Fn(f32) -> bool| {
            let pixels = rgba.chunks_exact(4).zip(&alpha.values).filter(|(_, alpha)| of(**alpha));
            let errors: Vec<f32> = pixels
                .map(|(pixel, alpha)| {
                    alpha * [0, 1, 2].map(|channel| (f32::from(pixel[channel]) - SUBJECT[channel]).abs()).iter().sum::<f32>()
                })
                .collect();
            errors.iter().sum::<f32>() / errors.len() as f32
        };
        let (mixed, unmixed) = (error(&before, &is_partial), error(&after, &is_partial));
        assert!(unmixed * 6.0 < mixed, "{unmixed} {mixed}");
        for ((before, after), alpha) in before.chunks_exact(4).zip(after.chunks_exact(4)).zip(&alpha.values) {
            assert_eq!(after[3], byte(alpha * 255.0));
            if !is_partial(*alpha) {
                assert_eq!(before[..3], after[..3]);
            }
        }
    }

    #[test]
    fn a_matte_without_certain_pixels_hardly_changes_colours() {
        let mut rgba = [120, 130, 140, 255].repeat(96 * 64);
        apply(&mut rgba, &Plane::from_fn(SIZE, |_, _| 0.5));
        assert!(rgba.chunks_exact(4).all(|pixel| pixel == [120, 130, 140, 128]));
    }
}
