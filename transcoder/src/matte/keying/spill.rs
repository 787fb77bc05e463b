//! The screen's light on the subject: what the subject's rim has more of than its middle, learned over the clip.
//!
//! A subject that is green all over is not spilled on; one that is greener only where the screen is near is.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "depths are counted in a dozen cells"
)]

use super::cells::Cells;
use super::color::Ypq;
use super::subject::{CELL, Subject};

/// Units: cells.
const DEPTH_MAX: u8 = 12;
/// The middle begins this deep, at least. Units: share of the picture's height.
const MIDDLE_SHARE: f32 = 0.035;
const MIDDLE_CELLS_MIN: u8 = 2;
/// How much of what was learned lasts to the next frame.
const MEMORY: f32 = 0.97;
/// Cells that must agree before they are half believed.
const CELLS_FULL: f32 = 30.0;
/// A soft pixel may lean towards the screen this much more than the core beside it.
const LEAN_MARGIN: f32 = 0.02;

/// Spill, in shares of the screen's colour.
#[derive(Debug)]
pub struct Spill {
    depths: Vec<u8>,
    middle: Cells,
    middle_depth: u8,
    /// By depth: the sum of what was found, and from how many cells.
    found: [[f32; 2]; DEPTH_MAX as usize + 1],
    /// Over the picture: the light that was added, and how far a soft pixel may lean beyond that; the third is not used.
    pub light: Cells,
}

impl Spill {
    pub fn new(subject: &Subject, rows: usize) -> Self {
        let count = subject.cells.sums.len();
        let middle_cells = (rows as f32 * MIDDLE_SHARE / CELL as f32).ceil() as u8;
        Self {
            depths: vec![0; count],
            middle: subject.cells.clone(),
            middle_depth: middle_cells.clamp(MIDDLE_CELLS_MIN, DEPTH_MAX),
            found: [[0.0; 2]; DEPTH_MAX as usize + 1],
            light: subject.cells.clone(),
        }
    }

    /// Learns from a frame and says how much light lies on each cell. `strength` scales what is found.
    pub fn update(&mut self, subject: &Subject, screen: Ypq, strength: f32) {
        self.measure_depths(subject);
        self.compare(subject, screen);
        let mut by_depth = self.found.map(|[sum, weight]| (sum / (weight + CELLS_FULL)).max(0.0) * strength);
        by_depth[0] = by_depth[1];
        for ((light, depth), color) in self.light.colors.iter_mut().zip(&self.depths).zip(&subject.cells.colors) {
            let spill = by_depth[usize::from(*depth)];
            *light = [spill, (color[1] / screen[1] - spill).max(0.0) + LEAN_MARGIN, 0.0];
        }
    }

    fn compare(&mut self, subject: &Subject, screen: Ypq) {
        self.middle.clear();
        let cells = self.middle.sums.iter_mut().zip(&subject.cells.sums).zip(&self.depths);
        for ((middle, sum), depth) in cells {
            if *depth >= self.middle_depth {
                *middle = *sum;
            }
        }
        if !self.middle.fill(1.0) {
            return;
        }
        for bin in self.found.as_flattened_mut() {
            *bin *= MEMORY;
        }
        let cells = subject.cells.sums.iter().zip(&self.middle.colors).zip(&self.depths);
        for ((sum, middle), depth) in cells {
            if *depth > 0 && *depth < self.middle_depth {
                let more = (sum[1] / sum[3] - middle[1]) / screen[1];
                let [found, weight] = &mut self.found[usize::from(*depth)];
                *found += more.clamp(-0.5, 0.5);
                *weight += 1.0;
            }
        }
    }

    /// How many cells away the nearest cell is that is not core; the picture's border is no edge.
    fn measure_depths(&mut self, subject: &Subject) {
        let (columns, rows) = (subject.cells.columns, subject.cells.rows);
        let full = (CELL * CELL) as f32;
        for (depth, sum) in self.depths.iter_mut().zip(&subject.cells.sums) {
            *depth = if sum[3] >= full * 0.5 { DEPTH_MAX } else { 0 };
        }
        for index in 0..columns * rows {
            let (column, row) = (index % columns, index / columns);
            let depths = &self.depths;
            let see = |is_there: bool, back: usize| if is_there { depths[index - back] + 1 } else { DEPTH_MAX };
            let (left, up, right) = (column > 0, row > 0, column + 1 < columns);
            let least = see(left, 1).min(see(up, columns)).min(see(left && up, columns + 1)).min(see(right && up, columns - 1));
            self.depths[index] = self.depths[index].min(least);
        }
        for index in (0..columns * rows).rev() {
            let (column, row) = (index % columns, index / columns);
            let depths = &self.depths;
            let see = |is_there: bool, on: usize| if is_there { depths[index + on] + 1 } else { DEPTH_MAX };
            let (left, down, right) = (column > 0, row + 1 < rows, column + 1 < columns);
            let least =
                see(right, 1).min(see(down, columns)).min(see(right && down, columns + 1)).min(see(left && down, columns - 1));
            self.depths[index] = self.depths[index].min(least);
        }
    }
}
