//! Alpha of motion blur, from the labels of three consecutive frames.
//!
//! Cells that are subject in the previous, this and the next frame were covered all the time.
//! Between those and the cells without subject in this frame, alpha is the share of the exposure
//! time in which the subject covered a cell: a ramp from 1 to 0.

use super::grid::Grid;

/// Width of the ramp from which it may be motion blur, and from which it is. Units: cells.
const BAND_CELLS: (f32, f32) = (14.0, 20.0);
/// Without a square of this reach inside the ramp, none is wide enough.
const BAND_REACH: usize = 4;
/// Label of certain background.
const BACKGROUND_LABEL_MAX: f32 = -4.0;
/// Share of the width in which alpha rises: the shutter is never open all the time.
const RAMP_SHARE: f32 = 0.9;

/// Motion blur of one frame.
#[derive(Debug)]
pub struct MotionBlur {
    /// By cell: confidence that it is blurred, 0 to 1.
    pub share: Vec<f32>,
    /// By cell: alpha by motion.
    pub alpha: Vec<f32>,
}

impl MotionBlur {
    /// Finds motion blur from the labels, above 0 for subject, of three frames in order; none where
    /// nothing is blurred.
    pub fn find(grid: Grid, previous: Option<&[f32]>, now: &[f32], next: Option<&[f32]>) -> Option<Self> {
        let is_there = |labels: Option<&[f32]>, cell: usize| labels.is_none_or(|labels| labels[cell] > BACKGROUND_LABEL_MAX);
        let covered: Vec<u8> =
            (0..grid.len()).map(|cell| u8::from(is_there(previous, cell) && now[cell] > 0.0 && is_there(next, cell))).collect();
        let covered = grid.erode(&covered, 1);
        let subject: Vec<u8> = now.iter().map(|label| u8::from(*label > 0.0)).collect();
        let subject = grid.dilate(&subject, 1);
        let band: Vec<u8> = covered.iter().zip(&subject).map(|(covered, subject)| subject.saturating_sub(*covered)).collect();
        if grid.erode(&band, BAND_REACH).iter().all(|wide| *wide == 0) {
            return None;
        }
        let from_covered = grid.distance_transform(|cell| covered[cell] > 0);
        let from_clear = grid.distance_transform(|cell| subject[cell] == 0);
        let width =
            |cell: usize| if covered[cell] > 0 || subject[cell] == 0 { 0.0 } else { from_covered[cell] + from_clear[cell] };
        // Without a covered cell, or one without subject, there is no ramp.
        let sure = |width: f32| {
            if width.is_finite() { ((width - BAND_CELLS.0) / (BAND_CELLS.1 - BAND_CELLS.0)).clamp(0.0, 1.0) } else { 0.0 }
        };
        let share = (0..grid.len()).map(|cell| sure(width(cell))).collect();
        let alpha = (0..grid.len()).map(|cell| (from_clear[cell] / width(cell).max(1.0) / RAMP_SHARE).min(1.0)).collect();
        Some(Self { share, alpha })
    }
}
