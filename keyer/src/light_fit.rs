//! Fits the clean plate to the light of one frame: exposure, flicker, moving shadows and colour
//! casts.
//!
//! Constants are tuned on the clips of the README and on clips with stepped light.

use crate::blocks::Blocks;
use crate::coarse_map::{CoarseMap, RowSums};
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
/// Bins of the histogram of brightness ratios: bits of a float, 64 a stop, from 1/16 to 4.
const RATIO_SHIFT: u32 = 17;
const RATIO_BINS: usize = 6 * 64;
const RATIO_FIRST: usize = (0.0625_f32.to_bits() >> RATIO_SHIFT) as usize;
/// Blocks from which the histogram skips rows.
const RATIO_BLOCKS_MAX: usize = 50_000;

/// Light of one frame relative to the clean plate.
#[derive(Debug, Clone, Default)]
pub struct Light {
    /// Exposure of the whole frame.
    gain: f32,
    /// False where too few blocks are screen for the maps; `gain` alone counts then.
    is_local: bool,
    exposure: CoarseMap,
    cast: CoarseMap,
    fine_exposure: CoarseMap,
}

impl Light {
    /// Writes a row of the plate in this light. The maps are of a picture with 1/`scale` as many
    /// columns and rows; `lines` serve one light only.
    pub fn write_plate_row(&self, row: usize, scale: usize, plate: &Blocks, lines: &mut LightLines, out: [&mut [f32]; 3]) {
        lines.update(self, row, scale);
        lines.apply(row, plate, out);
    }
}

/// Light along one row of blocks: the plate is multiplied by the exposure, then the cast is added.
/// Rows of one row of cells share it.
#[derive(Debug, Clone)]
pub struct LightLines {
    exposure: Vec<f32>,
    cast: [Vec<f32>; 3],
    fine_exposure: Vec<f32>,
    cell_row: Option<usize>,
}

impl LightLines {
    pub fn new(columns: usize) -> Self {
        let line = vec![0.0; columns];
        Self { exposure: line.clone(), cast: [(); 3].map(|()| line.clone()), fine_exposure: line, cell_row: None }
    }

    /// Prepares for another light.
    pub fn reset(&mut self) {
        self.cell_row = None;
    }

    /// Writes a row of the plate in this light.
    fn apply(&self, row: usize, plate: &Blocks, out: [&mut [f32]; 3]) {
        for ((out, plate), cast) in out.into_iter().zip(plate).zip(&self.cast) {
            let light = self.exposure.iter().zip(cast);
            for (out, (plate, (exposure, cast))) in out.iter_mut().zip(plate.row(row).iter().zip(light)) {
                *out = plate * exposure + cast;
            }
        }
    }

    /// Interpolates the maps along the middle of a row of cells, unless it is that of before.
    fn update(&mut self, light: &Light, row: usize, scale: usize) {
        let Self { exposure, cast, fine_exposure, cell_row } = self;
        if cell_row.replace(row / scale) == Some(row / scale) {
            return;
        }
        let row = row / scale * scale + scale / 2;
        if !light.is_local {
            exposure.fill(light.gain);
            for cast in cast {
                cast.fill(0.0);
            }
            return;
        }
        light.exposure.write_finer_row(row, scale, [&mut *exposure]);
        light.cast.write_finer_row(row, scale, cast.each_mut().map(Vec::as_mut_slice));
        light.fine_exposure.write_finer_row(row, scale, [&mut *fine_exposure]);
        for (exposure, fine_exposure) in exposure.iter_mut().zip(fine_exposure.iter()) {
            *exposure *= fine_exposure * light.gain;
        }
        for cast in cast {
            for (cast, fine_exposure) in cast.iter_mut().zip(fine_exposure.iter()) {
                *cast *= fine_exposure;
            }
        }
    }
}

/// Fits plates; its maps are reused for each frame.
#[derive(Debug, Clone)]
pub struct LightFit {
    pub light: Light,
    exposure_sigma: f32,
    fine_exposure_sigma: f32,
    cast_sigma: f32,
    sums: RowSums,
    lines: [Vec<f32>; 3],
    line: Vec<f32>,
}

impl LightFit {
    /// Units: `height` is the picture's height in columns.
    pub fn new(columns: usize, rows: usize, height: f32) -> Self {
        let map = |sigma: f32| CoarseMap::over(columns, rows, ((sigma * height * 0.5) as usize).max(1));
        let (exposure, fine_exposure, cast) = (map(EXPOSURE_SIGMA), map(FINE_EXPOSURE_SIGMA), map(CAST_SIGMA));
        let lines = [(); 3].map(|()| vec![0.0; columns]);
        Self {
            exposure_sigma: EXPOSURE_SIGMA * height / exposure.side as f32,
            cast_sigma: CAST_SIGMA * height / cast.side as f32,
            fine_exposure_sigma: FINE_EXPOSURE_SIGMA * height / fine_exposure.side as f32,
            light: Light { gain: 1.0, is_local: false, exposure, cast, fine_exposure },
            sums: RowSums::new(columns),
            lines,
            line: vec![0.0; columns],
        }
    }

    /// Fits the plate to a frame: by global exposure, local exposure, colour cast, and local
    /// exposure at fine scale.
    pub fn fit(&mut self, blocks: &Blocks, plate: &Blocks, certain: &Plane<u8>, smooth_screen: &Plane<u8>, gain: f32) {
        let Self { light, sums, lines, line, .. } = self;
        light.gain = gain;
        light.is_local = certain.cells.iter().map(|certain| usize::from(*certain)).sum::<usize>() >= BLOCKS_MIN;
        if !light.is_local {
            return;
        }
        let last = certain.rows - 1;
        light.exposure.clear();
        for row in 0..=last {
            light.exposure.add_row(row, certain.row(row), [blocks[0].row(row), plate[0].row(row), &[]], sums);
        }
        light.exposure.end_cell_row(last, sums);
        solve_exposure(&mut light.exposure, gain, self.exposure_sigma);
        light.cast.clear();
        for row in 0..=last {
            light.exposure.write_row(row, [&mut *line]);
            for (difference, (observed, plate)) in lines.iter_mut().zip(blocks.iter().zip(plate)) {
                let expected = plate.row(row).iter().zip(line.iter());
                for (difference, (observed, (plate, exposure))) in
                    difference.iter_mut().zip(observed.row(row).iter().zip(expected))
                {
                    *difference = observed - plate * (gain * exposure);
                }
            }
            light.cast.add_row(row, certain.row(row), lines.each_ref().map(Vec::as_slice), sums);
        }
        light.cast.end_cell_row(last, sums);
        light.cast.blur(self.cast_sigma);
        light.cast.fill((light.cast.side * light.cast.side) as f32 * FILLED_SHARE_MIN);
        light.fine_exposure.clear();
        for row in 0..=last {
            light.exposure.write_row(row, [&mut *line]);
            light.cast.write_row(row, [&mut lines[0]]);
            for (expected, (plate, exposure)) in lines[0].iter_mut().zip(plate[0].row(row).iter().zip(line.iter())) {
                *expected += plate * (gain * exposure);
            }
            light.fine_exposure.add_row(row, smooth_screen.row(row), [blocks[0].row(row), &lines[0], &[]], sums);
        }
        light.fine_exposure.end_cell_row(last, sums);
        solve_exposure(&mut light.fine_exposure, 1.0, self.fine_exposure_sigma);
    }
}

/// Turns sums of observed luma and of the plate's into local exposure relative to `gain`.
fn solve_exposure(map: &mut CoarseMap, gain: f32, sigma: f32) {
    map.blur(sigma);
    for cell in &mut map.cells {
        // Ratio of sums, which weights blocks by brightness.
        let expected = cell[1] * gain;
        let ratio = if expected > 1e-3 { (cell[0] / expected).clamp(EXPOSURE_RANGE.0, EXPOSURE_RANGE.1) } else { 1.0 };
        *cell = [ratio * cell[3], 0.0, 0.0, cell[3]];
    }
    map.fill((map.side * map.side) as f32 * FILLED_SHARE_MIN);
}

/// Exposure of a frame relative to the plate: median ratio over screen-like blocks; none where
/// those are too few.
pub fn measure_gain(y: &Plane<f32>, plate: &Plane<f32>, screen_like: &Plane<u8>) -> Option<f32> {
    let mut counts = [0_usize; RATIO_BINS];
    let mut total = 0;
    let stride = (y.cells.len() / RATIO_BLOCKS_MAX).max(1);
    for row in (0..y.rows).step_by(stride) {
        for (screen_like, (y, plate)) in screen_like.row(row).iter().zip(y.row(row).iter().zip(plate.row(row))) {
            if *screen_like > 0 && *y > LUMA_MIN * 0.5 {
                let bin = ((y / plate.max(LUMA_MIN)).to_bits() >> RATIO_SHIFT) as usize;
                counts[bin.saturating_sub(RATIO_FIRST).min(RATIO_BINS - 1)] += 1;
                total += 1;
            }
        }
    }
    if total * stride < BLOCKS_MIN {
        return None;
    }
    let mut below = 0;
    let middle = counts.iter().position(|count| {
        below += count;
        below * 2 >= total
    })?;
    // Linear interpolation within the bin.
    let over = (below as f32 - total as f32 * 0.5) / counts[middle].max(1) as f32;
    let ratio = |bin: usize| f32::from_bits(((bin + RATIO_FIRST) as u32) << RATIO_SHIFT);
    Some(ratio(middle + 1) - over * (ratio(middle + 1) - ratio(middle)))
}
