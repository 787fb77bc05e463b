//! Enclosed patches of a grid.

/// Patches of cells that are not `taken` and do not reach the edge of the grid, each as the indices
/// of its cells.
pub fn enclosed(mut taken: Vec<bool>, columns: usize) -> Vec<Vec<usize>> {
    let mut patches = Vec::new();
    for start in 0..taken.len() {
        if let Some((patch, false)) = flood(&mut taken, columns, start) {
            patches.push(patch);
        }
    }
    patches
}

/// Takes the patch around a cell; returns its cells, and whether it reaches the edge.
fn flood(taken: &mut [bool], columns: usize, start: usize) -> Option<(Vec<usize>, bool)> {
    let rows = taken.len() / columns;
    let mut take = |index: usize| taken.get_mut(index).is_some_and(|taken| !std::mem::replace(taken, true));
    if !take(start) {
        return None;
    }
    let (mut patch, mut is_open) = (vec![start], false);
    let mut next = 0;
    while let Some(index) = patch.get(next).copied() {
        next += 1;
        let (x, y) = (index % columns, index / columns);
        is_open |= x == 0 || y == 0 || x + 1 == columns || y + 1 == rows;
        let beside = [(x > 0).then(|| index - 1), (x + 1 < columns).then_some(index + 1)];
        let above = [(y > 0).then(|| index - columns), (y + 1 < rows).then_some(index + columns)];
        patch.extend(beside.into_iter().chain(above).flatten().filter(|index| take(*index)));
    }
    Some((patch, is_open))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_that_reaches_the_edge_is_open_and_others_are_counted_whole() {
        let picture = [
            "#######", //
            "#..#..#", "#.##.##", "#######", "...##.#", "#######",
        ];
        let taken: Vec<bool> = picture.concat().bytes().map(|byte| byte == b'#').collect();
        let sizes: Vec<usize> = enclosed(taken, 7).iter().map(Vec::len).collect();
        assert_eq!(sizes, [3, 3, 1]);
    }
}
