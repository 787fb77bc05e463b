//! Cut detection on thumbnails.

use crate::planar::PlanarFormat;

/// Size of a thumbnail. Units: pixels.
const COLUMNS: usize = 32;
const ROWS: usize = 18;
/// Samples averaged in a thumbnail's pixel, along each axis.
const TAPS: usize = 3;
/// Least change at a cut: absolute, and as a multiple of the usual change. Units: of 255, sum of
/// channels, mean over pixels. Tuned: generator seeds 1 and 7, and clips with cuts.
const CUT_CHANGE_MIN: f32 = 20.0;
const CUT_RATIO_MIN: f32 = 6.0;
/// Least share of the thumbnail's pixels that change at a cut, and by how much: a fast subject
/// changes few.
/// Units: share; of 255, sum of channels.
const CUT_SHARE: f32 = 0.4;
const PIXEL_CHANGE_MIN: f32 = 12.0;
/// Rate at which the usual change follows that of each frame. Units: share per frame.
const USUAL_CHANGE_RATE: f32 = 0.1;

/// A small picture of a frame: luma, Cb, Cr.
#[derive(Debug, Clone)]
pub struct Thumbnail(Vec<[f32; 3]>);

impl Thumbnail {
    pub fn of(format: &PlanarFormat, frame: &[u8]) -> Self {
        let [luma, cb, cr] = format.planes(frame);
        let (columns, rows) = (format.columns(), format.rows());
        let ((luma_gain, luma_offset), (gain, offset)) = (format.luma_scale(), format.chroma_scale());
        let mut pixels = vec![[0.0; 3]; COLUMNS * ROWS];
        let position = |pixel: usize, pixels: usize, tap: usize, count: usize| (pixel * TAPS + tap) * count / (pixels * TAPS);
        for (index, mean) in pixels.iter_mut().enumerate() {
            for tap in 0..TAPS * TAPS {
                let column = position(index % COLUMNS, COLUMNS, tap % TAPS, columns);
                let row = position(index / COLUMNS, ROWS, tap / TAPS, rows);
                let block = row * columns + column;
                let pixel = row * format.down * format.width + column * format.across;
                let observed = [
                    format.code(luma, pixel) * luma_gain + luma_offset,
                    format.code(cb, block) * gain + offset,
                    format.code(cr, block) * gain + offset,
                ];
                for (mean, observed) in mean.iter_mut().zip(observed) {
                    *mean += observed / (TAPS * TAPS) as f32;
                }
            }
        }
        Self(pixels)
    }

    /// Difference of two frames. Units: of 255, sum of channels, mean over pixels.
    fn distance(&self, other: &Self) -> f32 {
        self.changes(other).sum::<f32>() / self.0.len() as f32
    }

    fn changes(&self, other: &Self) -> impl Iterator<Item = f32> {
        self.0.iter().zip(&other.0).map(|(a, b)| a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>())
    }
}

/// Compares each frame with the one before.
#[derive(Debug, Clone, Default)]
pub struct CutDetector {
    before: Option<Thumbnail>,
    usual_change: f32,
}

impl CutDetector {
    pub fn is_cut(&mut self, thumbnail: &Thumbnail) -> bool {
        let Some(before) = self.before.replace(thumbnail.clone()) else { return false };
        let change = before.distance(thumbnail);
        let pixels = before.changes(thumbnail).filter(|change| *change > PIXEL_CHANGE_MIN).count();
        let is_wide = pixels as f32 > CUT_SHARE * (COLUMNS * ROWS) as f32;
        let is_cut = is_wide && change > CUT_CHANGE_MIN && change > CUT_RATIO_MIN * (self.usual_change + 1.0);
        if !is_cut {
            self.usual_change += (change - self.usual_change) * USUAL_CHANGE_RATE;
        }
        is_cut
    }
}
