//! Black bars at the borders of the picture.

use crate::clean_plate::PlateSamples;
use crate::plane::Plane;
use crate::static_regions::BAR;

/// Largest luma and chroma of bars, and the least share of a row or column that must be so: codecs
/// leave ringing beside the picture. Units: of 255; share.
const BAR_LUMA_MAX: f32 = 10.0;
const BAR_CHROMA_MAX: f32 = 8.0;
const BAR_SHARE_MIN: f32 = 0.97;
/// Luma of a row or column beside a bar up to which it mixes both. Units: share of the next one's.
const MIXED_LUMA_MAX: f32 = 0.85;

/// Bars at the borders of the picture. Units: rows and columns of blocks, with the one beside the
/// bar, which mixes both.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bars {
    pub top: usize,
    pub bottom: usize,
    pub left: usize,
    pub right: usize,
}

impl Bars {
    /// The rows and columns at the picture's borders that are black in the mean of all samples;
    /// none where the whole picture is.
    pub fn find(plate_samples: &PlateSamples<'_>, columns: usize, rows: usize) -> Self {
        let count = plate_samples.samples.len() as f32;
        let mean = |index: usize| {
            let mut sums = [0.0; 3];
            for sample in plate_samples.samples {
                for (sum, value) in sums.iter_mut().zip(sample.at(index)) {
                    *sum += value;
                }
            }
            sums.map(|sum| sum / count)
        };
        let is_black = |index: usize| {
            let [y, cb, cr] = mean(index);
            y < BAR_LUMA_MAX && cb.abs() < BAR_CHROMA_MAX && cr.abs() < BAR_CHROMA_MAX
        };
        let is_bar = |black: usize, count: usize| black as f32 >= count as f32 * BAR_SHARE_MIN;
        let row_is_black = |row: &usize| is_bar((0..columns).filter(|column| is_black(row * columns + column)).count(), columns);
        let column_is_black = |column: &usize| is_bar((0..rows).filter(|row| is_black(row * columns + column)).count(), rows);
        let top = (0..rows).take_while(row_is_black).count();
        let left = (0..columns).take_while(column_is_black).count();
        if top == rows || left == columns {
            return Self::default();
        }
        let bottom = (0..rows).rev().take_while(row_is_black).count();
        let right = (0..columns).rev().take_while(column_is_black).count();
        // The block beside a bar may mix both: it is darker than the next one.
        let row_luma = |row: usize| (0..columns).map(|column| mean(row * columns + column)[0]).sum::<f32>();
        let column_luma = |column: usize| (0..rows).map(|row| mean(row * columns + column)[0]).sum::<f32>();
        let widened = |width: usize, luma: &dyn Fn(usize) -> f32, count: usize| {
            let is_mixed = width > 0 && width + 1 < count && luma(width) < luma(width + 1) * MIXED_LUMA_MAX;
            width + usize::from(is_mixed)
        };
        let (top, bottom) = (widened(top, &row_luma, rows), widened(bottom, &|row| row_luma(rows - 1 - row), rows));
        let left = widened(left, &column_luma, columns);
        let right = widened(right, &|column| column_luma(columns - 1 - column), columns);
        Self { top, bottom, left, right }
    }

    /// Labels them.
    pub fn mark(self, static_regions: &mut Plane<u8>) {
        let (columns, rows) = (static_regions.columns, static_regions.rows);
        for row in 0..rows {
            let is_bar = row < self.top || row + self.bottom >= rows;
            for (column, region) in static_regions.row_mut(row).iter_mut().enumerate() {
                if is_bar || column < self.left || column + self.right >= columns {
                    *region = BAR;
                }
            }
        }
    }
}
