//! Fits the clean plate to the light of one frame: exposure, flicker, moving shadows and colour
//! casts.
//!
//! Constants are tuned on the clips of the README and on clips with stepped light.

use crate::blocks::Blocks;
use crate::coarse_map::CoarseMap;
use crate::plane::Plane;
use crate::screen_mask::LUMA_MIN;

/// Blur of local exposure and of colour casts; casts are smoother, or thin translucent subject
/// would be fitted as light.
/// Units: share of the picture's height.
const EXPOSURE_SIGMA: f32 = 0.03;
const CAST_SIGMA: f32 = 0.10;
/// Blur of the second exposure fit, from smooth screen-like blocks right beside the subject. Units:
/// share of the picture's height.
const FINE_EXPOSURE_SIGMA: f32 = 0.02;
/// Range of local exposure. Units: ratio to the frame's exposure.
const EXPOSURE_RANGE: (f32, f32) = (0.3, 1.5);
/// Least number of screen blocks for a fit.
const BLOCKS_MIN: usize = 50;
/// Least share of a cell's blocks that are screen for full weight.
const FILLED_SHARE_MIN: f32 = 0.1;
/// Bins of the histogram of brightness ratios, and its range below and above 1. Units: stops.
const RATIO_BINS: usize = 240;
const RATIO_STOPS: (f32, f32) = (4.0, 2.0);

/// Fits plates; its maps are reused for each frame.
#[derive(Debug, Clone)]
pub struct LightFit {
    exposure: CoarseMap,
    fine_exposure: CoarseMap,
    cast: CoarseMap,
    exposure_sigma: f32,
    fine_exposure_sigma: f32,
    cast_sigma: f32,
    lines: [Vec<f32>; 3],
}

impl LightFit {
    /// Units: `height_blocks` is the picture's height in widths of a block.
    pub fn new(columns: usize, rows: usize, height_blocks: f32) -> Self {
        let map = |sigma: f32| CoarseMap::over(columns, rows, ((sigma * height_blocks * 0.5) as usize).max(1));
        let line = vec![0.0; columns];
        let (exposure, fine_exposure, cast) = (map(EXPOSURE_SIGMA), map(FINE_EXPOSURE_SIGMA), map(CAST_SIGMA));
        Self {
            exposure_sigma: EXPOSURE_SIGMA * height_blocks / exposure.side as f32,
            cast_sigma: CAST_SIGMA * height_blocks / cast.side as f32,
            fine_exposure_sigma: FINE_EXPOSURE_SIGMA * height_blocks / fine_exposure.side as f32,
            exposure,
            fine_exposure,
            cast,
            lines: [line.clone(), line.clone(), line],
        }
    }

    /// Writes the plate fitted to a frame: by global exposure, local exposure, colour cast, and
    /// local exposure at fine scale.
    pub fn fit(
        &mut self,
        blocks: &Blocks,
        plate: &Blocks,
        certain: &Plane<u8>,
        smooth_screen: &Plane<u8>,
        gain: f32,
        out: &mut Blocks,
    ) {
        for (out, plate) in out.iter_mut().zip(plate) {
            for (out, plate) in out.cells.iter_mut().zip(&plate.cells) {
                *out = plate * gain;
            }
        }
        if certain.cells.iter().filter(|certain| **certain > 0).count() < BLOCKS_MIN {
            return;
        }
        fit_exposure(&mut self.exposure, self.exposure_sigma, &mut self.lines, blocks, certain, out);
        self.fit_cast(blocks, certain, out);
        fit_exposure(&mut self.fine_exposure, self.fine_exposure_sigma, &mut self.lines, blocks, smooth_screen, out);
    }

    fn fit_cast(&mut self, blocks: &Blocks, certain: &Plane<u8>, out: &mut Blocks) {
        self.cast.clear();
        for row in 0..certain.rows {
            for (column, is_certain) in certain.row(row).iter().enumerate() {
                if *is_certain > 0 {
                    let index = row * certain.columns + column;
                    self.cast.add(
                        column,
                        row,
                        [0, 1, 2].map(|channel: usize| blocks[channel].cells[index] - out[channel].cells[index]),
                    );
                }
            }
        }
        self.cast.blur(self.cast_sigma);
        self.cast.fill((self.cast.side * self.cast.side) as f32 * FILLED_SHARE_MIN);
        for row in 0..certain.rows {
            let [y, p, q] = &mut self.lines;
            self.cast.write_row(row, [&mut *y, &mut *p, &mut *q]);
            for (out, cast) in out.iter_mut().zip([y, p, q]) {
                for (out, cast) in out.row_mut(row).iter_mut().zip(cast.iter()) {
                    *out += cast;
                }
            }
        }
    }
}

/// Scales the plate by the local exposure of the marked blocks.
fn fit_exposure(
    map: &mut CoarseMap,
    sigma: f32,
    lines: &mut [Vec<f32>; 3],
    blocks: &Blocks,
    marked: &Plane<u8>,
    out: &mut Blocks,
) {
    map.clear();
    for row in 0..marked.rows {
        let values = blocks[0].row(row).iter().zip(out[0].row(row));
        for (column, (is_marked, (observed, expected))) in marked.row(row).iter().zip(values).enumerate() {
            if *is_marked > 0 {
                map.add(column, row, [*observed, *expected, 0.0]);
            }
        }
    }
    map.blur(sigma);
    for cell in &mut map.cells {
        // Ratio of sums, which weights blocks by brightness.
        let ratio = if cell[1] > 1e-3 { (cell[0] / cell[1]).clamp(EXPOSURE_RANGE.0, EXPOSURE_RANGE.1) } else { 1.0 };
        *cell = [ratio * cell[3], 0.0, 0.0, cell[3]];
    }
    map.fill((map.side * map.side) as f32 * FILLED_SHARE_MIN);
    for row in 0..marked.rows {
        let [exposure, second, third] = &mut *lines;
        map.write_row(row, [&mut *exposure, second, third]);
        for out in out.iter_mut() {
            for (out, exposure) in out.row_mut(row).iter_mut().zip(exposure.iter()) {
                *out *= exposure;
            }
        }
    }
}

/// Exposure of a frame relative to the plate: median ratio over screen-like blocks; none where
/// those are too few.
pub fn measure_gain(y: &Plane<f32>, plate: &Plane<f32>, screen_like: &Plane<u8>) -> Option<f32> {
    let mut counts = [0_usize; RATIO_BINS];
    let mut total = 0;
    let scale = RATIO_BINS as f32 / (RATIO_STOPS.0 + RATIO_STOPS.1);
    for (screen_like, (y, plate)) in screen_like.cells.iter().zip(y.cells.iter().zip(&plate.cells)) {
        if *screen_like > 0 && *y > LUMA_MIN * 0.5 {
            let stops = (y / plate.max(LUMA_MIN)).log2() + RATIO_STOPS.0;
            counts[((stops * scale).max(0.0) as usize).min(RATIO_BINS - 1)] += 1;
            total += 1;
        }
    }
    if total < BLOCKS_MIN {
        return None;
    }
    let mut below = 0;
    let middle = counts.iter().position(|count| {
        below += count;
        below * 2 >= total
    })?;
    // Linear interpolation within the bin.
    let over = (below as f32 - total as f32 * 0.5) / counts[middle].max(1) as f32;
    Some((((middle + 1) as f32 - over) / scale - RATIO_STOPS.0).exp2())
}
