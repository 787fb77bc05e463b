//! A coarse picture of colours with holes, and how the holes are filled from around them.
//!
//! Push-pull: average what is known into ever smaller pictures, then fill each level's holes from the next smaller one.
//! Source: Gortler et al., "The Lumigraph", 1996, §3.4.1.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "pixel positions are small and never negative"
)]

use super::color::{Rgb, mix};

/// Colours of cells, each with how much is known about it.
#[derive(Debug, Clone)]
pub struct Grid {
    columns: usize,
    rows: usize,
    cell_px: usize,
    cells: Vec<Cell>,
}

/// The sum of the colours seen, and their weight.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cell {
    sum: Rgb,
    weight: f32,
}

impl Cell {
    pub fn add(&mut self, color: Rgb, weight: f32) {
        for (sum, channel) in self.sum.iter_mut().zip(color) {
            *sum += channel * weight;
        }
        self.weight += weight;
    }

    fn color(&self) -> Option<Rgb> {
        (self.weight > 0.0).then(|| self.sum.map(|sum| sum / self.weight))
    }
}

impl Grid {
    /// A grid over a picture, one cell per `cell_px` squared; `fill` is given each row of cells.
    pub fn build(width: usize, height: usize, cell_px: usize, fill: impl Fn(usize, &mut [Cell]) + Sync) -> Self {
        use rayon::prelude::*;
        let (columns, rows) = (width.div_ceil(cell_px).max(1), height.div_ceil(cell_px).max(1));
        let mut cells = vec![Cell::default(); columns * rows];
        cells.par_chunks_mut(columns).enumerate().for_each(|(row, cells)| fill(row, cells));
        Self { columns, rows, cell_px, cells }
    }

    /// Fills the holes; cells that know little lean on their surroundings. None when nothing is known at all.
    pub fn fill_holes(mut self, weight_full: f32) -> Option<FilledGrid> {
        if self.cells.iter().all(|cell| cell.weight <= 0.0) {
            return None;
        }
        let surroundings = (self.columns > 1 || self.rows > 1).then(|| self.halve().fill_holes(weight_full)).flatten();
        let colors = (0..self.rows).flat_map(|row| (0..self.columns).map(move |column| (column, row)));
        let colors = colors.zip(self.cells.iter_mut()).map(|((column, row), cell)| {
            let around = surroundings.as_ref().map(|grid| grid.at((column as f32 - 0.5) / 2.0, (row as f32 - 0.5) / 2.0));
            match (cell.color(), around) {
                (Some(own), Some(around)) => mix(around, own, (cell.weight / weight_full).min(1.0)),
                (Some(color), None) | (None, Some(color)) => color,
                (None, None) => [0.0; 3],
            }
        });
        Some(FilledGrid { columns: self.columns, rows: self.rows, cell_px: self.cell_px, colors: colors.collect() })
    }

    fn halve(&self) -> Self {
        let (columns, rows) = (self.columns.div_ceil(2), self.rows.div_ceil(2));
        let mut cells = vec![Cell::default(); columns * rows];
        for (index, cell) in self.cells.iter().enumerate() {
            let (column, row) = (index % self.columns, index / self.columns);
            if let Some(target) = cells.get_mut(row / 2 * columns + column / 2) {
                for (sum, channel) in target.sum.iter_mut().zip(cell.sum) {
                    *sum += channel;
                }
                target.weight += cell.weight;
            }
        }
        Self { columns, rows, cell_px: self.cell_px * 2, cells }
    }
}

/// A grid without holes, smooth between its cells.
#[derive(Debug, Clone)]
pub struct FilledGrid {
    columns: usize,
    rows: usize,
    cell_px: usize,
    colors: Vec<Rgb>,
}

impl FilledGrid {
    /// One colour everywhere.
    pub fn uniform(color: Rgb) -> Self {
        Self { columns: 1, rows: 1, cell_px: 1, colors: vec![color] }
    }

    /// Writes the colours of picture row `y` into `row`.
    pub fn write_row(&self, y: usize, row: &mut [Rgb]) {
        let scale = 1.0 / self.cell_px as f32;
        let grid_y = (y as f32 + 0.5) * scale - 0.5;
        for (x, color) in row.iter_mut().enumerate() {
            *color = self.at((x as f32 + 0.5) * scale - 0.5, grid_y);
        }
    }

    /// Bilinear, in units of cells, clamped at the border.
    fn at(&self, x: f32, y: f32) -> Rgb {
        let x = x.clamp(0.0, (self.columns - 1) as f32);
        let y = y.clamp(0.0, (self.rows - 1) as f32);
        let (left, top) = (x as usize, y as usize);
        let (right, bottom) = ((left + 1).min(self.columns - 1), (top + 1).min(self.rows - 1));
        let cell = |column: usize, row: usize| self.colors.get(row * self.columns + column).copied().unwrap_or_default();
        let share = x - left as f32;
        mix(mix(cell(left, top), cell(right, top), share), mix(cell(left, bottom), cell(right, bottom), share), y - top as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_take_the_colour_around_them_and_known_cells_keep_theirs() {
        let grid = Grid::build(64, 64, 4, |row, cells| {
            for (column, cell) in cells.iter_mut().enumerate() {
                if !(4..12).contains(&column) || !(4..12).contains(&row) {
                    cell.add([10.0, 200.0, 30.0], 16.0);
                }
            }
        });
        let filled = grid.fill_holes(16.0).unwrap();
        let mut row = [[0.0; 3]; 64];
        filled.write_row(32, &mut row);
        for color in row {
            assert!((color[1] - 200.0).abs() < 0.01 && (color[0] - 10.0).abs() < 0.01, "{color:?}");
        }
    }

    #[test]
    fn a_slope_is_followed_and_nothing_known_is_told() {
        let grid = Grid::build(80, 8, 8, |_, cells| {
            for (column, cell) in cells.iter_mut().enumerate() {
                cell.add([column as f32 * 10.0, 0.0, 0.0], 64.0);
            }
        });
        let filled = grid.fill_holes(64.0).unwrap();
        let mut row = [[0.0; 3]; 80];
        filled.write_row(3, &mut row);
        assert!((row[40][0] - 45.6).abs() < 0.1, "{:?}", row[40]);
        assert!(Grid::build(8, 8, 4, |_, _| ()).fill_holes(1.0).is_none());
    }
}
