//! Measures camera motion: tracks tiles of the picture from sample to sample and fits shift, zoom
//! and rotation.
//!
//! Source: Lucas and Kanade, 1981, coarse to fine, with robust weights, so that moving subjects do
//! not count.

#![expect(clippy::cast_precision_loss, reason = "pictures are a few hundred pixels wide")]

use rayon::prelude::*;

use super::grid::Grid;

/// Tiles across and down.
const TILES: (usize, usize) = (6, 4);
/// Levels of the pyramid.
const LEVELS: usize = 3;
const ROUNDS: usize = 4;
/// Least eigenvalue of a tile's structure tensor for its shift to be measured. Units: squared codes
/// per pixel.
const SLOPE_SQUARE_MIN: f32 = 0.7;

/// Shift of each tile in pixels; none where a tile has too little texture.
pub type Shifts = Vec<Option<[f32; 2]>>;

/// Luma of a picture at several resolutions, the largest first.
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

/// Measures the shift of each tile from one picture to the next.
pub fn shifts(from: &Pyramid, to: &Pyramid) -> Shifts {
    (0..TILES.0 * TILES.1).map(|tile| shift(from, to, (tile % TILES.0, tile / TILES.0))).collect()
}

fn shift(from: &Pyramid, to: &Pyramid, (across, down): (usize, usize)) -> Option<[f32; 2]> {
    let mut found = [0.0_f32; 2];
    let mut is_textured = false;
    for ((grid, from), (_, to)) in from.0.iter().zip(&to.0).rev() {
        // Empty where the picture is too small for its border of two cells.
        let (width, height) = (grid.columns.saturating_sub(4), grid.rows.saturating_sub(4));
        let columns = 2 + width * across / TILES.0..2 + width * (across + 1) / TILES.0;
        let rows = 2 + height * down / TILES.1..2 + height * (down + 1) / TILES.1;
        found = found.map(|shift| shift * 2.0);
        is_textured = false;
        for _ in 0..ROUNDS {
            let Some(step) = step(*grid, from, to, (columns.clone(), rows.clone()), found) else { break };
            is_textured = true;
            found = [found[0] + step[0].clamp(-1.0, 1.0), found[1] + step[1].clamp(-1.0, 1.0)];
            if step[0].abs() + step[1].abs() < 0.01 {
                break;
            }
        }
    }
    is_textured.then_some(found)
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
    if seen.is_empty() {
        return None;
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

/// Motion of the camera over a clip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Motion {
    /// Largest shift of the picture from its median position; 0 where only the subject moves.
    /// Units: pixels of a sample.
    pub shift_px: f32,
    /// Number of tiles with enough texture to be tracked.
    pub textured: usize,
}

/// A camera that shifts the picture further is not static.
/// Units: pixels of a sample.
pub const SHIFT_PX_MAX: f32 = 0.4;
/// A tile counts if it was tracked in this percentage of the steps: others are covered by passing
/// subjects.
const TRACKED_PERCENT_MIN: usize = 80;
/// Fewer tiles could all be the subject.
const TILES_MIN: usize = 4;
/// Tiles agree with the camera's motion within this, plus a share of the shift; a step counts as
/// the camera's if this share of the tiles agrees.
/// Units: pixels of a sample.
const AGREE_PX: f32 = 0.15;
const AGREE_SHIFT_SHARE: f32 = 0.1;
const AGREE_SHARE_MIN: f32 = 0.5;

/// Sums the motion on which the tiles agree: shift, zoom and rotation.
pub fn motion(grid: Grid, pictures: &[Pyramid]) -> Motion {
    let steps: Vec<Shifts> = pictures.par_windows(2).map(|pair| shifts(&pair[0], &pair[1])).collect();
    let needed = (steps.len() * TRACKED_PERCENT_MIN).div_ceil(100);
    let textured: Vec<usize> = (0..TILES.0 * TILES.1)
        .filter(|tile| steps.iter().filter(|step| step[*tile].is_some()).count() >= needed.max(1))
        .collect();
    if textured.len() < TILES_MIN {
        return Motion { shift_px: 0.0, textured: textured.len() };
    }
    let mut at = [0.0_f32; 4];
    let mut path = vec![at];
    for step in &steps {
        let step = camera_step(grid, step, &textured);
        at = [0, 1, 2, 3].map(|part| at[part] + step[part]);
        path.push(at);
    }
    let middle = [0, 1, 2, 3].map(|part| median(path.iter().map(|at| at[part])));
    let far = |at: &[f32; 4]| {
        let [x, y, zoom, rotation] = [0, 1, 2, 3].map(|part| at[part] - middle[part]);
        x.hypot(y) + zoom.hypot(rotation) * grid.rows as f32 * 0.5
    };
    let shift_px = path.iter().map(far).fold(0.0, f32::max);
    let is_camera = shift_px <= SHIFT_PX_MAX || moves_whole_picture(grid, pictures, &path);
    Motion { shift_px: if is_camera { shift_px } else { 0.0 }, textured: textured.len() }
}

/// Least shift between two pictures that are compared, and least share of their difference for the
/// vote of a tile.
/// Units: pixels of a sample.
const PAIR_SHIFT_PX_MIN: f32 = 1.0;
const VOTE_SHARE_MIN: f32 = 0.02;

/// True if more tiles, weakly textured ones included, fit the measured motion than a static camera.
/// In front of a plain wall, only the subject has enough texture to be tracked.
fn moves_whole_picture(grid: Grid, pictures: &[Pyramid], path: &[[f32; 4]]) -> bool {
    let way = |from: usize, to: usize| [0, 1, 2, 3].map(|part| path[to][part] - path[from][part]);
    let length = |[x, y, zoom, rotation]: [f32; 4]| x.hypot(y) + zoom.hypot(rotation) * grid.rows as f32 * 0.5;
    let mut pairs: Vec<(usize, usize)> = (0..path.len())
        .filter_map(|from| (from + 1..path.len()).find(|to| length(way(from, *to)) >= PAIR_SHIFT_PX_MIN).map(|to| (from, to)))
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
        said.iter()
            .filter(|[static_residual, moved_residual]| {
                is_for((static_residual - moved_residual) / (static_residual + moved_residual).max(f32::MIN_POSITIVE))
            })
            .count()
    };
    votes(&|share| share > VOTE_SHARE_MIN) > votes(&|share| share < -VOTE_SHARE_MIN)
}

/// Residual of each tile if it stayed, and if it moved along. Both are interpolated alike, so that
/// noise is reduced equally.
fn residuals(grid: Grid, pictures: [&Pyramid; 2], way: [f32; 4]) -> Vec<[f32; 2]> {
    /// Larger differences are caused by moving subjects. Units: codes.
    const RESIDUAL_MAX: f32 = 12.0;
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
            tile[0] += (now - at(from, 1.0)).abs().min(RESIDUAL_MAX);
            tile[1] += (now - at(from, -1.0)).abs().min(RESIDUAL_MAX);
        }
    }
    tiles
}

/// Motion of the camera in one step: across, down, zoom, rotation; all 0 where too few tiles agree.
fn camera_step(grid: Grid, step: &Shifts, textured: &[usize]) -> [f32; 4] {
    let seen: Vec<([f32; 2], [f32; 2])> =
        textured.iter().filter_map(|tile| step[*tile].map(|shift| (tile_center(grid, *tile), shift))).collect();
    let shift = [0, 1].map(|axis| median(seen.iter().map(|(_, shift)| shift[axis])));
    let rest = |(place, seen): &([f32; 2], [f32; 2])| {
        let square = place[0] * place[0] + place[1] * place[1];
        let [x, y] = [seen[0] - shift[0], seen[1] - shift[1]];
        [(x * place[0] + y * place[1]) / square, (y * place[0] - x * place[1]) / square]
    };
    let [zoom, rotation] = [0, 1].map(|part| median(seen.iter().map(|seen| rest(seen)[part])));
    let agree = seen.iter().filter(|(place, seen)| {
        let expected = [shift[0] + zoom * place[0] - rotation * place[1], shift[1] + zoom * place[1] + rotation * place[0]];
        (seen[0] - expected[0]).hypot(seen[1] - expected[1]) < AGREE_PX + AGREE_SHIFT_SHARE * shift[0].hypot(shift[1])
    });
    if (agree.count() as f32) < AGREE_SHARE_MIN * textured.len() as f32 { [0.0; 4] } else { [shift[0], shift[1], zoom, rotation] }
}

/// Centre of a tile, relative to the centre of the picture.
fn tile_center(grid: Grid, tile: usize) -> [f32; 2] {
    let along = |index: usize, count: usize, side: usize| ((index as f32 + 0.5) / count as f32 - 0.5) * side as f32;
    [along(tile % TILES.0, TILES.0, grid.columns), along(tile / TILES.0, TILES.1, grid.rows)]
}

fn median(values: impl Iterator<Item = f32>) -> f32 {
    let mut values: Vec<f32> = values.collect();
    let middle = values.len() / 2;
    if values.is_empty() { 0.0 } else { *values.select_nth_unstable_by(middle, f32::total_cmp).1 }
}
