//! One frame's light: exposure, flicker, moving shadows, casts. The clean plate is fitted to what the frame shows of the screen.

use crate::classes::{Blocks, LUMA_MIN};
use crate::grid::Grid;
use crate::plane::Plane;

/// How smoothly light and shadow vary, and how smoothly colour casts do, else thin veils and smoke would count as light.
/// Units: share of the picture's height.
const SHADE_SIGMA: f32 = 0.03;
const CAST_SIGMA: f32 = 0.10;
/// And how smoothly shadows do right beside the subject, where only smooth screen-like blocks tell.
const FINE_SIGMA: f32 = 0.02;
/// The shade that is believed.
const SHADE: (f32, f32) = (0.3, 1.5);
/// Fewer blocks of screen than this tell nothing.
const BLOCKS_MIN: usize = 50;
/// A cell is believed once this share of it is screen.
const FILLED: f32 = 0.1;
/// Ratios of brightness are counted in so many bins, over so many powers of two below and above 1.
const RATIO_BINS: usize = 240;
const RATIO_STOPS: (f32, f32) = (4.0, 2.0);

/// Fits plates; keeps its grids from frame to frame.
#[derive(Debug, Clone)]
pub struct LightFit {
    shade: Grid,
    fine: Grid,
    cast: Grid,
    shade_sigma: f32,
    fine_sigma: f32,
    cast_sigma: f32,
    lines: [Vec<f32>; 3],
}

impl LightFit {
    /// `unit`: blocks that are as long as the picture is high.
    pub fn new(columns: usize, rows: usize, unit: f32) -> Self {
        let grid = |sigma: f32| Grid::over(columns, rows, ((sigma * unit * 0.5) as usize).max(1));
        let line = vec![0.0; columns];
        let (shade, fine, cast) = (grid(SHADE_SIGMA), grid(FINE_SIGMA), grid(CAST_SIGMA));
        Self {
            shade_sigma: SHADE_SIGMA * unit / shade.side as f32,
            cast_sigma: CAST_SIGMA * unit / cast.side as f32,
            fine_sigma: FINE_SIGMA * unit / fine.side as f32,
            shade,
            fine,
            cast,
            lines: [line.clone(), line.clone(), line],
        }
    }

    /// Writes the frame's own plate.
    pub fn fit(&mut self, blocks: &Blocks, plate: &Blocks, sure: &Plane<u8>, smooth: &Plane<u8>, gain: f32, out: &mut Blocks) {
        for (out, plate) in out.iter_mut().zip(plate) {
            for (out, plate) in out.cells.iter_mut().zip(&plate.cells) {
                *out = plate * gain;
            }
        }
        if sure.cells.iter().filter(|sure| **sure > 0).count() < BLOCKS_MIN {
            return;
        }
        fit_shade(&mut self.shade, self.shade_sigma, &mut self.lines, blocks, sure, out);
        self.fit_cast(blocks, sure, out);
        fit_shade(&mut self.fine, self.fine_sigma, &mut self.lines, blocks, smooth, out);
    }

    fn fit_cast(&mut self, blocks: &Blocks, sure: &Plane<u8>, out: &mut Blocks) {
        self.cast.clear();
        for row in 0..sure.rows {
            for (column, is_sure) in sure.row(row).iter().enumerate() {
                if *is_sure > 0 {
                    let index = row * sure.columns + column;
                    self.cast.add(
                        column,
                        row,
                        [0, 1, 2].map(|channel: usize| blocks[channel].cells[index] - out[channel].cells[index]),
                    );
                }
            }
        }
        self.cast.blur(self.cast_sigma);
        self.cast.fill((self.cast.side * self.cast.side) as f32 * FILLED);
        for row in 0..sure.rows {
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

/// Scales the plate by what marked blocks show of its brightness.
fn fit_shade(grid: &mut Grid, sigma: f32, lines: &mut [Vec<f32>; 3], blocks: &Blocks, marked: &Plane<u8>, out: &mut Blocks) {
    grid.clear();
    for row in 0..marked.rows {
        let values = blocks[0].row(row).iter().zip(out[0].row(row));
        for (column, (is_marked, (seen, expected))) in marked.row(row).iter().zip(values).enumerate() {
            if *is_marked > 0 {
                grid.add(column, row, [*seen, *expected, 0.0]);
            }
        }
    }
    grid.blur(sigma);
    for cell in &mut grid.cells {
        // A ratio of sums, weighed by brightness.
        let ratio = if cell[1] > 1e-3 { (cell[0] / cell[1]).clamp(SHADE.0, SHADE.1) } else { 1.0 };
        *cell = [ratio * cell[3], 0.0, 0.0, cell[3]];
    }
    grid.fill((grid.side * grid.side) as f32 * FILLED);
    for row in 0..marked.rows {
        let [shade, second, third] = &mut *lines;
        grid.write_row(row, [&mut *shade, second, third]);
        for out in out.iter_mut() {
            for (out, shade) in out.row_mut(row).iter_mut().zip(shade.iter()) {
                *out *= shade;
            }
        }
    }
}

/// The frame's brightness against the plate's: the median over what is screen-like. None where too little is.
pub fn find_gain(y: &Plane<f32>, plate: &Plane<f32>, like: &Plane<u8>) -> Option<f32> {
    let mut counts = [0_usize; RATIO_BINS];
    let mut total = 0;
    let scale = RATIO_BINS as f32 / (RATIO_STOPS.0 + RATIO_STOPS.1);
    for (like, (y, plate)) in like.cells.iter().zip(y.cells.iter().zip(&plate.cells)) {
        if *like > 0 && *y > LUMA_MIN * 0.5 {
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
    // Within the bin, by share.
    let over = (below as f32 - total as f32 * 0.5) / counts[middle].max(1) as f32;
    Some((((middle + 1) as f32 - over) / scale - RATIO_STOPS.0).exp2())
}
