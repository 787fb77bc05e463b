//! The subject's colours around each place: those of the core, spread outward.

use super::blocks::Blocks;
use super::cells::Cells;
use super::plate::Plate;
use super::rough::CORE;

/// Units: blocks.
pub const CELL: usize = 4;
/// Cells with fewer blocks of core lean on their surroundings.
const WEIGHT_FULL: f32 = 4.0;

/// The subject in one frame.
#[derive(Debug)]
pub struct Subject {
    pub cells: Cells,
    /// Whether any core was found.
    pub is_known: bool,
}

impl Subject {
    pub fn new(columns: usize, rows: usize) -> Self {
        Self { cells: Cells::over(columns, rows, CELL), is_known: false }
    }

    /// Collects the core's colours and spreads them.
    pub fn update(&mut self, blocks: &Blocks, plate: &Plate, class: &[u8]) {
        let (columns, cells) = (blocks.columns, &mut self.cells);
        cells.clear();
        for (row, class) in class.chunks_exact(columns).enumerate() {
            let start = row * columns;
            let sums = &mut cells.sums[row / CELL * cells.columns..][..cells.columns];
            for (cell, (sum, class)) in sums.iter_mut().zip(class.chunks(CELL)).enumerate() {
                if !class.contains(&CORE) {
                    continue;
                }
                for (column, class) in (cell * CELL..).zip(class) {
                    if *class == CORE {
                        let index = start + column;
                        sum[0] += blocks.seen[0][index];
                        sum[1] += blocks.seen[1][index];
                        sum[2] += blocks.seen[2][index];
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
        self.is_known = cells.fill(WEIGHT_FULL);
        if !self.is_known {
            cells.colors.fill([128.0, 0.0, 0.0]);
        }
    }
}
