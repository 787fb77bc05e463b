//! Spill: how much of the screen's colour the rim of the subject has in excess of its interior,
//! measured over the clip by depth below the edge.
//!
//! A subject that is green everywhere has no spill; one that is greener near the screen has.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "depths are counted in a dozen cells"
)]

use super::core_colors::{CELL, CoreColors};
use super::screen_space::Ypq;
use crate::matte::coarse_map::CoarseMap;

/// Units: cells.
const DEPTH_MAX: u8 = 12;
/// Depth at which the interior begins. Units: share of the picture's height.
const INTERIOR_SHARE: f32 = 0.035;
const INTERIOR_CELLS_MIN: u8 = 2;
/// Decay of the measurements per frame.
const MEMORY: f32 = 0.97;
/// Cells at which a measurement counts half.
const CELLS_HALF: f32 = 30.0;
/// An uncertain pixel may have this much more of the screen's chroma than the core beside it.
const CHROMA_MARGIN: f32 = 0.02;

/// Spill on the subject, and what it was measured from. Units: share of the screen's colour.
#[derive(Debug)]
pub struct SpillMap {
    depths: Vec<u8>,
    interior: CoarseMap,
    interior_depth: u8,
    /// By depth: sum of the excess, and number of cells.
    by_depth_sums: [[f32; 2]; DEPTH_MAX as usize + 1],
    /// By cell: the spill, then how much of the screen's chroma a pixel may keep beside it; the
    /// third channel is unused.
    pub map: CoarseMap,
}

impl SpillMap {
    pub fn new(core_colors: &CoreColors, rows: usize) -> Self {
        let count = core_colors.cells.sums.len();
        let interior_cells = (rows as f32 * INTERIOR_SHARE / CELL as f32).ceil() as u8;
        Self {
            depths: vec![0; count],
            interior: core_colors.cells.clone(),
            interior_depth: interior_cells.clamp(INTERIOR_CELLS_MIN, DEPTH_MAX),
            by_depth_sums: [[0.0; 2]; DEPTH_MAX as usize + 1],
            map: core_colors.cells.clone(),
        }
    }

    /// Measures the spill of a frame and writes `map`. `strength` scales the spill that is removed.
    pub fn update(&mut self, core_colors: &CoreColors, screen: Ypq, strength: f32) {
        self.measure_depths(core_colors);
        self.measure_spill(core_colors, screen);
        let mut by_depth = self.by_depth_sums.map(|[sum, weight]| (sum / (weight + CELLS_HALF)).max(0.0) * strength);
        by_depth[0] = by_depth[1];
        for ((spill, depth), color) in self.map.colors.iter_mut().zip(&self.depths).zip(&core_colors.cells.colors) {
            let share = by_depth[usize::from(*depth)];
            *spill = [share, (color[1] / screen[1] - share).max(0.0) + CHROMA_MARGIN, 0.0];
        }
    }

    fn measure_spill(&mut self, core_colors: &CoreColors, screen: Ypq) {
        self.interior.clear();
        let cells = self.interior.sums.iter_mut().zip(&core_colors.cells.sums).zip(&self.depths);
        for ((interior, sum), depth) in cells {
            if *depth >= self.interior_depth {
                *interior = *sum;
            }
        }
        if !self.interior.fill_holes(1.0) {
            return;
        }
        for bin in self.by_depth_sums.as_flattened_mut() {
            *bin *= MEMORY;
        }
        let cells = core_colors.cells.sums.iter().zip(&self.interior.colors).zip(&self.depths);
        for ((sum, interior), depth) in cells {
            if *depth > 0 && *depth < self.interior_depth {
                let more = (sum[1] / sum[3] - interior[1]) / screen[1];
                let [by_depth_sums, weight] = &mut self.by_depth_sums[usize::from(*depth)];
                *by_depth_sums += more.clamp(-0.5, 0.5);
                *weight += 1.0;
            }
        }
    }

    /// Distance of each cell from the nearest one that is not core; the border of the picture is no
    /// edge. Units: cells.
    fn measure_depths(&mut self, core_colors: &CoreColors) {
        let (columns, rows) = (core_colors.cells.columns, core_colors.cells.rows);
        let full = (CELL * CELL) as f32;
        for (depth, sum) in self.depths.iter_mut().zip(&core_colors.cells.sums) {
            *depth = if sum[3] >= full * 0.5 { DEPTH_MAX } else { 0 };
        }
        for index in 0..columns * rows {
            let (column, row) = (index % columns, index / columns);
            let depths = &self.depths;
            let depth_of = |is_there: bool, back: usize| if is_there { depths[index - back] + 1 } else { DEPTH_MAX };
            let (left, up, right) = (column > 0, row > 0, column + 1 < columns);
            let least = depth_of(left, 1)
                .min(depth_of(up, columns))
                .min(depth_of(left && up, columns + 1))
                .min(depth_of(right && up, columns - 1));
            self.depths[index] = self.depths[index].min(least);
        }
        for index in (0..columns * rows).rev() {
            let (column, row) = (index % columns, index / columns);
            let depths = &self.depths;
            let depth_of = |is_there: bool, on: usize| if is_there { depths[index + on] + 1 } else { DEPTH_MAX };
            let (left, down, right) = (column > 0, row + 1 < rows, column + 1 < columns);
            let least = depth_of(right, 1)
                .min(depth_of(down, columns))
                .min(depth_of(right && down, columns + 1))
                .min(depth_of(left && down, columns - 1));
            self.depths[index] = self.depths[index].min(least);
        }
    }
}
