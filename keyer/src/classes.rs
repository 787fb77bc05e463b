//! What is screen by its chromaticity, whatever the shade; and what is so for certain.

use crate::color::Ypq;
use crate::grid::Grid;
use crate::plane::{Plane, Rank, rank, soften};

/// Screen-like at first: chromaticity this near to the screen's, as a share of its length.
const LOOSE: f32 = 0.30;
/// Against the chromaticity nearby, and against the clean plate's.
const TIGHT: f32 = 0.10;
const TIGHT_PLATE: f32 = 0.05;
/// Deviations of noise that are allowed beyond that; lightly blurred blocks have half of the blocks' noise.
const NOISE_DEVIATIONS: f32 = 3.5 * 0.5;
/// Brightness of screen against the plate's.
const SHADE: (f32, f32) = (0.30, 1.40);
/// Luma detail that still counts as smooth screen: deviations of noise, and a share of the screen's luma.
const TEXTURE_DEVIATIONS: f32 = 4.0 * 0.4;
const TEXTURE_SHARE: f32 = 0.02;
/// Certain screen keeps this far from everything else. Units: share of the picture's height.
const RETREAT_SHARE: f32 = 0.012;
/// Luma below this is not divided by. Units: of 255.
pub const LUMA_MIN: f32 = 4.0;

/// Luma, chroma along and across the screen's hue, per block.
pub type Blocks = [Plane<f32>; 3];

/// Planes that are used again for each frame.
#[derive(Debug, Clone, Default)]
pub struct Scratch {
    pub soft: Blocks,
    pub smooth: [Plane<f32>; 2],
    pub other: Plane<u8>,
    line: Vec<f32>,
    bytes: Vec<u8>,
    sums: Vec<u16>,
    around: Vec<u16>,
}

impl Scratch {
    pub fn new(columns: usize, rows: usize) -> Self {
        let plane = Plane::new(columns, rows, 0.0);
        Self {
            soft: [plane.clone(), plane.clone(), plane.clone()],
            smooth: [plane.clone(), plane],
            other: Plane::new(columns, rows, 0),
            around: vec![0; columns],
            ..Self::default()
        }
    }

    /// Blurs a frame lightly.
    pub fn soften(&mut self, blocks: &Blocks) {
        for (plane, soft) in blocks.iter().zip(&mut self.soft) {
            soften(plane, &mut self.line, soft);
        }
    }
}

/// What is known of a screen so far.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Chroma over luma, along the screen's hue.
    pub chromaticity: f32,
    /// One deviation of a block.
    pub noise: Ypq,
    /// Blocks that are as long as the picture is high.
    pub unit: f32,
}

impl Look {
    /// How far a chromaticity may stray by noise, times luma.
    fn stray(&self) -> f32 {
        NOISE_DEVIATIONS * (self.noise[1].hypot(self.noise[2]) + self.noise[0] * self.chromaticity)
    }

    pub fn retreat(&self) -> usize {
        self.blocks(RETREAT_SHARE)
    }

    /// A share of the picture's height in blocks, at least one.
    pub fn blocks(&self, share: f32) -> usize {
        (share * self.unit).round().max(1.0) as usize
    }
}

/// Marks what is screen-like against the shot's one chromaticity.
pub fn mark_loose(scratch: &Scratch, look: &Look, out: &mut Plane<u8>) {
    let [y, p, q] = &scratch.soft;
    let (stray, limit) = (look.stray(), LOOSE * look.chromaticity);
    for (out, ((y, p), q)) in out.cells.iter_mut().zip(y.cells.iter().zip(&p.cells).zip(&q.cells)) {
        let luma = y.max(LUMA_MIN);
        let (along, across) = (p - look.chromaticity * luma, *q);
        let limit = limit * luma + stray;
        *out = u8::from(along * along + across * across < limit * limit);
    }
}

/// Takes from the loosely marked what differs from the chromaticity nearby.
pub fn mark_near(scratch: &mut Scratch, look: &Look, out: &mut Plane<u8>) {
    let mut seed = out.clone();
    rank(&mut seed, look.blocks(0.01), Rank::Least, &mut scratch.bytes);
    if seed.cells.iter().filter(|seed| **seed > 0).count() < 16 {
        return;
    }
    let [y, p, q] = &scratch.soft;
    let sigma = 0.08 * look.unit;
    let mut near = Grid::over(seed.columns, seed.rows, (sigma * 0.5) as usize);
    for row in 0..seed.rows {
        for (column, seed) in seed.row(row).iter().enumerate() {
            if *seed > 0 {
                let index = row * y.columns + column;
                let luma = y.cells[index].max(LUMA_MIN);
                near.add(column, row, [p.cells[index] / luma, q.cells[index] / luma, 0.0]);
            }
        }
    }
    near.blur(sigma / near.side as f32);
    near.fill((near.side * near.side) as f32 * 0.1);
    let (stray, limit) = (look.stray(), TIGHT * look.chromaticity);
    let [mut along, mut across, mut rest] = [(); 3].map(|()| vec![0.0; y.columns]);
    for row in 0..y.rows {
        near.write_row(row, [&mut along, &mut across, &mut rest]);
        let blocks = y.row(row).iter().zip(p.row(row)).zip(q.row(row));
        for ((out, ((y, p), q)), (along, across)) in out.row_mut(row).iter_mut().zip(blocks).zip(along.iter().zip(&across)) {
            let luma = y.max(LUMA_MIN);
            let (along, across, limit) = (p - along * luma, q - across * luma, limit * luma + stray);
            *out &= u8::from(along * along + across * across < limit * limit);
        }
    }
}

/// Marks what has the chromaticity of the clean plate.
pub fn mark_like_plate(scratch: &Scratch, look: &Look, plate: &Blocks, out: &mut Plane<u8>) {
    let [y, p, q] = &scratch.soft;
    let (stray, tight) = (look.stray(), TIGHT_PLATE * look.chromaticity);
    let seen = y.cells.iter().zip(&p.cells).zip(&q.cells);
    let expected = plate[0].cells.iter().zip(&plate[1].cells).zip(&plate[2].cells);
    for ((out, ((y, p), q)), ((plate_y, plate_p), plate_q)) in out.cells.iter_mut().zip(seen).zip(expected) {
        let luma = y.max(LUMA_MIN);
        let scale = luma / plate_y.max(LUMA_MIN);
        let (along, across, limit) = (p - plate_p * scale, q - plate_q * scale, tight * luma + stray);
        *out = u8::from(along * along + across * across < limit * limit);
    }
}

/// Leaves of the screen-like what is of a possible brightness, smooth, and well away from anything else.
///
/// `lit` is the luma that is expected, `detail` the fine part of it.
pub fn keep_sure(scratch: &mut Scratch, look: &Look, lit: &Plane<f32>, gain: f32, like: &mut Plane<u8>) {
    find_detail(scratch, lit);
    let smooth_max = TEXTURE_DEVIATIONS * look.noise[0];
    let y = &scratch.soft[0];
    let details = scratch.smooth[0].cells.iter().zip(&scratch.smooth[1].cells);
    for ((like, (y, lit)), (detail, expected)) in
        like.cells.iter_mut().zip(y.cells.iter().zip(&lit.cells)).zip(details)
    {
        let lit = (lit * gain).max(LUMA_MIN * 0.5);
        let is_lit = *y > lit * SHADE.0 && *y < lit * SHADE.1;
        let shade = (y / lit * gain).clamp(0.0, 4.0);
        let is_smooth = (detail - expected * shade).abs() < smooth_max + TEXTURE_SHARE * lit;
        *like &= u8::from(is_lit && is_smooth);
    }
    retreat(scratch, look.retreat(), like);
}

/// The fine part of the frame's luma, and of what is expected.
fn find_detail(scratch: &mut Scratch, lit: &Plane<f32>) {
    let Scratch { soft, smooth, line, .. } = scratch;
    let [seen, expected] = smooth;
    soften(&soft[0], line, seen);
    soften(seen, line, expected);
    for ((seen, smooth), y) in seen.cells.iter_mut().zip(&expected.cells).zip(&soft[0].cells) {
        *seen = y - smooth;
    }
    soften(lit, line, expected);
    // The expected luma is smooth already: half of the steps do.
    for (expected, lit) in expected.cells.iter_mut().zip(&lit.cells) {
        *expected = lit - *expected;
    }
}

/// Steps back from everything that is not marked, single specks aside.
fn retreat(scratch: &mut Scratch, radius: usize, like: &mut Plane<u8>) {
    let Scratch { other, bytes, sums, around, .. } = scratch;
    for row in 0..like.rows {
        crate::plane::sum_around(like, row, sums, around);
        let places = other.row_mut(row).iter_mut().zip(like.row(row)).zip(around.iter());
        for ((other, like), around) in places {
            // Of nine, at least three are something else.
            *other = u8::from(*like == 0 && *around <= 6);
        }
    }
    rank(other, radius, Rank::Largest, bytes);
    for (like, other) in like.cells.iter_mut().zip(&other.cells) {
        *like &= 1 - *other;
    }
}
