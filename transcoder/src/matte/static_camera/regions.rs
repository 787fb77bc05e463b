//! Removes specks and fills small holes: connected components of the labels.

use super::grid::Grid;

/// A component of the subject smaller than this share of the picture is removed, unless its score
/// is high.
const SPECK_SHARE: f32 = 0.0004;
/// A hole smaller than this share of the picture is filled if its score for the background is weak.
const HOLE_SHARE: f32 = 0.01;
/// Holes of up to so many cells need a weaker score still.
const HOLE_CELLS: usize = 8;

/// A connected component.
#[derive(Debug, Clone)]
struct Component {
    is_subject: bool,
    cells: Vec<usize>,
    touches_border: bool,
}

/// Cleans up labels, of which those above 0 are subject. `score` is the evidence of each cell.
pub fn clean_up(grid: Grid, labels: &mut [f32], score: &[f32]) {
    let share = |share: f32| (f64::from(share) * f64::from(u32::try_from(grid.len()).unwrap_or(u32::MAX))).round();
    let (speck, hole) = (share(SPECK_SHARE).max(6.0), share(HOLE_SHARE));
    let all = components(grid, labels);
    let sizes = |cells: &[usize]| f64::from(u32::try_from(cells.len()).unwrap_or(u32::MAX));
    for component in all {
        let mean = component.cells.iter().map(|cell| f64::from(score[*cell])).sum::<f64>() / sizes(&component.cells);
        if component.is_subject {
            if sizes(&component.cells) < speck && mean < 7.0 || sizes(&component.cells) < 4.0 {
                component.cells.iter().for_each(|cell| labels[*cell] = -1.0);
            }
        } else if !component.touches_border
            && (component.cells.len() <= HOLE_CELLS && mean > -3.0 || sizes(&component.cells) < hole && mean > -1.5)
        {
            component.cells.iter().for_each(|cell| labels[*cell] = 1.0);
        }
    }
}

fn components(grid: Grid, labels: &[f32]) -> Vec<Component> {
    let mut is_taken = vec![false; grid.len()];
    let mut found = Vec::new();
    for first in 0..grid.len() {
        if is_taken[first] {
            continue;
        }
        is_taken[first] = true;
        let is_subject = labels[first] > 0.0;
        let mut component = Component { is_subject, cells: vec![first], touches_border: false };
        let mut next = 0;
        while let Some(cell) = component.cells.get(next).copied() {
            next += 1;
            let (column, row) = (cell % grid.columns, cell / grid.columns);
            component.touches_border |= column == 0 || row == 0 || column + 1 == grid.columns || row + 1 == grid.rows;
            for neighbour in grid.neighbours(cell) {
                if !is_taken[neighbour] && (labels[neighbour] > 0.0) == is_subject {
                    is_taken[neighbour] = true;
                    component.cells.push(neighbour);
                }
            }
        }
        found.push(component);
    }
    found
}
