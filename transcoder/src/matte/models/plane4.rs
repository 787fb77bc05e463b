//! A plane of four values per pixel, with box mean and bilinear sampling.

use rayon::prelude::*;
use shared::media::PixelSize;

use super::plane::source_position;
use crate::frame::pixels::sides;

/// Rows per work item: each starts by summing its window anew.
const STRIP_ROWS: usize = 64;

/// Four values per pixel, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Plane4 {
    /// Size of the plane.
    pub size: PixelSize,
    values: Vec<[f32; 4]>,
}

impl Plane4 {
    /// Computes the values of each pixel from its column and row.
    pub fn from_fn(size: PixelSize, value: impl Fn(usize, usize) -> [f32; 4] + Sync) -> Self {
        let (width, height) = sides(size);
        let mut values = vec![[0.0; 4]; width * height];
        values.par_chunks_mut(width.max(1)).enumerate().for_each(|(y, row)| {
            row.iter_mut().enumerate().for_each(|(x, out)| *out = value(x, y));
        });
        Self { size, values }
    }

    /// The values of a pixel, by index.
    pub fn at(&self, index: usize) -> [f32; 4] {
        self.values.get(index).copied().unwrap_or_default()
    }

    /// Mean over a window of `reach` pixels to each side, cut off at the border.
    pub fn box_mean(&self, reach: usize) -> Self {
        let (width, height) = sides(self.size);
        let mut across = vec![[0.0; 4]; self.values.len()];
        across
            .par_chunks_mut(width.max(1))
            .zip(self.values.par_chunks(width.max(1)))
            .for_each(|(out, row)| mean_row(row, reach, out));
        let mut values = vec![[0.0; 4]; self.values.len()];
        values.par_chunks_mut(width.max(1) * STRIP_ROWS).enumerate().for_each(|(strip, out)| {
            let first = strip * STRIP_ROWS;
            let row = |y: usize| &across[y * width..(y + 1) * width];
            let mut sums = vec![[0.0; 4]; width];
            let (mut from, mut to) = (first.saturating_sub(reach), first.saturating_sub(reach));
            for (y, out) in (first..).zip(out.chunks_exact_mut(width)) {
                while to < (y + reach + 1).min(height) {
                    sums.iter_mut().zip(row(to)).for_each(|(sum, value)| add(sum, value, 1.0));
                    to += 1;
                }
                while from + reach < y {
                    sums.iter_mut().zip(row(from)).for_each(|(sum, value)| add(sum, value, -1.0));
                    from += 1;
                }
                let share = share_of(to - from);
                out.iter_mut().zip(&sums).for_each(|(out, sum)| *out = sum.map(|sum| sum * share));
            }
        });
        Self { size: self.size, values }
    }

    /// Interpolates the row that belongs to row `y` of a picture of another height.
    pub fn row(&self, y: usize, height: u32) -> Vec<[f32; 4]> {
        let (width, rows) = sides(self.size);
        let (top, down) = source_position(y, height, self.size.height);
        let row = |y: isize| {
            let y = y.clamp(0, rows.cast_signed() - 1).cast_unsigned();
            &self.values[y * width..(y + 1) * width]
        };
        row(top).iter().zip(row(top + 1)).map(|(upper, lower)| lerp(upper, lower, down)).collect()
    }
}

/// Interpolates within a row; the left index may be −1.
pub fn sample(row: &[[f32; 4]], (left, across): (isize, f32)) -> [f32; 4] {
    let last = row.len().cast_signed() - 1;
    let value = |x: isize| row[x.clamp(0, last).cast_unsigned()];
    lerp(&value(left), &value(left + 1), across)
}

fn lerp(near: &[f32; 4], far: &[f32; 4], share: f32) -> [f32; 4] {
    [0, 1, 2, 3].map(|part| near[part] + (far[part] - near[part]) * share)
}

fn add(sum: &mut [f32; 4], value: &[f32; 4], sign: f32) {
    sum.iter_mut().zip(value).for_each(|(sum, value)| *sum += sign * value);
}

fn mean_row(row: &[[f32; 4]], reach: usize, out: &mut [[f32; 4]]) {
    let (mut sum, mut from, mut to) = ([0.0; 4], 0, 0);
    for (x, out) in out.iter_mut().enumerate() {
        while to < (x + reach + 1).min(row.len()) {
            add(&mut sum, &row[to], 1.0);
            to += 1;
        }
        while from + reach < x {
            add(&mut sum, &row[from], -1.0);
            from += 1;
        }
        let share = share_of(to - from);
        *out = sum.map(|sum| sum * share);
    }
}

#[expect(clippy::cast_precision_loss, reason = "a few neighbours")]
fn share_of(count: usize) -> f32 {
    1.0 / count.max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_is_that_of_the_neighbours_inside_the_plane() {
        let size = PixelSize { width: 4, height: 200 };
        let plane = Plane4::from_fn(size, |x, y| if x == 1 && y % 64 == 1 { [18.0, 9.0, 0.0, 0.0] } else { [0.0; 4] });
        let means = plane.box_mean(1);
        let firsts = |row: usize| (0..4).map(|x| means.at(row * 4 + x)[0].round()).collect::<Vec<_>>();
        // Six values at the border, nine inside; the same at the first row of another strip.
        assert_eq!(firsts(0), [5.0, 3.0, 3.0, 0.0]);
        assert_eq!(firsts(1), [3.0, 2.0, 2.0, 0.0]);
        assert_eq!(firsts(64), firsts(1));
        assert_eq!(firsts(3), [0.0; 4]);
        assert!((means.at(5)[1] - 1.0).abs() < 1e-5);
    }

    #[test]
    fn a_row_is_read_between_its_numbers() {
        let plane = Plane4::from_fn(PixelSize { width: 2, height: 2 }, |x, y| {
            [if x == 1 { 4.0 } else { 0.0 }, if y == 1 { 8.0 } else { 0.0 }, 0.0, 1.0]
        });
        let row = plane.row(1, 4);
        for (x, expected) in [(2, [3.0, 2.0, 0.0, 1.0]), (0, [0.0, 2.0, 0.0, 1.0])] {
            assert_eq!(sample(&row, source_position(x, 4, 2)).map(f32::to_bits), expected.map(f32::to_bits), "{x}");
        }
    }
}
