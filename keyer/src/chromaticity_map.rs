//! Map of the screen's local chromaticity from screen-like blocks, robust against objects of a
//! similar colour.

use crate::coarse_map::CoarseMap;

/// Blur of the map, and the tolerance against the previous round's map; both narrower from round to
/// round.
/// Units: share of the picture's height; share of the screen's chromaticity. Tuned: generator seeds
/// 1 and 7, all kinds.
const ROUNDS: [(f32, f32); 3] = [(0.30, 0.30), (0.15, 0.16), (0.08, 0.10)];
/// Factor of the tolerance above the map: translucent subject lowers chroma and never raises it.
const ABOVE_FACTOR: f32 = 2.0;
/// Least share of a cell's blocks that are screen for full weight.
const FILLED_SHARE_MIN: f32 = 0.1;

/// A screen-like block: chroma over luma along and across the screen's hue, and its tolerance for
/// noise.
#[derive(Debug, Clone, Copy)]
pub struct ChromaticitySample {
    pub column: usize,
    pub row: usize,
    pub along: f32,
    pub across: f32,
    pub noise_tolerance: f32,
}

/// The map of a picture of `columns` × `rows` blocks; none without samples.
pub fn chromaticity_map(
    samples: &[ChromaticitySample],
    (columns, rows): (usize, usize),
    height_blocks: f32,
    chromaticity: f32,
) -> Option<CoarseMap> {
    let mut map: Option<CoarseMap> = None;
    for (sigma, limit) in ROUNDS {
        let sigma = sigma * height_blocks;
        let mut next_map = CoarseMap::over(columns, rows, (sigma * 0.5) as usize);
        for sample in samples {
            let around = map.as_ref().map_or([chromaticity, 0.0, 0.0], |map| map.at_block(sample.column, sample.row));
            let limit = limit * chromaticity + sample.noise_tolerance;
            let along = sample.along - around[0];
            let along = if along > 0.0 { along / ABOVE_FACTOR } else { along };
            let across = sample.across - around[1];
            if along * along + across * across < limit * limit {
                next_map.add(sample.column, sample.row, [sample.along, sample.across, 0.0]);
            }
        }
        next_map.blur(sigma / next_map.side as f32);
        if !next_map.fill((next_map.side * next_map.side) as f32 * FILLED_SHARE_MIN) {
            return map;
        }
        map = Some(next_map);
    }
    map
}
