//! What is screen by its chromaticity, whatever the shade; and what is so for certain.

use crate::color::Ypq;
use crate::hue_field::{Candidate, hue_field};
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
/// Blocks that the field of chromaticity is made from: every so many, across and down.
const CANDIDATE_STRIDE: usize = 2;
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
    /// Smooth and screen-like, up to the edges of what is not.
    pub smooth_like: Plane<u8>,
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
            smooth_like: Plane::new(columns, rows, 0),
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
    let [y, p, q] = &scratch.soft;
    let stray = look.stray();
    let mut candidates = Vec::new();
    for row in (0..seed.rows).step_by(CANDIDATE_STRIDE) {
        for column in (0..seed.columns).step_by(CANDIDATE_STRIDE) {
            let index = row * seed.columns + column;
            if seed.cells[index] > 0 {
                let luma = y.cells[index].max(LUMA_MIN);
                let (along, across) = (p.cells[index] / luma, q.cells[index] / luma);
                candidates.push(Candidate { column, row, along, across, stray: stray / luma });
            }
        }
    }
    if candidates.len() < 16 {
        return;
    }
    let Some(near) = hue_field(&candidates, (y.columns, y.rows), look.unit, look.chromaticity) else { return };
    let limit = TIGHT * look.chromaticity;
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
/// `lit` is the luma that is expected, lightly blurred, and `detail` the fine part of it.
pub fn keep_sure(scratch: &mut Scratch, look: &Look, lit: &Plane<f32>, detail: &Plane<f32>, gain: f32, like: &mut Plane<u8>) {
    let smooth_max = TEXTURE_DEVIATIONS * look.noise[0];
    find_detail(&scratch.soft[0], &mut scratch.smooth, &mut scratch.line);
    let y = &scratch.soft[0];
    let details = scratch.smooth[0].cells.iter().zip(&detail.cells);
    for ((like, (y, lit)), (detail, expected)) in like.cells.iter_mut().zip(y.cells.iter().zip(&lit.cells)).zip(details) {
        let lit = (lit * gain).max(LUMA_MIN * 0.5);
        let is_lit = *y > lit * SHADE.0 && *y < lit * SHADE.1;
        let shade = (y / lit * gain).clamp(0.0, 4.0);
        let is_smooth = (detail - expected * shade).abs() < smooth_max + TEXTURE_SHARE * lit;
        *like &= u8::from(is_lit && is_smooth);
    }
    scratch.smooth_like.cells.copy_from_slice(&like.cells);
    rank(&mut scratch.smooth_like, 1, Rank::Least, &mut scratch.bytes);
    retreat(scratch, look.retreat(), like);
}

/// The fine part of a plane; the second plane is used on the way.
pub fn find_detail(plane: &Plane<f32>, out: &mut [Plane<f32>; 2], line: &mut Vec<f32>) {
    let [detail, smooth] = out;
    soften(plane, line, detail);
    soften(detail, line, smooth);
    for ((detail, smooth), value) in detail.cells.iter_mut().zip(&smooth.cells).zip(&plane.cells) {
        *detail = value - smooth;
    }
}

/// The clean plate, and what frames are compared with.
#[derive(Debug, Clone)]
pub struct Clean {
    pub blocks: Blocks,
    /// Lightly blurred, as frames are.
    pub soft: Blocks,
    /// The fine part of its luma.
    pub detail: Plane<f32>,
}

impl Clean {
    pub fn new(blocks: Blocks) -> Self {
        let mut line = Vec::new();
        let mut soft = blocks.clone();
        for (plane, soft) in blocks.iter().zip(&mut soft) {
            soften(plane, &mut line, soft);
        }
        let mut fine = [soft[0].clone(), soft[0].clone()];
        find_detail(&soft[0], &mut fine, &mut line);
        let [detail, _] = fine;
        Self { blocks, soft, detail }
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
