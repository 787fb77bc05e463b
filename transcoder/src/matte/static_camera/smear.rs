//! Where motion smears the subject over the background while the shutter is open.
//!
//! What is subject in the last frame, in this one and in the next was never uncovered in between. Between that and where this
//! frame shows no subject at all, the share of time in which the subject was there grows from none to all.

use super::grid::Grid;

/// A band that is narrower than the first is no smear, one wider than the second is. Units: cells.
const BAND: (f32, f32) = (14.0, 20.0);
/// Where not even a square of this reach fits in, no band is that wide.
const BAND_REACH: usize = 4;
/// A label of what is surely background.
const UNCOVERED_MAX: f32 = -4.0;
/// Share of the band in which the share of time grows: no shutter is always open.
const OPEN_MAX: f32 = 0.9;

/// How one frame is smeared.
#[derive(Debug)]
pub struct Smear {
    /// Of each cell: how surely it lies in a smear, 0 to 1.
    pub share: Vec<f32>,
    /// Of each cell: how much subject a smear shows there.
    pub alpha: Vec<f32>,
}

impl Smear {
    /// From what is subject (above 0) in three frames in order; none where nothing is smeared.
    pub fn find(grid: Grid, before: Option<&[f32]>, now: &[f32], after: Option<&[f32]>) -> Option<Self> {
        let is_there = |labels: Option<&[f32]>, cell: usize| labels.is_none_or(|labels| labels[cell] > UNCOVERED_MAX);
        let covered: Vec<u8> =
            (0..grid.len()).map(|cell| u8::from(is_there(before, cell) && now[cell] > 0.0 && is_there(after, cell))).collect();
        let covered = grid.least(&covered, 1);
        let shown: Vec<u8> = now.iter().map(|label| u8::from(*label > 0.0)).collect();
        let shown = grid.greatest(&shown, 1);
        let band: Vec<u8> = covered.iter().zip(&shown).map(|(covered, shown)| shown.saturating_sub(*covered)).collect();
        if grid.least(&band, BAND_REACH).iter().all(|wide| *wide == 0) {
            return None;
        }
        let from_covered = grid.distance(|cell| covered[cell] > 0);
        let from_clear = grid.distance(|cell| shown[cell] == 0);
        let width = |cell: usize| if covered[cell] > 0 || shown[cell] == 0 { 0.0 } else { from_covered[cell] + from_clear[cell] };
        // Who was nowhere before, or fills the picture, tells nothing.
        let sure = |width: f32| if width.is_finite() { ((width - BAND.0) / (BAND.1 - BAND.0)).clamp(0.0, 1.0) } else { 0.0 };
        let share = (0..grid.len()).map(|cell| sure(width(cell))).collect();
        let alpha = (0..grid.len()).map(|cell| (from_clear[cell] / width(cell).max(1.0) / OPEN_MAX).min(1.0)).collect();
        Some(Self { share, alpha })
    }
}
