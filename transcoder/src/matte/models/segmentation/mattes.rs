//! The second pass: evidence becomes a matte that follows the edges of the full picture.

use std::sync::mpsc::Receiver;

use segmentation::Plane as Evidence;
use shared::media::PixelSize;

use crate::error::TaskResult;
use crate::frame::pixels::scale_opaque;
use crate::matte::matting_step::{MattingSession, Rgba};
use crate::matte::models::manifest::Manifest;
use crate::matte::models::plane::Plane;
use crate::matte::models::{foreground_estimation, guided_filter};

/// Longer side at which edges are looked for at least: smaller pictures are enlarged.
/// Units: pixels.
const EDGE_SIDE_PX_MIN: u32 = 640;
/// Added to the evidence: small models see people a little too small. Units: log-odds.
const LEAN: f32 = 0.3;

/// The session of one clip.
#[derive(Debug)]
pub struct MatteSession {
    manifest: Manifest,
    size: PixelSize,
    evidence: Receiver<Evidence<f32>>,
}

impl MatteSession {
    /// A session for frames of this size; the first pass sends the evidence of each.
    pub const fn new(manifest: Manifest, size: PixelSize, evidence: Receiver<Evidence<f32>>) -> Self {
        Self { manifest, size, evidence }
    }
}

/// The matte of a frame of this size, along the edges of its picture.
pub fn full_matte(manifest: &Manifest, frame: &[u8], size: PixelSize, evidence: &Evidence<f32>) -> TaskResult<Plane> {
    let matte = small_matte(manifest, evidence);
    let small = scale_opaque(frame, size, matte.size)?;
    let longer = size.width.max(size.height);
    if longer >= EDGE_SIDE_PX_MIN {
        return Ok(guided_filter::refine(&matte, &small, frame, size));
    }
    let factor = EDGE_SIDE_PX_MIN.div_ceil(longer);
    let large_size = PixelSize { width: size.width * factor, height: size.height * factor };
    let large = scale_opaque(frame, size, large_size)?;
    Ok(guided_filter::refine(&matte, &small, &large, large_size).averaged(factor as usize))
}

/// The matte in the size of the evidence.
pub fn small_matte(manifest: &Manifest, evidence: &Evidence<f32>) -> Plane {
    let pixels = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let size = PixelSize { width: pixels(evidence.width), height: pixels(evidence.height) };
    let share = |log_odds: &f32| manifest.leveled(1.0 / (1.0 + (-(log_odds + LEAN)).exp()));
    Plane { size, values: evidence.values.iter().map(share).collect() }
}

impl MattingSession for MatteSession {
    fn push(&mut self, mut frame: Rgba) -> TaskResult<Vec<Rgba>> {
        // A closed channel means that the first pass failed; its own error is reported instead.
        let Ok(evidence) = self.evidence.recv() else { return Ok(Vec::new()) };
        let alpha = full_matte(&self.manifest, &frame, self.size, &evidence)?;
        foreground_estimation::apply(&mut frame, &alpha);
        Ok(vec![frame])
    }

    fn finish(&mut self) -> TaskResult<Vec<Rgba>> {
        Ok(Vec::new())
    }
}
