//! Colours of the core around each block: means over cells, extrapolated to cells without core.

use crate::coarse_map::CoarseMap;
use crate::plane::Plane;
use crate::plate_comparison::PlateComparison;
use crate::trimap::CORE;

/// Side of a cell. Units: blocks.
pub const CELL: usize = 4;
/// Cells with fewer blocks of core are blended with their neighbours.
const WEIGHT_FULL: f32 = 4.0;

/// The core's colours in one frame.
#[derive(Debug, Clone)]
pub struct CoreColors {
    pub cells: CoarseMap,
    /// Means of the core's squared luma.
    luma_squares: CoarseMap,
    /// Whether the frame has any core.
    pub has_core: bool,
}

impl CoreColors {
    pub fn new(columns: usize, rows: usize) -> Self {
        Self { cells: CoarseMap::over(columns, rows, CELL), luma_squares: CoarseMap::over(columns, rows, CELL), has_core: false }
    }

    /// Averages the core's colours and extrapolates them.
    pub fn update(&mut self, comparison: &PlateComparison, labels: &Plane<u8>) {
        self.cells.clear();
        self.luma_squares.clear();
        for row in 0..labels.rows {
            for (column, label) in labels.row(row).iter().enumerate() {
                if *label == CORE {
                    let index = row * comparison.distance.columns + column;
                    let y = comparison.blocks[0].cells[index];
                    self.luma_squares.add(column, row, [y * y, 0.0, 0.0]);
                    self.cells.add(column, row, [0, 1, 2].map(|channel: usize| comparison.blocks[channel].cells[index]));
                }
            }
        }
        self.has_core = self.cells.fill(WEIGHT_FULL);
        self.luma_squares.fill(WEIGHT_FULL);
        if !self.has_core {
            self.cells.cells.fill([128.0, 0.0, 0.0, 0.0]);
        }
    }

    /// Variance of the core's luma around a block. Units: variance, of 255.
    pub fn luma_variance(&self, column: usize, row: usize) -> f32 {
        let mean = self.cells.at_block(column, row)[0];
        (self.luma_squares.at_block(column, row)[0] - mean * mean).max(0.0)
    }
}
