//! A frame as blocks, a block being the pixels that share a chroma sample, each compared with the
//! clean plate.

#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]

use rayon::prelude::*;

use super::byte_filters::BAND;
use super::foreground_model::{ForegroundModel, length};
use super::screen_distance::ScreenDistance;
use super::screen_space::{ScreenSpace, Ypq};
use crate::matte::coarse_map::CoarseMap;
use ::keyer::color::byte;
use ::keyer::planar::{PlanarFormat, read_row};

/// The value of alpha 1 in the byte planes.
pub const OPAQUE: u8 = 200;
/// Alpha that may be noise, in the same steps.
const NEARLY_CLEAR_ALPHA_MAX: u8 = OPAQUE / 8;
/// Steps of the stored distance per unit.
pub const DISTANCE_STEPS: f32 = 4.0;
/// A block nearer to the screen has alpha 0.
const DISTANCE_FOREGROUND_MIN: f32 = 9.0;

/// One frame, planes of one value per block.
#[derive(Debug)]
pub struct Blocks {
    pub columns: usize,
    pub rows: usize,
    /// Colour of the block minus colour of the plate, a plane per channel of [`Ypq`].
    pub difference: [Vec<f32>; 3],
    /// Squared distance from the plate in standard deviations of its noise, in `DISTANCE_STEPS`,
    /// saturated at 255.
    pub distance: Vec<u8>,
    /// Coarse alpha by the foreground model. `OPAQUE` is 1; up to 255, since a colour may lie
    /// beyond the model's.
    pub alpha: Vec<u8>,
    /// Coarse alpha by hue alone, in the same steps: no spill or mixture with the screen turns the
    /// hue.
    pub hue_alpha: Vec<u8>,
    bands: Vec<RowBuffers>,
}

/// Scratch memory of one band of rows.
#[derive(Debug, Clone)]
struct RowBuffers {
    screen: [Vec<f32>; 3],
    luma: [Vec<f32>; 2],
}

/// The part of the clean plate that a frame is compared with.
#[derive(Debug, Clone, Copy)]
pub struct PlateView<'a> {
    pub colors: &'a CoarseMap,
    pub metric: &'a ScreenDistance,
}

impl Blocks {
    pub fn new(format: &PlanarFormat) -> Self {
        let (columns, rows) = (format.columns(), format.rows());
        let (plane, bytes) = (vec![0.0; columns * rows], vec![0; columns * rows]);
        let row = vec![0.0; columns];
        let luma = vec![0.0; format.width];
        let band = RowBuffers { screen: [row.clone(), row.clone(), row], luma: [luma.clone(), luma] };
        Self {
            columns,
            rows,
            difference: [plane.clone(), plane.clone(), plane],
            distance: bytes.clone(),
            alpha: bytes.clone(),
            hue_alpha: bytes,
            bands: vec![band; rows.div_ceil(BAND)],
        }
    }

    /// Reads a frame and compares it with the plate.
    pub fn read(
        &mut self,
        format: &PlanarFormat,
        space: &ScreenSpace,
        frame: &[u8],
        plate: PlateView<'_>,
        foreground_model: &ForegroundModel,
    ) {
        let planes = format.planes(frame);
        let columns = self.columns;
        let size = columns * BAND;
        let [y, p, q] = &mut self.difference;
        let difference = y.par_chunks_mut(size).zip(p.par_chunks_mut(size)).zip(q.par_chunks_mut(size));
        let bytes =
            self.distance.par_chunks_mut(size).zip(self.alpha.par_chunks_mut(size)).zip(self.hue_alpha.par_chunks_mut(size));
        difference.zip(bytes).zip(&mut self.bands).enumerate().for_each(
            |(band, ((((y, p), q), ((distance, alpha), hue_alpha)), rows))| {
                let difference = y.chunks_exact_mut(columns).zip(p.chunks_exact_mut(columns)).zip(q.chunks_exact_mut(columns));
                let bytes = distance
                    .chunks_exact_mut(columns)
                    .zip(alpha.chunks_exact_mut(columns))
                    .zip(hue_alpha.chunks_exact_mut(columns));
                for (row, (((y, p), q), ((distance, alpha), hue_alpha))) in difference.zip(bytes).enumerate() {
                    let row = band * BAND + row;
                    read_blocks(format, space, planes, row, &mut rows.luma, [&mut *y, &mut *p, &mut *q]);
                    plate.colors.write_row(row, &mut rows.screen);
                    for (difference, screen) in [&mut *y, &mut *p, &mut *q].into_iter().zip(&rows.screen) {
                        for (difference, screen) in difference.iter_mut().zip(screen) {
                            *difference -= screen;
                        }
                    }
                    write_distances(plate.metric, [y, p, q], distance);
                    write_alphas(foreground_model, [y, p, q], distance, &rows.screen[1], alpha, hue_alpha);
                }
            },
        );
    }

    /// Whether the given blocks of a row, and those two rows above and below, are nearly clear.
    pub fn is_nearly_clear(&self, row: usize, columns: std::ops::Range<usize>) -> bool {
        [row.saturating_sub(2), row, (row + 2).min(self.rows - 1)].iter().all(|row| {
            let start = row * self.columns;
            self.alpha[start + columns.start..start + columns.end].iter().all(|alpha| *alpha <= NEARLY_CLEAR_ALPHA_MAX)
        })
    }

    /// Colour of one block minus colour of the plate.
    pub fn difference_at(&self, index: usize) -> Ypq {
        [self.difference[0][index], self.difference[1][index], self.difference[2][index]]
    }
}

/// Reads one row of blocks: mean luma, and chroma in the space of the screen.
fn read_blocks(
    format: &PlanarFormat,
    space: &ScreenSpace,
    [luma, cb, cr]: [&[u8]; 3],
    row: usize,
    [upper, lower]: &mut [Vec<f32>; 2],
    [y, p, q]: [&mut [f32]; 3],
) {
    let (columns, size) = (y.len(), format.sample_size_bytes());
    let top = row * format.down;
    let bottom = (top + format.down - 1).min(format.height - 1);
    if size == 1 && format.across == 2 && format.width.is_multiple_of(2) {
        let (gain, offset) = format.luma_scale();
        let (upper, lower) = (&luma[top * format.width..][..format.width], &luma[bottom * format.width..][..format.width]);
        for ((y, upper), lower) in y.iter_mut().zip(upper.as_chunks::<2>().0).zip(lower.as_chunks::<2>().0) {
            let (upper, lower) = (u16::from_le_bytes(*upper), u16::from_le_bytes(*lower));
            let sum = (upper & 255) + (upper >> 8) + (lower & 255) + (lower >> 8);
            *y = f32::from(sum) * (gain * 0.25) + offset;
        }
    } else {
        read_row(luma, format.width, top, size, upper, format.luma_scale());
        read_row(luma, format.width, bottom, size, lower, format.luma_scale());
        for (column, y) in y.iter_mut().enumerate() {
            let (left, right) = (column * format.across, (column * format.across + format.across - 1).min(format.width - 1));
            *y = (upper[left] + upper[right] + lower[left] + lower[right]) * 0.25;
        }
    }
    read_row(cb, columns, row, size, p, format.chroma_scale());
    read_row(cr, columns, row, size, q, format.chroma_scale());
    let [across, along] = space.hue;
    for (p, q) in p.iter_mut().zip(q.iter_mut()) {
        let (cb, cr) = (*p, *q);
        *p = cb * across + cr * along;
        *q = cr * across - cb * along;
    }
}

fn write_distances(metric: &ScreenDistance, [y, p, q]: [&[f32]; 3], distance: &mut [u8]) {
    for (((y, p), q), distance) in y.iter().zip(p).zip(q).zip(distance) {
        *distance = byte(metric.distance([*y, *p, *q]) * DISTANCE_STEPS);
    }
}

fn write_alphas(
    foreground_model: &ForegroundModel,
    [y, p, q]: [&[f32]; 3],
    distance: &[u8],
    screen: &[f32],
    alpha: &mut [u8],
    hue_alpha: &mut [u8],
) {
    alpha.fill(0);
    hue_alpha.fill(0);
    let foreground_min = (DISTANCE_FOREGROUND_MIN * DISTANCE_STEPS) as u8;
    for (column, distance) in distance.iter().enumerate() {
        if *distance >= foreground_min {
            let difference = [y[column], p[column], q[column]];
            let opaque = f32::from(OPAQUE);
            alpha[column] = (length(difference) * foreground_model.nearest_scale(difference) * opaque).min(255.0) as u8;
            hue_alpha[column] = ((difference[2].abs() - difference[1]) / screen[column] * opaque).clamp(0.0, 255.0) as u8;
        }
    }
}
