//! Connected parts of a matte: specks are dropped, small holes that nothing speaks for are filled.

use super::grid::Grid;

/// A part with fewer cells than this share of the picture is a speck unless it is strong.
const SPECK_SHARE: f32 = 0.0004;
/// A hole of up to this share of the picture is filled when it speaks weakly for the background.
const HOLE_SHARE: f32 = 0.01;
/// Always filled.
const HOLE_CELLS: usize = 8;

/// A connected part.
#[derive(Debug, Clone)]
struct Part {
    is_subject: bool,
    cells: Vec<usize>,
    touches_border: bool,
}

/// Tidies labels of which those above 0 are subject. `said` is what the cells themselves say.
pub fn tidy(grid: Grid, labels: &mut [f32], said: &[f32]) {
    let share = |share: f32| (f64::from(share) * f64::from(u32::try_from(grid.len()).unwrap_or(u32::MAX))).round();
    let (speck, hole) = (share(SPECK_SHARE).max(6.0), share(HOLE_SHARE));
    let whole = parts(grid, labels);
    let sizes = |cells: &[usize]| f64::from(u32::try_from(cells.len()).unwrap_or(u32::MAX));
    for part in whole {
        let mean = part.cells.iter().map(|cell| f64::from(said[*cell])).sum::<f64>() / sizes(&part.cells);
        if part.is_subject {
            if sizes(&part.cells) < speck && mean < 7.0 || sizes(&part.cells) < 4.0 {
                part.cells.iter().for_each(|cell| labels[*cell] = -1.0);
            }
        } else if !part.touches_border
            && (part.cells.len() <= HOLE_CELLS && mean > -3.0 || sizes(&part.cells) < hole && mean > -1.5)
        {
            part.cells.iter().for_each(|cell| labels[*cell] = 1.0);
        }
    }
}

fn parts(grid: Grid, labels: &[f32]) -> Vec<Part> {
    let mut is_taken = vec![false; grid.len()];
    let mut found = Vec::new();
    for first in 0..grid.len() {
        if is_taken[first] {
            continue;
        }
        is_taken[first] = true;
        let is_subject = labels[first] > 0.0;
        let mut part = Part { is_subject, cells: vec![first], touches_border: false };
        let mut next = 0;
        while let Some(cell) = part.cells.get(next).copied() {
            next += 1;
            let (column, row) = (cell % grid.columns, cell / grid.columns);
            part.touches_border |= column == 0 || row == 0 || column + 1 == grid.columns || row + 1 == grid.rows;
            for neighbour in grid.neighbours(cell) {
                if !is_taken[neighbour] && (labels[neighbour] > 0.0) == is_subject {
                    is_taken[neighbour] = true;
                    part.cells.push(neighbour);
                }
            }
        }
        found.push(part);
    }
    found
}
