//! The clean plate: the colour of the screen everywhere, also behind the subject, and its noise,
//! measured over the clip.

#![expect(clippy::cast_precision_loss, reason = "blocks of a cell are few")]

use super::blocks::{Blocks, PlateView};
use super::screen_distance::ScreenDistance;
use super::screen_space::{ScreenSpace, Ypq};
use crate::matte::coarse_map::{CoarseMap, WeightedSum, add};
use ::keyer::color::subtract;
use ::keyer::planar::PlanarFormat;

/// Units: blocks.
const CELL: usize = 8;
/// Decay of a visible cell's samples per frame.
const MEMORY: f32 = 0.9;
/// Decay of a cell's samples per frame while the subject covers it.
const MEMORY_COVERED: f32 = 0.99;
/// Tolerated difference in brightness from the expected screen, for each pass over the first frame.
/// Units: share of the screen's length.
const BRIGHTNESS_MAX: [f32; 3] = [0.5, 0.2, 0.12];
/// Tolerated difference in colour at equal brightness. Units: share of the screen's length.
const TINT_MAX: f32 = 0.07;
/// Tolerated difference from the plate's extrapolation of an area uncovered for the first time.
/// Units: share of the screen's length.
const UNCOVERED_BRIGHTNESS_MAX: f32 = 0.2;
const UNCOVERED_TINT_MAX: f32 = 0.03;
/// Least standard deviation of the noise.
const NOISE_MIN: f32 = 0.5;

/// Factor on the measured deviation: codecs leave noise in patches, whose peaks are higher than a
/// normal distribution's.
const NOISE_MARGIN: f32 = 1.3;
/// Weight of samples below which a cell counts as not seen yet: it accepts any even colour that may
/// be screen in uneven light.
const KNOWN_WEIGHT_MIN: f32 = 32.0;

/// The clean plate of a clip, updated frame by frame.
#[derive(Debug)]
pub struct CleanPlate {
    pub cells: CoarseMap,
    /// Distance of a block from the plate.
    pub metric: ScreenDistance,
    /// Standard deviation of the noise, by channel.
    pub noise: Ypq,
    /// The detected or given colour of the screen.
    pub expected: Ypq,
    memory: Vec<WeightedSum>,
    uneven_light: ScreenDistance,
}

impl CleanPlate {
    pub fn new(columns: usize, rows: usize, expected: Ypq) -> Self {
        let mut cells = CoarseMap::over(columns, rows, CELL);
        cells.colors.fill(expected);
        let memory = vec![[0.0; 4]; cells.sums.len()];
        let metric = ScreenDistance { weights: [0.0; 3], along: [0.0; 3], along_weight: 0.0 };
        Self {
            cells,
            metric,
            noise: [2.0; 3],
            expected,
            memory,
            uneven_light: ScreenDistance::of_uneven_light(expected, UNCOVERED_TINT_MAX, UNCOVERED_BRIGHTNESS_MAX),
        }
    }

    /// The part that frames are compared with.
    pub const fn view(&self) -> PlateView<'_> {
        PlateView { colors: &self.cells, metric: &self.metric }
    }

    /// Number of passes over the first frame before its noise is measured.
    pub const fn initial_passes() -> usize {
        BRIGHTNESS_MAX.len()
    }

    /// Compares with the tolerance of a pass over the first frame, each narrower than the one
    /// before.
    pub fn use_initial_tolerance(&mut self, pass: usize) {
        self.metric =
            ScreenDistance::of_uneven_light(self.expected, TINT_MAX, BRIGHTNESS_MAX.get(pass).copied().unwrap_or(TINT_MAX));
    }

    /// Compares in deviations of the measured noise.
    pub fn use_measured_noise(&mut self) {
        self.metric = ScreenDistance::of_noise(self.noise);
    }

    /// Whether a difference from the plate may be a change of exposure.
    pub fn is_near(&self, difference: Ypq) -> bool {
        difference.iter().zip(self.noise).all(|(difference, noise)| difference.abs() < noise * 3.0 + 3.0)
    }

    /// The mean difference of a frame's screen from the plate, over a sparse grid of the blocks
    /// that are screen; none where those are fewer than 16.
    pub fn measure_exposure_shift(&self, format: &PlanarFormat, space: &ScreenSpace, frame: &[u8]) -> Option<Ypq> {
        const STRIDE: usize = 8;
        let [luma, cb, cr] = format.planes(frame);
        let code = |plane: &[u8], index: usize| format.code(plane, index);
        let ((luma_gain, luma_offset), (gain, offset)) = (format.luma_scale(), format.chroma_scale());
        let (mut sum, mut count) = ([0.0_f32; 3], 0.0_f32);
        for row in (STRIDE / 2..format.rows()).step_by(STRIDE) {
            for column in (STRIDE / 2..format.columns()).step_by(STRIDE) {
                let index = row * format.columns() + column;
                let y = code(luma, row * format.down * format.width + column * format.across) * luma_gain + luma_offset;
                let color = space.ypq_from_ycc([y, code(cb, index) * gain + offset, code(cr, index) * gain + offset]);
                let difference = subtract(color, self.cells.at_block(column, row));
                if self.is_near(difference) {
                    count += 1.0;
                    for (sum, difference) in sum.iter_mut().zip(difference) {
                        *sum += difference;
                    }
                }
            }
        }
        (count >= 16.0).then(|| sum.map(|sum| sum / count))
    }

    /// Adds a difference of exposure to the whole plate.
    pub fn apply_exposure_shift(&mut self, difference: Ypq) {
        for color in &mut self.cells.colors {
            add_to(color, difference);
        }
        for [y, p, q, weight] in &mut self.memory {
            *y += difference[0] * *weight;
            *p += difference[1] * *weight;
            *q += difference[2] * *weight;
        }
    }

    /// Adds the blocks marked 1 in `is_sample`, those surrounded by screen, and blends them into
    /// the plate. Of the rows, one in
    /// `share` is used, another one in each frame.
    pub fn update(&mut self, blocks: &Blocks, is_sample: &[u8], frame: usize, share: usize) {
        self.cells.clear();
        let columns = blocks.columns;
        let mut squares = [0.0_f32; 4];
        for row in (frame % share..blocks.rows).step_by(share) {
            let cells = &mut self.cells.sums[row / CELL * self.cells.columns..];
            let memory = &self.memory[row / CELL * self.cells.columns..];
            let [y, p, q] = [0, 1, 2].map(|channel: usize| &blocks.difference[channel][row * columns..(row + 1) * columns]);
            for (cell, is_sample) in is_sample[row * columns..(row + 1) * columns].chunks(CELL).enumerate() {
                let range = cell * CELL..cell * CELL + is_sample.len();
                if blocks.is_nearly_clear(row, range.clone()) {
                    for (square, difference) in squares.iter_mut().zip([&y[range.clone()], &p[range.clone()], &q[range.clone()]])
                    {
                        *square += difference.iter().map(|difference| difference * difference).sum::<f32>();
                    }
                    squares[3] += is_sample.len() as f32;
                }
                let count = is_sample.iter().map(|is_sample| f32::from(*is_sample)).sum::<f32>();
                if count < 1.0 {
                    if memory[cell][3] < KNOWN_WEIGHT_MIN {
                        add_uncovered(
                            &mut cells[cell],
                            [&y[range.clone()], &p[range.clone()], &q[range]],
                            self.noise,
                            &self.uneven_light,
                        );
                    }
                    continue;
                }
                let mut found = [0.0, 0.0, 0.0, count];
                for (channel, difference) in [&y[range.clone()], &p[range.clone()], &q[range]].into_iter().enumerate() {
                    for (difference, is_sample) in difference.iter().zip(is_sample) {
                        found[channel] += difference * f32::from(*is_sample);
                    }
                }
                add(&mut cells[cell], &found);
            }
        }
        self.update_noise(squares, frame);
        self.update_colors(share);
    }

    fn update_noise(&mut self, [y, p, q, count]: [f32; 4], frame: usize) {
        if count < 64.0 {
            return;
        }
        for (noise, squares) in self.noise.iter_mut().zip([y, p, q]) {
            let found = ((squares / count).sqrt() * NOISE_MARGIN).max(NOISE_MIN);
            *noise = if frame == 0 { found } else { *noise + (found - *noise) * 0.2 };
        }
    }

    /// Blends the samples of this frame, which are differences from the plate, into the colours of
    /// its cells.
    fn update_colors(&mut self, share: usize) {
        let full = (CELL * CELL / 2) as f32;
        for ((memory, sum), color) in self.memory.iter_mut().zip(&mut self.cells.sums).zip(&self.cells.colors) {
            let scale = share as f32;
            let weight = sum[3] * scale;
            let kept = if weight > 0.0 { MEMORY } else { MEMORY_COVERED };
            for (channel, memory) in memory.iter_mut().take(3).enumerate() {
                *memory = *memory * kept + sum[channel] * scale + color[channel] * weight;
            }
            memory[3] = memory[3] * kept + weight;
            *sum = *memory;
        }
        self.cells.fill_holes(full);
    }
}

/// Adds blocks that the subject uncovers for the first time, if they are even and may be screen in
/// uneven light: the extrapolated plate may have the wrong brightness there.
fn add_uncovered(sum: &mut WeightedSum, difference: [&[f32]; 3], noise: Ypq, metric: &ScreenDistance) {
    let count = difference[0].len() as f32;
    let found = difference.map(|difference| difference.iter().sum::<f32>() / count);
    let is_even =
        difference.iter().zip(found).zip(noise).all(|((difference, found), noise)| {
            difference.iter().all(|difference| (difference - found).abs() < noise * 3.0 + 1.0)
        });
    if is_even && metric.distance(found) < 8.0 {
        add(sum, &[found[0] * count, found[1] * count, found[2] * count, count]);
    }
}

fn add_to(color: &mut Ypq, more: Ypq) {
    for (color, more) in color.iter_mut().zip(more) {
        *color += more;
    }
}
