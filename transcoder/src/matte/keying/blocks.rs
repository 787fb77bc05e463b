//! A frame as blocks: the pixels that share a chroma sample, and how far each block is from the screen behind it.

#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]

use rayon::prelude::*;

use super::color::{Space, Ypq};
use super::palette::{Palette, length};
use super::plane::BAND;
use super::plate::Plate;
use crate::frame::color::{byte, subtract};
use crate::frame::planar::{PlanarFormat, read_row};

/// Alpha 1 in the byte planes.
pub const OPAQUE: u8 = 200;
/// Alpha up to which a block may be noise.
const FAINT_MAX: u8 = OPAQUE / 8;
/// Steps of oddness per unit.
pub const ODD_UNIT: f32 = 4.0;
/// Below this oddness a block's colour says nothing about a subject.
const ODD_SEEN_MIN: f32 = 9.0;

/// One frame, a value per block.
#[derive(Debug)]
pub struct Blocks {
    pub columns: usize,
    pub rows: usize,
    /// The block's colour less that of the screen, a plane per channel.
    pub seen: [Vec<f32>; 3],
    /// Squared distance from the screen in deviations of its noise, in steps; 255 and beyond are one.
    pub odd: Vec<u8>,
    /// Alpha by the palette, up to 255 steps of which `OPAQUE` is 1.
    pub alpha: Vec<u8>,
    /// Alpha by hue alone, likewise.
    pub hued: Vec<u8>,
    bands: Vec<Rows>,
}

/// What one band of rows needs while it is read.
#[derive(Debug, Clone)]
struct Rows {
    screen: [Vec<f32>; 3],
    luma: [Vec<f32>; 2],
}

/// How distances from the screen are measured.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Weights of the squared distances.
    pub weights: Ypq,
    /// Distances along this direction weigh otherwise; it has length 1.
    pub along: Ypq,
    /// Added to their weight.
    pub along_weight: f32,
}

impl Metric {
    pub fn distance(&self, [y, p, q]: Ypq) -> f32 {
        let along = y * self.along[0] + p * self.along[1] + q * self.along[2];
        y * y * self.weights[0] + p * p * self.weights[1] + q * q * self.weights[2] + along * along * self.along_weight
    }
}

impl Blocks {
    pub fn new(format: &PlanarFormat) -> Self {
        let (columns, rows) = (format.columns(), format.rows());
        let (plane, bytes) = (vec![0.0; columns * rows], vec![0; columns * rows]);
        let row = vec![0.0; columns];
        let luma = vec![0.0; format.width];
        let band = Rows { screen: [row.clone(), row.clone(), row], luma: [luma.clone(), luma] };
        Self {
            columns,
            rows,
            seen: [plane.clone(), plane.clone(), plane],
            odd: bytes.clone(),
            alpha: bytes.clone(),
            hued: bytes,
            bands: vec![band; rows.div_ceil(BAND)],
        }
    }

    /// Reads a frame against the screen.
    pub fn load(&mut self, format: &PlanarFormat, space: &Space, frame: &[u8], plate: &Plate, palette: &Palette) {
        let planes = format.planes(frame);
        let columns = self.columns;
        let size = columns * BAND;
        let [y, p, q] = &mut self.seen;
        let seen = y.par_chunks_mut(size).zip(p.par_chunks_mut(size)).zip(q.par_chunks_mut(size));
        let bytes = self.odd.par_chunks_mut(size).zip(self.alpha.par_chunks_mut(size)).zip(self.hued.par_chunks_mut(size));
        seen.zip(bytes).zip(&mut self.bands).enumerate().for_each(|(band, ((((y, p), q), ((odd, alpha), hued)), rows))| {
            let seen = y.chunks_exact_mut(columns).zip(p.chunks_exact_mut(columns)).zip(q.chunks_exact_mut(columns));
            let bytes = odd.chunks_exact_mut(columns).zip(alpha.chunks_exact_mut(columns)).zip(hued.chunks_exact_mut(columns));
            for (row, (((y, p), q), ((odd, alpha), hued))) in seen.zip(bytes).enumerate() {
                let row = band * BAND + row;
                read_blocks(format, space, planes, row, &mut rows.luma, [&mut *y, &mut *p, &mut *q]);
                plate.cells.write_row(row, &mut rows.screen);
                for (seen, screen) in [&mut *y, &mut *p, &mut *q].into_iter().zip(&rows.screen) {
                    for (seen, screen) in seen.iter_mut().zip(screen) {
                        *seen -= screen;
                    }
                }
                measure(&plate.metric, [y, p, q], odd);
                rate(palette, [y, p, q], odd, &rows.screen[1], alpha, hued);
            }
        });
    }

    /// Whether some blocks and those two rows above and below show hardly any subject.
    pub fn is_faint(&self, row: usize, columns: std::ops::Range<usize>) -> bool {
        [row.saturating_sub(2), row, (row + 2).min(self.rows - 1)].iter().all(|row| {
            let start = row * self.columns;
            self.alpha[start + columns.start..start + columns.end].iter().all(|alpha| *alpha <= FAINT_MAX)
        })
    }

    /// A block's colour less the screen's.
    pub fn seen_at(&self, index: usize) -> Ypq {
        [self.seen[0][index], self.seen[1][index], self.seen[2][index]]
    }
}

/// One row of blocks: mean luma, chroma along and across the screen's hue.
fn read_blocks(
    format: &PlanarFormat,
    space: &Space,
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

fn measure(metric: &Metric, [y, p, q]: [&[f32]; 3], odd: &mut [u8]) {
    for (((y, p), q), odd) in y.iter().zip(p).zip(q).zip(odd) {
        *odd = byte(metric.distance([*y, *p, *q]) * ODD_UNIT);
    }
}

fn rate(palette: &Palette, [y, p, q]: [&[f32]; 3], odd: &[u8], screen: &[f32], alpha: &mut [u8], hued: &mut [u8]) {
    alpha.fill(0);
    hued.fill(0);
    let seen_min = (ODD_SEEN_MIN * ODD_UNIT) as u8;
    for (column, odd) in odd.iter().enumerate() {
        if *odd >= seen_min {
            let seen = [y[column], p[column], q[column]];
            let opaque = f32::from(OPAQUE);
            alpha[column] = (length(seen) * palette.nearest_scale(seen) * opaque).min(255.0) as u8;
            hued[column] = ((seen[2].abs() - seen[1]) / screen[column] * opaque).clamp(0.0, 255.0) as u8;
        }
    }
}

/// Where a frame's screen is brighter or otherwise coloured than expected: the mean over a few blocks near the screen.
pub fn drift(format: &PlanarFormat, space: &Space, frame: &[u8], plate: &Plate) -> Option<Ypq> {
    const STRIDE: usize = 8;
    let [luma, cb, cr] = format.planes(frame);
    let code = |plane: &[u8], index: usize| format.code(plane, index);
    let ((luma_gain, luma_offset), (gain, offset)) = (format.luma_scale(), format.chroma_scale());
    let (mut sum, mut count) = ([0.0_f32; 3], 0.0_f32);
    for row in (STRIDE / 2..format.rows()).step_by(STRIDE) {
        for column in (STRIDE / 2..format.columns()).step_by(STRIDE) {
            let index = row * format.columns() + column;
            let y = code(luma, row * format.down * format.width + column * format.across) * luma_gain + luma_offset;
            let color = space.of_ycc([y, code(cb, index) * gain + offset, code(cr, index) * gain + offset]);
            let seen = subtract(color, plate.cells.at_block(column, row));
            if plate.is_near(seen) {
                count += 1.0;
                for (sum, seen) in sum.iter_mut().zip(seen) {
                    *sum += seen;
                }
            }
        }
    }
    (count >= 16.0).then(|| sum.map(|sum| sum / count))
}
