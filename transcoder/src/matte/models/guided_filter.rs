//! Upsamples a small matte with the frame as guide, so that its edges follow those of the frame.
//!
//! Alpha is modelled as a linear function of colour in each window; the coefficients are fitted at
//! the small size and sampled at the large one.
//! Source: He and Sun, "Fast Guided Filter", 2015; He, Sun and Tang, "Guided Image Filtering",
//! 2013, equations 19 and 20.

use rayon::prelude::*;
use shared::media::PixelSize;

use super::plane::{Plane, source_position};
use super::plane4::{Plane4, sample};

/// Reach of a window at the small size.
/// Units: pixels.
const REACH_PX: usize = 3;
/// Regularisation, ε of the paper; channels are 0 to 1.
const EPSILON: f32 = 1e-4;

/// Upsamples a matte to the size of the frame `rgba`. `small` is the frame in the matte's size.
pub fn refine(matte: &Plane, small: &[u8], rgba: &[u8], size: PixelSize) -> Plane {
    let coefficients = fit(matte, small);
    let width = size.width as usize;
    let columns: Vec<(isize, f32)> = (0..width).map(|x| source_position(x, size.width, matte.size.width)).collect();
    let mut values = vec![0.0; rgba.len() / 4];
    values.par_chunks_mut(width).zip(rgba.par_chunks(width * 4)).enumerate().for_each(|(y, (out, pixels))| {
        let row = coefficients.row(y, size.height);
        for ((out, pixel), column) in out.iter_mut().zip(pixels.chunks_exact(4)).zip(&columns) {
            let [red, green, blue, offset] = sample(&row, *column);
            let [r, g, b] = color(pixel);
            *out = (red * r + green * g + blue * b + offset).clamp(0.0, 1.0);
        }
    });
    Plane { size, values }
}

/// Red, green and blue from 0 to 1.
fn color(pixel: &[u8]) -> [f32; 3] {
    match pixel {
        [red, green, blue, ..] => [*red, *green, *blue].map(|code| f32::from(code) * (1.0 / 255.0)),
        _ => [0.0; 3],
    }
}

/// Fits alpha = a · colour + b in each window; returns the three components of a, then b.
fn fit(matte: &Plane, small: &[u8]) -> Plane4 {
    let size = matte.size;
    let width = size.width as usize;
    let color_and_alpha = |x: usize, y: usize| {
        let index = y * width + x;
        (color(&small[index * 4..]), matte.values[index])
    };
    let mean_of = |value: &(dyn Fn([f32; 3], f32) -> [f32; 4] + Sync)| {
        let products = Plane4::from_fn(size, |x, y| {
            let (color, alpha) = color_and_alpha(x, y);
            value(color, alpha)
        });
        products.box_mean(REACH_PX)
    };
    let means = mean_of(&|[r, g, b], alpha| [r, g, b, alpha]);
    let with_alpha = mean_of(&|[r, g, b], alpha| [r * alpha, g * alpha, b * alpha, g * b]);
    let with_color = mean_of(&|[r, g, b], _| [r * r, r * g, r * b, g * g]);
    let with_blue = mean_of(&|[_, _, b], _| [b * b, 0.0, 0.0, 0.0]);
    let coefficients = Plane4::from_fn(size, |x, y| {
        let index = y * width + x;
        let [r, g, b, alpha] = means.at(index);
        let ([ra, ga, ba, gb], [rr, rg, rb, gg], [bb, ..]) = (with_alpha.at(index), with_color.at(index), with_blue.at(index));
        let matrix = [
            [rr - r * r + EPSILON, rg - r * g, rb - r * b],
            [rg - r * g, gg - g * g + EPSILON, gb - g * b],
            [rb - r * b, gb - g * b, bb - b * b + EPSILON],
        ];
        let [slope_r, slope_g, slope_b] = solve(matrix, [ra - r * alpha, ga - g * alpha, ba - b * alpha]);
        [slope_r, slope_g, slope_b, alpha - slope_r * r - slope_g * g - slope_b * b]
    });
    coefficients.box_mean(REACH_PX)
}

/// Cramer's rule; the regularised matrix is invertible.
fn solve([a, b, c]: [[f32; 3]; 3], right: [f32; 3]) -> [f32; 3] {
    let cross = |u: [f32; 3], v: [f32; 3]| [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
    let dot = |u: [f32; 3], v: [f32; 3]| u.iter().zip(v).map(|(u, v)| u * v).sum::<f32>();
    // Symmetric: rows are columns.
    let determinant = dot(a, cross(b, c)).max(EPSILON.powi(3) * 0.5);
    [dot(right, cross(b, c)), dot(a, cross(right, c)), dot(a, cross(b, right))].map(|value| value / determinant)
}

#[cfg(test)]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sides are small, and codes lie within a byte"
)]
mod tests {
    use super::*;
    use crate::frame::pixels::scale_opaque;

    #[test]
    fn an_edge_that_the_small_matte_blurs_is_found_again_in_the_picture() {
        let (small_size, size) = (PixelSize { width: 40, height: 24 }, PixelSize { width: 320, height: 192 });
        // A red subject before blue, parted by a slanted line with a soft edge of three pixels.
        let truth = |x: usize, y: usize| ((x as f32 - 120.0 - y as f32 * 0.3) / 3.0).clamp(0.0, 1.0);
        let mix =
            |alpha: f32| [(200.0 * alpha + 20.0 * (1.0 - alpha)) as u8, 40, (30.0 * alpha + 160.0 * (1.0 - alpha)) as u8, 255];
        let rgba: Vec<u8> = (0..192).flat_map(|y| (0..320).flat_map(move |x| mix(truth(x, y)))).collect();
        let small = scale_opaque(&rgba, size, small_size).unwrap();
        let matte = Plane::from_fn(small_size, |x, y| {
            (0..64).map(|index| truth(x * 8 + index % 8, y * 8 + index / 8)).sum::<f32>() / 64.0
        });
        let error = |alpha: &dyn Fn(usize, usize) -> f32| {
            let all = (0..192).flat_map(|y| (0..320).map(move |x| (x, y)));
            all.map(|(x, y)| (alpha(x, y) - truth(x, y)).powi(2)).sum::<f32>() / (192.0 * 320.0)
        };
        let refined = refine(&matte, &small, &rgba, size);
        let plain = error(&|x, y| matte.values[y / 8 * 40 + x / 8]);
        let guided = error(&|x, y| refined.values[y * 320 + x]);
        assert!(guided * 20.0 < plain, "{guided} {plain}");
    }

    #[test]
    fn where_the_picture_is_flat_the_matte_stays_as_it_is() {
        let (small_size, size) = (PixelSize { width: 16, height: 16 }, PixelSize { width: 32, height: 32 });
        let matte = Plane::from_fn(small_size, |_, _| 0.25);
        let refined = refine(&matte, &[90; 16 * 16 * 4], &[90; 32 * 32 * 4], size);
        assert!(refined.values.iter().all(|alpha| (alpha - 0.25).abs() < 1e-4));
    }
}
