//! The screen's chromaticity around each place, from the blocks that look like screen, robust against what only resembles it.

use crate::grid::Grid;

/// Smoothness of the field, and how far blocks may be from the field before: ever finer, ever stricter.
/// Units: share of the picture's height; share of the screen's chromaticity.
const ROUNDS: [(f32, f32); 3] = [(0.30, 0.30), (0.15, 0.16), (0.08, 0.10)];
/// Blocks may be further above the field than below: a veil before the screen takes chroma away and never adds any.
const ABOVE: f32 = 2.0;
/// A cell is believed once this share of it is screen.
const FILLED: f32 = 0.1;

/// A block that may be screen: chroma over luma along and across the screen's hue, and how far noise alone may move it.
#[derive(Debug, Clone, Copy)]
pub struct Candidate {
    pub column: usize,
    pub row: usize,
    pub along: f32,
    pub across: f32,
    pub stray: f32,
}

/// The field over a picture; none where there is nothing to make it from.
pub fn hue_field(candidates: &[Candidate], (columns, rows): (usize, usize), unit: f32, chromaticity: f32) -> Option<Grid> {
    let mut field: Option<Grid> = None;
    for (sigma, limit) in ROUNDS {
        let sigma = sigma * unit;
        let mut next = Grid::over(columns, rows, (sigma * 0.5) as usize);
        for candidate in candidates {
            let around = field.as_ref().map_or([chromaticity, 0.0, 0.0], |field| field.at_block(candidate.column, candidate.row));
            let limit = limit * chromaticity + candidate.stray;
            let along = candidate.along - around[0];
            let along = if along > 0.0 { along / ABOVE } else { along };
            let across = candidate.across - around[1];
            if along * along + across * across < limit * limit {
                next.add(candidate.column, candidate.row, [candidate.along, candidate.across, 0.0]);
            }
        }
        next.blur(sigma / next.side as f32);
        if !next.fill((next.side * next.side) as f32 * FILLED) {
            return field;
        }
        field = Some(next);
    }
    field
}
