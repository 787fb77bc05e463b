//! Colours of the core around each block: means over cells, extrapolated to cells without core.

use crate::blocks::color_at;
use crate::coarse_map::{CoarseMap, RowSums};
use crate::plane::{Plane, span_of};
use crate::plate_comparison::PlateComparison;
use crate::screen_space::Ypq;
use crate::trimap::CORE;

/// Side of a cell. Units: blocks.
pub const CELL: usize = 4;
/// Cells with fewer blocks of core are blended with their neighbours.
const WEIGHT_FULL: f32 = 4.0;

/// The core's colours in one frame.
#[derive(Debug, Clone)]
pub struct CoreColors {
    /// The fourth value is the mean of the squared luma, not a weight.
    pub cells: CoarseMap,
    /// Means of the core's squared luma, with their weights.
    luma_squares: CoarseMap,
    /// Both before extrapolation.
    sums_of_cells: CoarseMap,
    sums_of_squares: CoarseMap,
    /// Whether the frame has any core.
    pub has_core: bool,
    is_core: Vec<u8>,
    squares: Vec<f32>,
    sums: RowSums,
    square_sums: RowSums,
}

impl CoreColors {
    pub fn new(columns: usize, rows: usize) -> Self {
        let cells = CoarseMap::over(columns, rows, CELL);
        Self {
            luma_squares: cells.clone(),
            sums_of_cells: cells.clone(),
            sums_of_squares: cells.clone(),
            cells,
            has_core: false,
            is_core: vec![0; columns],
            squares: vec![0.0; columns],
            sums: RowSums::new(columns),
            square_sums: RowSums::new(columns),
        }
    }

    /// Averages the core's colours and extrapolates them.
    pub fn update(&mut self, comparison: &PlateComparison, labels: &Plane<u8>) {
        self.sums_of_cells.clear();
        self.sums_of_squares.clear();
        let blocks = &comparison.blocks;
        for row in 0..labels.rows {
            let span = span_of(labels.row(row), CORE);
            let colors = blocks.each_ref().map(|plane| &plane.row(row)[span.clone()]);
            let (is_core, squares) = (&mut self.is_core[span.clone()], &mut self.squares[span.clone()]);
            for ((is_core, square), (label, y)) in
                is_core.iter_mut().zip(squares.iter_mut()).zip(labels.row(row)[span.clone()].iter().zip(colors[0]))
            {
                (*is_core, *square) = (u8::from(*label == CORE), y * y);
            }
            self.sums_of_cells.add_row_part(row, span.start, is_core, colors, &mut self.sums);
            self.sums_of_squares.add_row_part(row, span.start, is_core, [squares, &[], &[]], &mut self.square_sums);
        }
        self.sums_of_cells.end_cell_row(labels.rows - 1, &mut self.sums);
        self.sums_of_squares.end_cell_row(labels.rows - 1, &mut self.square_sums);
        self.extrapolate();
    }

    /// Adds blocks that became core since the last update.
    pub fn add(&mut self, comparison: &PlateComparison, indexes: &[usize]) {
        for index in indexes {
            let (column, row) = (index % comparison.distance.columns, index / comparison.distance.columns);
            let color = color_at(&comparison.blocks, *index);
            self.sums_of_cells.add(column, row, color);
            self.sums_of_squares.add(column, row, [color[0] * color[0], 0.0, 0.0]);
        }
        if !indexes.is_empty() {
            self.extrapolate();
        }
    }

    fn extrapolate(&mut self) {
        self.cells.cells.copy_from_slice(&self.sums_of_cells.cells);
        self.luma_squares.cells.copy_from_slice(&self.sums_of_squares.cells);
        self.has_core = self.cells.fill(WEIGHT_FULL);
        self.luma_squares.fill(WEIGHT_FULL);
        for (cell, square) in self.cells.cells.iter_mut().zip(&self.luma_squares.cells) {
            cell[3] = square[0];
        }
        if !self.has_core {
            self.cells.cells.fill([128.0, 0.0, 0.0, 0.0]);
        }
    }

    /// Colour of the core around a block, and the variance of its luma. Units: variance, of 255.
    pub fn color_and_variance(&self, column: usize, row: usize) -> (Ypq, f32) {
        let [y, p, q, square] = self.cells.all_at_block(column, row);
        ([y, p, q], (square - y * y).max(0.0))
    }
}
