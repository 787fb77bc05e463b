//! Planes with one value per block, and their small filters.

use std::ops::Range;

/// One value per block, in rows.
#[derive(Debug, Clone, Default)]
pub struct Plane<T> {
    pub columns: usize,
    pub rows: usize,
    pub cells: Vec<T>,
}

impl<T: Copy> Plane<T> {
    pub fn new(columns: usize, rows: usize, value: T) -> Self {
        Self { columns, rows, cells: vec![value; columns * rows] }
    }

    pub fn row(&self, row: usize) -> &[T] {
        &self.cells[row * self.columns..(row + 1) * self.columns]
    }

    pub fn row_mut(&mut self, row: usize) -> &mut [T] {
        &mut self.cells[row * self.columns..(row + 1) * self.columns]
    }

    /// The rows above, at and below; the border repeats.
    pub fn three_rows(&self, row: usize) -> [&[T]; 3] {
        [self.row(row.saturating_sub(1)), self.row(row), self.row((row + 1).min(self.rows - 1))]
    }
}

/// Binomial 3 × 3 mean; the border repeats.
pub fn blur_3x3(plane: &Plane<f32>, line: &mut Vec<f32>, out: &mut Plane<f32>) {
    for row in 0..plane.rows {
        blur_rows(plane.three_rows(row), line, out.row_mut(row));
    }
}

/// Binomial 3 × 3 mean of one row, from the rows above, at and below.
pub fn blur_rows([above, own, below]: [&[f32]; 3], line: &mut Vec<f32>, out: &mut [f32]) {
    line.resize(own.len(), 0.0);
    for (line, ((above, own), below)) in line.iter_mut().zip(above.iter().zip(own).zip(below)) {
        *line = above + 2.0 * own + below;
    }
    for (out, ((left, own), right)) in out.iter_mut().skip(1).zip(line.iter().zip(&line[1..]).zip(line.iter().skip(2))) {
        *out = (left + 2.0 * own + right) * (1.0 / 16.0);
    }
    let last = own.len() - 1;
    out[0] = (3.0 * line[0] + line[1.min(last)]) * (1.0 / 16.0);
    out[last] = (3.0 * line[last] + line[last.saturating_sub(1)]) * (1.0 / 16.0);
}

/// A rectangle of blocks; the ends are beyond it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Area {
    pub rows: Range<usize>,
    pub columns: Range<usize>,
}

impl Area {
    pub fn of<T: Copy>(plane: &Plane<T>) -> Self {
        Self { rows: 0..plane.rows, columns: 0..plane.columns }
    }

    /// Whether there is no block in it.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() || self.columns.is_empty()
    }

    /// The blocks from `least` on, with a margin; empty where there are none.
    pub fn of_values_from(plane: &Plane<u8>, least: u8, margin: usize) -> Self {
        let mut area = Self { rows: plane.rows..0, columns: plane.columns..0 };
        for row in 0..plane.rows {
            let values = plane.row(row);
            if values.iter().copied().max() < Some(least) {
                continue;
            }
            let is_high = |value: &u8| *value >= least;
            area.rows = area.rows.start.min(row)..row + 1;
            let first = values.iter().position(is_high).unwrap_or(plane.columns);
            let end = values.iter().rposition(is_high).map_or(0, |last| last + 1);
            area.columns = area.columns.start.min(first)..area.columns.end.max(end);
        }
        if !area.is_empty() {
            area.rows = area.rows.start.saturating_sub(margin)..(area.rows.end + margin).min(plane.rows);
            area.columns = area.columns.start.saturating_sub(margin)..(area.columns.end + margin).min(plane.columns);
        }
        area
    }

    /// The smallest area that holds both.
    pub fn and(&self, other: &Self) -> Self {
        match (self.is_empty(), other.is_empty()) {
            (true, _) => other.clone(),
            (_, true) => self.clone(),
            _ => Self {
                rows: self.rows.start.min(other.rows.start)..self.rows.end.max(other.rows.end),
                columns: self.columns.start.min(other.columns.start)..self.columns.end.max(other.columns.end),
            },
        }
    }

    /// The part of a plane's row that is in the area.
    pub fn row<'a, T: Copy>(&self, plane: &'a Plane<T>, row: usize) -> &'a [T] {
        &plane.row(row)[self.columns.clone()]
    }

    /// As [`Area::row`].
    pub fn row_mut<'a, T: Copy>(&self, plane: &'a mut Plane<T>, row: usize) -> &'a mut [T] {
        &mut plane.row_mut(row)[self.columns.clone()]
    }
}

/// Blocks that are searched for a value at once.
const SPAN_STEP: usize = 32;

/// The columns of a row that have a value. Steps without any are skipped at once.
pub fn columns_of(row: &[u8], value: u8) -> impl Iterator<Item = usize> + '_ {
    row.chunks(SPAN_STEP).enumerate().filter(move |(_, step)| has_value(step, value)).flat_map(move |(number, step)| {
        let columns = step.iter().enumerate().filter(move |(_, own)| **own == value);
        columns.map(move |(column, _)| number * SPAN_STEP + column)
    })
}

fn has_value(values: &[u8], value: u8) -> bool {
    values.iter().fold(0, |found, own| found | u8::from(*own == value)) > 0
}

/// The part of a row from the first to the last block of a value, to a few blocks more.
pub fn span_of(row: &[u8], value: u8) -> Range<usize> {
    let Some(first) = row.chunks(SPAN_STEP).position(|step| has_value(step, value)) else { return 0..0 };
    let last = row.chunks(SPAN_STEP).rposition(|step| has_value(step, value)).unwrap_or(first);
    first * SPAN_STEP..((last + 1) * SPAN_STEP).min(row.len())
}

/// Minimum over a square of `radius`; the border repeats.
pub fn erode(plane: &mut Plane<u8>, radius: usize, scratch: &mut Vec<u8>) {
    erode_within(plane, &Area::of(plane), radius, scratch);
}

/// Maximum over a square of `radius`; the border repeats.
pub fn dilate(plane: &mut Plane<u8>, radius: usize, scratch: &mut Vec<u8>) {
    dilate_within(plane, &Area::of(plane), radius, scratch);
}

/// As [`erode`], of an area alone: its border repeats.
pub fn erode_within(plane: &mut Plane<u8>, area: &Area, radius: usize, scratch: &mut Vec<u8>) {
    filter_horizontally(plane, area, radius, scratch, u8::min);
    filter_vertically(scratch, radius, area, plane, u8::min);
}

/// As [`dilate`], of an area alone: its border repeats.
pub fn dilate_within(plane: &mut Plane<u8>, area: &Area, radius: usize, scratch: &mut Vec<u8>) {
    filter_horizontally(plane, area, radius, scratch, u8::max);
    filter_vertically(scratch, radius, area, plane, u8::max);
}

/// As [`erode_within`], into another plane.
pub fn erode_into(plane: &Plane<u8>, area: &Area, radius: usize, scratch: &mut Vec<u8>, out: &mut Plane<u8>) {
    filter_horizontally(plane, area, radius, scratch, u8::min);
    filter_vertically(scratch, radius, area, out, u8::min);
}

/// As [`dilate_within`], into another plane.
pub fn dilate_into(plane: &Plane<u8>, area: &Area, radius: usize, scratch: &mut Vec<u8>, out: &mut Plane<u8>) {
    filter_horizontally(plane, area, radius, scratch, u8::max);
    filter_vertically(scratch, radius, area, out, u8::max);
}

/// Widths of windows, each of at most three of the one before, from one value to `width`.
fn window_widths(width: usize) -> impl Iterator<Item = (usize, usize)> {
    std::iter::successors(Some((1, (width.min(3)))), move |(_, now)| (*now < width).then(|| (*now, (now * 3).min(width))))
        .filter(|(before, now)| now > before)
}

/// Filters each row of an area with windows that grow threefold.
fn filter_horizontally(plane: &Plane<u8>, area: &Area, radius: usize, out: &mut Vec<u8>, pick: impl Fn(u8, u8) -> u8 + Copy) {
    out.clear();
    if area.is_empty() {
        return;
    }
    let columns = area.columns.len();
    out.resize(columns * area.rows.len(), 0);
    let mut line = vec![0_u8; columns + 2 * radius];
    let mut next = line.clone();
    for (row, out) in area.rows.clone().zip(out.chunks_exact_mut(columns)) {
        let row = area.row(plane, row);
        line[..radius].fill(row[0]);
        line[radius..radius + columns].copy_from_slice(row);
        line[radius + columns..].fill(row[columns - 1]);
        let mut length = line.len();
        for (before, now) in window_widths(2 * radius + 1) {
            length -= now - before;
            pick_three(&line, &line[(now - before) / 2..], &line[now - before..], &mut next[..length], pick);
            std::mem::swap(&mut line, &mut next);
        }
        out.copy_from_slice(&line[..columns]);
    }
}

/// Filters each column of an area with windows that grow threefold; `rows`, those of the area, is
/// changed.
fn filter_vertically(rows: &mut [u8], radius: usize, area: &Area, out: &mut Plane<u8>, pick: impl Fn(u8, u8) -> u8 + Copy) {
    if area.is_empty() {
        return;
    }
    let (columns, count, top) = (area.columns.len(), area.rows.len(), area.rows.start);
    // A window at the upper border is narrower; it is read before the windows grow.
    for row in 0..radius.min(count) {
        let (out, last) = (area.row_mut(out, top + row), (row + radius).min(count - 1));
        out.copy_from_slice(&rows[..columns]);
        for near in rows[columns..].chunks_exact(columns).take(last) {
            for (out, near) in out.iter_mut().zip(near) {
                *out = pick(*out, *near);
            }
        }
    }
    let widths: Vec<(usize, usize)> = window_widths(2 * radius + 1).collect();
    for (number, (before, now)) in widths.iter().enumerate() {
        let steps = [(now - before) / 2, now - before];
        let is_last = number + 1 == widths.len();
        for row in 0..count {
            let (own, ahead) = rows.split_at_mut((row + 1) * columns);
            let own = &mut own[row * columns..];
            // Beyond the lower border the window is narrower, so its own start is read again.
            let near = |step: usize| {
                (row + step).min(count - 1).checked_sub(row + 1).map(|row| &ahead[row * columns..(row + 1) * columns])
            };
            if is_last {
                if row + radius >= count {
                    break;
                }
                let out = area.row_mut(out, top + row + radius);
                pick_three(own, near(steps[0]).unwrap_or(own), near(steps[1]).unwrap_or(own), out, pick);
            } else if let (Some(middle), Some(last)) = (near(steps[0]), near(steps[1])) {
                for (own, (middle, last)) in own.iter_mut().zip(middle.iter().zip(last)) {
                    *own = pick(*own, pick(*middle, *last));
                }
            }
        }
    }
}

/// The extreme of three values at each place.
fn pick_three(first: &[u8], second: &[u8], third: &[u8], out: &mut [u8], pick: impl Fn(u8, u8) -> u8) {
    for (out, (first, (second, third))) in out.iter_mut().zip(first.iter().zip(second.iter().zip(third))) {
        *out = pick(*first, pick(*second, *third));
    }
}

/// Sum of 3 × 3 values for each block of a row; the border repeats.
pub fn sum_3x3(plane: &Plane<u8>, row: usize, down: &mut Vec<u16>, out: &mut [u16]) {
    let columns = plane.columns;
    down.resize(columns, 0);
    let [a, b, c] = plane.three_rows(row);
    for (down, ((a, b), c)) in down.iter_mut().zip(a.iter().zip(b).zip(c)) {
        *down = u16::from(*a) + u16::from(*b) + u16::from(*c);
    }
    for (out, near) in out.iter_mut().skip(1).zip(down.windows(3)) {
        *out = near[0] + near[1] + near[2];
    }
    let last = columns - 1;
    out[0] = down[0] * 2 + down[1.min(last)];
    out[last] = down[last] * 2 + down[last.saturating_sub(1)];
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Deterministic bytes with clumps.
    fn bytes(count: usize) -> Vec<u8> {
        (0..count).map(|index| ((index * index * 31 + index * 17) % 251) as u8).collect()
    }

    #[test]
    fn filters_give_the_extremes_of_each_square() {
        for (columns, rows) in [(1, 1), (3, 2), (2, 9), (17, 13)] {
            for radius in 0..=6 {
                let plane = Plane { columns, rows, cells: bytes(columns * rows) };
                let (mut low, mut high) = (plane.clone(), plane.clone());
                erode(&mut low, radius, &mut Vec::new());
                dilate(&mut high, radius, &mut Vec::new());
                for index in 0..columns * rows {
                    let (x, y) = (index % columns, index / columns);
                    let near =
                        |position: usize, count: usize| position.saturating_sub(radius)..(position + radius + 1).min(count);
                    let square = near(y, rows).flat_map(|y| near(x, columns).map(move |x| y * columns + x));
                    let values: Vec<u8> = square.map(|index| plane.cells[index]).collect();
                    assert_eq!(Some(&low.cells[index]), values.iter().min(), "{columns} {rows} {radius} at {x} {y}");
                    assert_eq!(Some(&high.cells[index]), values.iter().max(), "{columns} {rows} {radius} at {x} {y}");
                }
            }
        }
    }

    #[test]
    fn a_filter_of_an_area_changes_nothing_outside_it() {
        let plane = Plane { columns: 17, rows: 13, cells: bytes(17 * 13) };
        let area = Area { rows: 3..9, columns: 2..12 };
        let (mut within, mut cropped) = (plane.clone(), Plane::new(10, 6, 0));
        for row in 0..6 {
            cropped.row_mut(row).copy_from_slice(area.row(&plane, row + 3));
        }
        erode_within(&mut within, &area, 2, &mut Vec::new());
        erode(&mut cropped, 2, &mut Vec::new());
        for row in 0..13 {
            for column in 0..17 {
                let is_inside = area.rows.contains(&row) && area.columns.contains(&column);
                let expected = if is_inside { cropped.row(row - 3)[column - 2] } else { plane.row(row)[column] };
                assert_eq!(within.row(row)[column], expected, "{column} {row}");
            }
        }
    }

    #[test]
    fn the_area_of_high_values_holds_them_and_a_margin() {
        let mut plane = Plane::new(20, 10, 0_u8);
        assert!(Area::of_values_from(&plane, 5, 2).is_empty());
        plane.row_mut(4)[7] = 9;
        plane.row_mut(6)[3] = 5;
        plane.row_mut(9)[19] = 4;
        assert_eq!(Area::of_values_from(&plane, 5, 2), Area { rows: 2..9, columns: 1..10 });
    }
}
