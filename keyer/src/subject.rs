//! The subject's colours around each place: those of the core, spread outward.

use crate::grid::Grid;
use crate::plane::Plane;
use crate::rough::CORE;
use crate::view::View;

/// Units: blocks.
pub const CELL: usize = 4;
/// Cells with fewer blocks of core lean on their surroundings.
const WEIGHT_FULL: f32 = 4.0;

/// The subject in one frame.
#[derive(Debug, Clone)]
pub struct Subject {
    pub grid: Grid,
    /// The core's luma squared.
    squares: Grid,
    /// Whether any core was found.
    pub is_known: bool,
}

impl Subject {
    pub fn new(columns: usize, rows: usize) -> Self {
        Self { grid: Grid::over(columns, rows, CELL), squares: Grid::over(columns, rows, CELL), is_known: false }
    }

    /// Collects the core's colours and spreads them.
    pub fn update(&mut self, view: &View, class: &Plane<u8>) {
        self.grid.clear();
        self.squares.clear();
        for row in 0..class.rows {
            for (column, class) in class.row(row).iter().enumerate() {
                if *class == CORE {
                    let index = row * view.odd.columns + column;
                    let y = view.blocks[0].cells[index];
                    self.squares.add(column, row, [y * y, 0.0, 0.0]);
                    self.grid.add(column, row, [0, 1, 2].map(|channel: usize| view.blocks[channel].cells[index]));
                }
            }
        }
        self.is_known = self.grid.fill(WEIGHT_FULL);
        self.squares.fill(WEIGHT_FULL);
        if !self.is_known {
            self.grid.cells.fill([128.0, 0.0, 0.0, 0.0]);
        }
    }

    /// How much the core's luma varies around a block. Units: variance, of 255.
    pub fn luma_variance(&self, column: usize, row: usize) -> f32 {
        let mean = self.grid.at_block(column, row)[0];
        (self.squares.at_block(column, row)[0] - mean * mean).max(0.0)
    }
}
