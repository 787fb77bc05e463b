//! Whether the camera stood still: how far each part of the picture moved from sample to sample.
//!
//! Source: Lucas and Kanade, 1981, coarse to fine, with weights that let go of what moves for itself.

#![expect(clippy::cast_precision_loss, reason = "pictures are a few hundred pixels wide")]

use rayon::prelude::*;

use super::grid::Grid;

/// Parts across and down.
const TILES: (usize, usize) = (6, 4);
/// Halvings of the picture.
const LEVELS: usize = 3;
const ROUNDS: usize = 4;
/// Least mean square of the slope, in codes a pixel, for a shift along it to be seen.
const SLOPE_SQUARE_MIN: f32 = 0.7;

/// Shift of each tile in pixels; none where it has nothing to tell by.
pub type Shifts = Vec<Option<[f32; 2]>>;

/// A picture and its halvings.
#[derive(Debug)]
pub struct Pyramid(Vec<(Grid, Vec<f32>)>);

impl Pyramid {
    pub fn new(grid: Grid, luma: Vec<f32>) -> Self {
        let mut levels = vec![(grid, luma)];
        while levels.len() < LEVELS
            && let Some((grid, luma)) = levels.last()
            && grid.columns >= 96
            && grid.rows >= 64
        {
            let half = Grid { columns: grid.columns / 2, rows: grid.rows / 2 };
            let at = |column: usize, row: usize| luma[row * grid.columns + column];
            let small = (0..half.len())
                .map(|index| {
                    let (column, row) = (index % half.columns * 2, index / half.columns * 2);
                    0.25 * (at(column, row) + at(column + 1, row) + at(column, row + 1) + at(column + 1, row + 1))
                })
                .collect();
            levels.push((half, small));
        }
        Self(levels)
    }
}

/// How far each tile has moved from one picture to the next.
pub fn shifts(from: &Pyramid, to: &Pyramid) -> Shifts {
    (0..TILES.0 * TILES.1).map(|tile| shift(from, to, (tile % TILES.0, tile / TILES.0))).collect()
}

fn shift(from: &Pyramid, to: &Pyramid, (across, down): (usize, usize)) -> Option<[f32; 2]> {
    let mut found = [0.0_f32; 2];
    let mut is_told = false;
    for ((grid, from), (_, to)) in from.0.iter().zip(&to.0).rev() {
        let columns = 2 + (grid.columns - 4) * across / TILES.0..2 + (grid.columns - 4) * (across + 1) / TILES.0;
        let rows = 2 + (grid.rows - 4) * down / TILES.1..2 + (grid.rows - 4) * (down + 1) / TILES.1;
        found = found.map(|shift| shift * 2.0);
        is_told = false;
        for _ in 0..ROUNDS {
            let Some(step) = step(*grid, from, to, (columns.clone(), rows.clone()), found) else { break };
            is_told = true;
            found = [found[0] + step[0].clamp(-1.0, 1.0), found[1] + step[1].clamp(-1.0, 1.0)];
            if step[0].abs() + step[1].abs() < 0.01 {
                break;
            }
        }
    }
    is_told.then_some(found)
}

type Window = (std::ops::Range<usize>, std::ops::Range<usize>);

fn step(grid: Grid, from: &[f32], to: &[f32], (columns, rows): Window, shift: [f32; 2]) -> Option<[f32; 2]> {
    let mut seen = Vec::with_capacity(columns.len() * rows.len());
    for row in rows {
        for column in columns.clone() {
            let index = row * grid.columns + column;
            let slope =
                [(from[index + 1] - from[index - 1]) * 0.5, (from[index + grid.columns] - from[index - grid.columns]) * 0.5];
            let change = bilinear(grid, to, column as f32 + shift[0], row as f32 + shift[1]) - from[index];
            seen.push((slope, change));
        }
    }
    let mut sizes: Vec<f32> = seen.iter().map(|(_, change)| change.abs()).collect();
    let middle = sizes.len() / 2;
    let scale = sizes.select_nth_unstable_by(middle, f32::total_cmp).1.max(1.0) * 3.0;
    let (mut squares, mut both, mut weights) = ([0.0_f32; 3], [0.0_f32; 2], 0.0_f32);
    for ([x, y], change) in &seen {
        let weight = 1.0 / (1.0 + (change / scale).powi(2)).powi(2);
        weights += weight;
        squares = [squares[0] + weight * x * x, squares[1] + weight * x * y, squares[2] + weight * y * y];
        both = [both[0] + weight * x * change, both[1] + weight * y * change];
    }
    let [xx, xy, yy] = squares;
    let least = (xx + yy) * 0.5 - ((xx - yy) * 0.5).hypot(xy);
    if least < SLOPE_SQUARE_MIN * weights {
        return None;
    }
    let determinant = xx * yy - xy * xy;
    Some([-(yy * both[0] - xy * both[1]) / determinant, -(xx * both[1] - xy * both[0]) / determinant])
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped into the picture")]
fn bilinear(grid: Grid, plane: &[f32], x: f32, y: f32) -> f32 {
    let (x, y) = (x.clamp(0.0, (grid.columns - 2) as f32), y.clamp(0.0, (grid.rows - 2) as f32));
    let index = y as usize * grid.columns + x as usize;
    let (across, down) = (x.fract(), y.fract());
    let upper = plane[index] + (plane[index + 1] - plane[index]) * across;
    let lower = plane[index + grid.columns] + (plane[index + grid.columns + 1] - plane[index + grid.columns]) * across;
    upper + (lower - upper) * down
}

/// What was seen of the camera's own motion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Motion {
    /// How far the picture's parts went from where they were for most of the clip, at most. Units: pixels of a sample.
    pub shift_px: f32,
    /// Parts that have texture enough to tell by.
    pub told: usize,
}

/// Beyond this the camera has moved.
/// Units: pixels of a sample.
pub const STILL_PX_MAX: f32 = 0.4;
/// A part tells when it could be followed in so many of a hundred steps: what passes by is no scene.
const TOLD_PERCENT_MIN: usize = 80;
/// Fewer parts could all be the subject.
const TOLD_MIN: usize = 4;
/// Parts agree within this and this share of the shift, and so many of them must for a step to be the camera's.
/// Units: pixels of a sample.
const AGREE_PX: f32 = 0.15;
const AGREE_SHIFT_SHARE: f32 = 0.1;
const AGREE_SHARE_MIN: f32 = 0.5;

/// Adds up what the parts agree on: shift, zoom and turn.
pub fn motion(grid: Grid, pictures: &[Pyramid]) -> Motion {
    let steps: Vec<Shifts> = pictures.par_windows(2).map(|pair| shifts(&pair[0], &pair[1])).collect();
    let needed = (steps.len() * TOLD_PERCENT_MIN).div_ceil(100);
    let told: Vec<usize> = (0..TILES.0 * TILES.1)
        .filter(|tile| steps.iter().filter(|step| step[*tile].is_some()).count() >= needed.max(1))
        .collect();
    if told.len() < TOLD_MIN {
        return Motion { shift_px: 0.0, told: told.len() };
    }
    let mut at = [0.0_f32; 4];
    let mut path = vec![at];
    for step in &steps {
        let step = agreed(grid, step, &told);
        at = [0, 1, 2, 3].map(|part| at[part] + step[part]);
        path.push(at);
    }
    let middle = [0, 1, 2, 3].map(|part| median(path.iter().map(|at| at[part])));
    let far = |at: &[f32; 4]| {
        let [x, y, zoom, turn] = [0, 1, 2, 3].map(|part| at[part] - middle[part]);
        x.hypot(y) + zoom.hypot(turn) * grid.rows as f32 * 0.5
    };
    let shift_px = path.iter().map(far).fold(0.0, f32::max);
    let is_camera = shift_px <= STILL_PX_MAX || is_everywhere(grid, pictures, &path);
    Motion { shift_px: if is_camera { shift_px } else { 0.0 }, told: told.len() }
}

/// Least way between two pictures that are compared, and least share of their difference by which a part says something.
/// Units: pixels of a sample.
const WAY_PX_MIN: f32 = 1.0;
const SAID_SHARE_MIN: f32 = 0.02;

/// Whether more parts of the picture went along than stayed, faintly textured ones too: before a plain wall, only the subject
/// has texture enough to be followed.
fn is_everywhere(grid: Grid, pictures: &[Pyramid], path: &[[f32; 4]]) -> bool {
    let way = |from: usize, to: usize| [0, 1, 2, 3].map(|part| path[to][part] - path[from][part]);
    let length = |[x, y, zoom, turn]: [f32; 4]| x.hypot(y) + zoom.hypot(turn) * grid.rows as f32 * 0.5;
    let mut pairs: Vec<(usize, usize)> = (0..path.len())
        .filter_map(|from| (from + 1..path.len()).find(|to| length(way(from, *to)) >= WAY_PX_MIN).map(|to| (from, to)))
        .collect();
    if pairs.is_empty() {
        let all = (0..path.len()).flat_map(|from| (from + 1..path.len()).map(move |to| (from, to)));
        pairs.extend(all.max_by(|left, right| length(way(left.0, left.1)).total_cmp(&length(way(right.0, right.1)))));
    }
    let said: Vec<[f32; 2]> =
        pairs.par_iter().map(|(from, to)| residuals(grid, [&pictures[*from], &pictures[*to]], way(*from, *to))).reduce(
            || vec![[0.0; 2]; TILES.0 * TILES.1],
            |left, right| left.iter().zip(&right).map(|(left, right)| [left[0] + right[0], left[1] + right[1]]).collect(),
        );
    let votes = |is_for: &dyn Fn(f32) -> bool| {
        said.iter().filter(|[stayed, went]| is_for((stayed - went) / (stayed + went).max(f32::MIN_POSITIVE))).count()
    };
    votes(&|share| share > SAID_SHARE_MIN) > votes(&|share| share < -SAID_SHARE_MIN)
}

/// How much each part differs if it stayed, and if it went along. Both look between pixels alike: that evens out noise.
fn residuals(grid: Grid, pictures: [&Pyramid; 2], way: [f32; 4]) -> Vec<[f32; 2]> {
    /// What differs by more moves for itself. Units: codes.
    const OFF_MAX: f32 = 12.0;
    let [Some((_, from)), Some((_, to))] = pictures.map(|picture| picture.0.first()) else { return Vec::new() };
    let mut tiles = vec![[0.0; 2]; TILES.0 * TILES.1];
    for row in (0..grid.rows).step_by(2) {
        for column in (0..grid.columns).step_by(2) {
            let (x, y) = (column as f32, row as f32);
            let place = [x - grid.columns as f32 * 0.5, y - grid.rows as f32 * 0.5];
            let half =
                [(way[0] + way[2] * place[0] - way[3] * place[1]) * 0.5, (way[1] + way[2] * place[1] + way[3] * place[0]) * 0.5];
            let at = |plane: &[f32], side: f32| bilinear(grid, plane, x + side * half[0], y + side * half[1]);
            let now = at(to, 1.0);
            let tile = &mut tiles[row * TILES.1 / grid.rows * TILES.0 + column * TILES.0 / grid.columns];
            tile[0] += (now - at(from, 1.0)).abs().min(OFF_MAX);
            tile[1] += (now - at(from, -1.0)).abs().min(OFF_MAX);
        }
    }
    tiles
}

/// One step of the camera: across, down, zoom, turn; nothing where too few parts agree.
fn agreed(grid: Grid, step: &Shifts, told: &[usize]) -> [f32; 4] {
    let seen: Vec<([f32; 2], [f32; 2])> =
        told.iter().filter_map(|tile| step[*tile].map(|shift| (from_middle(grid, *tile), shift))).collect();
    let shift = [0, 1].map(|axis| median(seen.iter().map(|(_, shift)| shift[axis])));
    let rest = |(place, seen): &([f32; 2], [f32; 2])| {
        let square = place[0] * place[0] + place[1] * place[1];
        let [x, y] = [seen[0] - shift[0], seen[1] - shift[1]];
        [(x * place[0] + y * place[1]) / square, (y * place[0] - x * place[1]) / square]
    };
    let [zoom, turn] = [0, 1].map(|part| median(seen.iter().map(|seen| rest(seen)[part])));
    let agree = seen.iter().filter(|(place, seen)| {
        let expected = [shift[0] + zoom * place[0] - turn * place[1], shift[1] + zoom * place[1] + turn * place[0]];
        (seen[0] - expected[0]).hypot(seen[1] - expected[1]) < AGREE_PX + AGREE_SHIFT_SHARE * shift[0].hypot(shift[1])
    });
    if (agree.count() as f32) < AGREE_SHARE_MIN * told.len() as f32 { [0.0; 4] } else { [shift[0], shift[1], zoom, turn] }
}

/// A tile's middle, from that of the picture.
fn from_middle(grid: Grid, tile: usize) -> [f32; 2] {
    let along = |index: usize, count: usize, side: usize| ((index as f32 + 0.5) / count as f32 - 0.5) * side as f32;
    [along(tile % TILES.0, TILES.0, grid.columns), along(tile / TILES.0, TILES.1, grid.rows)]
}

fn median(values: impl Iterator<Item = f32>) -> f32 {
    let mut values: Vec<f32> = values.collect();
    let middle = values.len() / 2;
    if values.is_empty() { 0.0 } else { *values.select_nth_unstable_by(middle, f32::total_cmp).1 }
}
