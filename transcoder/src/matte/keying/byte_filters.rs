//! Neighbourhood filters on byte planes: erosion and box sum.

use rayon::prelude::*;

/// Rows per work item of the thread pool.
pub const BAND: usize = 16;

/// Erosion: the least value of the 5 × 5 neighbourhood. `scratch` is as large as the plane.
pub fn erode_5x5(plane: &[u8], columns: usize, scratch: &mut [u8], out: &mut [u8]) {
    scratch.par_chunks_mut(columns * BAND).zip(plane.par_chunks(columns * BAND)).for_each(|(out, plane)| {
        for (out, row) in out.chunks_exact_mut(columns).zip(plane.chunks_exact(columns)) {
            erode_row(row, out);
        }
    });
    let rows = scratch.len() / columns;
    let across = &*scratch;
    out.par_chunks_mut(columns).enumerate().with_min_len(BAND).for_each(|(row, out)| {
        let at = |near: usize| &across[near * columns..(near + 1) * columns];
        let above = (at(row.saturating_sub(2)), at(row.saturating_sub(1)));
        let below = (at((row + 1).min(rows - 1)), at((row + 2).min(rows - 1)));
        for (column, (out, own)) in out.iter_mut().zip(at(row)).enumerate() {
            *out = above.0[column].min(above.1[column]).min(*own).min(below.0[column]).min(below.1[column]);
        }
    });
}

fn erode_row(row: &[u8], out: &mut [u8]) {
    let columns = row.len();
    for (column, out) in out.iter_mut().enumerate() {
        if column < 2 || column + 2 >= columns {
            let near = &row[column.saturating_sub(2)..(column + 3).min(columns)];
            *out = near.iter().copied().min().unwrap_or_default();
        }
    }
    if columns > 4 {
        let inner = &mut out[2..columns - 2];
        let count = inner.len();
        let before = (&row[..count], &row[1..=count]);
        let after = (&row[3..count + 3], &row[4..count + 4]);
        for (column, (out, own)) in inner.iter_mut().zip(&row[2..]).enumerate() {
            *out = before.0[column].min(before.1[column]).min(*own).min(after.0[column]).min(after.1[column]);
        }
    }
}

/// Sum over the 3 × 3 neighbourhood of each value of one row; values at the border are repeated.
/// `down` is scratch of the length of a row.
pub fn sum_3x3(plane: &[u8], columns: usize, row: usize, down: &mut [u16], out: &mut [u16]) {
    let rows = plane.len() / columns;
    let at = |near: usize| &plane[near * columns..(near + 1) * columns];
    let (a, b, c) = (at(row.saturating_sub(1)), at(row), at((row + 1).min(rows - 1)));
    for (column, down) in down.iter_mut().enumerate() {
        *down = u16::from(a[column]) + u16::from(b[column]) + u16::from(c[column]);
    }
    let count = columns.saturating_sub(2);
    for (column, out) in out.iter_mut().skip(1).take(count).enumerate() {
        *out = down[column] + down[column + 1] + down[column + 2];
    }
    out[0] = down[0] * 2 + down[1.min(columns - 1)];
    out[columns - 1] = down[columns - 1] * 2 + down[columns.saturating_sub(2)];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn erosion_takes_the_least_value_within_two_places() {
        let (columns, rows) = (23, 19);
        let plane: Vec<u8> = (0..columns * rows).map(|index| u8::try_from(index * 7919 % 251).unwrap()).collect();
        let (mut scratch, mut out) = (vec![0; plane.len()], vec![0; plane.len()]);
        erode_5x5(&plane, columns, &mut scratch, &mut out);
        for (index, value) in out.iter().enumerate() {
            let (x, y) = (index % columns, index / columns);
            let near = (0..plane.len()).filter(|near| (near % columns).abs_diff(x) <= 2 && (near / columns).abs_diff(y) <= 2);
            assert_eq!(Some(*value), near.map(|near| plane[near]).min(), "{x} {y}");
        }
    }

    #[test]
    fn nine_places_are_added_up_and_the_border_counts_twice() {
        let plane = [1, 2, 3, 10, 20, 30, 100, 200, 50];
        let (mut down, mut out) = ([0; 3], [0; 3]);
        sum_3x3(&plane, 3, 1, &mut down, &mut out);
        assert_eq!(out, [2 * 111 + 222, 111 + 222 + 83, 222 + 2 * 83]);
    }
}
