//! Colours of the core, extrapolated over the whole picture.

use super::blocks::Blocks;
use super::clean_plate::CleanPlate;
use super::trimap::CORE;
use crate::matte::coarse_map::CoarseMap;

/// Units: blocks.
pub const CELL: usize = 4;
/// Cells with fewer blocks of core are blended with their neighbours.
const WEIGHT_FULL: f32 = 4.0;

/// The core's colours in one frame.
#[derive(Debug)]
pub struct CoreColors {
    pub cells: CoarseMap,
    /// Whether the frame has any core.
    pub has_core: bool,
}

impl CoreColors {
    pub fn new(columns: usize, rows: usize) -> Self {
        Self { cells: CoarseMap::over(columns, rows, CELL), has_core: false }
    }

    /// Averages the core's colours by cell and fills the cells without core.
    pub fn update(&mut self, blocks: &Blocks, plate: &CleanPlate, labels: &[u8]) {
        let (columns, cells) = (blocks.columns, &mut self.cells);
        cells.clear();
        for (row, labels) in labels.chunks_exact(columns).enumerate() {
            let start = row * columns;
            let sums = &mut cells.sums[row / CELL * cells.columns..][..cells.columns];
            for (cell, (sum, labels)) in sums.iter_mut().zip(labels.chunks(CELL)).enumerate() {
                if !labels.contains(&CORE) {
                    continue;
                }
                for (column, labels) in (cell * CELL..).zip(labels) {
                    if *labels == CORE {
                        let index = start + column;
                        sum[0] += blocks.difference[0][index];
                        sum[1] += blocks.difference[1][index];
                        sum[2] += blocks.difference[2][index];
                        sum[3] += 1.0;
                    }
                }
            }
        }
        for (index, sum) in cells.sums.iter_mut().enumerate() {
            if sum[3] > 0.0 {
                let (column, row) = (index % cells.columns * CELL + CELL / 2, index / cells.columns * CELL + CELL / 2);
                let [y, p, q] = plate.cells.at_block(column, row);
                let weight = sum[3];
                *sum = [sum[0] + y * weight, sum[1] + p * weight, sum[2] + q * weight, weight];
            }
        }
        self.has_core = cells.fill_holes(WEIGHT_FULL);
        if !self.has_core {
            cells.colors.fill([128.0, 0.0, 0.0]);
        }
    }
}
