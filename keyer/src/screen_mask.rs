//! Masks of screen-like blocks, by chromaticity whatever the exposure, and of certain screen among
//! them.
//!
//! Constants are tuned on the clips of the README.

use crate::blocks::Blocks;
use crate::chromaticity_map::{ChromaticitySample, chromaticity_map};
use crate::plane::{Plane, blur_3x3, dilate, erode};
use crate::screen_space::Ypq;

/// Chromaticity tolerance against the whole shot's. Units: share of the screen's chromaticity.
const SHOT_TOLERANCE: f32 = 0.30;
/// As above against the chromaticity nearby, and against the clean plate's.
const LOCAL_TOLERANCE: f32 = 0.10;
const PLATE_TOLERANCE: f32 = 0.05;
/// Added tolerance in deviations of the noise, of which blurred blocks have half.
const NOISE_DEVIATIONS: f32 = 3.5 * 0.5;
/// Exposure range of screen relative to the plate. Units: ratio.
const EXPOSURE_RANGE: (f32, f32) = (0.30, 1.40);
/// Largest luma detail of smooth screen: in deviations of the noise, of which detail has 0.4, plus
/// a share of the luma.
const TEXTURE_DEVIATIONS: f32 = 4.0 * 0.4;
const TEXTURE_SHARE: f32 = 0.02;
/// Distance of certain screen from everything else. Units: share of the picture's height.
const CERTAIN_MARGIN_SHARE: f32 = 0.012;
/// Distance of the blocks that the chromaticity map is made from. Units: blocks.
const MAP_STRIDE: usize = 2;
/// Least number of those blocks.
const MAP_SAMPLES_MIN: usize = 16;
/// Distance of those blocks from everything else. Units: share of the picture's height.
const SEED_MARGIN_SHARE: f32 = 0.01;
/// Least divisor. Units: luma, of 255.
pub const LUMA_MIN: f32 = 4.0;

/// Buffers of the masks, reused for each frame.
#[derive(Debug, Clone, Default)]
pub struct MaskBuffers {
    pub blurred: Blocks,
    pub smooth: [Plane<f32>; 2],
    pub unmarked: Plane<u8>,
    /// Smooth and screen-like blocks, up to the edge of the subject.
    pub smooth_screen: Plane<u8>,
    line: Vec<f32>,
    bytes: Vec<u8>,
    sums: Vec<u16>,
    around: Vec<u16>,
}

impl MaskBuffers {
    pub fn new(columns: usize, rows: usize) -> Self {
        let plane = Plane::new(columns, rows, 0.0);
        Self {
            blurred: [plane.clone(), plane.clone(), plane.clone()],
            smooth: [plane.clone(), plane],
            unmarked: Plane::new(columns, rows, 0),
            smooth_screen: Plane::new(columns, rows, 0),
            around: vec![0; columns],
            ..Self::default()
        }
    }

    /// Blurs a frame, binomial 3 × 3.
    pub fn blur(&mut self, blocks: &Blocks) {
        for (plane, blurred) in blocks.iter().zip(&mut self.blurred) {
            blur_3x3(plane, &mut self.line, blurred);
        }
    }
}

/// Measured properties of a screen.
#[derive(Debug, Clone, Copy)]
pub struct ScreenStats {
    /// Chroma over luma, along the screen's hue.
    pub chromaticity: f32,
    /// Standard deviation of a block's noise.
    pub noise: Ypq,
    /// Height of the picture. Units: widths of a block.
    pub height_blocks: f32,
}

impl ScreenStats {
    /// The same screen in a picture with 1/`scale` as many columns and rows. Noise of a codec is
    /// correlated, so a mean of `scale`² blocks keeps more than 1/`scale` of its deviation.
    pub fn at_scale(&self, scale: usize) -> Self {
        let divisor = (scale as f32).sqrt();
        Self { noise: self.noise.map(|noise| noise / divisor), height_blocks: self.height_blocks / scale as f32, ..*self }
    }

    /// Chromaticity tolerance for noise, multiplied by luma.
    fn noise_tolerance(&self) -> f32 {
        NOISE_DEVIATIONS * (self.noise[1].hypot(self.noise[2]) + self.noise[0] * self.chromaticity)
    }

    /// Distance of certain screen from everything else. Units: blocks.
    pub fn certain_margin(&self) -> usize {
        self.blocks(CERTAIN_MARGIN_SHARE)
    }

    /// A share of the picture's height in blocks, at least one.
    pub fn blocks(&self, share: f32) -> usize {
        (share * self.height_blocks).round().max(1.0) as usize
    }
}

/// Marks blocks of the shot's chromaticity.
pub fn mark_by_shot_chromaticity(buffers: &MaskBuffers, stats: &ScreenStats, out: &mut Plane<u8>) {
    let [y, p, q] = &buffers.blurred;
    let (noise_tolerance, limit) = (stats.noise_tolerance(), SHOT_TOLERANCE * stats.chromaticity);
    for (out, ((y, p), q)) in out.cells.iter_mut().zip(y.cells.iter().zip(&p.cells).zip(&q.cells)) {
        let luma = y.max(LUMA_MIN);
        let (along, across) = (p - stats.chromaticity * luma, *q);
        let limit = limit * luma + noise_tolerance;
        *out = u8::from(along * along + across * across < limit * limit);
    }
}

/// Unmarks blocks that differ from the chromaticity of the screen nearby.
pub fn unmark_by_local_chromaticity(buffers: &mut MaskBuffers, stats: &ScreenStats, out: &mut Plane<u8>) {
    let mut seed = out.clone();
    erode(&mut seed, stats.blocks(SEED_MARGIN_SHARE), &mut buffers.bytes);
    let [y, p, q] = &buffers.blurred;
    let noise_tolerance = stats.noise_tolerance();
    let mut chromaticities = Vec::new();
    for row in (0..seed.rows).step_by(MAP_STRIDE) {
        for column in (0..seed.columns).step_by(MAP_STRIDE) {
            let index = row * seed.columns + column;
            if seed.cells[index] > 0 {
                let luma = y.cells[index].max(LUMA_MIN);
                let (along, across) = (p.cells[index] / luma, q.cells[index] / luma);
                chromaticities.push(ChromaticitySample { column, row, along, across, noise_tolerance: noise_tolerance / luma });
            }
        }
    }
    if chromaticities.len() < MAP_SAMPLES_MIN {
        return;
    }
    let Some(local) = chromaticity_map(&chromaticities, (y.columns, y.rows), stats.height_blocks, stats.chromaticity) else {
        return;
    };
    let limit = LOCAL_TOLERANCE * stats.chromaticity;
    let [mut along, mut across, mut rest] = [(); 3].map(|()| vec![0.0; y.columns]);
    for row in 0..y.rows {
        local.write_row(row, [&mut along, &mut across, &mut rest]);
        let blocks = y.row(row).iter().zip(p.row(row)).zip(q.row(row));
        for ((out, ((y, p), q)), (along, across)) in out.row_mut(row).iter_mut().zip(blocks).zip(along.iter().zip(&across)) {
            let luma = y.max(LUMA_MIN);
            let (along, across, limit) = (p - along * luma, q - across * luma, limit * luma + noise_tolerance);
            *out &= u8::from(along * along + across * across < limit * limit);
        }
    }
}

/// Marks blocks of the clean plate's chromaticity.
pub fn mark_by_plate_chromaticity(buffers: &MaskBuffers, stats: &ScreenStats, plate: &Blocks, out: &mut Plane<u8>) {
    let [y, p, q] = &buffers.blurred;
    let (noise_tolerance, tolerance) = (stats.noise_tolerance(), PLATE_TOLERANCE * stats.chromaticity);
    let observed = y.cells.iter().zip(&p.cells).zip(&q.cells);
    let expected = plate[0].cells.iter().zip(&plate[1].cells).zip(&plate[2].cells);
    for ((out, ((y, p), q)), ((plate_y, plate_p), plate_q)) in out.cells.iter_mut().zip(observed).zip(expected) {
        let luma = y.max(LUMA_MIN);
        let scale = luma / plate_y.max(LUMA_MIN);
        let (along, across, limit) = (p - plate_p * scale, q - plate_q * scale, tolerance * luma + noise_tolerance);
        *out = u8::from(along * along + across * across < limit * limit);
    }
}

/// Reduces screen-like blocks to certain screen: of a possible exposure, smooth, and away from
/// anything else.
///
/// `expected_luma` is that of the blurred plate, `detail` its fine detail.
pub fn keep_certain(
    buffers: &mut MaskBuffers,
    stats: &ScreenStats,
    expected_luma: &Plane<f32>,
    detail: &Plane<f32>,
    gain: f32,
    screen_like: &mut Plane<u8>,
) {
    let smooth_max = TEXTURE_DEVIATIONS * stats.noise[0];
    find_detail(&buffers.blurred[0], &mut buffers.smooth, &mut buffers.line);
    let y = &buffers.blurred[0];
    let details = buffers.smooth[0].cells.iter().zip(&detail.cells);
    for ((screen_like, (y, expected_luma)), (detail, expected)) in
        screen_like.cells.iter_mut().zip(y.cells.iter().zip(&expected_luma.cells)).zip(details)
    {
        let expected_luma = (expected_luma * gain).max(LUMA_MIN * 0.5);
        let is_possible_exposure = *y > expected_luma * EXPOSURE_RANGE.0 && *y < expected_luma * EXPOSURE_RANGE.1;
        let exposure = (y / expected_luma * gain).clamp(0.0, 4.0);
        let is_smooth = (detail - expected * exposure).abs() < smooth_max + TEXTURE_SHARE * expected_luma;
        *screen_like &= u8::from(is_possible_exposure && is_smooth);
    }
    buffers.smooth_screen.cells.copy_from_slice(&screen_like.cells);
    erode(&mut buffers.smooth_screen, 1, &mut buffers.bytes);
    erode_from_unmarked(buffers, stats.certain_margin(), screen_like);
}

/// Fine detail of a plane: the difference from two binomial means. The second plane is a buffer.
pub fn find_detail(plane: &Plane<f32>, out: &mut [Plane<f32>; 2], line: &mut Vec<f32>) {
    let [detail, smooth] = out;
    blur_3x3(plane, line, detail);
    blur_3x3(detail, line, smooth);
    for ((detail, smooth), value) in detail.cells.iter_mut().zip(&smooth.cells).zip(&plane.cells) {
        *detail = value - smooth;
    }
}

/// Erodes the mask from everything unmarked; unmarked specks of one or two blocks do not count.
fn erode_from_unmarked(buffers: &mut MaskBuffers, radius: usize, screen_like: &mut Plane<u8>) {
    let MaskBuffers { unmarked, bytes, sums, around, .. } = buffers;
    for row in 0..screen_like.rows {
        crate::plane::sum_3x3(screen_like, row, sums, around);
        let places = unmarked.row_mut(row).iter_mut().zip(screen_like.row(row)).zip(around.iter());
        for ((unmarked, screen_like), around) in places {
            // At least three of nine are unmarked.
            *unmarked = u8::from(*screen_like == 0 && *around <= 6);
        }
    }
    dilate(unmarked, radius, bytes);
    for (screen_like, unmarked) in screen_like.cells.iter_mut().zip(&unmarked.cells) {
        *screen_like &= 1 - *unmarked;
    }
}
